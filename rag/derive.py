"""What follows from the exact parts of the facts: second readings of a text, and figures that are worked out from others.

`readings(text)` -> atoms which a text supports although it is not written as one (`两轮` a 2, `8成` 80 %, `8.30` the 30th of August, `5到9月`
May). They only ever support: nobody is asked to repeat them. `follows(claim, text, atoms)` -> whether the claim is the result of one step of
arithmetic on parts of the same kind: a difference of dates or times, a sum, a difference, a share, a multiple, or a bound ("more than 60").
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeVar

from rag.atoms import WORDS, Atom, find_atoms, parse_number
from rag.script import simplified

MOST = 12
"""Figures of one kind that are combined; a longer list would support almost any number."""

_HAN_RUN = re.compile(r"[零〇一二两兩三四五六七八九十百千万萬]+")
# Names and idioms whose numeral counts nothing.
_NO_COUNT = re.compile(r"五金|四川|第三方|三方|百度|千牛|万圣|万一|统一|唯一|一直|一起|一样|一定|一般|十分|千万别|万科|八卦|零件|零售|零食|配零")
_UNIT = {"年": "year", "个月": "month", "月": "month", "个星期": "week", "星期": "week", "周": "week", "週": "week", "个礼拜": "week", "礼拜": "week", "天": "day", "日": "day", "小时": "hour", "个小时": "hour", "钟头": "hour", "个钟头": "hour", "分钟": "minute"}
_UNIT_HAN = "|".join(sorted(_UNIT, key=len, reverse=True))
_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10000, "萬": 10000}


def _text(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _han_values(run: str) -> list[Decimal]:
    """`二十` 20; `两三` and `三五` are two guesses, 2 and 3."""
    if len(run) == 2 and not set(run) & set(_SCALE) and "零" not in run:
        return [n for c in run if (n := parse_number(c)) is not None]
    number = parse_number(run)
    return [] if number is None else [number]


@lru_cache(maxsize=1024)
def readings(text: str, *, day_first: bool | None = None, month: Atom | None = None) -> tuple[Atom, ...]:
    """What the text supports beside its atoms. `month` is the last date of the texts before it, to which a bare `10日` belongs."""
    return tuple(_readings(text, day_first, month))


def _readings(text: str, day_first: bool | None, month: Atom | None) -> Iterator[Atom]:
    text = simplified(text)
    atoms = find_atoms(text, day_first=day_first)
    dates = [a for a in atoms if a.kind == "date" and a.value[1]]

    def atom(kind: str, value: Sequence[str], match: re.Match[str]) -> Atom:
        return Atom(kind, tuple(value), match[0], *match.span())  # type: ignore[arg-type]

    idle = [m.span() for m in _NO_COUNT.finditer(text)] + [(a.start, a.end) for a in atoms if a.kind in {"date", "time"}]
    for match in _HAN_RUN.finditer(text):
        if any(start <= match.start() < end for start, end in idle):
            continue
        if text[max(0, match.start() - 1) : match.start()] in {"周", "週"} and text[match.end() : match.end() + 1] not in set("次个件天份单台条"):
            continue  # 周三 is a day, 每周三次 a count
        unit = re.compile(_UNIT_HAN).match(text, match.end())
        for value in _han_values(match[0]):
            yield atom("number", [_text(value)], match)
            if unit:
                yield atom("duration", [_text(value), _UNIT[unit[0]]], match)
    for match in re.finditer(r"(?<![\d.])(\d{1,2})年(?!\d)", text):
        yield atom("duration", [match[1], "year"], match)
    for match in re.finditer(r"\bMay\b", text):
        yield atom("date", ["", "5", ""], match)
    for match in re.finditer(r"双|俩|两|\b(?:twice|double[ds]?|pair|both|second|翻倍)\b|翻了?一?[倍番]", text):
        yield atom("number", ["2"], match)
    for match in re.finditer(r"第([一二三四五六七八九十]|\d{1,2})(?!方)", text):
        if (rank := parse_number(match[1])) is not None:
            yield atom("number", [_text(rank)], match)
    for match in re.finditer(r"第二天|次日|隔天|翌日|前一天|后一天|\b(?:next|following|previous|same) day\b|\bday (?:after|before)\b|\ba day\b", text, re.IGNORECASE):
        yield atom("duration", ["1", "day"], match)
    for match in re.finditer(r"半年|half a year|half-year(?:ly)?", text, re.IGNORECASE):
        yield atom("duration", ["6", "month"], match)
    for match in re.finditer(r"半个?月|\bfortnight", text, re.IGNORECASE):
        yield from (atom("duration", v, match) for v in (["2", "week"], ["15", "day"]))
    for match in re.finditer(r"半个?(?:小时|钟头)|\bhalf an hour", text, re.IGNORECASE):
        yield atom("duration", ["30", "minute"], match)
    for match in re.finditer(r"\b(?:an?|one|per|每) (minute|hour|day|week|month|year)\b", text, re.IGNORECASE):
        yield atom("duration", ["1", match[1].lower()], match)
    for match in re.finditer(r"一个多(月|小时|星期)|一(年|周|天)多", text):
        yield atom("duration", ["1", _UNIT[match[1] or match[2]]], match)
    for match in re.finditer(r"(?<!\d)(\d{1,5})块(\d)(?!\d)", text):
        yield atom("money", ["CNY", f"{match[1]}.{match[2]}"], match)
        yield atom("money", ["USD", f"{match[1]}.{match[2]}"], match)
    for match in re.finditer(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d.,])", text):
        yield atom("number", [match[0].replace(" ", "")], match)
    yield from _percents(text)
    yield from _loose_dates(text, dates or ([month] if month else []))
    for match in re.finditer(r"(?<![\d./-])(\d{1,2})\s?[-–~到至]\s?(\d{1,2})(?![\d./-])", text):
        low, high = int(match[1]), int(match[2])
        if low < high:
            yield from (atom("number", [str(n)], match) for n in (low, high, high - low + 1))  # shades 01-06 are six
    # 110V, 300dpi, V1.2, 80cm: the figure alone.
    for match in re.finditer(r"(?<![A-Za-z0-9._-])[A-Za-z]{0,2}(\d{1,6}(?:\.\d+)?)[A-Za-z]{0,4}(?![A-Za-z0-9-])", text):
        if match[0] != match[1]:
            yield atom("number", [_text(Decimal(match[1]))], match)
    # A day or month without its word, 5月1 or May 5 FBM orders, may be a count.
    for date in dates:
        if day := re.search(r"(?:月\s?|[A-Za-z.]\s)(\d{1,2})$", date.text):
            yield Atom("number", (day[1],), date.text, date.start, date.end)
    for clock in (a for a in atoms if a.kind == "time"):
        hour, minute = clock.value[0].split(":")
        if int(hour) < 12 and not re.search(r"[ap]\.?m|上午|早|凌晨|:", clock.text, re.IGNORECASE):
            yield Atom("time", (f"{int(hour) + 12}:{minute}",), clock.text, clock.start, clock.end)
    yield from _lists(text)


def _percents(text: str) -> Iterator[Atom]:
    def percent(value: Decimal, match: re.Match[str]) -> Atom:
        return Atom("percent", (_text(value),), match[0], *match.span())

    for match in re.finditer(r"([一二两三四五六七八九]|(?<![\d.])\d(?:\.\d)?)成(半)?(?![本功立员品为了])", text):
        if (value := parse_number(match[1])) is not None:
            yield percent(value * 10 + (5 if match[2] else 0), match)
    for match in re.finditer(r"([一二两三四五六七八九]{1,2})折", text):
        share = Decimal("".join(str(n) for c in match[1] if (n := parse_number(c)) is not None))
        yield percent(100 - (share * 10 if share < 10 else share), match)
    for match in re.finditer(r"(百|千|万|[二三四五六七八九十]|\d{1,4})分之([零一二两三四五六七八九十百]{1,5}|\d+(?:\.\d+)?)", text):
        whole, part = (parse_number({"百": "100", "千": "1000", "万": "10000"}.get(t, t)) for t in match.groups())
        if whole and part is not None:
            exact = part / whole * 100
            yield from (percent(v, match) for v in ([exact] if exact == round(exact, 3) else _rounded(exact)))
    for match in re.finditer(r"一半|过半|\bhalf\b", text, re.IGNORECASE):
        yield percent(Decimal(50), match)
    for match in re.finditer(r"翻倍|翻了?一[倍番]|\bdoubled?\b", text, re.IGNORECASE):
        yield percent(Decimal(100), match)


def _loose_dates(text: str, dates: list[Atom]) -> Iterator[Atom]:
    def date(year: str, month: int | str, day: int | str, match: re.Match[str]) -> Atom:
        return Atom("date", (year, str(int(month)) if month else "", str(int(day)) if day else ""), match[0], *match.span())

    # 5到9月, 1—3月, 5、6两个月
    for match in re.finditer(r"(?<![\d.月])(1[0-2]|[1-9])\s?(?:月份?)?\s?[到至、和及,，~\-–—]\s?(1[0-2]|[1-9])\s?(?:月(?!\d)|两个月|个月)", text):
        year = re.search(r"((?:19|20)\d\d)\s?[年./-]?\s?$", text[: match.start()])
        yield from (date(year[1] if year else "", m, "", match) for m in match.groups())
    for match in re.finditer(r"((?:19|20)\d\d)年(1[0-2]|[1-9])\s?[到至~\-–—]", text):
        yield date(match[1], match[2], "", match)
    for match in re.finditer(r"(?<![\d./])((?:19|20)\d\d)[./]([1-9])(?![\d/]|[./]\d)", text):
        yield date(match[1], match[2], "", match)
    for match in re.finditer(r"双(?:十一|11)|双(?:十二|12)|(?<!\d)618(?!\d)", text):
        yield date("", *((6, 18) if match[0] == "618" else (11, 11) if match[0][1:] in {"十一", "11"} else (12, 12)), match)
    # 8.30, 6.3到7.19; 08/25 on a bank card
    for match in re.finditer(r"(?<![\d./])(1[0-2]|0?[1-9])[./](3[01]|[12]\d|0?[1-9])(?![\d%]|[./]\d|\s?(?:[万萬元美倍折分克公厘米寸刀个件单天]|小时|%|cm|kg))", text):
        yield date("", match[1], match[2], match)
    for match in re.finditer(r"(?<![\d./])(1[0-2]|0[1-9])/([23]\d)(?![\d/])", text):
        yield date(f"20{match[2]}", match[1], "", match)
    # 22号 after 8月20号: the month last named
    for match in re.finditer(r"(?<![\d月.年])(3[01]|[12]\d|0?[1-9])\s?[号號日](?!楼|门|仓|线|机|店|常)", text):
        before = [d for d in dates if d.start < match.start() and "|" not in d.value[1]] or [d for d in dates if "|" not in d.value[1]]
        opening = re.search(r"(?<![\d月.])(3[01]|[12]\d|0?[1-9])\s?[到至、~\-–—]\s?$", text[max(0, match.start() - 5) : match.start()])
        for named in before[-1:]:
            yield date(named.value[0], named.value[1], match[1], match)
            if opening:
                yield date(named.value[0], named.value[1], opening[1], match)


_LIST = re.compile(r"[^、,，。;；:：()（）\s]{1,16}(?:、[^、,，。;；:：()（）]{1,16})+(?:[和及与]|以及)?")


def _lists(text: str) -> Iterator[Atom]:
    """How many things a Chinese list (甲、乙和丙) or a row of identifiers names."""
    for match in _LIST.finditer(text):
        count = match[0].count("、") + 1 + (1 if re.search(r"[和及与]", match[0].rsplit("、", 1)[1]) else 0)
        yield Atom("number", (str(count),), match[0], *match.span())
    for match in re.finditer(r"(?<![\w-])[\w-]{1,30}(?: [\w-]{1,30}){0,2}(?:, [\w-]{1,30}(?: [\w-]{1,30}){0,2}){1,6},? and (?=[\w-])", text):
        yield Atom("number", (str(match[0].count(",") + 2 - match[0].count(", and ")),), match[0], *match.span())
    for match in re.finditer(r"(?<![\w-])([A-Z0-9-]{0,20}\d[A-Z0-9-]{0,20})(?:,? and |, | & )([A-Z0-9-]{0,20}\d[A-Z0-9-]{0,20})(?![\w-])", text):
        if re.search("[A-Z]", match[1]):
            yield Atom("number", ("2",), match[0], *match.span())


# --- arithmetic ---------------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """The figures of some facts by kind, and what one step of arithmetic makes of them."""

    counts: list[Decimal] = field(default_factory=list)
    percents: list[Decimal] = field(default_factory=list)
    money: list[tuple[str, Decimal]] = field(default_factory=list)
    spans: list[tuple[Decimal, str]] = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)
    """Months named without a day, with their year or 0."""
    days: list[tuple[int, int, int]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    @property
    def dated(self) -> set[int]:
        """Days from one day to another."""
        return {n for one, two in itertools.combinations(self.days, 2) for n in _between(one, two) if n}

    @property
    def months(self) -> set[int]:
        """Whole months between any two days, the last day counted or not."""
        whole = {n for one, two in itertools.combinations(self.days, 2) for n in _months(one, two)}
        return whole | {n for y, m in self.parts for z, k in (*self.parts, *(d[:2] for d in self.days)) if (n := abs(((y or z) - (z or y)) * 12 + m - k))}


T = TypeVar("T")


def figures(atoms: Iterable[Atom]) -> Figures:
    """The figures of the atoms, each value once, at most `MOST` of a kind."""
    found = Figures()
    for a in atoms:
        if a.kind == "number" and len(a.value[0]) < 13:
            _add(found.counts, Decimal(a.value[0]))
        elif a.kind == "percent":
            _add(found.percents, Decimal(a.value[0]))
        elif a.kind == "money":
            _add(found.money, (a.value[0], Decimal(a.value[1])))
        elif a.kind == "duration":
            _add(found.spans, (Decimal(a.value[0]), a.value[1]))
        elif a.kind == "date" and a.value[2] and "|" not in a.value[1]:
            _add(found.days, (int(a.value[0] or 0), int(a.value[1]), int(a.value[2])))
        elif a.kind == "date" and a.value[1] and "|" not in a.value[1]:
            _add(found.parts, (int(a.value[0] or 0), int(a.value[1])))
        elif a.kind == "time":
            hour, minute = a.value[0].split(":")
            _add(found.times, int(hour) * 60 + int(minute))
    return found


def _add(kept: list[T], value: T) -> None:
    if value not in kept and len(kept) < MOST:
        kept.append(value)


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _ordered(one: tuple[int, int, int], two: tuple[int, int, int]) -> list[tuple[datetime.date, datetime.date]]:
    """Both as days, the earlier one first; a missing year is the other's, or the next where the year turns between them."""
    year = one[0] or two[0] or 2026
    first, second = _day(one[0] or year, *one[1:]), _day(two[0] or year, *two[1:])
    if not first or not second:
        return []
    first, second = sorted((first, second))
    if (not one[0] or not two[0]) and (second - first).days > 300 and (turned := _day(first.year + 1, first.month, first.day)):
        return [(second, turned)]
    return [(first, second)]


