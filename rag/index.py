"""Door two: the passage index in Chroma, a folder by default or a server by URL. Built from knowledge/, never edited by hand.

Only text whose hash is new is embedded; a change of encoder gets a collection of its own. Writes happen in small batches and the old
entries go last, so an index that was killed half-way through building still answers, and finishes at the next build.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rag import knowledge
from rag.encoder import comparable
from rag.errors import ModelUnavailable, Stopped
from rag.models import Passage
from rag.script import fold, has_han, simplified
from rag.settings import Settings, silence_telemetry

BATCH = 32
"""Passages embedded between two writes: small enough to lose little when killed, large enough to be fast."""

GUIDANCE, ASKS = "passages", "asks"
"""The collections of the guidance and of the questions that it answers begin so, one for each encoder; those of a seller's own documents have another name."""


class PassageEncoder(Protocol):
    """What the index needs of an encoder."""

    @property
    def name(self) -> str: ...

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray: ...

    def encode_passages(self, passages: Sequence[str], titles: Sequence[str] | None = None) -> np.ndarray: ...


@dataclass(frozen=True)
class Built:
    """What a build did."""

    added: int
    kept: int
    removed: int


def passages() -> tuple[Passage, ...]:
    """All guidance as passages, one per language, `id@en` and `id@zh`."""
    registry = knowledge.sources()
    found: list[Passage] = []
    for item in knowledge.guidance():
        source = "; ".join(registry[s].title for s in item.sources) or "own judgement"
        for language in ("en", "zh"):
            found.append(
                Passage(
                    id=f"{item.id}@{language}",
                    title=getattr(item.title, language),
                    text=getattr(item.text, language),
                    language=language,
                    case_types=tuple(item.case_types),
                    marketplaces=tuple(item.marketplaces),
                    source=source,
                    as_of=item.as_of,
                    trust=item.trust,
                )
            )
    return tuple(found)


def as_query(text: str) -> str:
    """A question as the encoder gets it: Chinese in one script, so that a Traditional question meets a Simplified one."""
    return fold(text) if has_han(text) else text


def asks() -> tuple[Passage, ...]:
    """The questions that each piece of guidance answers (knowledge/asks.jsonl), as sellers type them: `id@zh?0`, with the guidance's case types and stores.

    Chinese ones as `as_query` leaves text that has no damage; looking for damage in thousands of them would take a second.
    """
    asked = knowledge.asks()
    return tuple(
        Passage(f"{item.id}@{language}?{number}", "", simplified(text).lower() if has_han(text) else text, language, tuple(item.case_types), tuple(item.marketplaces), source="", as_of=item.as_of, trust=item.trust)
        for item in knowledge.guidance()
        if item.id in asked
        for language in ("zh", "en")
        for number, text in enumerate(getattr(asked[item.id], language))
    )


def content_hash(passage: Passage) -> str:
    """Changes when anything that is stored changes."""
    parts = (passage.title, passage.text, passage.language, *passage.case_types, *passage.marketplaces)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


