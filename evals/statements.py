"""Statements: does the check forbid what must not stand in a letter, and let its harmless look-alikes through? Reads admissions.jsonl."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from evals.records import Field, Record, read_records, write_items
from evals.scorers import mean, precision_recall
from rag.checks.meaning import Meaning
from rag.checks.statements import Judgement, judge_statement
from rag.errors import BadInput, Stopped
from rag.models import AdmissionKind, Fact, NeverKind

FILE = "admissions.jsonl"
KINDS = (*get_args(AdmissionKind), *get_args(NeverKind))
FIELDS = {
    "id": Field(str, required=True),
    "text": Field(str, required=True),
    "lang": Field(str, default=""),
    "label": Field(str, required=True, allowed=("forbidden", "allowed")),
    "kind": Field((str, type(None))),
    "context": Field(dict, default={}),
}

Judge = Callable[..., Judgement]


def evaluate(
    data: Path,
    *,
    limit: int | None,
    items: Path | None,
    on_progress: Callable[[int, int, str], None],
    should_stop: Callable[[], bool],
    meaning: Meaning | None = None,
    judge: Judge = judge_statement,
) -> dict[str, Any]:
    """Precision, recall and F1 of `forbidden`, overall and by kind and language."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    found: list[Judgement] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} statements.", f"已在第 {number - 1}/{len(records)} 条后停止。")
        context = record["context"]
        facts = facts_of(context.get("facts") or [], where=f"{data / FILE}, record {record['id']!r}")
        found.append(judge(record["text"], conceded=tuple(context.get("conceded") or ()), case_type=str(context.get("case_type") or ""), facts=facts, meaning=meaning))
        on_progress(number, len(records), record["id"])
    pairs = list(zip(records, found, strict=True))
    write_items(items, ({"id": r["id"], "label": r["label"], "predicted": v.label, "score": v.score, "kind": r["kind"], "predicted_kind": v.kind, "quote": v.quote, "lang": r["lang"], "text": r["text"]} for r, v in pairs))
    kinds = sorted({r["kind"] for r in records if r["label"] == "forbidden" and r["kind"]})
    languages = sorted({r["lang"] for r in records if r["lang"]})
    return {
        "set": "statements",
        "records": len(records),
        "checks": "wording families and trained head" if meaning else "wording families alone",
        **_metrics(pairs),
        "by_lang": {lang: _metrics([p for p in pairs if p[0]["lang"] == lang]) for lang in languages},
        "by_kind": {
            kind: precision_recall(
                sum(r["label"] == v.label == "forbidden" and r["kind"] == v.kind == kind for r, v in pairs),
                sum(v.label == "forbidden" and v.kind == kind for _, v in pairs),
                sum(r["label"] == "forbidden" and r["kind"] == kind for r, _ in pairs),
            )
            | {"caught_as_any_kind": mean([float(v.label == "forbidden") for r, v in pairs if r["label"] == "forbidden" and r["kind"] == kind])}
            for kind in kinds
        },
        "notes": ["by_kind counts a statement as right only if the kind is right too; `caught_as_any_kind` does not look at the kind."],
    }


def _metrics(pairs: Sequence[tuple[Record, Judgement]]) -> dict[str, Any]:
    caught = [(r, v) for r, v in pairs if r["label"] == v.label == "forbidden"]
    return {
        **precision_recall(len(caught), sum(v.label == "forbidden" for _, v in pairs), sum(r["label"] == "forbidden" for r, _ in pairs)),
        "false_alarm_rate": mean([float(v.label == "forbidden") for r, v in pairs if r["label"] == "allowed"]),
        "kind_accuracy_of_caught": mean([float(r["kind"] == v.kind) for r, v in caught if r["kind"]]),
    }


def facts_of(items: Sequence[Any], *, where: str) -> tuple[Fact, ...]:
    """Facts from texts, or from objects as in a case file."""
    found = []
    for number, item in enumerate(items, 1):
        if isinstance(item, str):
            found.append(Fact(f"f{number}", "context", item))
        elif isinstance(item, dict) and isinstance(item.get("text"), str):
            found.append(Fact(str(item.get("id") or f"f{number}"), item.get("kind") or "context", item["text"]))
        else:
            raise BadInput(f"{where}: fact {number} is {type(item).__name__}; expected a text, or an object with id, kind and text.", f"{where}:第 {number} 条事实应为文本或对象。")
    return tuple(found)
