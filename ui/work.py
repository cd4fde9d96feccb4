"""The case that is open on the page: what was typed, the facts that follow from it, and saving at every change.

`Work` is the one mutable value of the page and lives in Streamlit's session state, together with the widgets (keys start with the case id).
Making facts of answers is pure and tested on strings.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from rag import knowledge
from rag.formats import case_to, split_sentences
from rag.knowledge import CaseType, Question
from rag.models import Case, Evidence, Fact, Notice, Stance
from rag.plan import answered
from rag.script import has_han
from rag.store import CaseStore, SavedCase

ON_PAGE = frozenset({"store_name", "marketplace", "notice_text", "documents_held"})
"""Questions that the page asks elsewhere."""
FROM_NOTICE = {"deadline_stated": "deadline_hours", "affected_asins": "asins", "affected_orders": "order_ids", "complaint_ids": "complaint_ids"}
"""Questions that are not asked when the notice answers them."""
CORRECTABLE = ("kind", "deadline_hours", "requested", "asins", "order_ids", "complaint_ids")
_INTERROGATIVE = re.compile(r"(?:分别)?(?:是多少|有多少|是什么|是哪天|是哪一天|是几|多少|是谁|是哪个|是哪些|哪天)$")


@dataclass
class Work:
    """Everything typed for one case."""

    id: str
    notification: str = ""
    read: bool = False
    """Step 1 was done: the rest of the page is shown."""
    marketplace: str = "US"
    store_name: str = ""
    case_type: str = ""
    stance: str = ""
    conceded: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Raw answers by question id; `pick:<id>` holds what was chosen; `notice:<field>` a correction of what was read."""
    free: list[dict[str, str]] = field(default_factory=list)
    """Facts told freely: id, kind, text."""
    documents: list[dict[str, str]] = field(default_factory=list)
    """id, name, data."""


def new_work(now: datetime) -> Work:
    """An empty case with an id that sorts by date."""
    return Work(f"case-{now:%Y%m%d}-{secrets.token_hex(3)}")


def work_from(saved: SavedCase) -> Work:
    """A saved case as it was on the page."""
    case, answers = saved.case, dict(saved.answers)
    if not answers:  # a case file that was put into the store: its answers are the texts of its facts
        for fact in case.facts:
            if fact.question:
                answers[fact.question] = f"{answers[fact.question]}\n{fact.text}" if fact.question in answers else fact.text
    return Work(
        case.id,
        case.notification,
        bool(case.case_type) or answers.get("page:read") == "yes",
        case.marketplace,
        case.store_name,
        case.case_type,
        case.stance or "",
        list(case.conceded),
        answers,
        [{"id": f.id, "kind": f.kind, "text": f.text} for f in case.facts if not f.question],
        [{"id": f"d{n}", "name": e.name, "data": e.data} for n, e in enumerate(case.evidence, 1)],
    )


# --- facts --------------------------------------------------------------------------------------------------------------


def questions(work: Work, notice: Notice) -> tuple[Question, ...]:
    """The questions to ask now, required ones first, without those that the page or the notice answers."""
    kind = knowledge.case_type(work.case_type)
    known = {q for q, name in FROM_NOTICE.items() if getattr(notice, name)}
    asked = [q for q in knowledge.questions_of(kind, work.stance) if q.id not in ON_PAGE and q.id not in known]
    return (*(q for q in asked if q.required), *(q for q in asked if not q.required))


def is_answered(work: Work, question: Question, facts: Sequence[Fact] = ()) -> bool:
    """Whether something was typed or chosen, or a fact told freely speaks of it."""
    if work.answers.get(question.id, "").strip() or work.answers.get(f"pick:{question.id}"):
        return True
    return answered(question, [f for f in facts if not f.question], Case(work.id, work.notification))


def statement(question: Question, line: str) -> str:
    """An answer as a statement that can stand alone: a bare figure or date takes its subject from the question."""
    line = line.strip()
    if len(line) > 40 or question.type in {"long_text", "list", "yes_no", "choice"}:
        return line
    if has_han(line) or not re.search(r"[A-Za-z]{2}", line):
        subject = re.split(r"[?？,，;；:：]", question.ask.zh)[0]
        bare = _INTERROGATIVE.sub("", subject)
        if has_han(line) and bare != subject and bare not in line and not re.search(r"[是为有了]", line):
            return f"{bare}：{line}"
    if not has_han(line) and not re.search(r"\b(?:is|are|was|were|has|have|had|we|our|the|on)\b", line, re.IGNORECASE):
        match = re.match(r"What (is|was|are|were) (the [^,?;]+?)(?: on the Account Health page)?(?:,| for which|\?|$)", question.ask.en)
        if match:
            return f"The {match[2][4:]} {match[1]} {line}"
    return line


