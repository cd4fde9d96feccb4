"""The exact parts of a text: numbers with their kind, dates, times, money, identifiers, names. English, Chinese, or mixed.

`find_atoms(text)` -> atoms with their place in the text and a normal form, so that `7.2 %`, `7.20 percent` and `百分之七点二` are one
value, and `3月15日`, `15 March` and `15/03` are one day. `supports(source, claim)` says whether one atom allows another to be written.
Used by the notice reader, the fact lock, the planner (order by date) and the evals. Knows nothing about letters or models.

Not covered: relative dates ("last Monday"), fractions in words, numbers above 10^12.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from rag.script import has_han

AtomKind = Literal["date", "time", "percent", "money", "duration", "number", "asin", "order_id", "id", "email", "url", "name"]


@dataclass(frozen=True)
class Atom:
    """One exact part of a text."""

    kind: AtomKind
    value: tuple[str, ...]
    """Normal form, e.g. date ("2026", "3", "15") with empty parts where not given; duration ("3", "day"); money ("USD", "12.5")."""
    text: str
    """As written."""
    start: int
    end: int


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sept sep", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = (
    r"(?:(?:january|february|march|april|may|june|july|august|september|october|november|december)\b|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b(?:\.(?=,|,? ?\d))?)"
)
"""A full stop belongs to a short form before a year, never to the end of the sentence."""
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_YEAR = r"(?:19|20)\d\d"

_I = re.IGNORECASE

_UNITS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
          "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
          "eighteen": 18, "nineteen": 19}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(w for w, n in _UNITS.items() if 0 < n < 10)}))?|{'|'.join(w for w in _UNITS if w != 'zero')})\b"
_BELOW_1000 = rf"(?:{_BELOW_100}(?:[ -]hundred\b(?: (?:and )?{_BELOW_100})?)?)"
# Words join only as a number is spoken: "two one-star reviews" are a 2 and a 1.
WORDS = rf"\b(?:zero\b|(?:{_BELOW_100}[ -])?dozen\b|{_BELOW_1000}(?:[ -]thousand\b(?: (?:and )?{_BELOW_1000})?)?)"
_HAN_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN_SCALE = {"十": 10, "百": 100, "千": 1000}
# Runs are bounded: without a bound the time grows with the square of a pasted string that has no spaces.
_NUMERALS = "零〇一二两兩三四五六七八九十百千万萬"
_HAN = f"[{_NUMERALS}]{{1,12}}"
_NUM = r"(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,9})?|\d{1,20}(?:\.\d{1,9})?)(?:\s?[万萬])?"
_ANY = rf"(?:{_NUM}|{WORDS}|{_HAN})"

_MONEY_WORDS = {
    "USD": "$,us$,usd,us dollars,us dollar,u.s. dollars,u.s. dollar,dollars,dollar,美元,美金,块美金,刀", "EUR": "€,eur,euros,euro,欧元,歐元,欧,歐",
    "GBP": "£,gbp,pounds sterling,pounds,英镑,英鎊,镑", "CNY": "¥,￥,rmb,cny,yuan,chinese yuan,renminbi,人民币,人民幣,元人民币,元人民幣,块人民币,元,块",
    "JPY": "jpy,yen,japanese yen,日元,日圓,日圆", "CAD": "cad,ca$,c$,canadian dollars,加元,加币", "AUD": "aud,a$,australian dollars,澳元,澳币",
    "MXN": "mxn,mex$,pesos,mexican pesos,比索", "HKD": "hkd,hk$,hong kong dollars,港币,港元", "TWD": "twd,ntd,nt$,taiwan dollars,台币,台幣,新台币,新台幣",
    "SGD": "sgd,s$,新币", "INR": "inr,rupees,卢比", "PLN": "pln,zloty,兹罗提", "SEK": "sek,kronor,瑞典克朗", "AED": "aed,dirhams,迪拉姆", "BRL": "brl,reais,雷亚尔",
}
_CURRENCY = {form: code for code, forms in _MONEY_WORDS.items() for form in forms.split(",")}
CURRENCY_WORDS = frozenset(word for form in _CURRENCY for word in re.findall(r"[a-z]+", form) if len(form) <= 3 or " " not in form) | {"dollars", "sterling"}
"""Words of sums of money in lower case; written with a capital they name nobody."""
_DURATION = {
    "minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute", "分钟": "minute", "分鐘": "minute",
    "hour": "hour", "hours": "hour", "hrs": "hour", "hr": "hour", "小时": "hour", "小時": "hour", "个小时": "hour", "個小時": "hour", "钟头": "hour",
    "day": "day", "days": "day", "天": "day", "日": "day",
    "business day": "business_day", "business days": "business_day", "working day": "business_day", "working days": "business_day",
    "workday": "business_day", "workdays": "business_day", "工作日": "business_day", "个工作日": "business_day", "個工作日": "business_day",
    "calendar days": "day", "calendar day": "day", "自然日": "day",
    "week": "week", "weeks": "week", "周": "week", "週": "week", "星期": "week", "个星期": "week", "個星期": "week", "个礼拜": "week",
    "month": "month", "months": "month", "个月": "month", "個月": "month", "月": "month",
    "year": "year", "years": "year", "年": "year",
}


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(re.escape(w) + (r"(?![a-z])" if w[-1].isascii() and w[-1].isalpha() else "") for w in sorted(words, key=len, reverse=True))


def find_atoms(text: str, *, day_first: bool | None = None) -> tuple[Atom, ...]:
    """All atoms except names, in order. `day_first` decides 03/04: True 3 April (UK, DE ...), False March 4 (US), None as neither."""
    # Chinese text writes the month first, whatever the store.
    return _find_atoms(text, False if has_han(text) else day_first)


@lru_cache(maxsize=4096)
def _find_atoms(text: str, day_first: bool | None) -> tuple[Atom, ...]:
    # Folding keeps every character's place, so offsets hold in the original.
    folded = "".join(c if len(f := unicodedata.normalize("NFKC", c)) != 1 else f for c in text)
    taken = [False] * len(folded)
    found: list[Atom] = []
    for kind, pattern, value in _PATTERNS:
        for match in pattern.finditer(folded):
            start, end = match.span("all") if "all" in pattern.groupindex else match.span()
            if any(taken[start:end]):
                continue
            normal = value(match, day_first)
            if normal is None:
                continue
            taken[start:end] = [True] * (end - start)
            found.append(Atom(kind, normal, text[start:end], start, end))
    return tuple(sorted(_with_ranges(found, folded), key=lambda a: a.start))


_BEFORE = re.compile(r"(?<![\d.,/])(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\s?(?:-|–|~|,|to|and|until|through|or)\s?$", re.IGNORECASE)
_AFTER = re.compile(r"\s?(?:-|–|~|to\b|through\b|until\b)\s?(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\w%.:/-]|\s+[a-z]*(?:day|hour|order|unit|week|month))", re.IGNORECASE)
_AFTER_HAN = re.compile(r"\s?(?:-|–|~|至|到|、|和|,)\s?(?P<d>3[01]|[12]\d|0?[1-9])\s?[日号號]")


def _with_ranges(found: list[Atom], text: str) -> list[Atom]:
    """The short half of a range as a date of its own: `between 3 and 20 February`, `March 3-20`, `3月3日到20日`."""
    extra: list[Atom] = []
    for atom in found:
        if atom.kind != "date" or not atom.value[2] or "|" in atom.value[1]:
            continue
        start, end, day_leads = atom.start, atom.end, text[atom.start].isdigit() and "月" not in atom.text
        for _ in range(6):  # 1, 3 and 6 September; 9月1号、3号、6号
            match = _BEFORE.search(text, max(0, start - 14), start) if day_leads else None
            match = match or _AFTER_HAN.match(text, end) or (None if day_leads else _AFTER.match(text, end))
            if not match:
                break
            day = match.span("d")
            extra.append(Atom("date", (atom.value[0], atom.value[1], str(int(match["d"]))), text[day[0] : day[1]], *day))
            start, end = min(start, day[0]), max(end, match.end())
    covered = {(a.start, a.end) for a in extra}
    return [a for a in found if not any(a.kind == "number" and s <= a.start and a.end <= e for s, e in covered)] + extra


def parse_number(text: str) -> Decimal | None:
    """A number in digits, English words or Chinese numerals; None when it is none."""
    text = text.strip().lower().replace(",", "")
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s?([万萬])?", text)
    if match:
        return Decimal(match[1]) * (10000 if match[2] else 1)
    if text and all(c in _HAN_DIGITS or c in _HAN_SCALE or c in "万萬" for c in text):
        return _han_number(text)
    total = part = 0
    words = re.split(r"[ -]+", text)
    for word in words:
        if word in _UNITS:
            part += _UNITS[word]
        elif word in _TENS:
            part += _TENS[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word == "dozen":
            part = (part or 1) * 12
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        elif word != "and":
            return None
    return Decimal(total + part)


def _han_number(text: str) -> Decimal | None:
    if len(text) > 1 and all(c in _HAN_DIGITS for c in text):  # 二〇二六
        return Decimal("".join(str(_HAN_DIGITS[c]) for c in text))
    total = part = digit = scale = 0
    for c in text:
        if c in _HAN_DIGITS:
            digit = _HAN_DIGITS[c]
            scale = 0 if digit == 0 else scale  # 一百零五 is 105
        elif c in _HAN_SCALE:
            part += (digit or 1) * _HAN_SCALE[c]
            digit, scale = 0, _HAN_SCALE[c]
        else:
            total = (total + part + digit) * 10000
            part = digit = 0
            scale = 10000
    if scale >= 100:
        digit *= scale // 10  # 七百五 is 750
    return Decimal(total + part + digit)


def _plain(number: Decimal) -> str:
    normal = number.normalize()
    return format(normal, "f")


def _number(text: str) -> str | None:
    try:
        parsed = parse_number(text)
    except InvalidOperation:
        return None
    return None if parsed is None else _plain(parsed)


Value = Callable[[re.Match[str], "bool | None"], "tuple[str, ...] | None"]


def _date(year: str | None, month: str | int | None, day: str | None) -> tuple[str, ...] | None:
    if isinstance(month, str):
        month = MONTHS.get(month.lower().rstrip("."), 0) or int(_number(month) or 0)
    day_number = int(_number(day) or 0) if day else 0
    year_text = (_number(year) or "") if year else ""
    if len(year_text) == 2:
        year_text = "20" + year_text
    if (month and not 1 <= month <= 12) or day_number > 31:
        return None
    return (year_text, str(month or ""), str(day_number or ""))


def _slashed(match: re.Match[str], day_first: bool | None) -> tuple[str, ...] | None:
    first, second = int(match["a"]), int(match["b"])
    if (first > 12 and second > 12) or not first or not second:
        return None
    if first > 12 or (second <= 12 and day_first):
        first, second = second, first
    elif second <= 12 and day_first is None and first != second:
        # Undecidable between two days: kept as written, in a form that matches either reading.
        return (_date(match["y"], None, None) or ("",))[0], f"{first}|{second}", f"{second}|{first}"
    return _date(match["y"], first, str(second))


def _clock(match: re.Match[str], _: bool | None) -> tuple[str, ...] | None:
    hour = int(_number(match["h"]) or 0)
    minute = int(_number(match["m"]) or 0) if match["m"] else 0
    groups = match.groupdict()
    half = (groups.get("ap") or groups.get("zh") or "").lower().replace(".", "")
    if half in {"pm", "下午", "晚上", "傍晚", "晚"} and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    if groups.get("half"):
        minute = 30
    return None if hour > 24 or minute > 59 else (f"{hour}:{minute:02d}",)


def _duration(match: re.Match[str], _: bool | None) -> tuple[str, ...] | None:
    number = _number(match["n"])
    unit = _DURATION.get(re.sub(r"[\s-]+", " ", match["u"].lower()).strip())
    return None if number is None or unit is None else (number, unit)


def _plain_number(match: re.Match[str], _: bool | None) -> tuple[str, ...] | None:
    number = _number(match[0])
    # "one" and 一 are articles and pronouns far more often than counts.
    return None if number is None or (number == "1" and not any(c.isdigit() for c in match[0])) else (number,)


def _spoken_number(match: re.Match[str], _: bool | None) -> tuple[str, ...] | None:
    # 五六个, 两三百: two digits side by side are a guess, not a figure.
    return None if re.search(r"[一二两兩三四五六七八九]{2}", match["n"]) or (number := _number(match["n"])) is None else (number,)


def _one(name: str) -> Value:
    return lambda m, _: None if (n := _number(m[name])) is None else (n,)


COUNTED = "[个個件单單名位次项項条條箱批台份家封张張款种種套人枚只隻笔起票盒支双袋组根块本页]"
"""Measure words: what stands before them is a count."""
_B = r"(?<![A-Za-z0-9])"
_E = r"(?![A-Za-z0-9])"
_PATTERNS: tuple[tuple[AtomKind, re.Pattern[str], Value], ...] = (
    ("url", re.compile(r"https?://[^\s<>\"')，。；、一-鿿]+|(?<![@\w])(?:www\.|drive\.|dropbox\.)[^\s<>\"')，。；、一-鿿]+", _I), lambda m, _: (m[0].lower().rstrip(".,;"),)),
    ("email", re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64})+", _I), lambda m, _: (m[0].lower(),)),
    ("order_id", re.compile(r"(?<!\d)\d{3}-\d{7}-\d{7}(?!\d)"), lambda m, _: (m[0],)),
    ("asin", re.compile(rf"{_B}B0[A-Z0-9]{{8}}{_E}"), lambda m, _: (m[0],)),
    ("asin", re.compile(rf"(?<=ASIN)[\s:#：]*(?P<all>\d{{9}}[\dX]){_E}"), lambda m, _: (m["all"],)),
    # Dates, most complete form first.
    ("date", re.compile(rf"(?P<y>{_YEAR}|[二〇零一]{{4}})\s?年\s?(?P<m>\d{{1,2}}|{_HAN})\s?月(?:份)?(?:\s?(?P<d>\d{{1,2}}|{_HAN})\s?(?:[日号號]|(?=[-~–至到]\s?\d{{1,2}}\s?[日号號])))?"), lambda m, _: _date(m["y"], m["m"], m["d"])),
    # 8月31个人 and 8月一共 are a month and a count.
    ("date", re.compile(rf"(?<!\d)(?P<m>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s?月\s?(?:(?P<d>\d{{1,2}})\s?(?:[日号號]|(?=[-~–至到])|(?![\d.%]|{COUNTED}))|(?P<h>[一二三四五六七八九十]{{1,3}})\s?[日号號])"), lambda m, _: _date(None, m["m"], m["d"] or m["h"])),
    ("date", re.compile(rf"(?<![\d-])(?P<y>{_YEAR})[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>{_DAY})(?![\d-])"), lambda m, _: _date(m["y"], int(m["m"]), m["d"])),
    ("date", re.compile(rf"(?<![\d-])(?P<y>{_YEAR})[-/.](?P<m>0[1-9]|1[0-2])(?![\d/-]|\.\d)"), lambda m, _: _date(m["y"], int(m["m"]), None)),
    ("date", re.compile(rf"{_B}(?P<d>{_DAY})(?:st|nd|rd|th)?(?: of)?[ -](?P<m>{_MONTH})(?:,?[ -](?P<y>{_YEAR})|-(?P<yy>\d\d)| ?'(?P<yyy>\d\d))?{_E}", _I), lambda m, _: _date(m["y"] or m["yy"] or m["yyy"], m["m"], m["d"])),
    ("date", re.compile(rf"{_B}(?P<m>{_MONTH})[ -](?P<d>{_DAY})(?:st|nd|rd|th)?(?:,? (?P<y>{_YEAR}))?(?![\d%]|:\d)(?![A-Za-z])", _I), lambda m, _: _date(m["y"], m["m"], m["d"])),
    ("date", re.compile(rf"{_B}(?P<m>{_MONTH}),?\s(?:of )?(?P<y>{_YEAR}){_E}", _I), lambda m, _: _date(m["y"], m["m"], None)),
    ("date", re.compile(r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?P=sep)(?P<y>(?:19|20)?\d\d)(?![\d/]|\.\d)"), _slashed),
    # 10.21 at the start of a Chinese note is a day, 10.21元 is not.
    ("date", re.compile(r"(?:^|(?<=[\s,，。;；、(（~-]))(?P<m>1[0-2]|[1-9])\.(?P<d>3[01]|[12]\d|0?[1-9])(?=\s*[一-鿿~-])(?!\s*(?:[万萬元美倍折分克公厘米寸刀块个件单%天]|小时))"), lambda m, _: _date(None, int(m["m"]), m["d"])),
    ("date", re.compile(r"(?<![\d/.-])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?P<y>)(?![\d/.%])(?=\s|[,;:)。,;]|\.(?!\d)|$|[一-鿿])"), _slashed),
    ("date", re.compile(r"(?<![\d.月])(?P<m>1[0-2]|[1-9])(?=\s?[到至~\-–—]\s?(?:1[0-2]|[1-9])\s?月(?!\s?\d{1,2}\s?[日号號]))"), lambda m, _: _date(None, m["m"], None)),
    ("date", re.compile(r"(?<!\d)(?P<m>1[0-2]|[1-9])\s?月(?:份|初|底|中旬|上旬|下旬|末)?"), lambda m, _: _date(None, m["m"], None)),
    ("date", re.compile(r"(?P<m>十[一二]?|[一二三四五六七八九])月(?:份|初|底|中旬|上旬|下旬|末)?"), lambda m, _: _date(None, m["m"], None)),
    # "march" and "may" are verbs, so a month alone counts only with a capital, and May only after a preposition.
    ("date", re.compile(r"\b(?P<m>January|February|March|April|June|July|August|September|October|November|December)\b"), lambda m, _: _date(None, m["m"], None)),
    ("date", re.compile(r"\b(?:(?i:in|since|until|from|of|by|early|mid|late|during|and|to|the|this|last|next|each|every|before|after|between|through|for)[ -])(?P<all>May)\b(?! \d| Day)"), lambda m, _: _date(None, "may", None)),
    ("date", re.compile(rf"(?<![\d/.])(?<!\d[,-])(?P<y>{_YEAR})(?:(?=\s?[-–—~至到]\s?{_YEAR}(?![\d-]))|\s?全?年(?!\s?\d))"), lambda m, _: _date(m["y"], None, None)),
    ("date", re.compile(rf"(?<=\d\d\d\d[-–—~至到])(?P<y>{_YEAR})\s?年?(?![\d-])"), lambda m, _: _date(m["y"], None, None)),
    ("date", re.compile(rf"\b(?:in|since|until|from|year|of|by) (?P<all>(?P<y>{_YEAR})){_E}(?![-/])", _I), lambda m, _: _date(m["y"], None, None)),
    ("percent", re.compile(rf"(?P<n>{_NUM}|{WORDS})\s?(?:%|percent(?:age points?)?\b|per cent\b|pct\b|个百分点|個百分點)", _I), _one("n")),
    ("percent", re.compile(r"(?<![\d.])(?P<n>\d{1,2}(?:\.\d)?)折"), lambda m, _: (_plain(100 - Decimal(m["n"]) * (10 if Decimal(m["n"]) < 10 else 1)),)),
    # 三成, 两成半: tenths; 成 also ends verbs and names, so that only few words may stand after it.
    ("percent", re.compile(r"(?<![零〇一二两兩三四五六七八九十百\d构组完合现])(?P<n>[一二两兩三四五六七八九])成(?P<h>半)?(?![为為功本品员員熟交立份长長年人了])"), lambda m, _: (str(_HAN_DIGITS[m["n"]] * 10 + (5 if m["h"] else 0)),)),
    ("percent", re.compile(rf"百分之(?P<n>\d+(?:\.\d+)?|{_HAN})(?:[点點](?P<f>[零〇一二三四五六七八九]+))?"), lambda m, _: None if (n := _number(m["n"])) is None else (n + ("." + "".join(str(_HAN_DIGITS[c]) for c in m["f"]) if m["f"] else ""),)),
    ("time", re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-4])(?::(?=[0-5])|\.(?=[0-5]\d\s?[ap]\.?m\b))(?P<m>[0-5]\d)(?::[0-5]\d)?\s?(?P<ap>[ap]\.?m\b\.?)?(?![\d:])", _I), _clock),
    ("time", re.compile(r"(?<![\d:.])(?P<h>1[0-2]|0?[1-9])\s?(?P<ap>[ap]\.?m\b\.?)(?P<m>)(?!-?\d)", _I), _clock),
    ("time", re.compile(rf"(?P<zh>上午|下午|早上|晚上|中午|傍晚|凌晨|每晚|每早|晚)?(?P<h>\d{{1,2}}|{_HAN})\s?[点點](?:(?P<half>半)|(?P<m>\d{{1,2}})分?)?(?P<o>钟|鐘|整)?(?![\d%])"), lambda m, d: _clock(m, d) if m["zh"] or m["half"] or m["o"] or m["h"].isdigit() else None),
    ("money", re.compile(rf"(?P<c>(?:us|ca|c|a|hk|nt|mex|s)\$|[$€£¥￥]|(?<![a-z])(?:{'|'.join(c.lower() for c in _MONEY_WORDS)}|rmb|ntd)(?=[\s\d])|人民币|人民幣|美元|美金|欧元|英镑|日元|台币|港币)\s?(?P<n>{_NUM})", _I), lambda m, _: None if (n := _number(m["n"])) is None else (_CURRENCY[m["c"].lower()], n)),
    ("money", re.compile(rf"(?P<n>{_NUM}|{WORDS})\s?(?:cents?\b|美分)", _I), lambda m, _: None if (n := parse_number(m["n"])) is None or m["n"].lower() == "one" else ("USD", _plain(n / 100))),
    ("money", re.compile(rf"(?P<n>{_NUM}|{WORDS})[多余]?(?:\s|-(?=[a-z]))?(?P<c>{_alternatives(_CURRENCY)})(?![洲盟代码站规具片])(?P<us>[多余]?(?:美金|美元))?", _I), lambda m, _: None if (n := _number(m["n"])) is None else ("USD" if m["us"] else _CURRENCY[m["c"].lower()], n)),
    ("duration", re.compile(rf"(?<![A-Za-z0-9_/-])(?<!\d[.,])(?P<n>{_NUM}|{WORDS})(?:[\s-]|(?=[^\x00-\x7f]))?(?P<u>{_alternatives(u for u in _DURATION if u not in {'日', '月', '年'})})", _I), _duration),
    ("duration", re.compile(rf"(?<![第每上下前后同首])(?<!最[后後])(?<![{_NUMERALS}])(?P<n>{_HAN})(?P<u>{_alternatives(u for u in _DURATION if not u.isascii() and u not in {'日', '月', '年', '星期'})})"), _duration),
    ("id", re.compile(rf"{_B}(?=[A-Za-z0-9/_-]{{0,60}}\d)(?=[A-Za-z0-9/_-]{{0,60}}[A-Za-z])[A-Za-z0-9]+(?:[-_/][A-Za-z0-9]+)*{_E}"), lambda m, _: _identifier(m[0])),
    ("id", re.compile(r"(?<![\d.,-])\d{7,}(?!\d|,\d|\.\d)|(?<![\d-])\d{2,}(?:-\d{2,})+(?![\d-])"), lambda m, _: (m[0],)),
    ("number", re.compile(rf"(?<![A-Za-z0-9_])(?<!\d[.,])-?{_NUM}(?!\d)", _I), _plain_number),
    ("number", re.compile(rf"(?:{WORDS})", _I), _plain_number),
    # 零件 (parts) and 零 alone are words.
    ("number", re.compile(rf"(?<![第每同统統唯另上几幾数數{_NUMERALS}])(?P<n>(?![零〇])(?!一[{COUNTED[1:-1]}])[{_NUMERALS}]{{1,12}})(?=[{COUNTED[1:-1]}把瓶罐卷副顶床盏颗捆趟遍篇桶])"), _spoken_number),
    # Without a measure word only what is surely spoken as a figure: 一共三百一十七, 花了四万八千七百五.
    ("number", re.compile(rf"(?<![第每上几幾数數{_NUMERALS}])(?P<n>(?:[一二两兩三四五六七八九]零?[十百千万萬]零?){{1,4}}[一二三四五六七八九]?)(?![{_NUMERALS}分来多几把刀])(?:(?<=[百千万萬十零][一二三四五六七八九])|(?<=[百千万萬][一二三四五六七八九][十百千]))"), _spoken_number),
)


def _identifier(text: str) -> tuple[str, ...] | None:
    # 10-day, 30-day, 1st, 2x, A4, 3D: not identifiers. An identifier has a run of two digits or a digit inside capitals.
    if re.fullmatch(r"\d+(?:st|nd|rd|th|x|s|pcs|pc|kg|g|cm|mm|ml|l|oz|lb|lbs|d|h|am|pm|k)", text, re.I):
        return None
    if re.match(r"\d+-[a-z]+", text) or not re.search(r"\d{2}|[A-Z]-?\d|\d[A-Z]", text) or len(text) < 3:
        return None
    if re.fullmatch(r"[a-z]+\d{0,1}", text):
        return None
    return (text.upper(),)


_MONTHS_OF = {"month": Decimal(1), "year": Decimal(12)}
_DAYS = {"minute": Decimal(1) / 1440, "hour": Decimal(1) / 24, "day": Decimal(1), "week": Decimal(7)}


def same_day(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether two dates can be the same: parts given on both sides agree, and at least the month is shared (or both are years)."""
    if len(one) != 3 or len(two) != 3:
        return False
    for a, b in zip(one, two, strict=True):
        if a and b and not set(a.split("|")) & set(b.split("|")):
            return False
    if ("|" in one[1] or "|" in two[1]) and one[1] and two[1] and one[2] and two[2]:
        # An undecided 3/4 must match as a pair, not 3/3.
        pairs = [set(zip(d[1].split("|"), d[2].split("|"), strict=True)) for d in (one, two)]
        return bool(pairs[0] & pairs[1])
    return bool((one[1] and two[1]) or (not one[1] and not two[1] and one[0] and two[0]))


