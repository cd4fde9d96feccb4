"""Groundedness: is a sentence found unsupported when its facts do not carry it? Fact lock always; the pair judge and a model's odds where given.

Each check says `supported` or `unsupported`; a contradiction is counted as found when it is called unsupported. With the lock alone nothing
can be found but foreign numbers, dates, identifiers and names: what was added or reversed in words passes, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.records import Field, Record, read_records, write_items
from evals.scorers import mean, precision_recall
from evals.statements import facts_of
from rag.checks.bounds import reversed_bounds
from rag.checks.lock import unsupported
from rag.checks.meaning import Meaning
from rag.checks.support import DOUBT
from rag.errors import Stopped
from rag.llm import Chat
from rag.models import Case
from rag.prepare import prepared
from rag.prompts import fence, load_prompt

if TYPE_CHECKING:
    from rag.judge import Judge

FILE = "groundedness.jsonl"
LABELS = ("supported", "unsupported", "contradicted")
FIELDS = {
    "id": Field(str, required=True),
    "facts": Field(list, required=True),
    "sentence": Field(str, required=True),
    "label": Field(str, required=True, allowed=LABELS),
    "error_type": Field((str, type(None)), default="none"),
    "lang": Field(str, default=""),
}


def evaluate(
    data: Path, *, limit: int | None, items: Path | None, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool], chat: Chat | None = None, meaning: Meaning | None = None
) -> dict[str, Any]:
    """Precision, recall and F1 of finding what is not supported, and recall by type of error."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    asked = chat is not None and chat.available
    judge = meaning.judge if meaning else None
    found: list[dict[str, Any]] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} sentences.", f"已在第 {number - 1}/{len(records)} 条后停止。")
        found.append(_judge(record, chat if asked else None, judge, where=f"{data / FILE}, record {record['id']!r}"))
        on_progress(number, len(records), record["id"])
    pairs = list(zip(records, found, strict=True))
    write_items(items, ({"id": r["id"], "label": r["label"], "error_type": r["error_type"], **f} for r, f in pairs))
    types = sorted({r["error_type"] for r in records if r["label"] != "supported" and r["error_type"]})
    return {
        "set": "groundedness",
        "records": len(records),
        "checks": ", ".join(["fact lock", *(["pair judge"] if judge else []), *(["the model's support odds"] if asked else [])]),
        "model": chat.name if chat is not None and asked else None,
        **_metrics(pairs),
        "by_lang": {lang: _metrics([p for p in pairs if p[0]["lang"] == lang]) for lang in sorted({r["lang"] for r in records if r["lang"]})},
        "by_error_type": {
            kind: {"records": len(of), "recall": mean([float(f["predicted"] != "supported") for _, f in of])}
            for kind in types
            if (of := [(r, f) for r, f in pairs if r["error_type"] == kind and r["label"] != "supported"])
        },
        "undecided": sum(bool(f["undecided"]) for f in found),
        "notes": [
            "Unsupported and contradicted are one class here: found means not called supported.",
            *([] if asked or judge else ["No judge and no model was given: added or reversed words without a foreign number, date or name cannot be found."]),
        ],
    }


def _judge(record: Record, chat: Chat | None, judge: Judge | None, *, where: str) -> dict[str, Any]:
    facts = facts_of(record["facts"], where=where)
    foreign = [a.text for a in unsupported(record["sentence"], facts, Case(id=record["id"]))]
    foreign += [a.text for a in reversed_bounds(record["sentence"], [f.text for f in facts])]
    odds = None
    if chat is not None:
        system, user = load_prompt("support").fill(facts=fence("facts", "\n".join(prepared(f.text) for f in facts)), sentence=record["sentence"])
        odds = chat.yes_odds(system, user)
    unsure = odds is not None and odds < DOUBT
    verdict = judge.judge([([prepared(f.text) for f in facts], record["sentence"])])[0] if judge else None
    doubted = judge is not None and verdict is not None and verdict.doubt > judge.thresholds["doubt"]
    return {
        "predicted": "unsupported" if foreign or unsure or doubted else "supported",
        "score": round(10.0 * len(foreign) + (verdict.doubt if verdict else 0.0) + (DOUBT - odds if odds is not None else 0.0), 4),
        "foreign": foreign,
        "odds": odds,
        "doubt": verdict.doubt if verdict else None,
        "words": list(verdict.words) if verdict else [],
        "undecided": chat is not None and odds is None,
    }


def _metrics(pairs: Sequence[tuple[Record, dict[str, Any]]]) -> dict[str, Any]:
    bad = [(r["label"] != "supported", f["predicted"] != "supported") for r, f in pairs]
    return {
        **precision_recall(sum(a and b for a, b in bad), sum(b for _, b in bad), sum(a for a, _ in bad)),
        "accuracy": mean([float(a == b) for a, b in bad]),
        "balanced_accuracy": mean([x for x in (mean([float(b) for a, b in bad if a]), mean([float(not b) for a, b in bad if not a])) if x is not None]),
        "false_alarm_rate": mean([float(b) for a, b in bad if not a]),
    }
