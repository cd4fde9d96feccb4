"""Which way a bound points: "more than 80 %" is not "fewer than 80 %". Code only, English and Chinese.

Only opposites are told: a bound that the facts do not have at all may be a harmless rewording ("after 48 hours"). "Within" is left out,
because "not scanned within 3 days" and "more than 3 days without a scan" say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from rag.atoms import Atom, find_atoms, supports
from rag.script import has_han, simplified

Way = Literal["over", "under"]

_OVER = r"more than|over|above|at least|exceed(?:s|ed|ing)?|in excess of|greater than|higher than|longer than|upwards of|a minimum of|superior to"
_UNDER = r"less than|fewer than|under|below|at most|up to|lower than|shorter than|a maximum of|beneath"
_BEFORE = re.compile(rf"(?P<not>\b(?:not|no|never|without|no \w+ (?:may|must|can|could|should|will|would))\b|n't)?\s*(?:be |been |being |by |a |fall |fell |rise |rose |go |went )?\b(?:(?P<over>{_OVER})|(?P<under>{_UNDER}))(?: (?:about|some|around|the|a|an|only|just|even|of|threshold|limit|target|standard))*\s*[$€£]?\s*$", re.IGNORECASE)
_AFTER = re.compile(r"\s*(?:\w+\s){0,2}?(?:(?P<over>or (?:more|above|higher|longer|over)|and (?:above|over))|(?P<under>or (?:less|fewer|below|under|lower|shorter)))\b", re.IGNORECASE)
_ZH_BEFORE = re.compile(r"(?P<not>没有?|未|不(?!到|足|满))?(?:能|得|会|曾)?(?:(?P<over>超过|超出|多于|大于|高于|至少|起码|最少|超)|(?P<under>不到|不足|不满|低于|少于|小于|最多|至多))了?\s*$")
_ZH_AFTER = re.compile(r"[一-鿿]{0,2}?(?:(?P<over>以上|开外)|(?P<under>以下))")


def bounds(text: str, *, first: bool | None = None) -> list[tuple[Atom, Way]]:
    """The exact parts of a text that stand as a bound, with the way it points."""
    if has_han(text):
        text = simplified(text)
    found: list[tuple[Atom, Way]] = []
    for atom in find_atoms(text, day_first=first):
        if atom.kind not in {"number", "percent", "money", "duration"}:
            continue
        before, after = text[max(0, atom.start - 40) : atom.start], text[atom.end : atom.end + 24]
        match = _BEFORE.search(before) or _ZH_BEFORE.search(before) or _AFTER.match(after) or _ZH_AFTER.match(after)
        if match:
            over = match["over"] is not None
            found.append((atom, "over" if over != bool(match.groupdict().get("not")) else "under"))
    return found


def reversed_bounds(text: str, sources: Iterable[str], *, first: bool | None = None) -> list[Atom]:
    """Bounds of `text` that every bound of the same value in the sources contradicts; the atom covers the number."""
    claims = bounds(text, first=first)
    said = [b for source in sources for b in bounds(source, first=first)] if claims else []
    wrong = []
    for atom, way in claims:
        ways = {w for a, w in said if supports(a, atom) or supports(atom, a)}
        if ways and way not in ways:
            wrong.append(atom)
    return wrong