def supports(source: Atom, claim: Atom) -> bool:
    """Whether `source` (in a fact) allows `claim` (in a letter). More precise than the source is not allowed; less precise is."""
    if claim.kind == "date":
        if claim.value[1:] == ("", "") and source.kind in {"number", "id"}:
            return claim.value[0] == source.value[0]  # a card "ending in 1907"
        if source.kind != "date" or not same_day(source.value, claim.value):
            return source.kind == "date" and claim.value[1:] == ("", "") and claim.value[0] == source.value[0]
        # A day that the source does not name would be an invention.
        return not (claim.value[2] and not source.value[2])
    if claim.kind == source.kind == "duration":
        if claim.value == source.value:
            return True
        (n, u), (m, v) = claim.value, source.value
        return any(u in units and v in units and Decimal(n) * units[u] == Decimal(m) * units[v] for units in (_DAYS, _MONTHS_OF))
    if claim.kind == "money" and source.kind == "money":
        # 元 and ¥ are said of other currencies too.
        loose = {"元": {"TWD", "HKD", "JPY"}, "¥": {"JPY"}, "￥": {"JPY"}}
        return claim.value[1] == source.value[1] and (claim.value[0] == source.value[0] or any(m in source.text and claim.value[0] in c for m, c in loose.items()))
    if claim.kind == source.kind:
        return claim.value == source.value
    # A bare number in the facts may get its unit in the letter (备货时间 3 -> 3 days), and a unit may be dropped in a count.
    if claim.kind in {"duration", "number", "percent"} and source.kind in {"duration", "number"}:
        return claim.value[0] == source.value[0] and not (claim.kind == "percent" and source.kind == "duration")
    if {claim.kind, source.kind} == {"money", "number"}:
        return claim.value[-1] == source.value[-1]  # 按2.99发, 84.2万
    if claim.kind == "number" and source.kind == "date":
        return source.value[0] == claim.value[0]
    if claim.kind == "number" and source.kind == "time":
        return source.value[0].removesuffix(":00") == claim.value[0]
    if claim.kind in {"id", "number"} and source.kind in {"id", "number"}:
        return claim.value[0].lstrip("#") == source.value[0].lstrip("#")
    if claim.kind == "time" and source.kind == "number":
        return claim.value[0].removesuffix(":00") == source.value[0]
    return False


