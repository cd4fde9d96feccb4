"""Retrieval: does a search bring the passage that states the gold fact? Reads queries.jsonl.

Rule: a passage is right if every number of `fact_numbers` stands in it (in any usual form) and it is about the same: it has at least
`WORDS` of the gold fact's content words, or the encoder puts the two at `NEAR` or closer (which also holds across languages). Two
passages can be right. The rule is a stand-in for a person's reading: with no numbers to hold on to, it is the encoder that judges its own
finds, and `judged_by_meaning` says for how many hits that was so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.records import Field, Record, read_records, write_items
from evals.scorers import content_words, mean, stem
from rag.atoms import find_atoms, parse_number
from rag.encoder import comparable
from rag.errors import Stopped
from rag.models import Passage
from rag.retrieve import FITS, Retriever, cut
from rag.script import has_han

FILE = "queries.jsonl"
FIELDS = {
    "id": Field(str, required=True),
    "query": Field(str, required=True),
    "lang": Field(str, default=""),
    "case_types": Field(list, default=[]),
    "gold_fact": Field(str, default=""),
    "fact_numbers": Field(list, default=[]),
}
K = 10
WORDS = 0.5
NEAR = 0.7


def evaluate(
    data: Path, *, limit: int | None, items: Path | None, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool], retriever: Retriever
) -> dict[str, Any]:
    """Recall at 1, 5 and 10 and the mean reciprocal rank, overall, by language and by style; how often it says that nothing fits. A record without gold fact is one that nothing fits."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    index = retriever.index
    gold = index.encoder.encode_passages([r["gold_fact"] or r["query"] for r in records]) if index else None
    found: list[tuple[tuple[Passage, ...], list[str]]] = []
    seconds: list[float] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} queries.", f"已在第 {number - 1}/{len(records)} 条后停止。")
        started = time.monotonic()
        hits = retriever.search(record["query"], K)
        seconds.append(time.monotonic() - started)
        # Judged in the language of the gold fact: a Chinese passage is right if its English version, which says the same, states it.
        judged = [retriever.in_language(p.id, "zh" if has_han(record["gold_fact"]) else "en") or p for p in hits]
        near = [float(comparable(index.encoder.name, row @ gold[number - 1])) for row in index.vectors([p.id for p in judged])] if index and gold is not None else [0.0] * len(hits)
        found.append((hits, [why_right(p, record, cosine) if record["gold_fact"] else "" for p, cosine in zip(judged, near, strict=True)]))
        on_progress(number, len(records), record["id"])
    ranks = [next((n for n, why in enumerate(whys, 1) if why), 0) for _, whys in found]
    write_items(
        items,
        (
            {"id": r["id"], "label": {"gold_fact": r["gold_fact"], "fact_numbers": r["fact_numbers"]}, "predicted": [{"id": p.id, "text": p.text, "score": p.score, "right": why} for p, why in zip(hits, whys, strict=True)], "score": 1 / rank if rank else 0.0, "rank": rank or None, "lang": r["lang"], "query": r["query"]}
            for r, (hits, whys), rank in zip(records, found, ranks, strict=True)
        ),
    )
    answered = [(rank, r) for rank, r in zip(ranks, records, strict=True) if r["gold_fact"]]
    languages = sorted({r["lang"] for _, r in answered if r["lang"]})
    styles = sorted({style_of(r["query"]) for _, r in answered})
    weak = [not hits or hits[0].score < FITS for hits, _ in found]
    return {
        "set": "retrieval",
        "records": len(records),
        **_metrics([rank for rank, _ in answered]),
        "by_lang": {lang: _metrics([rank for rank, r in answered if r["lang"] == lang]) for lang in languages},
        "by_style": {style: _metrics([rank for rank, r in answered if style_of(r["query"]) == style]) for style in styles},
        "nothing_fits": {
            "threshold": FITS,
            "told_where_nothing_fits": mean([float(w) for w, r in zip(weak, records, strict=True) if not r["gold_fact"]]),
            "told_where_something_fits": mean([float(w) for w, r in zip(weak, records, strict=True) if r["gold_fact"]]),
        },
        "seconds_p50": round(float(np.median(seconds)), 4),
        "seconds_p95": round(float(np.quantile(seconds, 0.95)), 4),
        "judged_by_meaning": sum(whys[rank - 1] == "meaning" for rank, (_, whys) in zip(ranks, found, strict=True) if rank),
        "rule": f"all fact_numbers stand in the passage, and it has {WORDS:.0%} of the gold fact's content words or a cosine of {NEAR} to it",
        "encoder": index is not None,
    }


def style_of(query: str) -> str:
    """How a question is typed: `mixed` (Chinese with English words, unless it is short), `short`, `long` or `plain`."""
    han, words = len(re.findall(r"[㐀-鿿]", query)), len(re.findall(r"[A-Za-z]{2,}", query))
    size = han + 2.5 * words  # an English word says about as much as two or three characters
    if size <= 14:
        return "short"
    if han and words >= 2:
        return "mixed"
    return "long" if size > 40 else "plain"


def why_right(passage: Passage, record: Record, cosine: float) -> str:
    """`words` or `meaning` when the passage states the gold fact by the rule; empty when it does not."""
    text = f"{passage.title}. {passage.text}"
    if not all(_has_number(text, number) for number in record["fact_numbers"]):
        return ""
    if shared_words(record["gold_fact"], text) >= WORDS:
        return "words"
    return "meaning" if cosine >= NEAR else ""


def shared_words(gold: str, text: str) -> float:
    """Share of the gold fact's content words that the text has; Chinese is cut into words first."""
    wanted, have = _terms(gold), _terms(text)
    return len(wanted & have) / len(wanted) if wanted else 0.0


def _terms(text: str) -> set[str]:
    return {w for w in cut(text) if len(w) > 1} if has_han(text) else {stem(w) for w in content_words(text)}


def _has_number(text: str, number: Any) -> bool:
    wanted = parse_number(str(number).strip().rstrip("%").lstrip("$<>≤≥").strip()) if not _is_date(str(number)) else None
    atoms = find_atoms(text)
    if wanted is None:
        return str(number).lower() in text.lower()
    return any(part and (value := parse_number(part)) is not None and value == wanted for a in atoms if a.kind not in {"asin", "order_id", "id", "url", "email"} for part in a.value if part.replace(".", "").isdigit())


def _is_date(text: str) -> bool:
    return any(a.kind in {"date", "id"} for a in find_atoms(text))


def _metrics(ranks: Sequence[int]) -> dict[str, float | int | None]:
    return {
        "queries": len(ranks),
        **{f"recall@{k}": mean([float(0 < r <= k) for r in ranks]) for k in (1, 5, 10)},
        "mrr": mean([1 / r if r else 0.0 for r in ranks]),
    }