def facts_of(work: Work) -> tuple[Fact, ...]:
    """One fact per sentence or line of each answer, then the facts told freely."""
    facts: list[Fact] = []
    if work.case_type:
        for question in knowledge.questions_of(knowledge.case_type(work.case_type), work.stance):
            if question.id in ON_PAGE:
                continue
            lines = _lines(question, work.answers.get(question.id, ""))
            for number, line in enumerate(lines, 1):
                name = question.id if number == 1 else f"{question.id}-{number}"
                facts.append(Fact(name, question.kind, statement(question, line), question.id, "form"))
    facts += [Fact(row["id"], row["kind"], row["text"].strip(), "", "form") for row in work.free if row["text"].strip()]  # type: ignore[arg-type]
    return tuple(facts)


def _lines(question: Question, answer: str) -> list[str]:
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    if question.type in {"asins", "order_ids"}:
        return [", ".join(lines)] if lines else []
    if question.type in {"long_text", "text", "yes_no", "choice"}:
        lines = [s for line in lines for s in split_sentences(line)]
    return lines


def case_of(work: Work) -> Case:
    """The case that the pipeline gets."""
    stance: Stance | None = work.stance or None  # type: ignore[assignment]
    evidence = tuple(Evidence(d["name"].strip(), d["data"].strip()) for d in work.documents if d["name"].strip())
    return Case(
        id=work.id,
        notification=work.notification.strip("\n"),  # as a case file gives it back
        marketplace=work.marketplace,
        case_type=work.case_type,
        stance=stance,
        store_name=work.store_name.strip(),
        facts=facts_of(work),
        conceded=tuple(work.conceded),
        evidence=evidence,
    )


def corrected(notice: Notice, work: Work) -> Notice:
    """What was read, with the seller's corrections."""
    changes: dict[str, Any] = {}
    for name in CORRECTABLE:
        if (value := work.answers.get(f"notice:{name}")) is None:
            continue
        if name == "kind":
            changes[name] = value or None
        elif name == "deadline_hours":
            changes[name] = int(float(value)) if value else None
        else:
            changes[name] = tuple(v for v in re.split(r"[,，、;；\s]+", value) if v)
    return dataclasses.replace(notice, **changes) if changes else notice


def document_of(work: Work) -> str:
    """The kind of letter that was asked for; empty: the one that notice and position call for."""
    return work.answers.get("page:document", "")


def earlier_of(work: Work) -> tuple[str, ...]:
    """The letter that was sent before, as it was pasted, where this one comes after it."""
    text = work.answers.get("page:earlier", "").strip()
    return (text,) if text and document_of(work) else ()


def mark_of(case: Case, work: Work) -> str:
    """Changes when anything that the letter is written from changes."""
    told = [case_to(case), document_of(work), earlier_of(work)]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def concedable(kind: CaseType) -> tuple[str, ...]:
    """Kinds of admission that this case type speaks of and that a seller may concede."""
    kinds = [str(d.kind) for d in kind.dangerous if d.kind.startswith("admits_") or d.kind == "legal_liability"]
    return tuple(dict.fromkeys(kinds))


def only_stance(case_type: str) -> str:
    """The position of a case type that allows one alone; empty where the seller has to choose."""
    allowed = knowledge.case_type(case_type).stances if case_type else ()
    return allowed[0].stance if len(allowed) == 1 else ""


# --- session ------------------------------------------------------------------------------------------------------------


def open_work(store: CaseStore, now: datetime) -> Work:
    """The open case: the one of this session, else the one that the address names, else a new one."""
    if "work" not in st.session_state:
        name = st.query_params.get("case", "")
        saved = store.load(name) if name else None
        switch_to(work_from(saved) if saved else new_work(now))
    work: Work = st.session_state["work"]
    return work


def switch_to(work: Work) -> None:
    """Puts another case on the page."""
    st.session_state["work"] = work
    st.session_state["saved_mark"] = _digest(work)
    st.session_state.pop("editing", None)
    if st.query_params.get("case") != work.id:
        st.query_params["case"] = work.id


def autosave(work: Work, store: CaseStore, now: datetime) -> bool:
    """Saves when something changed since the last time; an untouched new case is not saved."""
    digest = _digest(work)
    if digest == st.session_state.get("saved_mark"):
        return False
    answers = {**work.answers, "page:read": "yes" if work.read else "no"}
    store.save(case_of(work), answers=answers, updated_at=now)
    st.session_state["saved_mark"] = digest
    return True


def _digest(work: Work) -> str:
    return hashlib.sha256(json.dumps(dataclasses.asdict(work), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def seeded(key: str, value: Any) -> str:
    """The key of a widget whose first value is `value`; afterwards the widget's own value stays."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key