def _between(one: tuple[int, int, int], two: tuple[int, int, int]) -> list[int]:
    return [(b - a).days for a, b in _ordered(one, two)]


def _months(one: tuple[int, int, int], two: tuple[int, int, int]) -> list[int]:
    found = []
    for a, b in _ordered(one, two):
        for last in (b, b + datetime.timedelta(days=1)):
            if a.day == last.day and (n := (last.year - a.year) * 12 + last.month - a.month):
                found.append(n)
    return found


def _rounded(value: Decimal) -> list[Decimal]:
    return [value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) for places in (0, 1, 2)]


_ABOUT = re.compile(r"\b(?:about|around|roughly|approximately|some|nearly|almost|close to|just|well|circa|approx\.?|slightly)\s(?:(?:over|under|more than|less than)\s)?$", re.IGNORECASE)
_OVER = re.compile(r"\b(?:more than|over|above|at least|upwards of|in excess of|exceed(?:s|ed|ing)?|no (?:less|fewer) than|past|beyond)\s(?:[$€£¥]|the )?$", re.IGNORECASE)
_UNDER = re.compile(r"\b(?:less than|fewer than|under|below|within|at most|up to|no more than|not even|short of|almost|nearly)\s(?:[$€£¥]|the )?$", re.IGNORECASE)
_SPAN_WORDS = re.compile(
    r"\b(?:later|after|before|earlier|ahead|prior|passed|elapsed|took|taken|within|lasted|lasting|consecutive|full|whole|entire|covering|covers|covered|period|apart|between|following|short|late|delay\w*|running|since|over|window|stood|closed|in all|span\w*|long\w*|overdue|hold\w*|held|wait\w*|for|separat\w*|interval|gap|spare|left|remain\w*|older|newer|age)\b",
    re.IGNORECASE,
)
_APART = re.compile(
    r"\b(?:left|remain\w*|rest|others?|more|fewer|less|short\w*|difference|increase\w*|decrease\w*|ris(?:e|es|en|ing)|rose|rais\w*|fall\w*|fell|drop\w*|gap|of|by|under|above|below|over|higher|lower|missing|balance|still|without|apart|never)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\b(?:total\w*|together|combined|altogether|all|in sum|both|every|each|overall|whole|sum)\b", re.IGNORECASE)
