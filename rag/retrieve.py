"""A question in any of three scripts -> the passages that answer it, best first, each with the reason why it was found.

Words (BM25 over cut Chinese and stemmed English) and vectors (the encoder through the index) each propose; their scores are joined with
weights; the two language versions of one passage count as one. A passage of another store is never shown as this store's. When no
encoder is there, words alone answer and the reason says so. A retriever that is given the seller's own documents searches them with the
rest, whatever case type and store are asked for, and says "your document" where one is found.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from rag import knowledge
from rag.documents import YOURS, OwnDocuments, is_own
from rag.errors import AppealError
from rag.index import PassageIndex, as_query, asks, passages
from rag.models import Passage
from rag.script import fold, has_han
from rag.settings import Settings
from rag.subjects import subjects

VECTOR_WEIGHT, ALONE_WEIGHT = 0.9, 0.65
"""Share of the vector score in the joined score; words have the rest. The second where the questions have no vectors. Both tuned on `evals/labelled/tuning`."""
ASK_WEIGHT = 0.6
"""Share of the nearest question of a passage in its vector score, where the questions have vectors; its text has the rest."""
POOL = 60
"""Candidates taken from each side before joining."""
CASE_TYPE_BONUS = 0.06
"""Added for a passage about the very case type, so that it goes before general guidance of equal fit."""
PART_WEIGHT = 0.85
"""Share of a part's own score where several things are asked; the whole question has the rest. Tuned on `evals/labelled/tuning`."""
FITS = 0.52
"""Below this joined score nothing fits. Measured on 193 questions that a passage answers and 24 that none does (`evals/labelled/tuning`): it says so
of 92 % of the latter and of 2 % of the former."""


class Words:
    """BM25 over folded text."""

    def __init__(self, texts: Sequence[str]) -> None:
        import bm25s  # imported late: with SciPy 0.3 s

        self._bm25 = bm25s.BM25(method="lucene")
        self._vocabulary: dict[str, int] = {}
        corpus = [cut(t) for t in texts]
        self._size = len(corpus)
        self._bm25.index(corpus, show_progress=False)
        self._known = set(self._bm25.vocab_dict)

    def scores(self, query: str) -> tuple[np.ndarray, list[str]]:
        """Score of every text, and the words of the query that some text has."""
        tokens = [t for t in cut(query) if t in self._known]
        if not tokens:
            return np.zeros(self._size, dtype=np.float32), []
        return self._bm25.get_scores(tokens), list(dict.fromkeys(tokens))


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import logging

    import jieba

    jieba.setLogLevel(logging.ERROR)
    for term in knowledge.glossary():
        for word in (*term.zh, *term.slang):
            if has_han(word) and len(word) <= 8:
                jieba.add_word(fold(word))
    return jieba


_STOP = frozenset(["a", "an", "the", "of", "to", "in", "on", "for", "and", "or", "is", "are", "was", "were", "be", "been", "it", "its", "this", "that", "these", "those", "with", "as", "at", "by", "from", "do", "does", "did", "have", "has", "had", "i", "we", "you", "my", "our", "your", "what", "how", "when", "which", "who", "can", "will", "would", "should", "if", "not", "no", "the", "的", "了", "是", "在", "和", "与", "及", "或", "吗", "呢", "我", "我们", "你", "您", "他", "要", "有", "会", "怎么", "什么", "如何", "可以", "需要", "应该", "被", "把", "对", "就", "都", "也", "还", "又", "这", "那", "个", "吧", "啊"])


