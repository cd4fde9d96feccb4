"""How fast search is, and whether it still finds the right passage, among many passages: figures as JSON on standard output.

    .venv/bin/python scripts/search_at_size.py                      the guidance alone, then 100,000 passages
    .venv/bin/python scripts/search_at_size.py --size 20000 --data evals/labelled/tuning

The index is built in a folder of its own that is deleted afterwards. Fillers are invented: words drawn from the guidance in an order without meaning,
vectors drawn around those of real passages, as near to them as two real passages are to each other, so that they compete without answering.
Each question is encoded before it is searched, so that the two times are told apart.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from evals import retrieval  # noqa: E402
from evals.records import read_records  # noqa: E402
from rag.encoder import load_encoder  # noqa: E402
from rag.index import ASKS, PassageIndex, as_query, asks, ensure, passages  # noqa: E402
from rag.models import Passage  # noqa: E402
from rag.retrieve import Retriever  # noqa: E402
from rag.settings import load_settings, silence_telemetry  # noqa: E402

NEARNESS = 0.75
"""Cosine of a filler to the passage that it is drawn around; neighbours in the guidance lie at 0.7 to 0.8."""
WORDS_EACH = 60


class WithFillers:
    """The encoder, except that texts to be stored get a vector near one of the real ones."""

    def __init__(self, encoder: Any, real: np.ndarray, seed: int) -> None:
        self._encoder, self._real, self._chance = encoder, real, np.random.default_rng(seed)
        self.name = encoder.name

    def encode_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Vectors of questions, from the encoder."""
        found: np.ndarray = self._encoder.encode_queries(queries)
        return found

    def encode_passages(self, texts: Sequence[str], titles: Sequence[str] | None = None) -> np.ndarray:
        """Drawn vectors, (texts, dimensions), normalised; gold facts and other single texts of an evaluation are encoded."""
        if not texts or not texts[0].startswith("filler"):
            encoded: np.ndarray = self._encoder.encode_passages(texts, titles)
            return encoded
        middle = self._real[self._chance.integers(len(self._real), size=len(texts))]
        noise = self._chance.standard_normal(middle.shape).astype(np.float32)
        noise -= (noise * middle).sum(1, keepdims=True) * middle
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        return NEARNESS * middle + float(np.sqrt(1 - NEARNESS**2)) * noise


def fillers(real: Sequence[Passage], count: int, seed: int) -> list[Passage]:
    """Passages without meaning, each with the language, case types and stores of a real one."""
    chance = random.Random(seed)
    words = {side: [w for p in real if p.language == side for w in re.findall(r"[A-Za-z]{3,}|[一-鿿]{2,4}", p.text)] for side in ("en", "zh")}
    made = []
    for number in range(count):
        like = chance.choice(real)
        text = (" " if like.language == "en" else "").join(chance.choices(words[like.language], k=WORDS_EACH))
        made.append(replace(like, id=f"filler-{number}@{like.language}", title="", text=f"filler {text}", source="invented"))
    return made


def measured(retriever: Retriever, encoder: Any, questions: Sequence[str], data: Path) -> dict[str, Any]:
    """Milliseconds of encoding and of searching, and how often the right passage is found."""
    encoding, searching = [], []
    retriever.search("late shipment rate", 5)
    for question in questions:
        started = time.monotonic()
        encoder.encode_queries([as_query(question)])
        encoding.append(time.monotonic() - started)
    for question in questions:
        started = time.monotonic()
        retriever.search(question, 5)
        searching.append(time.monotonic() - started)
    result = retrieval.evaluate(data, limit=None, items=None, on_progress=lambda done, total, what: None, should_stop=lambda: False, retriever=retriever)
    return {
        **{f"{name}_ms_{part}": round(1000 * float(np.quantile(values, share)), 1) for name, values in (("encoding", encoding), ("searching", searching)) for part, share in (("p50", 0.5), ("p95", 0.95))},
        **{name: result[name] for name in ("recall@1", "recall@5", "recall@10", "mrr")},
    }


@click.command()
@click.option("--size", default=100_000, show_default=True, help="Passages in all.")
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=PROJECT / "evals" / "labelled" / "tuning")
@click.option("--seed", default=7)
def main(size: int, data: Path, seed: int) -> None:
    """Build, ask, add fillers, ask again."""
    silence_telemetry()
    settings = load_settings()
    encoder = load_encoder(settings)
    questions = [r["query"] for r in read_records(data, retrieval.FILE, retrieval.FIELDS, limit=None)]
    real = passages()
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(settings, home=Path(folder))
        index, asked = PassageIndex(settings, encoder), PassageIndex(settings, encoder, collection=ASKS)
        times = {}
        for name in ("from nothing", "no change"):
            started = time.monotonic()
            ensure(index)
            ensure(asked)
            times[f"index {name}, seconds"] = round(time.monotonic() - started, 2)
        told: dict[str, Any] = {"passages": len(real), "questions": len(asks()), **times, **measured(Retriever(index, asks=asked), encoder, questions, data)}
        click.echo(json.dumps(told, indent=1))
        drawn = WithFillers(encoder, index.vectors([p.id for p in real]), seed)
        many = (*real, *fillers(real, size - len(real), seed))
        index.encoder = drawn
        click.echo(f"Adding {size - len(real):,} fillers (minutes)", err=True)
        index.build(many, on_progress=lambda done, total: click.echo(f"{done}/{total}", err=True) if done % 8192 == 0 else None)
        retriever = Retriever(index, asks=asked, passages_=many)
        click.echo(json.dumps({"passages": len(many), **measured(retriever, encoder, questions, data)}, indent=1))


if __name__ == "__main__":
    main()
