"""A question in which several things are asked -> one question for each, so that none of them is drowned by the others.

"迟发率红线是多少,另外二审要交什么资料": taken as one, such a question finds passages on the first thing, or such as touch both and answer neither. It is cut
at the ends of sentences, at numbers of a list and at words that open another question; at a comma only between two parts that both ask.
A part that asks nothing (the story before the question) stays with the question after it.
"""

from __future__ import annotations

import itertools
import re

from rag.script import fold

MOST = 4
"""Parts searched; a longer list is cut off here, and what it ends with stays in the whole question."""
SMALLEST, AFTERTHOUGHT = 4, 7
"""Weight (characters of Chinese; an English word counts 2) below which a part says too little to be searched alone: the second for what follows a
question without a word that opens another ("要视频吗", "who found this"), which asks more about the same thing."""

_ENDS = re.compile(r"(?<=[?？!！。;；\n])|(?:^|(?<=[\s,，、:：]))(?=(?:\d[.)、）]|[(（]\d[)）]|[①②③④⑤])\s?\D)")
_OPENERS = re.compile(
    r"(?=另外|还有(?!效|用|没有|没|多少|几|机会|救|戏|希望|可能|办法)|以及|顺便|再问|再就是|然后(?:还|再)?(?:问|想)|同时(?:想|问)|第[二三]个?(?:问题|,|，|、)|其次)"
    r"|(?<![a-z])(?=(?:and )?(?:btw|by the way|besides|second(?:ly)|third(?:ly)|another (?:thing|question)|one more (?:thing|question)|(?:also|plus),? (?:how|what|when|where|which|who|why|can|do|does|did|is|are|should|must|will|if|may|whether)|also,)(?![a-z]))"
    r"|(?<![a-z])(?=and (?:how|what|when|where|which|who|why|can|do|does|is|are|should|must|will|if)(?![a-z]))"
)
_COMMA = re.compile(r"(?<=[,，])(?!\d)")
_ASKS = re.compile(
    r"[?？]|[吗呢]|(?:什么|啥)(?!.{0,8}都)|多少|几[个天次年月号周]|多久|多长|怎么|怎样|如何|哪|谁|是否|是不是|能不能|可不可以|要不要|用不用|需不需要|会不会|有没有|行不行|算不算|可以.{0,8}么|为何|为什么|咋"
    r"|(?<![a-z])(?:how|what|whats|when|where|which|who|why|can (?:i|we|they|it)|could (?:i|we)|do (?:i|we|they|you)|does|did|is (?:it|there|that|a|the)|are (?:there|they)|should|must (?:i|we|it)|may (?:i|we)|will|need to know|wat|hw)(?![a-z])"
)


def subjects(query: str) -> tuple[str, ...]:
    """The questions in a question, in order; just the question itself where it asks one thing."""
    parts = [piece for opened in _ENDS.split(query) for piece in _opened(opened)]
    asked = [piece for part in parts for piece in _at_commas(part)]
    found: list[str] = []
    story = ""
    for piece in asked:
        least = AFTERTHOUGHT if found and not story and not _opens(piece) else SMALLEST
        if _ASKS.search(fold(piece)) and _weight(piece) >= least:
            found.append(f"{story}{piece}".strip(" ,，、"))
            story = ""
        elif found and not story and not _opens(piece):
            found[-1] += piece  # what comes after a question without asking belongs to it
        else:
            story += piece
    if found and _opens(story) and _weight(story) >= SMALLEST:
        found.append(story.strip(" ,，、"))
    return tuple(found[:MOST]) if len(found) > 1 else (query,)


def _opened(text: str) -> list[str]:
    low = text.lower()
    cuts = [0, *sorted({m.start() for m in _OPENERS.finditer(low)} - {0}), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(cuts) if text[a:b].strip()]


def _at_commas(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in _COMMA.split(text):
        # A part that asks nothing is not cut off from what follows it.
        if pieces and not (_ASKS.search(fold(pieces[-1])) and _ASKS.search(fold(piece)) and min(_weight(pieces[-1]), _weight(piece)) >= SMALLEST):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def _opens(text: str) -> bool:
    return _OPENERS.match(text.lower().lstrip(" ,，")) is not None


def _weight(text: str) -> int:
    return len(re.findall(r"[㐀-鿿]", text)) + 2 * len(re.findall(r"[A-Za-z0-9]+", text))
