"""What each part of the search adds: recall and rank of words alone, each encoder alone, with the language correction, with the questions, and all together.

    .venv/bin/python scripts/search_ablation.py                                   the test part
    .venv/bin/python scripts/search_ablation.py --data evals/labelled/tuning

Every passage is scored (no candidates are dropped), so the last line may differ a little from `poa eval retrieval`. All lines are judged by the same
encoder and the rule of evals/retrieval.py. "Corrected" subtracts what a question of one language has in common with all passages of a language, and a
passage with all questions of a language.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from evals import retrieval  # noqa: E402
from evals.records import Record, read_records  # noqa: E402
from rag.encoder import Encoder, comparable, load_encoder  # noqa: E402
from rag.index import ASKS, GUIDANCE, as_query, asks, content_hash, passages, shipped_vectors  # noqa: E402
from rag.retrieve import ASK_WEIGHT, VECTOR_WEIGHT, corpus_of, expand  # noqa: E402
from rag.script import has_han  # noqa: E402
from rag.settings import load_settings, silence_telemetry  # noqa: E402


def cosines(encoder: Encoder, questions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cosines on one scale, (questions, passages) and (questions, questions that the guidance answers)."""
    asked = encoder.encode_queries([as_query(q) for q in questions])
    texts = np.stack([shipped_vectors(encoder.name, GUIDANCE)[content_hash(p)] for p in passages()])
    known = np.stack([shipped_vectors(encoder.name, ASKS)[content_hash(p)] for p in asks()])
    return comparable(encoder.name, asked @ texts.T), comparable(encoder.name, asked @ known.T)


def corrected(scores: np.ndarray, question_is_chinese: np.ndarray, text_is_chinese: np.ndarray) -> np.ndarray:
    """The scores without the mean of each row and column within a pair of languages."""
    out = scores.copy()
    for one in (True, False):
        for other in (True, False):
            block = np.ix_(question_is_chinese == one, text_is_chinese == other)
            part = scores[block]
            if part.size:
                out[block] = part - part.mean(1, keepdims=True) - part.mean(0, keepdims=True) + part.mean()
    return out


def of_guidance(scores: np.ndarray, guidance: np.ndarray, size: int) -> np.ndarray:
    """Best score of each guidance, (questions, guidance), of the texts or questions that belong to it."""
    best = np.full((len(scores), size), -np.inf)
    for column, place in enumerate(guidance):
        best[:, place] = np.maximum(best[:, place], scores[:, column])
    return best


def right_answers(records: Sequence[Record], judge: Encoder, names: Mapping[str, int]) -> np.ndarray:
    """Which guidance states the gold fact, (questions, guidance), judged in the language of the fact."""
    texts = np.stack([shipped_vectors(judge.name, GUIDANCE)[content_hash(p)] for p in passages()])
    near = judge.encode_passages([r["gold_fact"] for r in records]) @ texts.T
    right = np.zeros((len(records), len(names)), dtype=bool)
    for row, record in enumerate(records):
        side = "zh" if has_han(record["gold_fact"]) else "en"
        for column, passage in enumerate(passages()):
            if passage.language == side and retrieval.why_right(passage, record, float(near[row, column])):
                right[row, names[passage.id.rpartition("@")[0]]] = True
    return right


def told(name: str, scores: np.ndarray, right: np.ndarray) -> str:
    """One line of the table."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, : retrieval.K]
    hits = np.take_along_axis(right, order, axis=1)
    ranks = np.where(hits.any(1), hits.argmax(1) + 1, 0)
    shares = [float(((ranks > 0) & (ranks <= k)).mean()) for k in (1, 5, 10)]
    mrr = float(np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0).mean())
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in (*shares, mrr)) + " |"


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), default=PROJECT / "evals" / "labelled" / "test")
def main(data: Path) -> None:
    """Print the table."""
    silence_telemetry()
    settings = load_settings()
    records = [r for r in read_records(data, retrieval.FILE, retrieval.FIELDS, limit=None) if r["gold_fact"]]
    questions = [r["query"] for r in records]
    found = passages()
    names = {name: place for place, name in enumerate(dict.fromkeys(p.id.rpartition("@")[0] for p in found))}
    text_of = np.array([names[p.id.rpartition("@")[0]] for p in found])
    ask_of = np.array([names[p.id.partition("@")[0]] for p in asks()])
    chinese = np.array([has_han(q) for q in questions])
    text_chinese = np.array([p.language == "zh" for p in found])

    corpus = corpus_of(found)
    assert corpus.words is not None
    raw = np.stack([corpus.words.scores(expand(q))[0] for q in questions])
    words = of_guidance(raw / np.maximum(raw.max(1, keepdims=True), 1e-9), text_of, len(names))
    encoders = {name: load_encoder(replace(settings, encoder=name)) for name in ("e5", "embeddinggemma")}
    right = right_answers(records, encoders["embeddinggemma"], names)
    click.echo("| | recall@1 | recall@5 | recall@10 | MRR |\n|---|---|---|---|---|")
    click.echo(told("words (with the questions)", words, right))
    for name, encoder in encoders.items():
        texts, known = cosines(encoder, questions)
        text, ask = of_guidance(texts, text_of, len(names)), of_guidance(known, ask_of, len(names))
        joined = (1 - ASK_WEIGHT) * text + ASK_WEIGHT * ask
        click.echo(told(f"{name}, texts", text, right))
        click.echo(told(f"{name}, texts corrected", of_guidance(corrected(texts, chinese, text_chinese), text_of, len(names)), right))
        click.echo(told(f"{name}, questions", ask, right))
        click.echo(told(f"{name}, texts and questions", joined, right))
        click.echo(told(f"{name}, words and texts", VECTOR_WEIGHT * text + (1 - VECTOR_WEIGHT) * words, right))
        click.echo(told(f"{name}, all", VECTOR_WEIGHT * joined + (1 - VECTOR_WEIGHT) * words, right))


if __name__ == "__main__":
    main()
