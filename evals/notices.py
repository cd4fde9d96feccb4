"""Notices: does the reader name kind, case type, items, requests and deadline as people did? Uses no model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from evals.records import Field, Record, read_records, write_items
from evals.scorers import mean, precision_recall
from rag.errors import Stopped
from rag.models import Notice, NoticeKind
from rag.notice import read_notice

FILE = "notifications.jsonl"
FIELDS = {
    "id": Field(str, required=True),
    "text": Field(str, required=True),
    "lang": Field(str, default=""),
    "kind": Field((str, type(None)), allowed=get_args(NoticeKind)),
    "case_type": Field((str, type(None))),
    "case_type_alt": Field(list, default=[]),
    "asins": Field(list, default=[]),
    "order_ids": Field(list, default=[]),
    "deadline_hours": Field((int, float, type(None))),
    "requested": Field(list, default=[]),
    "policy_named": Field((str, type(None))),
}
LISTS = ("asins", "order_ids", "requested")


def evaluate(
    data: Path, *, limit: int | None, items: Path | None, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool]
) -> dict[str, Any]:
    """Accuracy of kind, case type and deadline; F1 of ASINs, order ids and requests."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    found: list[Notice] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} notices.", f"已在第 {number - 1}/{len(records)} 条后停止。")
        found.append(read_notice(record["text"]))
        on_progress(number, len(records), record["id"])
    pairs = list(zip(records, found, strict=True))
    judged = [_judge(record, notice) for record, notice in pairs]
    write_items(items, (_item(r, n, j) for (r, n), j in zip(pairs, judged, strict=True)))
    languages = sorted({r["lang"] for r in records if r["lang"]})
    return {
        "set": "notices",
        "records": len(records),
        **_metrics(pairs, judged),
        "by_lang": {lang: _metrics([p for p in pairs if p[0]["lang"] == lang], [j for j, p in zip(judged, pairs, strict=True) if p[0]["lang"] == lang]) for lang in languages},
        "by_kind": {
            kind: {"records": len(of), "kind_accuracy": mean([float(bool(j["kind"])) for j in of])}
            for kind in sorted({r["kind"] for r in records if r["kind"]})
            if (of := [j for j, (r, _) in zip(judged, pairs, strict=True) if r["kind"] == kind])
        },
        "notes": ["case_type_top1 takes the type that the reader settled on, else the first of its ranking; a record's case_type_alt counts as right.", "requested and ids: micro F1 over all records."],
    }


def _judge(record: Record, notice: Notice) -> dict[str, bool | None]:
    right = {t for t in (record["case_type"], *record["case_type_alt"]) if t}
    ranked = [name for name, _ in notice.case_type_ranked]
    top = notice.case_type or (ranked[0] if ranked else "")
    return {
        "kind": notice.kind == record["kind"] if record["kind"] else None,
        "case_type_top1": top in right if right else None,
        "case_type_top3": bool(right & {top, *ranked[:3]}) if right else None,
        "settled": bool(notice.case_type),
        "settled_right": (notice.case_type in right if right else None) if notice.case_type else None,
        "deadline": notice.deadline_hours == record["deadline_hours"],
    }


def _metrics(pairs: Sequence[tuple[Record, Notice]], judged: Sequence[dict[str, bool | None]]) -> dict[str, Any]:
    def share(name: str) -> float | None:
        return mean([float(v) for j in judged if (v := j[name]) is not None])

    with_deadline = [float(bool(j["deadline"])) for (r, _), j in zip(pairs, judged, strict=True) if r["deadline_hours"] is not None]
    return {
        "kind_accuracy": share("kind"),
        "case_type_top1": share("case_type_top1"),
        "case_type_top3": share("case_type_top3"),
        "case_type_settled": share("settled"),
        "case_type_settled_right": share("settled_right"),
        "deadline_exact": share("deadline"),
        "deadline_exact_where_given": mean(with_deadline),
        **{name: _list_score(pairs, name) for name in LISTS},
    }


def _list_score(pairs: Sequence[tuple[Record, Notice]], name: str) -> dict[str, float | int | None]:
    sets = [({str(v).upper() for v in r[name]}, {v.upper() for v in getattr(n, name)}) for r, n in pairs]
    return precision_recall(sum(len(a & b) for a, b in sets), sum(len(b) for _, b in sets), sum(len(a) for a, _ in sets))


def _item(record: Record, notice: Notice, judged: dict[str, bool | None]) -> dict[str, Any]:
    parts = [float(v) for name in ("kind", "case_type_top1", "deadline") if (v := judged[name]) is not None]
    label = {name: record[name] for name in FIELDS if name not in ("id", "text", "lang")}
    return {"id": record["id"], "label": label, "predicted": notice_to(notice), "score": mean(parts), "scores": judged}


def notice_to(notice: Notice) -> dict[str, Any]:
    """The object that `poa read` prints."""
    data = dataclasses.asdict(notice)
    data["case_type"] = notice.case_type or None
    data["case_type_ranked"] = [{"id": name, "score": score} for name, score in notice.case_type_ranked]
    return data