class PassageIndex:
    """Vectors of passages in Chroma; those of `ASKS` are encoded as queries, which a seller's question is compared with."""

    def __init__(self, settings: Settings, encoder: PassageEncoder, *, collection: str = GUIDANCE) -> None:
        self.encoder = encoder
        self.kind = collection
        self._collection = open_collection(settings, f"{collection}-{hashlib.sha256(encoder.name.encode()).hexdigest()[:12]}")

    def count(self) -> int:
        """Number of stored passages."""
        return int(self._collection.count())

    def build(
        self,
        wanted: Sequence[Passage],
        *,
        on_progress: Callable[[int, int], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Built:
        """Bring the index to exactly `wanted`. `on_progress(done, total)` counts passages to embed."""
        stored = self._collection.get(include=["metadatas"])
        hashes = {i: (m or {}).get("hash") for i, m in zip(stored["ids"], stored["metadatas"] or [], strict=True)}
        fresh = [p for p in wanted if hashes.get(p.id) != content_hash(p)]
        for start in range(0, len(fresh), BATCH):
            if should_stop and should_stop():
                raise Stopped(f"Stopped after {start} of {len(fresh)} passages; the next build goes on from there.", f"已在 {start}/{len(fresh)} 处停止,下次继续。")
            batch = fresh[start : start + BATCH]
            vectors = self._vectors(batch)
            self._collection.upsert(ids=[p.id for p in batch], embeddings=vectors, documents=[p.text for p in batch], metadatas=[_metadata(p) for p in batch])
            if on_progress:
                on_progress(min(start + BATCH, len(fresh)), len(fresh))
        gone = sorted(set(hashes) - {p.id for p in wanted})
        if gone:
            self._collection.delete(ids=gone)
        return Built(len(fresh), len(wanted) - len(fresh), len(gone))

    def _vectors(self, batch: Sequence[Passage]) -> np.ndarray:
        """Vectors of a batch: the shipped ones where they fit, the others from the encoder."""
        shipped = shipped_vectors(self.encoder.name, self.kind) if self.kind in {GUIDANCE, ASKS} else {}
        missing = [p for p in batch if content_hash(p) not in shipped]
        texts = [p.text for p in missing]
        made = () if not missing else self.encoder.encode_queries(texts) if self.kind == ASKS else self.encoder.encode_passages(texts, [p.title for p in missing])
        fresh = {p.id: row for p, row in zip(missing, made, strict=True)}
        return np.stack([fresh[p.id] if p.id in fresh else shipped[content_hash(p)] for p in batch])

    def ship(self, wanted: Sequence[Passage]) -> int:
        """Write the vectors of `wanted`, which must be built, to the file that comes with the project; returns how many."""
        stored = self._collection.get(ids=[p.id for p in wanted], include=["embeddings"])
        rows = dict(zip(stored["ids"], np.asarray(stored["embeddings"], dtype=np.float32), strict=True))
        ordered = sorted(((content_hash(p), rows[p.id]) for p in wanted), key=lambda pair: pair[0])
        matrix = np.stack([row for _, row in ordered])
        scales = np.abs(matrix).max(axis=1) / 127
        path = shipped_path(self.encoder.name, self.kind)
        path.parent.mkdir(exist_ok=True)
        np.savez_compressed(
            path, hashes=np.array([h for h, _ in ordered]), vectors=np.round(matrix / scales[:, None]).astype(np.int8), scales=scales.astype(np.float32)
        )
        return len(ordered)

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """Stored vectors of passages, one row an id, in that order. KeyError for one that is not stored."""
        stored = self._collection.get(ids=list(ids), include=["embeddings"]) if ids else {"ids": [], "embeddings": []}
        rows = dict(zip(stored["ids"], stored["embeddings"], strict=True))
        return np.array([rows[i] for i in ids], dtype=np.float32).reshape(len(ids), -1)

    def nearest(self, query: np.ndarray, k: int, *, case_type: str = "", marketplace: str = "") -> dict[str, float]:
        """Cosine (on one scale for all encoders) by passage id of the `k` nearest to a query vector, within a case type and a store where given."""
        conditions: list[dict[str, Any]] = []
        if case_type:
            conditions.append({"$or": [{f"case_{case_type}": True}, {"case_all": True}]})
        if marketplace:
            conditions.append({"$or": [{f"store_{marketplace}": True}, {"store_all": True}]})
        where = None if not conditions else conditions[0] if len(conditions) == 1 else {"$and": conditions}
        answer = self._collection.query(query_embeddings=[query], n_results=k, where=where, include=["distances"])
        return {i: float(comparable(self.encoder.name, 1.0 - d)) for i, d in zip(answer["ids"][0], answer["distances"][0], strict=True)}


def shipped_path(encoder: str, kind: str = GUIDANCE) -> Path:
    """File of the vectors that come with the project for this encoder. The precision it runs in does not matter at eight bits."""
    name = re.sub(r"-(?:b?float)[0-9]+$", "", encoder).replace("@", "-")
    return knowledge.KNOWLEDGE / "vectors" / f"{name}{'' if kind == GUIDANCE else f'-{kind}'}.npz"


@lru_cache(maxsize=4)
def shipped_vectors(encoder: str, kind: str = GUIDANCE) -> dict[str, np.ndarray]:
    """Vectors by content hash, from the file that comes with the project; empty for another encoder.

    Encoding all guidance takes three to seven minutes on two slow cores. Eight bits a number keep the cosine to within 0.0002.
    """
    path = shipped_path(encoder, kind)
    if not path.exists():
        return {}
    with np.load(path) as file:
        matrix = file["vectors"].astype(np.float32) * file["scales"][:, None]
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        return dict(zip(file["hashes"].tolist(), matrix, strict=True))


def _metadata(passage: Passage) -> dict[str, Any]:
    # One flag per case type and store: Chroma filters on flags in a folder and on a server alike, on lists only in some versions.
    flags = {f"case_{c}": True for c in passage.case_types} | {f"store_{m}": True for m in passage.marketplaces}
    return {"hash": content_hash(passage), "language": passage.language, **flags}


def open_collection(settings: Settings, name: str) -> Any:
    """The Chroma collection of that name, made when it is not there. ModelUnavailable when the folder or server cannot be opened."""
    client = client_of(settings)
    try:
        return client.get_or_create_collection(name, metadata={"hnsw:space": "cosine"}, embedding_function=None)
    except Exception as error:
        raise _cannot_open(settings, error) from error


def drop_guidance(settings: Settings) -> None:
    """Deletes the guidance of every encoder, and nothing else that the folder or server holds."""
    client = client_of(settings)
    try:
        for name in sorted(c.name for c in client.list_collections()):
            if name.startswith((f"{GUIDANCE}-", f"{ASKS}-")):
                client.delete_collection(name)
    except Exception as error:
        raise _cannot_open(settings, error) from error


def client_of(settings: Settings) -> Any:
    """The Chroma client of the configured folder or server."""
    silence_telemetry()
    import chromadb  # imported late: 1.5 s
    from chromadb.config import Settings as ChromaSettings

    quiet = ChromaSettings(anonymized_telemetry=False)
    try:
        if settings.index:
            from urllib.parse import urlsplit

            url = urlsplit(settings.index if "//" in settings.index else f"http://{settings.index}")
            return chromadb.HttpClient(host=url.hostname or "127.0.0.1", port=url.port or 8000, ssl=url.scheme == "https", settings=quiet)
        settings.index_folder.mkdir(parents=True, exist_ok=True)
        return chromadb.PersistentClient(path=str(settings.index_folder), settings=quiet)
    except Exception as error:  # Chroma has no common base class for its errors
        raise _cannot_open(settings, error) from error


def _cannot_open(settings: Settings, error: Exception) -> ModelUnavailable:
    # Moved and not deleted: the folder also holds the documents that the seller added, which nothing can rebuild.
    where = settings.index or settings.index_folder
    return ModelUnavailable(f"The passage index at {where} cannot be opened ({error}); check the address, or move the folder away and run `poa index`.", f"无法打开索引 {where}。")


def ensure(index: PassageIndex, wanted: Iterable[Passage] | None = None) -> Built:
    """The index brought up to date with knowledge/; cheap when nothing changed."""
    return index.build(tuple(wanted) if wanted is not None else asks() if index.kind == ASKS else passages())
