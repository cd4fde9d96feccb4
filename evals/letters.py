"""Letters of other people: are their sections and their dangerous admissions found? Reads letters.jsonl; no facts are known, so nothing else is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from evals.records import Field, Record, read_records, write_items
from evals.scorers import mean, precision_recall
from evals.statements import KINDS
from rag.checks.meaning import Meaning
from rag.checks.structure import has_section, told_sections
from rag.checks.view import view_of
from rag.errors import BadInput, Stopped
from rag.formats import finding_to, letter_from_text
from rag.models import Finding
from rag.pipeline import check_letter

FILE = "letters.jsonl"
FIELDS = {
    "id": Field(str, required=True),
    "text": Field(str, required=True),
    "case_type": Field((str, type(None)), default=""),
    "sections_present": Field(dict, default={}),
    "admissions": Field(list, default=[]),
    "other_flaws": Field(list, default=[]),
}
SECTIONS = {"root_cause": "root_cause", "corrective": "corrective_actions", "preventive": "preventive_measures"}
SAME = 0.5
"""Share of the shorter quotation's words that two quotations of one admission have in common, at least."""


def evaluate(
    data: Path, *, limit: int | None, items: Path | None, on_progress: Callable[[int, int, str], None], should_stop: Callable[[], bool], meaning: Meaning | None = None
) -> dict[str, Any]:
    """Accuracy of the sections; precision, recall and F1 of the admissions, with and without their kind."""
    records = read_records(data, FILE, FIELDS, limit=limit)
    found: list[tuple[dict[str, bool], tuple[Finding, ...]]] = []
    for number, record in enumerate(records, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(records)} letters.", f"已在第 {number - 1}/{len(records)} 封后停止。")
        for place, admission in enumerate(record["admissions"], 1):
            if not isinstance(admission, dict) or not isinstance(admission.get("quote"), str):
                raise BadInput(f"{data / FILE}, record {record['id']!r}: admission {place} is {admission!r}; expected an object with quote and kind.", f"{data / FILE} {record['id']}:admissions 格式不对。")
        letter = letter_from_text(record["text"], case_id=record["id"], case_type=record["case_type"] or "")
        view = view_of(letter, None)
        told = told_sections(view, meaning)
        present = {name for name in SECTIONS.values() if has_section(name, view, None, told)}
        findings = check_letter(letter, meaning=meaning)
        found.append(({name: ours in present for name, ours in SECTIONS.items()}, findings))
        on_progress(number, len(records), record["id"])
    pairs = [(r, sections, [f for f in findings if f.kind in KINDS], findings) for r, (sections, findings) in zip(records, found, strict=True)]
    write_items(items, (_item(*pair) for pair in pairs))
    wanted = sum(len(r["admissions"]) for r, *_ in pairs)
    named = sum(len(f) for _, _, f, _ in pairs)
    return {
        "set": "letters",
        "records": len(records),
        "checks": "wording families and trained head" if meaning else "wording families alone",
        "sections": {
            name: {"accuracy": mean([float(bool(r["sections_present"][name]) == s[name]) for r, s, *_ in pairs if name in r["sections_present"]])} for name in SECTIONS
        },
        "admissions_with_kind": precision_recall(sum(matched(r, f, with_kind=True) for r, _, f, _ in pairs), named, wanted),
        "admissions": precision_recall(sum(matched(r, f, with_kind=False) for r, _, f, _ in pairs), named, wanted),
        "letters_flagged_right": mean([float(bool(r["admissions"]) == any(x.severity == "block" for x in f)) for r, _, f, _ in pairs]),
        "notes": [f"An admission is found when a finding of a statement shares at least {SAME:.0%} of the shorter quotation's words.", "other_flaws are not judged."],
    }


def matched(record: Record, findings: Iterable[Finding], *, with_kind: bool) -> int:
    """How many labelled admissions have a finding of their own."""
    free = list(findings)
    count = 0
    for admission in record["admissions"]:
        hit = next((f for f in free if _alike(f.quote, admission["quote"]) and (not with_kind or f.kind == admission.get("kind"))), None)
        if hit is not None:
            free.remove(hit)
            count += 1
    return count


def _alike(one: str, two: str) -> bool:
    a, b = ({*re.findall(r"[a-z0-9']+|[一-鿿]", text.lower())} for text in (one, two))
    return bool(a and b) and len(a & b) >= SAME * min(len(a), len(b))


def _item(record: Record, sections: dict[str, bool], statements: list[Finding], findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "id": record["id"],
        "label": {"sections_present": record["sections_present"], "admissions": record["admissions"], "other_flaws": record["other_flaws"]},
        "predicted": {"sections_present": sections, "findings": [finding_to(f) for f in findings]},
        "score": matched(record, statements, with_kind=True) / len(record["admissions"]) if record["admissions"] else None,
    }
