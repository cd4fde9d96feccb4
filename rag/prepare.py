"""A fact as models see it: repaired, Simplified, with dates, times, weekdays and durations in the English form that the letter uses, so that
they are only copied."""

from __future__ import annotations

import re

from rag.atoms import Atom, find_atoms
from rag.prompts import neutral
from rag.script import drop_readings, repair, simplified

DAY_FIRST = {"US": False, "CA": None, "JP": False}
"""How 03/04 is read, by store; every other store writes the day first."""
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


_WEEKDAYS = dict(zip("一二三四五六日天", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Sunday"], strict=True))
_WEEKDAY = re.compile(r"(?<![上下])(每个?|上个?|下个?|本|这个?)?(?:周|星期|礼拜)([一二三四五六日天])(?![次个回件单条封款箱张批人天遍趟])")
_WEEK_OF = {"上": "last week", "下": "next week", "本": "this week", "这": "this week"}
_UNITS = {"个工作日": "working day", "工作日": "working day", "个小时": "hour", "小时": "hour", "个钟头": "hour", "分钟": "minute", "天": "day", "个星期": "week", "周": "week", "个月": "month"}
_DURATION = re.compile(rf"(?<![\d第A-Za-z])(?<!\d[.,])(?:(\d+)\s?[-~–到至]\s?)?(\d+(?:\.\d+)?)\s?({'|'.join(_UNITS)})(?![年龄岁])")
_DAY_OF_MONTH = re.compile(r"每个?月(\d{1,2})[号日]")


def day_first(marketplace: str) -> bool | None:
    """How the store of this case writes 03/04."""
    return DAY_FIRST.get(marketplace.upper(), True)


def english_date(atom: Atom) -> str:
    """`14 March 2026`, `March 2026`, `14 March`, `2026`: the unambiguous form of the letter."""
    year, month, day = atom.value
    return " ".join(p for p in (day, _MONTHS[int(month) - 1] if month else "", year) if p)


def ordinal(number: int) -> str:
    """1 -> 1st."""
    return f"{number}{'th' if 10 <= number % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _weekday(match: re.Match[str]) -> str:
    day, which = _WEEKDAYS[match[2]], (match[1] or "")[:1]
    if which == "每":
        return f" every {day} "
    return f" {day} of {_WEEK_OF[which]} " if which else f" {day} "


def prepared(text: str, marketplace: str = "US") -> str:
    """The fact as the model sees it: repaired, Simplified, with dates, times, weekdays and durations in English so that they are only copied."""
    clean = neutral(simplified(drop_readings(repair(text))))
    for atom in sorted(find_atoms(clean, day_first=day_first(marketplace)), key=lambda a: -a.start):
        if atom.kind == "date" and "|" not in atom.value[1]:
            written = english_date(atom)
            tail = re.search(r"(?:初|上旬)$", atom.text), re.search(r"(?:底|末|下旬)$", atom.text), re.search(r"中旬$", atom.text)
            written = f"early {written}" if tail[0] else f"late {written}" if tail[1] else f"mid-{written}" if tail[2] else written
        elif atom.kind == "time":
            written = atom.value[0]
        else:
            continue
        if clean[atom.start : atom.end] != written:
            clean = f"{clean[: atom.start]} {written} {clean[atom.end :]}"
    clean = re.sub(r"(\d+)\s?天(?:的|内)?(?=[一-鿿]{0,3}率)", r" \1-day ", clean)  # 30天迟发率: the window belongs to the rate
    clean = _DAY_OF_MONTH.sub(lambda m: f" the {ordinal(int(m[1]))} of every month ", clean)
    clean = _WEEKDAY.sub(_weekday, clean)
    clean = _DURATION.sub(lambda m: f" {f'{m[1]} to ' if m[1] else ''}{m[2]} {_UNITS[m[3]]}{'' if m[2] == '1' else 's'} ", clean)  # 46个SKU改成5天: each number keeps its unit
    return re.sub(r"[ \t]+", " ", clean.replace("\n", " ")).strip()
