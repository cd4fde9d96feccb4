"""What a sentence means, as far as small trained heads over the encoder can tell: is it a statement that must not stand, what does it tell?

`knowledge/heads/*.npz` hold a few thousand numbers each, trained by `scripts/train_heads.py` on the labelled sentences of `evals/labelled`; they
fit one encoder and are not used with another. Wording families (`statements.py`) see words; these see the meaning of the whole sentence,
so they find the confession in words that nobody listed. Their error rates stand in `docs/checks.md`. Without the encoder there is no
`Meaning`, and the checks say that they looked at words only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import SetupError
from rag.settings import PROJECT, Settings

if TYPE_CHECKING:
    from rag.encoder import Encoder
    from rag.judge import Judge

HEADS = PROJECT / "knowledge" / "heads"
PAIRS = HEADS / "pairs.npz"
KEPT = 4096
"""Vectors of sentences kept in memory: an edited letter is checked again at once, and only the new sentence is encoded."""

Vectors = NDArray[np.float32]


class SentenceEncoder(Protocol):
    """What is needed of an encoder."""

    @property
    def name(self) -> str: ...

    def encode_passages(self, passages: Sequence[str], titles: Sequence[str] | None = None) -> Vectors: ...


@dataclass(frozen=True)
class Head:
    """A linear layer with a softmax: probabilities of `labels` from a vector and, behind it, the features that code found."""

    labels: tuple[str, ...]
    weights: Vectors
    """(labels, dimensions of the encoder + features)."""
    bias: Vectors
    encoder: str
    """Digest of the encoder that it was trained with."""
    thresholds: Mapping[str, float]

    def probabilities(self, vectors: Vectors, features: Vectors | None = None) -> Vectors:
        """One row per vector, one column per label."""
        inputs = vectors if features is None else np.hstack([vectors, features])
        logits = inputs @ self.weights.T + self.bias
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)


class Meaning:
    """Encoder and heads; keep one per process."""

    def __init__(self, encoder: SentenceEncoder, heads: Mapping[str, Head], judge: Judge | None = None) -> None:
        self._encoder, self.heads = encoder, heads
        self.judge = judge
        """Reads facts and sentence together; None: nothing trained for this encoder."""
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row a text, from memory where it was seen before."""
        missing = sorted({t for t in texts if t not in self._kept}, key=len)  # of like length together: little padding
        if missing:
            for text, row in zip(missing, self._encoder.encode_passages(missing), strict=True):
                self._kept[text] = row
        found = np.stack([self._kept[t] for t in texts]) if texts else np.empty((0, 0), np.float32)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def probabilities(self, head: str, texts: Sequence[str], features: Vectors | None = None) -> Vectors:
        """Probabilities of the labels of a head, one row a text."""
        return self.heads[head].probabilities(self.vectors(texts), features)

    def nearness(self, text: str, others: Sequence[str]) -> float:
        """Cosine of the text to the nearest of the others; 0 without any."""
        return float((self.vectors(others) @ self.vectors([text])[0]).max()) if others else 0.0


def open_meaning(settings: Settings) -> Meaning | None:
    """The heads with the encoder of these settings; None when the encoder is not here or none was trained for it."""
    from rag.encoder import load_encoder  # late: with its weights it takes seconds

    if settings.encoder != "embeddinggemma":
        return None
    try:
        encoder = load_encoder(settings)
    except SetupError:
        return None
    heads = {path.stem: load_head(path) for path in sorted(HEADS.glob("*.npz")) if path != PAIRS}
    fitting = {name: head for name, head in heads.items() if head.encoder in encoder.name}
    return Meaning(encoder, fitting, open_judge(encoder)) if fitting else None


_judges: dict[str, Judge] = {}
_opening = threading.Lock()


def open_judge(encoder: Encoder) -> Judge | None:
    """The pair judge over this encoder, put on it once per process; None where none was trained for it."""
    from rag.judge import Judge  # late: torch

    with _opening:
        if encoder.name not in _judges:
            try:
                _judges[encoder.name] = Judge(*encoder.inside(), PAIRS, encoder.name, encoder.lock)
            except (SetupError, FileNotFoundError):
                return None
        return _judges[encoder.name]


@lru_cache(maxsize=8)
def load_head(path: Path) -> Head:
    """A head from its file."""
    with np.load(path) as file:
        return Head(
            tuple(file["labels"].tolist()), file["weights"].astype(np.float32), file["bias"].astype(np.float32), str(file["encoder"]),
            dict(zip(file["threshold_names"].tolist(), file["thresholds"].tolist(), strict=True)),
        )


def save_head(path: Path, head: Head) -> None:
    """Write a head to its file, 16 bits a weight."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, labels=np.array(head.labels), weights=head.weights.astype(np.float16), bias=head.bias.astype(np.float32), encoder=np.array(head.encoder),
        threshold_names=np.array(list(head.thresholds)), thresholds=np.array(list(head.thresholds.values()), dtype=np.float32),
    )
