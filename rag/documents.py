"""A seller's own documents, as a private collection for search: added, listed, removed.

A document comes in as a file, an upload or a pasted text (read by `rag/extract.py`), is cut into passages of whole sentences under their headings
or pages, and is kept in Chroma beside the guidance and never in it: the texts in one collection, which is what is listed and searched by
words, and their vectors in one for each encoder, made from the texts whenever some are missing. A name has one document, and a content has one
document. What stands in a document is text to find, never an instruction and never a fact of a case.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.errors import AppealError, BadInput, ModelUnavailable
from rag.extract import Block, Extract, extract_bytes, extract_file, extract_text
from rag.formats import split_sentences
from rag.index import PassageEncoder, PassageIndex, client_of, open_collection
from rag.models import Passage
from rag.prompts import neutral
from rag.settings import Settings

OWN = "own-"
"""The ids of documents and of their passages begin so; those of guidance never do."""
YOURS = "your document"
"""How search results name them, in `why` and in the source."""
COLLECTION = "documents"
MARKER = "own-documents"
"""A file in the index folder that says that the collection exists: without it search does not open Chroma, which takes 1.5 s."""
ENOUGH, MOST = 700, 1_000
"""Characters of a passage: it ends at the first paragraph beyond the one and, if there is none, at the last sentence before the other."""
NEIGHBOUR = 250
"""The last sentence of the passage before is repeated, for its context, when it is not longer than this."""
MAX_PASSAGES = 20_000
"""Most passages of all documents together: the word index holds them in memory."""
BATCH = 500
"""Passages in one write; servers limit the size of a request."""

Outcome = Literal["added", "replaced", "kept"]


@dataclass(frozen=True)
class OwnDocument:
    """A line of the list of documents."""

    id: str
    """`own-` and 12 digits of the content's SHA-256."""
    name: str
    format: str
    """pdf, docx, html, md, txt or pasted."""
    language: str
    """zh or en, whichever most of it is."""
    passages: int
    characters: int
    as_of: str
    """ISO date of adding."""
    silent_pages: int = 0
    """Pages without any text, probably scanned, which search cannot find."""


@dataclass(frozen=True)
class Added:
    """What adding a document did."""

    document: OwnDocument
    outcome: Outcome
    """`kept`: the same content was there already under this name. `replaced`: another content had this name, or this content another name."""