_STRONG_APART = re.compile(r"\b(?:short of|difference|increase\w*|decrease\w*|risen|rose|fell|dropped|by|under|above|below|apart|higher|lower|fewer)\b", re.IGNORECASE)
_STRONG_JOINED = re.compile(r"\b(?:together|altogether|combined|in total)\b", re.IGNORECASE)
"""Words of a result; the strong ones are asked for where a small number is worked out across facts."""
_DENOMINATOR = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "eighth": 8, "eighths": 8, "ninth": 9, "tenth": 10, "tenths": 10}
_FRACTION = re.compile(rf"[ -](?:{'|'.join(sorted(_DENOMINATOR, key=len, reverse=True))})\b", re.IGNORECASE)
_OUT_OF = re.compile(rf"(?P<n>{WORDS}|\b\d+)(?: [a-z]+)? (?:in|out of|of) (?:every |each )?(?P<m>{WORDS}|\d+\b)", re.IGNORECASE)
_LONG = re.compile(r" (?:full |consecutive |whole |straight |entire |calendar |more |further |additional |extra )+(?P<u>minute|hour|day|week|month|year)s?\b", re.IGNORECASE)
_IN_DAYS = {"day": Decimal(1), "week": Decimal(7), "month": Decimal("30.44"), "year": Decimal("365.25")}
_IN_MINUTES = {"minute": 1, "hour": 60}