_UP, _LOW = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ÿĀ-ſ"
_NAME = re.compile(rf"[{_UP}][{_UP}{_LOW}0-9'’.&-]*[{_UP}{_LOW}0-9]|[{_UP}]")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\n\r]\s*(?:\d+[.)]\s*|[-*•]\s*)?|^\s*\d+[.)]\s*|[\"“(]\s*)$")


TITLES = frozenset({"Mr", "Mrs", "Ms", "Miss", "Dr", "Engineer", "Manager", "Director", "Lawyer", "Attorney", "Supervisor"})


def find_names(text: str, *, known: frozenset[str] = frozenset()) -> tuple[Atom, ...]:
    """Runs of capitalised words that may be names of people, firms, brands, places or documents.

    `known` holds words, in lower case, that are written with a capital without naming anybody (months, field terms). A single
    capitalised word at the start of a sentence is not taken, since every sentence starts with one.
    """
    found: list[Atom] = []
    run: list[re.Match[str]] = []

    def close() -> None:
        while run and run[0][0].lower() in known:
            run.pop(0)
        while run and run[-1][0].lower() in known:
            run.pop()
        if run:
            start, end = run[0].start(), run[-1].end()
            opens = bool(_SENTENCE_START.search(text[max(0, start - 6) : start]) or start == 0)
            lone_word = len(run) == 1 and opens and not run[0][0].isupper()
            if not lone_word and not any(c.isdigit() for c in text[start:end]):
                found.append(Atom("name", (text[start:end].lower(),), text[start:end], start, end))
        run.clear()

    for match in _NAME.finditer(text):
        before = text[max(0, match.start() - 2) : match.start()]
        if before and (before[-1].isalnum() or before[-1] in "_-@" or (before[-1] in "'’" and before[0].isalnum())):
            continue
        if run:
            between = text[run[-1].end() : match.start()]
            if between not in {" ", " & ", " of "} and not (between == ". " and run[-1][0] in TITLES):
                close()
        run.append(match)
    close()
    return tuple(found)