@lru_cache(maxsize=8192)
def _cut(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for piece in re.findall(r"[㐀-鿿]+|[a-z0-9]+(?:[.'’-][a-z0-9]+)*%?", text):
        if has_han(piece):
            found += [w for w in _jieba().cut_for_search(piece) if w not in _STOP]
        elif piece not in _STOP:
            found.append(_stem(piece))
            if "-" in piece:
                found += [_stem(p) for p in piece.split("-") if p not in _STOP]
    return tuple(found)


def cut(text: str) -> list[str]:
    """Folded text as words: Chinese cut by jieba with the glossary's terms, English lower case and lightly stemmed."""
    return list(_cut(fold(text)))


def _stem(word: str) -> str:
    # Plurals and the commonest verb endings; a full stemmer merges words that differ here (invoice, invoke).
    for ending, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not (ending == "s" and word.endswith(("ss", "us", "is"))):
            return word[: -len(ending)] + rest
    return word


@lru_cache(maxsize=1)
def _synonyms() -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for term in knowledge.glossary():
        formal = " ".join((term.en[0], *(z for z in term.zh[:1])))
        pairs += [(fold(s), formal) for s in (*term.slang, *term.zh, *term.en[:2]) if len(s) > 1]
    for kind in knowledge.case_types():
        formal = " ".join((*kind.names.en[:1], *kind.names.zh[:1]))
        pairs += [(fold(s), formal) for s in (*kind.sellers_say.all(), *kind.names.zh, *kind.names.en) if len(s) > 1]
    return tuple(pairs)


def expand(query: str) -> str:
    """The query with the formal terms, in both languages, of the words and slang in it."""
    low = fold(query)
    added: list[str] = []
    for words, formal in _synonyms():
        if words in low and (has_han(words) or re.search(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])", low)):  # a thousand patterns a query would take 0.1 s
            added.append(formal)
    return " ".join((query, *dict.fromkeys(added[:8])))


@dataclass(frozen=True)
class Hit:
    """A passage that words or vectors proposed."""

    score: float
    place: int
    cosine: float | None
    """None when only words found it."""


@dataclass(frozen=True)
class Ranking:
    """What one question finds."""

    best: dict[str, Hit]
    """The better version of each passage, by its id without the language."""
    matched: list[str]
    """Words of the question that some passage has."""


def in_turn(whole: Ranking, parts: Sequence[Ranking], asked: Sequence[str], k: int) -> list[tuple[str, Hit, str]]:
    """Name, hit and a reason of `k` passages for a question in which several things are asked: the best of each part in turn.

    A part has lost the words around it, so the score for the whole question counts with its own.
    """
    floor = min((hit.score for hit in whole.best.values()), default=0.0)
    queues = []
    for part in parts:
        scored = {key: dataclasses.replace(hit, score=PART_WEIGHT * hit.score + (1 - PART_WEIGHT) * (whole.best[key].score if key in whole.best else floor)) for key, hit in part.best.items()}
        queues.append(sorted(scored.items(), key=lambda item: -item[1].score))
    turns = sorted(zip(asked, queues, strict=True), key=lambda turn: -turn[1][0][1].score if turn[1] else 0.0)  # the part that is answered best goes first
    # What fits the whole question has its turn too: what looks like two questions may be one.
    turns.append(("", sorted(whole.best.items(), key=lambda item: -item[1].score)))
    found: dict[str, tuple[Hit, str]] = {}
    while len(found) < k and any(queue for _, queue in turns):
        for question, queue in turns:
            while queue and queue[0][0] in found:
                queue.pop(0)
            if queue and len(found) < k:
                key, hit = queue.pop(0)
                found[key] = (hit, f"; for “{question}”" if question else "")
    return [(key, hit, why) for key, (hit, why) in found.items()]


@dataclass(frozen=True)
class Meaning:
    """Cosines of a question, by passage id, or for questions by the name of their guidance."""

    near: Mapping[str, float]
    own: Mapping[str, float]
    """Of the seller's documents."""
    asked: Mapping[str, float]
    """Nearest question of each guidance; empty where the questions have no vectors."""
    farthest: float
    """What a guidance has at most whose questions are not among the nearest."""

    def names(self) -> set[str]:
        """Passages that are near, or whose questions are, in both languages."""
        return {*self.near, *self.own, *(f"{name}@{side}" for name in self.asked for side in ("en", "zh"))}

    def of(self, name: str) -> tuple[float, float | None]:
        """How near the passage is with its questions, and the cosine of its text (None where it is not among the nearest)."""
        # Each side has its own floor: the farthest of three documents says nothing about guidance that is not among the nearest.
        mine = is_own(name)
        side = self.own if mine else self.near
        cosine = side.get(name)
        meant = min(side.values(), default=0.0) if cosine is None else cosine
        if self.asked:
            # The seller's own documents have no questions: their text stands for both.
            question = meant if mine else self.asked.get(name.partition("@")[0], self.farthest)
            meant = (1 - ASK_WEIGHT) * meant + ASK_WEIGHT * question
        return meant, cosine


@dataclass(frozen=True)
class Corpus:
    """What is searched at one time."""

    passages: tuple[Passage, ...]
    place: dict[str, int]
    words: Words | None
    """None when there are no passages."""
    _allowed: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)

    def allowed(self, case_type: str, marketplace: str) -> np.ndarray:
        """Which passages are about the case type and hold for the store, where given; found once for each pair."""
        key = (case_type, marketplace)
        if key not in self._allowed:
            self._allowed[key] = np.array(
                [(not case_type or not {case_type, "all"}.isdisjoint(p.case_types)) and (not marketplace or not {marketplace, "all"}.isdisjoint(p.marketplaces)) for p in self.passages], dtype=bool
            )
        return self._allowed[key]