def follows(claim: Atom, text: str, atoms: Sequence[Atom], each: Sequence[Sequence[Atom]] = ()) -> bool:
    """Whether the claim, in its sentence, follows from `atoms` in one step. `each` holds the same atoms text by text."""
    known = figures(atoms)
    before, after = text[max(0, claim.start - 40) : claim.start], text[claim.end : claim.end + 60]
    if claim.kind == "number" and (long := _LONG.match(after)):
        claim = Atom("duration", (claim.value[0], long["u"].lower()), claim.text, claim.start, claim.end)
    if claim.kind == "number":
        return _number_follows(claim, text, before, after, known, each)
    if claim.kind == "percent":
        value, shares = Decimal(claim.value[0]), _shares(known)
        return _near(value, shares, before, 0) or _written(claim, shares) or _near(value, known.percents, before, 0.03) or _result(claim, text, known.percents)
    if claim.kind == "money":
        same = [n for c, n in known.money if c == claim.value[0]]
        products = [m * c for m in same for c in known.counts]
        return _result(claim, text, same) or _written(claim, products) or _near(Decimal(claim.value[1]), [*same, *products, *_results(same)], before)
    if claim.kind == "duration":
        return _span_follows(claim, text, before, known)
    return False


def _results(values: Sequence[Decimal]) -> list[Decimal]:
    """Sums and differences of two, and the sum of all."""
    return [*_sums(values), *(abs(a - b) for a, b in itertools.combinations(values, 2))]