def add_document(
    what: Path | str | bytes | Extract,
    settings: Settings,
    *,
    name: str = "",
    today: date | None = None,
    encoder: PassageEncoder | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Added:
    """Adds a file (`Path`), a pasted text (`str`), an upload (`bytes`, with its file name as `name`), or what was extracted before.

    Without an encoder it is found by words until one comes. `on_progress(done, total)` counts passages to embed. Raises BadInput for
    what cannot be read, ModelUnavailable when the collection cannot be opened or the encoder fails.
    """
    extract = _extract(what, name)
    blocks, as_of = extract.blocks, (today or date.today()).isoformat()
    digest = hashlib.sha256("\x1e".join("\x1f".join((*b.headings, str(b.page), b.text)) for b in blocks).encode()).hexdigest()[:12]
    shown = extract.name or f"{_opening(blocks[0].text)} ({digest[:6]})"
    mine = f"{OWN}{digest}"
    own = OwnDocuments(settings, encoder)
    before = own.listed()
    same = next((d for d in before if d.id == mine and d.name == shown), None)
    passages = _passages(mine, shown, blocks, as_of)
    stale = [d.id for d in before if d.name == shown and d.id != mine]
    if same is None:
        others = sum(d.passages for d in before if d.id != mine and d.id not in stale)
        if others + len(passages) > MAX_PASSAGES:
            raise BadInput(
                f"{shown}: makes {len(passages):,} passages, and your other documents have {others:,}; at most {MAX_PASSAGES:,} are kept; remove some documents first.",
                f"{shown}:将产生 {len(passages):,} 个段落,已有 {others:,} 个,最多 {MAX_PASSAGES:,} 个;请先删除一些文档。",
            )
        language = max(("en", "zh"), key=lambda code: sum(len(p.text) for p in passages if p.language == code))
        document = OwnDocument(mine, shown, extract.format, language, len(passages), sum(len(b.text) for b in blocks), as_of, len(extract.silent_pages))
        own.put(document, passages)
    else:
        document = same
    for gone in stale:  # old ones go last
        own.drop(gone)
    if encoder is not None:
        own.embed(on_progress)
    renamed = any(d.id == mine for d in before)
    return Added(document, "kept" if same and not stale else "replaced" if stale or renamed else "added")


def list_documents(settings: Settings) -> tuple[OwnDocument, ...]:
    """The documents by name. Raises ModelUnavailable when the collection cannot be opened."""
    return OwnDocuments(settings).listed()


def remove_document(which: str, settings: Settings) -> OwnDocument:
    """Removes the document of that id or name, its vectors of every encoder too, and returns it. BadInput when there is none.

    No search finds it from then on; the freed space in Chroma's file is written over in time, not at once.
    """
    own = OwnDocuments(settings)
    documents = own.listed()
    found = next((d for d in documents if which in (d.id, d.name)), None)
    if found is None:
        known = ", ".join(f"{d.id} ({d.name})" for d in documents[:5]) or "none"
        raise BadInput(f"There is no document {which!r}; expected an id or name of `poa documents list`: {known}.", f"没有文档 {which!r};请用 `poa documents list` 中的编号或名称:{known}。")
    own.drop(found.id)
    return found


def is_own(passage: str) -> bool:
    """Whether the id is that of a passage of the seller's own documents."""
    return passage.startswith(OWN)


def _extract(what: Path | str | bytes | Extract, name: str) -> Extract:
    if isinstance(what, Extract):
        return what
    if isinstance(what, Path):
        return extract_file(what, name=name)
    if isinstance(what, bytes):
        return extract_bytes(what, name)
    return extract_text(what, name=name)


def _opening(text: str) -> str:
    return text if len(text) <= 40 else text[:40].rstrip() + "…"


# --- passages -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A sentence with its place."""

    text: str
    page: int
    paragraph: int


def _passages(document: str, name: str, blocks: Sequence[Block], as_of: str) -> tuple[Passage, ...]:
    found: list[Passage] = []
    for headings, part in groupby(blocks, key=lambda b: b.headings):
        pieces = [_Piece(text, b.page, n) for n, b in enumerate(part) for sentence in split_sentences(b.text) for text in _short(sentence)]
        for chunk in _chunks(pieces):
            # Neutral once more: joined pieces must not make a mark that none of them was.
            text = neutral(_joined(chunk))
            first, last = chunk[0].page, chunk[-1].page
            pages = f", page {first}" if 0 < first == last else f", pages {first}-{last}" if first else ""
            language = language_of(text)
            found.append(
                Passage(
                    id=f"{document}-{len(found)}@{language}",
                    title=neutral(" > ".join((name, *headings))),
                    text=text,
                    language=language,
                    case_types=("all",),
                    marketplaces=("all",),
                    source=f"{name}{pages} ({YOURS})",
                    as_of=as_of,
                    trust="own",
                )
            )
    return tuple(found)


def language_of(text: str) -> str:
    """zh when about a third of the characters are Chinese, else en."""
    return "zh" if len(re.findall(r"[㐀-鿿]", text)) > 0.3 * max(1, len(re.sub(r"\s", "", text))) else "en"


def _short(sentence: str) -> Iterator[str]:
    """The sentence, or parts of it when it is longer than a passage, as tables and lists without full stops are."""
    while len(sentence) > MOST:
        window = sentence[:MOST]
        at = max((m.end() for m in re.finditer(r"[\s,;，；、]", window)), default=0)
        at = at if at > MOST // 2 else MOST
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    if sentence:
        yield sentence


def _chunks(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """The pieces under one heading as passages, each after the first beginning with the last sentence of the one before."""
    found: list[list[_Piece]] = []
    current: list[_Piece] = []
    size = repeated = 0
    for piece in pieces:
        new = current and current[-1].paragraph != piece.paragraph
        if len(current) > repeated and (size + len(piece.text) > MOST or (size >= ENOUGH and new)):
            found.append(current)
            # Only where both fit, so that a passage stays within its size.
            current = current[-1:] if len(current[-1].text) <= min(NEIGHBOUR, MOST - len(piece.text)) else []
            size, repeated = sum(len(p.text) for p in current), len(current)
        current = [*current, piece]
        size += len(piece.text) + 1
    return [*found, current] if current else found


def _joined(chunk: Sequence[_Piece]) -> str:
    text = chunk[0].text
    for before, piece in pairwise(chunk):
        gap = "\n" if before.paragraph != piece.paragraph else "" if re.search(r"[㐀-鿿。！？；，”」』]$", before.text) else " "
        text += gap + piece.text
    return text


# --- the collection -----------------------------------------------------------------------------------------------------


class OwnDocuments:
    """The documents of a seller in Chroma, opened when first needed. One for each process or page; safe to share between threads."""

    def __init__(self, settings: Settings, encoder: PassageEncoder | None = None) -> None:
        self._settings = settings
        self._encoder = encoder
        self._opened: Any = None
        self._vectors: PassageIndex | None = None
        self._lock = threading.RLock()

    def state(self) -> tuple[tuple[str, str, str], ...]:
        """Id, name and date of every document: equal as long as nothing changed. Asked before every search, takes about a millisecond."""
        return tuple((d.id, d.name, d.as_of) for d in self.listed())

    def listed(self) -> tuple[OwnDocument, ...]:
        """The documents by name."""
        texts = self._texts()
        if texts is None:
            return ()
        with _ours("read"):
            rows = texts.get(where={"n": 0}, include=["metadatas"])["metadatas"] or []
        return tuple(sorted((_document(row) for row in rows), key=lambda d: (d.name, d.id)))

    def passages(self) -> tuple[Passage, ...]:
        """All passages, in the order of the documents."""
        texts = self._texts()
        if texts is None:
            return ()
        with _ours("read"):
            stored = texts.get(include=["documents", "metadatas"])
        rows = list(zip(stored["ids"], stored["documents"] or [], stored["metadatas"] or [], strict=True))
        whole = {m["document"] for _, _, m in rows if m["n"] == 0}  # the first passage is written last, see `put`
        rows = sorted((r for r in rows if r[2]["document"] in whole), key=lambda r: (r[2]["document"], r[2]["n"]))
        return tuple(Passage(i, m["title"], text, m["language"], ("all",), ("all",), m["source"], m["as_of"], "own") for i, text, m in rows)

    def nearest(self, query: np.ndarray, k: int) -> dict[str, float]:
        """Cosine by passage id of the `k` nearest to a query vector of this collection's encoder."""
        vectors = self._index()
        if vectors is None:
            return {}
        with _ours("search"):
            return vectors.nearest(query, k)

    def embed(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Makes the vectors that are missing and forgets those without a passage: after a change, or for a new encoder."""
        with self._lock:
            vectors = self._index()
            if vectors is not None:
                with _ours("embed"):
                    vectors.build(self.passages(), on_progress=on_progress)

    def put(self, document: OwnDocument, passages: Sequence[Passage]) -> None:
        """Writes a document. Its first passage goes last, and only with it is the document there: a kill half-way leaves no half document."""
        texts = self._texts(make=True)
        known = {
            "document": document.id, "name": document.name, "format": document.format, "main_language": document.language, "passages": document.passages,
            "characters": document.characters, "as_of": document.as_of, "silent_pages": document.silent_pages,
        }  # fmt: skip
        rows = [(p, {"n": n, "title": p.title, "language": p.language, "source": p.source, **known}) for n, p in enumerate(passages)][::-1]
        with self._lock, _ours("write"):
            for start in range(0, len(rows), BATCH):
                batch = rows[start : start + BATCH]
                # Chroma wants a vector for everything; these texts are found by words, so all have the same.
                texts.upsert(ids=[p.id for p, _ in batch], documents=[p.text for p, _ in batch], metadatas=[m for _, m in batch], embeddings=[[1.0]] * len(batch))

    def drop(self, document: str) -> None:
        """Removes a document from the texts and from the vectors of every encoder. From then on no search finds it."""
        texts = self._texts()
        if texts is None:
            return
        with self._lock, _ours("remove"):
            ids = texts.get(where={"document": document}, include=[])["ids"]
            texts.delete(where={"$and": [{"document": document}, {"n": 0}]})
            texts.delete(where={"document": document})
            client = client_of(self._settings)
            for name in sorted(c.name for c in client.list_collections()):
                if name.startswith(f"{COLLECTION}-"):
                    vectors = client.get_collection(name, embedding_function=None)
                    for start in range(0, len(ids), BATCH):
                        if there := vectors.get(ids=ids[start : start + BATCH], include=[])["ids"]:
                            vectors.delete(ids=there)

    def _texts(self, *, make: bool = False) -> Any:
        """The collection of texts; None while there is none and none shall be made."""
        with self._lock:
            if self._opened is None and (make or has_documents(self._settings)):
                if not self._settings.index:
                    _mark(self._settings)
                self._opened = open_collection(self._settings, COLLECTION)
            return self._opened

    def _index(self) -> PassageIndex | None:
        with self._lock:
            if self._vectors is None and self._encoder is not None and self._texts() is not None:
                self._vectors = PassageIndex(self._settings, self._encoder, collection=COLLECTION)
            return self._vectors


def has_documents(settings: Settings) -> bool:
    """Whether documents may be there; on a server that is only known after asking it."""
    return bool(settings.index) or (settings.index_folder / MARKER).exists()


def _mark(settings: Settings) -> None:
    marker = settings.index_folder / MARKER
    try:
        if not marker.exists():
            settings.index_folder.mkdir(parents=True, exist_ok=True)
            marker.write_text("This folder holds documents that the seller added; they exist nowhere else. See `poa documents list`.\n", encoding="utf-8")
    except OSError as error:
        raise ModelUnavailable(f"Your documents cannot be kept in {settings.index_folder} ({error.strerror}); check the folder or POA_HOME.", f"无法在 {settings.index_folder} 中保存文档,请检查该文件夹或 POA_HOME。") from error


def _document(row: dict[str, Any]) -> OwnDocument:
    return OwnDocument(row["document"], row["name"], row["format"], row["main_language"], row["passages"], row["characters"], row["as_of"], row["silent_pages"])


@contextmanager
def _ours(doing: str) -> Iterator[None]:
    """Chroma's errors, which have no common base class, as ours."""
    try:
        yield
    except AppealError:
        raise
    except Exception as error:
        raise ModelUnavailable(f"The collection of your documents failed to {doing} ({error}); try again, and check POA_INDEX or the free space.", f"您的文档库操作失败({error});请重试,并检查 POA_INDEX 或磁盘空间。") from error