def corpus_of(found: Sequence[Passage]) -> Corpus:
    """The passages with their word index, in which the questions that a passage answers stand with its text."""
    asked = _asked()
    return Corpus(tuple(found), {p.id: n for n, p in enumerate(found)}, Words([f"{p.title} {p.title} {p.text} {asked.get(p.id, '')}" for p in found]) if found else None)


@lru_cache(maxsize=1)
def _asked() -> dict[str, str]:
    questions: dict[str, list[str]] = {}
    for question in asks():
        questions.setdefault(question.id.partition("?")[0], []).append(question.text)
    return {name: " ".join(texts) for name, texts in questions.items()}


def highest(scores: np.ndarray, k: int) -> np.ndarray:
    """Places of the `k` highest scores, in no order; a full sort of a large corpus would take longer than the search."""
    return np.argpartition(scores, -k)[-k:] if len(scores) > k else np.arange(len(scores))


def best_by(scores: Mapping[str, float], key: Callable[[str], str]) -> dict[str, float]:
    """The highest score of each key."""
    best: dict[str, float] = {}
    for name, score in scores.items():
        best[key(name)] = max(score, best.get(key(name), score))
    return best


class Retriever:
    """Search over the passages of knowledge/ (or those given), and over the seller's documents where given. Keep one per process: it holds the word index."""

    def __init__(self, index: PassageIndex | None, *, asks: PassageIndex | None = None, passages_: Sequence[Passage] | None = None, documents: OwnDocuments | None = None) -> None:
        self._index, self._asks = index, asks
        self._passages = tuple(passages() if passages_ is None else passages_)
        self._guidance = corpus_of(self._passages)
        self._documents = documents
        self._with_own: tuple[object, Corpus] = ((), self._guidance)
        """State of the documents, and the guidance together with them."""

    def with_documents(self, settings: Settings) -> Retriever:
        """This retriever with the seller's documents of these settings; the word index of the guidance is shared."""
        other = copy.copy(self)
        other._documents = OwnDocuments(settings, self._index.encoder if self._index else None)
        return other

    def _current(self) -> tuple[Corpus, str]:
        """What is searched now, and a remark for `why` when the documents could not be had."""
        if self._documents is None:
            return self._guidance, ""
        try:
            state = self._documents.state()  # before the passages: what changes in between is seen at the next search
            if not state:
                return self._guidance, ""
            before, corpus = self._with_own
            if state != before:
                corpus = corpus_of((*self._passages, *self._documents.passages()))
                self._documents.embed()
                self._with_own = (state, corpus)
        except AppealError:
            return self._guidance, "; your documents could not be opened and were not searched"
        return corpus, ""

    @property
    def index(self) -> PassageIndex | None:
        """The vectors behind it; None when it searches by words alone."""
        return self._index

    def in_language(self, passage_id: str, language: str) -> Passage | None:
        """The version of a passage in a language; the two versions say the same."""
        place = self._guidance.place.get(f"{passage_id.rpartition('@')[0]}@{language}")
        return None if place is None else self._passages[place]

    def search(self, query: str, k: int = 5, *, case_type: str = "", marketplace: str = "", language: str = "") -> tuple[Passage, ...]:
        """The `k` best passages, best first; where several things are asked (`rag.subjects`), the best of each in turn. `language` prefers one version of a passage; by default the one that matched better.

        The filter by case type softens (with a word in `why`) when it leaves nothing; the filter by store never does. A result whose
        score is below `FITS` says in `why` that it fits weakly.
        """
        if not query.strip():
            return ()
        corpus, remark = self._current()
        if corpus.words is None:
            return ()
        asked = subjects(query)
        texts = (query, *asked) if len(asked) > 1 else (query,)
        vectors = [None] * len(texts) if self._index is None else self._index.encoder.encode_queries([as_query(t) for t in texts])
        found = [self._ranked(corpus, text, vector, case_type, marketplace) for text, vector in zip(texts, vectors, strict=True)]
        if case_type and all(is_own(key) for one in found for key in one.best):
            found = [self._ranked(corpus, text, vector, "", marketplace) for text, vector in zip(texts, vectors, strict=True)]
            remark = "; no passage of this case type matched, so all were searched" + remark
        whole, *parts = found
        chosen = in_turn(whole, parts, asked, k) if parts else [(key, hit, "") for key, hit in sorted(whole.best.items(), key=lambda item: -item[1].score)[:k]]
        matched = list(dict.fromkeys(word for one in found for word in one.matched))
        return tuple(self._result(corpus, key, hit, matched, remark=why + remark, language=language) for key, hit, why in chosen)

    def _result(self, corpus: Corpus, key: str, hit: Hit, matched: list[str], *, remark: str, language: str) -> Passage:
        found = corpus.passages[hit.place]
        have = set(cut(f"{found.title} {found.text}"))
        words = ", ".join([w for w in matched if w in have][:6])
        reasons = [YOURS] if is_own(found.id) else []
        reasons += [f"meaning {hit.cosine:.2f}"] if hit.cosine is not None else []
        reasons += [f"words: {words}"] if words else []
        reasons += ["no encoder, words only"] if self._index is None else []
        reasons += ["fits weakly"] if hit.score < FITS else []
        place = corpus.place.get(f"{key}@{language}", hit.place) if language else hit.place
        return dataclasses.replace(corpus.passages[place], score=round(hit.score, 4), why="; ".join(reasons) + remark)

    def _ranked(self, corpus: Corpus, query: str, vector: np.ndarray | None, case_type: str, marketplace: str) -> Ranking:
        assert corpus.words is not None
        allowed = corpus.allowed(case_type, marketplace)
        if not allowed.any():
            return Ranking({}, [])
        words, matched = corpus.words.scores(expand(query))
        words = np.where(allowed, words, 0.0)
        top = float(words.max()) or 1.0
        candidates = {int(n) for n in highest(words, POOL) if words[n] > 0}
        meaning = None if vector is None else self._meaning(corpus, vector, case_type, marketplace)
        if meaning is not None:
            candidates |= {corpus.place[name] for name in meaning.names() if name in corpus.place}
        best: dict[str, Hit] = {}
        for n in candidates:
            passage = corpus.passages[n]
            score, cosine = float(words[n]) / top, None
            if meaning is not None:
                meant, cosine = meaning.of(passage.id)
                weight = VECTOR_WEIGHT if meaning.asked else ALONE_WEIGHT
                score = weight * meant + (1 - weight) * score
            bonus = CASE_TYPE_BONUS if case_type and case_type in passage.case_types else 0.0
            key = passage.id.rpartition("@")[0] or passage.id
            if key not in best or score + bonus > best[key].score:
                best[key] = Hit(score + bonus, n, cosine)
        return Ranking(best, matched)

    def _meaning(self, corpus: Corpus, vector: np.ndarray, case_type: str, marketplace: str) -> Meaning:
        assert self._index is not None
        asked: dict[str, float] = {}
        farthest = 0.0
        if self._asks is not None:
            nearest = self._asks.nearest(vector, POOL, case_type=case_type, marketplace=marketplace)
            asked = best_by(nearest, lambda name: name.partition("@")[0])
            farthest = min(asked.values(), default=0.0) if len(nearest) == POOL else 0.0  # fewer: all there are, and the others have none
        near = self._index.nearest(vector, POOL, case_type=case_type, marketplace=marketplace)
        own = self._documents.nearest(vector, POOL) if corpus is not self._guidance and self._documents is not None else {}
        return Meaning(near, own, asked, farthest)