def _sums(values: Sequence[Decimal]) -> list[Decimal]:
    # A batch of 2,400 and 3 complaints are no list to add up.
    alike = [(a, b) for a, b in itertools.combinations(values, 2) if max(a, b) <= 200 * min(a, b)]
    return [*(a + b for a, b in alike), *([sum(values, Decimal(0))] if len(values) > 2 and max(values) <= 200 * min(values) else [])]


def _result(claim: Atom, text: str, values: Sequence[Decimal], *, strong: bool = False) -> bool:
    """Whether the claim is a sum or difference of two values, or the sum of all, and a word near it says so."""
    # Any small number comes out of some two figures: without such a word it would pass by chance.
    around = text[max(0, claim.start - 60) : claim.end + 60]
    apart, joined = (_STRONG_APART, _STRONG_JOINED) if strong else (_APART, _JOINED)
    differences = [abs(a - b) for a, b in itertools.combinations(values, 2)] if apart.search(around) else []
    return _written(claim, [*differences, *(_sums(values) if joined.search(around) else [])])


def _shares(known: Figures) -> list[Decimal]:
    money = [n for _, n in known.money]
    return [min(p) / max(p) * 100 for p in (*itertools.combinations(known.counts, 2), *itertools.combinations(money, 2)) if max(p)]


