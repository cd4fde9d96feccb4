"""Chinese fact and English sentence -> words that were lost, swapped or added. Code only, no model.

The words come from `knowledge/lexicon.yaml`; terms of the glossary take part, so that 发货 inside 发货单 is not asked for. A word of the fact
whose renderings are all absent is a `Miss`: lost or swapped, which looks the same here. English that is under suspicion and that nothing in
the fact explains is `Added`. Numbers and dates are the lock's business; who did what to whom, word order and a word that stands
in the sentence for another reason are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Annotated, Literal

from pydantic import Field

from rag import knowledge
from rag.knowledge import Strict, Words
from rag.script import simplified

Need = Literal["strong", "weak", "none"]
FILLERS = "了过完好"
"""They split a word of two characters without changing it: 退了款."""
SHOWN = 4
"""English words named in a complaint: a small model follows few better than many."""


class Entry(Strict):
    """One meaning of the general vocabulary."""

    zh: tuple[Words, ...] = ()
    """Simplified; empty when the English is only suspected."""
    en: Annotated[tuple[Words, ...], Field(min_length=1)]
    """Regular expressions for whole words, the best suggestion first."""
    need: Need
    """strong: one of `en` has to stand in the sentence; weak: a hint; none: hides shorter words and explains English ones."""
    lonely: bool
    """`en` without any Chinese that explains it was probably added."""


@dataclass(frozen=True)
class Miss:
    """A word of the fact that the sentence does not render."""

    zh: str
    """As in the fact."""
    en: tuple[str, ...]
    """What could stand there, best first."""
    strong: bool
    """False: a hint only, translators often put it otherwise."""


@dataclass(frozen=True)
class Added:
    """English of the sentence that nothing in the fact explains."""

    en: str
    """As in the sentence, lower case."""


@dataclass(frozen=True)
class _Word:
    """A Chinese form with everything that may render it."""

    need: Need
    alternatives: tuple[str, ...]
    terms: tuple[str, ...] = ()
    """Only for words that stand in the glossary alone: its terms. Where none stands in full, the general words it is made of are asked for."""

    # Made when first asked for: compiling the patterns of all words takes a second, and a fact has twenty of them.
    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches one of the alternatives."""
        return _pattern(self.alternatives)

    @cached_property
    def whole(self) -> re.Pattern[str] | None:
        """Matches one of the terms in full."""
        return _pattern(self.terms) if self.terms else None

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The alternatives as a person would name them."""
        return tuple(dict.fromkeys(_readable(a) for a in self.alternatives))[:SHOWN]


@dataclass(frozen=True)
class _Found:
    zh: str
    word: _Word
    end: int


def compare(fact_zh: str, sentence_en: str) -> tuple[list[Miss], list[Added]]:
    """What `sentence_en` lost (or swapped) and added against `fact_zh`; each word once, in the order of the texts."""
    fact, sentence = simplified(fact_zh), _plain(sentence_en)
    misses: dict[str, Miss] = {}
    explained: list[tuple[int, int]] = []
    for found in _words_of(fact):
        spans = [m.span() for word in (found, *_parts(found)) for m in word.word.pattern.finditer(sentence)]
        explained += spans
        for asked in _asked(found, sentence):
            if not asked.word.pattern.search(sentence):
                misses.setdefault(asked.zh, Miss(asked.zh, asked.word.shown, asked.word.need == "strong"))
    return list(misses.values()), list(_added(fact, sentence, explained))


def _asked(found: _Found, sentence: str) -> list[_Found]:
    """What has to stand in the sentence for this word: itself; for a term that does not stand there in full, its general words."""
    whole = found.word.whole
    if whole is None:
        return [found] if found.word.need != "none" else []
    return [] if whole.search(sentence) else _tiles(found.zh)


@lru_cache(maxsize=512)
def _plain(sentence: str) -> str:
    return sentence.lower().replace("’", "'")


def _added(fact: str, sentence: str, explained: list[tuple[int, int]]) -> Iterator[Added]:
    copied = fact.lower()
    seen: set[str] = set()
    for match in _suspects().finditer(sentence):
        start, end = match.span()
        if match[0] in seen or match[0] in copied or any(s < end and start < e for s, e in explained):
            continue
        seen.add(match[0])
        yield Added(match[0])


def _words_of(fact: str) -> list[_Found]:
    """The words of the fact: from left to right, the longest first, without overlap."""
    found: list[_Found] = []
    at = 0
    while at < len(fact):
        hit = _longest(fact, at)
        if hit is not None:
            found.append(hit)
        at = hit.end if hit else at + 1
    return found


def _longest(fact: str, at: int) -> _Found | None:
    for form, word in _table().get(fact[at], ()):
        if fact.startswith(form, at):
            return _Found(form, word, at + len(form))
        if len(form) == 2 and fact[at + 2 : at + 3] == form[1] and fact[at + 1] in FILLERS:
            return _Found(fact[at : at + 3], word, at + 3)
    return None


def _parts(found: _Found) -> Iterator[_Found]:
    """Shorter words inside a word: they explain English, and are not asked for."""
    for at in range(len(found.zh)):
        for form, word in _table().get(found.zh[at], ()):
            if 1 < len(form) < len(found.zh) and found.zh.startswith(form, at):
                yield _Found(form, word, at + len(form))


@lru_cache(maxsize=1024)
def _tiles(term: str) -> list[_Found]:
    """The general words that a term consists of without remainder (买家投诉: 买家, 投诉); none where it does not."""
    tiles: list[_Found] = []
    at = 0
    while at < len(term):
        fits = (f for f, w in _table().get(term[at], ()) if not w.terms and w.need == "strong" and term.startswith(f, at))
        form = next((f for f in fits if 1 < len(f) < len(term)), "")
        if not form:
            return []
        at += len(form)
        tiles.append(_Found(form, dict(_table()[form[0]])[form], at))
    return tiles


# --- the words ----------------------------------------------------------------------------------------------------------


@cache
def entries() -> tuple[Entry, ...]:
    """All entries of `knowledge/lexicon.yaml`."""
    items = knowledge.read_yaml(knowledge.KNOWLEDGE / "lexicon.yaml")
    return tuple(knowledge.parse(Entry, item, where=f"lexicon.yaml, entry {n + 1}") for n, item in enumerate(items))


@cache
def _table() -> dict[str, tuple[tuple[str, _Word], ...]]:
    """First character -> forms with their word, longest first."""
    english: dict[str, list[str]] = {}
    need: dict[str, Need] = {}
    for entry in entries():
        for form in entry.zh:
            english.setdefault(form, []).extend(entry.en)
            need[form] = entry.need
    whole: dict[str, list[str]] = {}
    for term in knowledge.glossary():
        stems = [list(_stems(en)) for en in term.en]
        for form in (simplified(zh) for zh in term.zh):
            english.setdefault(form, []).extend(stem for words in stems for stem in words)
            if form not in need or form in whole:
                need.setdefault(form, "none")
                whole.setdefault(form, []).extend(r"\W+(?:\w+\W+)?".join(words) for words in stems if words)
    for form, rendering in knowledge.words().items():
        # Never asked for, since a translator may well choose another word; it hides shorter words (印章: 印) and explains English ones.
        if form not in english:
            english[form], need[form] = list(_stems(rendering)), "none"
    table: dict[str, list[tuple[str, _Word]]] = {}
    for form, alternatives in english.items():
        if alternatives:
            word = _word(need[form], tuple(dict.fromkeys(alternatives)), tuple(whole.get(form, ())))
            table.setdefault(form[0], []).append((form, word))
    return {first: tuple(sorted(forms, key=lambda f: -len(f[0]))) for first, forms in table.items()}


@cache
def _word(need: Need, alternatives: tuple[str, ...], terms: tuple[str, ...]) -> _Word:
    # Cached: the forms of an entry share their patterns.
    return _Word(need, alternatives, terms)


def _pattern(alternatives: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(a.replace(" ", r"[\s-]+") for a in alternatives)
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)")


def _stems(term: str) -> Iterator[str]:
    """The words of a term of the glossary as patterns: endings are free, words that carry nothing are left out."""
    for word in re.findall(r"[a-z]+", term.lower()):
        if len(word) > 2 and word not in {"the", "and", "for", "from", "with", "not"}:
            yield re.escape(word[: max(4, len(word) - 3)]) + r"\w*"


def _readable(alternative: str) -> str:
    """`ship\\w*` -> `ship`: a pattern as a person would name the word."""
    text = re.sub(r"\(\?[!=<][^)]*\)", "", alternative)
    text = re.sub(r"\((?:\?:)?([^|)]*)[^)]*\)", r"\1", text)
    text = re.sub(r"\[([a-z])[^\]]*\][+*]?", r"\1", text).replace(r"\w+", "...").replace(r"\w*", "")
    return re.sub(r"(.)\?", r"\1", text).replace("\\", "").strip()


@cache
def _suspects() -> re.Pattern[str]:
    return _pattern(tuple(dict.fromkeys(en for entry in entries() if entry.lonely for en in entry.en)))
