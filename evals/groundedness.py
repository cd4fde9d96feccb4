"""Groundedness: is a sentence found unsupported when its facts do not carry it? Fact lock, trained head, and a model's odds where one is given.

All say `supported` or `unsupported`; a contradiction is counted as found when it is called unsupported. With the lock alone nothing
can be found but foreign numbers, dates, identifiers and names: what was added or reversed in words passes, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evals.records import Field, Record, read_records, write_items
from evals.scorers import mean, precision_recall
from evals.statements import facts_of
from rag.checks.carried import HEAD, carried
from rag.checks.lock import unsupported
from rag.checks.meaning import Meaning
from rag.checks.support import DOUBT, SURE, UNSURE
from rag.errors import Stopped
from rag.llm import Chat
from rag.models import Case
from rag.prompts import fence, load_prompt
from rag.word import prepared

FILE = "groundedness.jsonl"
EVEN = 0.5
"""Probability of the head below which a sentence counts as unsupported when nobody else is asked."""
LABELS = ("supported", "unsupported", "contradicted")
FIELDS = {
    "id": Field(str, required=True),
    "facts": Field(list, required=True),
    "sentence": Field(str, required=True),
    "label": Field(str, required=True, allowed=LABELS),
    "error_type": Field((str, type(None)), default="none"),
}


def evaluate(
    data: Path, *, limit: int | None, items: Path | None, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool], chat: Chat | None = None, meaning: Meaning | None = None
) -> dict[str, Any]:
    """Precision, recall and F1 of finding what is not supported, and recall by type of error."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    asked = chat is not None and chat.available
    head = meaning if meaning is not None and HEAD in meaning.heads else None
    found: list[dict[str, Any]] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} sentences.", f"已在第 {number - 1}/{len(records)} 条后停止。")
        found.append(_judge(record, chat if asked else None, head, where=f"{data / FILE}, record {record['id']!r}"))
        on_progress(number, len(records), record["id"])
    pairs = list(zip(records, found, strict=True))
    write_items(items, ({"id": r["id"], "label": r["label"], "error_type": r["error_type"], **f} for r, f in pairs))
    types = sorted({r["error_type"] for r in records if r["label"] != "supported" and r["error_type"]})
    return {
        "set": "groundedness",
        "records": len(records),
        "checks": " and ".join(["fact lock", *(["trained head"] if head else []), *(["the model's odds where the head is unsure" if head else "the model's odds"] if asked else [])]),
        "model": chat.name if chat is not None and asked else None,
        **_metrics(pairs),
        "by_error_type": {
            kind: {"records": len(of), "recall": mean([float(f["predicted"] != "supported") for _, f in of])}
            for kind in types
            if (of := [(r, f) for r, f in pairs if r["error_type"] == kind and r["label"] != "supported"])
        },
        "undecided": sum(bool(f["undecided"]) for f in found),
        "notes": [
            "Unsupported and contradicted are one class here: found means not called supported.",
            *([] if asked or head else ["No model was given: added or reversed words without a foreign number, date or name cannot be found."]),
        ],
    }


def _judge(record: Record, chat: Chat | None, head: Meaning | None, *, where: str) -> dict[str, Any]:
    facts = facts_of(record["facts"], where=where)
    foreign = [a.text for a in unsupported(record["sentence"], facts, Case(id=record["id"]))]
    p = carried([(tuple(f.text for f in facts), record["sentence"])], head)[0] if head else None
    odds = None
    if chat is not None and not foreign and (p is None or UNSURE <= p < SURE):
        system, user = load_prompt("support").fill(facts=fence("facts", "\n".join(prepared(f.text) for f in facts)), sentence=record["sentence"])
        odds = chat.yes_odds(system, user)
    doubted = odds < DOUBT if odds is not None else p is not None and p < EVEN
    return {
        "predicted": "unsupported" if foreign or doubted else "supported",
        "score": round(float(bool(foreign)) + (1 - p if p is not None else DOUBT - odds if odds is not None else 0.0), 4),
        "foreign": foreign,
        "carried": p,
        "odds": odds,
        "undecided": chat is not None and odds is None and p is None,
    }


def _metrics(pairs: Sequence[tuple[Record, dict[str, Any]]]) -> dict[str, Any]:
    bad = [(r["label"] != "supported", f["predicted"] != "supported") for r, f in pairs]
    return {
        **precision_recall(sum(a and b for a, b in bad), sum(b for _, b in bad), sum(a for a, _ in bad)),
        "accuracy": mean([float(a == b) for a, b in bad]),
        "false_alarm_rate": mean([float(b) for a, b in bad if not a]),
    }