def _written(claim: Atom, results: Iterable[Decimal]) -> bool:
    """Whether a result is the value of the claim to the digits written."""
    decimals = re.search(r"\.(\d+)", claim.text)
    step = Decimal(1).scaleb(-len(decimals[1]) if decimals else 0)
    value = Decimal(claim.value[-1] if claim.kind == "money" else claim.value[0])
    # A half may be rounded either way: 0.25 % is written 0.3 % by hand and 0.2 % by many a program.
    return any(value in ({r.quantize(step, ROUND_HALF_UP), r.quantize(step, ROUND_HALF_EVEN)} if claim.kind in {"percent", "money"} else {r}) for r in results)


def _near(value: Decimal, results: Iterable[Decimal], before: str, tolerance: float = 0.15) -> bool:
    """Whether a word of vagueness stands before the value, and a result that is less round lies near it on the right side."""
    over, under, about = _OVER.search(before), _UNDER.search(before), _ABOUT.search(before)
    if not (over or under or about):
        return False
    part, length = Decimal(str(tolerance)), _length(value)
    for r in results:
        if not r or (r != value and _length(r) <= length):
            continue  # "about 699" for 700 is no rounding
        if over and value <= r and (r <= value * (1 + part) or int(r) == value):
            return True
        if under and r <= value and (r >= value * (1 - part) or r > value - 1):
            return True
        if about and abs(r - value) <= max(r, value) * part:
            return True
    return False


def _length(number: Decimal) -> int:
    """How many digits are written before the closing noughts."""
    return len(number.normalize().as_tuple().digits)


