"""Chinese scripts and damaged text: one form to search and compare in, and Traditional text for those who read it.

`fold` repairs mojibake, removes the readings that copied Chinese pages carry (`維穩(wěn)定`), and turns Traditional into Simplified.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

# A reading in brackets after a Chinese character: Latin letters with tone marks, no space, no digit.
_READING = re.compile(r"(?<=[一-鿿])[(（][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü]{1,6}[)）]", re.IGNORECASE)
_HAN = re.compile(r"[㐀-鿿]")
_TONED = re.compile(r"[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ]")


@lru_cache(maxsize=2)
def _converter(scheme: str) -> Any:
    import opencc  # imported late: 40 ms, not needed for English

    return opencc.OpenCC(scheme)


def has_han(text: str) -> bool:
    """Whether the text has Chinese characters."""
    return _HAN.search(text) is not None


def drop_readings(text: str) -> str:
    """Removes readings in brackets; only when some of them carry tone marks, so that `机器(abc)` stays in clean text."""
    if not any(_TONED.search(m[0]) for m in _READING.finditer(text)):
        return text
    return _READING.sub("", text)


def simplified(text: str) -> str:
    """Traditional characters as Simplified ones; other text unchanged."""
    return _converter("t2s").convert(text) if has_han(text) else text


def traditional(text: str) -> str:
    """Simplified characters as Traditional ones (Taiwan usage)."""
    return _converter("s2twp").convert(text) if has_han(text) else text


def repair(text: str) -> str:
    """Text that was decoded wrongly, put right where that is certain; other text unchanged."""
    if text.isascii():
        return text
    import ftfy

    return ftfy.fix_text(text, uncurl_quotes=False, fix_character_width=False)


@lru_cache(maxsize=2048)
def fold(text: str) -> str:
    """The one form for searching and comparing: repaired, without readings, Simplified, lower case."""
    return simplified(drop_readings(repair(text))).lower()
