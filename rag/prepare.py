"""A fact as models see it: repaired, Simplified, with dates, times, weekdays and durations in the English form that the letter uses, so that
they are only copied."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.atoms import Atom, find_atoms
from rag.prompts import neutral
from rag.script import drop_readings, has_han, repair, simplified

DAY_FIRST = {"US": False, "CA": None, "JP": False}
"""How 03/04 is read, by store; every other store writes the day first."""
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


_WEEKDAYS = dict(zip("一二三四五六日天", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Sunday"], strict=True))
_WEEKDAY = re.compile(r"(?<![上下])(每个?|上个?|下个?|本|这个?)?(?:周|星期|礼拜)([一二三四五六日天])(?![次个回件单条封款箱张批人天遍趟])")
_WEEK_OF = {"上": "last week", "下": "next week", "本": "this week", "这": "this week"}
_UNITS = {"个工作日": "working day", "工作日": "working day", "个小时": "hour", "小时": "hour", "个钟头": "hour", "分钟": "minute", "天": "day", "个星期": "week", "周": "week", "个月": "month"}
_HAN_DURATION = re.compile(r"(?<![第一二两三四五六七八九十几每数点])([两三四五六七八九十])(?=(?:个工作日|个小时|小时|个钟头|天(?!两)|个星期|周(?![一二三四五六日天年])|个月))")
_DURATION = re.compile(rf"(?<![\d第A-Za-z])(?<!\d[.,])(?:(\d+)\s?[-~–到至]\s?)?(\d+(?:\.\d+)?)\s?({'|'.join(_UNITS)})(?![年龄岁])")
_EXCEPT = re.compile(r"除了?(?P<what>[^,，。;；]{2,30}?)(?:以外|之外|外)?[,，]?(?P<no>没有?|未)(?P<verb>[一-鿿]{1,2}?[到过了]?)(?P<other>别的|其他的?|其它的?)(?=[。,，;；\s]|$)")
"""除了这37条没搜到别的: two negations that a small model takes for one."""
_EACH = re.compile(r"([发寄卖送交派]给[一-鿿]{2,3}的)(每[个条封份单款批件]|所有|全部)([一-鿿]{2,4})")
"""发给买家的每个模板 -> 每个发给买家的模板: in this order it is not read as "each buyer's template"."""
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


def _only(match: re.Match[str]) -> str:
    verb = match["verb"]
    return f"只{verb if verb[-1] in '到过了' else verb + '了'}{match['what']},{match['no']}{verb}{match['other']}"


def elliptical(text: str) -> bool:
    """Whether a Chinese fact leans on the one before it: figures without what they count (B0... 22条, 10天的是9.3%)."""
    clean = repair(text).strip()
    if not has_han(clean) or len(clean) > 40 or not re.match(r"(?:其中|[A-Z]*\d|[(（])", clean):
        return False
    left = re.sub(r"[A-Za-z0-9.,%/()（）、,，;；:：\s-]", "", clean)
    return re.fullmatch(r"(?:其中|天|的|是|为|各|有|共|第?[一二三四五六七八九十两]|[条单件个笔封起份张批次款台套箱只瓶])*", left) is not None


@lru_cache(maxsize=1024)  # asked for anew with every wording of a fact that is looked at
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
        elif atom.kind == "percent" and "成" in atom.text:  # 三成
            written = f"{atom.value[0]}%"
        elif atom.kind == "number" and len(atom.text) > 1 and re.search(r"[十百千万]", atom.text) and not re.search(r"\d", atom.text):  # 两百一十一套
            written = f"{int(atom.value[0]):,}"
        else:
            continue
        if clean[atom.start : atom.end] != written:
            clean = f"{clean[: atom.start]} {written} {clean[atom.end :]}"
    clean = re.sub(r"(\d+)\s?天(?:的|内)?(?=[一-鿿]{0,3}率)", r" \1-day ", clean)  # 30天迟发率: the window belongs to the rate
    clean = re.sub(r"(\d+)\s?天的(?:是|为)?(?=\s?\d+(?:\.\d+)?%)", r" \1-day rate 是", clean)  # 10天的是9.3%
    clean = _EXCEPT.sub(_only, clean)
    clean = _EACH.sub(r"\2\1\3", clean)
    clean = re.sub(r"(每[个条封份单款批件][^,，。]{2,14})[,，]先由", r"\1都要先由", clean)
    clean = re.sub(r"(审批|审核|核对|检查|批准|确认)(签字|签名|盖章|放行)", r"\1、\2", clean)
    clean = re.sub(r"(?<=先由)([一-鿿、]{6,24}?)才(能|可以|可)", r"\1,然后才\2", clean)
    clean = _DAY_OF_MONTH.sub(lambda m: f" the {ordinal(int(m[1]))} of every month ", clean)
    clean = _WEEKDAY.sub(_weekday, clean)
    clean = _HAN_DURATION.sub(lambda m: str("零一两三四五六七八九十".index(m[1])), clean)  # 两个钟头
    clean = _DURATION.sub(lambda m: f" {f'{m[1]} to ' if m[1] else ''}{m[2]} {_UNITS[m[3]]}{'' if m[2] == '1' else 's'} ", clean)  # 46个SKU改成5天: each number keeps its unit
    return re.sub(r"[ \t]+", " ", clean.replace("\n", " ")).strip()
