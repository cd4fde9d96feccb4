"""A fact as models see it: repaired, Simplified, with dates and times in the English form that the letter uses, so that they are only copied."""

from __future__ import annotations

import re

from rag.atoms import Atom, find_atoms
from rag.prompts import neutral
from rag.script import drop_readings, repair, simplified

DAY_FIRST = {"US": False, "CA": None, "JP": False}
"""How 03/04 is read, by store; every other store writes the day first."""
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


def day_first(marketplace: str) -> bool | None:
    """How the store of this case writes 03/04."""
    return DAY_FIRST.get(marketplace.upper(), True)


def english_date(atom: Atom) -> str:
    """`14 March 2026`, `March 2026`, `14 March`, `2026`: the unambiguous form of the letter."""
    year, month, day = atom.value
    return " ".join(p for p in (day, _MONTHS[int(month) - 1] if month else "", year) if p)


def prepared(text: str, marketplace: str = "US") -> str:
    """The fact as the model sees it: repaired, Simplified, with dates and times in their English form so that they are only copied."""
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
    return re.sub(r"[ \t]+", " ", clean.replace("\n", " ")).strip()