def _number_follows(claim: Atom, text: str, before: str, after: str, known: Figures, each: Sequence[Sequence[Atom]]) -> bool:
    value = Decimal(claim.value[0])
    money = [n for _, n in known.money]
    pairs = [(max(p), min(p)) for p in (*itertools.combinations(known.counts, 2), *itertools.combinations(money, 2), *itertools.combinations(known.percents, 2)) if min(p) > 0]
    if re.match(r"[ -](?:times|fold)\b", after):
        ratios = [a / b for a, b in pairs]
        return value in ratios or _near(value, ratios, before)
    if re.search(r"\b(?:multipl\w+|factor)\b.{0,40}\b(?:by|of) $", before):
        return value in [a / b for a, b in pairs]
    if re.search(r"\bother $", before) and value + 1 in known.counts:
        return True  # of five sellers we are one: the other four
    share = _share_claimed(claim, text)
    if share is not None:
        return any(_share_fits(share, b / a, before) for a, b in pairs)
    if _near(value, [*known.counts, *money], before) or (value > 12 and _near(value, _results(known.counts), before)):
        return True
    return any(_result(claim, text, figures(atoms).counts) for atoms in each) or _result(claim, text, known.counts, strong=value <= 12) or _result(claim, text, money)


def _share_claimed(claim: Atom, text: str) -> Decimal | None:
    """`three quarters`, `one in nine`, `nine out of ten` as a share; None when the number is no part of one."""
    if match := _FRACTION.match(text, claim.end):
        return Decimal(claim.value[0]) / _DENOMINATOR[match[0].strip(" -").lower()]
    for match in _OUT_OF.finditer(text, max(0, claim.start - 40)):
        if claim.start in {match.start("n"), match.start("m")}:
            part, whole = parse_number(match["n"]), parse_number(match["m"])
            if part and whole and part < whole <= 20 and "the" not in match[0].split():
                return part / whole
    return None


def _share_fits(claimed: Decimal, real: Decimal, before: str) -> bool:
    if re.search(r"\b(?:more than|over|above|at least)\s(?:[a-z]+ )?$", before, re.IGNORECASE):
        return claimed <= real <= claimed * Decimal("1.15")
    if re.search(r"\b(?:less than|fewer than|under|below|nearly|almost|at most)\s(?:[a-z]+ )?$", before, re.IGNORECASE):
        return claimed * Decimal("0.85") <= real <= claimed
    if re.search(r"\b(?:about|around|roughly|approximately|some)\s(?:[a-z]+ )*$", before, re.IGNORECASE):
        return abs(claimed - real) <= claimed * Decimal("0.1")
    return abs(claimed - real) <= Decimal("0.01")


def _span_follows(claim: Atom, text: str, before: str, known: Figures) -> bool:
    value, unit = Decimal(claim.value[0]), claim.value[1]
    before = re.sub(r"\bover\s$", "", before)  # "over 30 days" is the time in which, not more than it
    same = [n for n, u in known.spans if u == unit]
    if _result(claim, text, same):
        return True
    if unit in _IN_DAYS and _near(value, [n * _IN_DAYS[u] / _IN_DAYS[unit] for n, u in known.spans if u in _IN_DAYS], before):
        return True
    if not _SPAN_WORDS.search(text[max(0, claim.start - 50) : claim.end + 50]):
        return False  # "raised to 4 days" is no difference of two dates
    if unit in _IN_MINUTES:
        passed = [Decimal(abs(a - b)) / _IN_MINUTES[unit] for a, b in itertools.combinations(known.times, 2)]
        return value in passed or _near(value, passed, before)
    if unit not in _IN_DAYS:
        return False
    # From the 1st to the 12th twelve days are covered, but the 12th is eleven days later.
    last = 0 if re.match(r" (?:later|after|before|earlier|ahead|prior|passed)\b", text[claim.end :]) else 1
    days = [Decimal(d) / _IN_DAYS[unit] for n in known.dated for d in (n, n + last)]
    months = [Decimal(m) / (12 if unit == "year" else 1) for m in known.months]
    whole = months if unit in {"month", "year"} else days
    return value in whole or _near(value, days, before) or (bool(_OVER.search(before) or _ABOUT.search(before)) and value in [m + k for m in months for k in (-1, 0)])
