"""Case, notice and case type -> Plan: which fact stands in which section, in which order, and what is missing. Code, no model.

The kind of document comes first (`rag/kinds.py`). Then kinds of facts decide the section: what is done goes to corrective actions, what runs or is
planned to prevention, figures and causes to the root cause; a contest turns all of them into grounds; a document with places of its own says where
they stand (`planning` in knowledge/letter_rules.yaml). There is no quota of measures: a section has as many points as there are facts. What a
document must not carry is left out and named (`rag/keep_out.py`). The fixed words are filled in `rag/frame.py`; nothing here words anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import Template
from typing import Any

from rag import knowledge
from rag.atoms import find_atoms
from rag.checks.structure import REQUESTS
from rag.errors import BadInput
from rag.frame import SITES, STORE, Task, complaints, fixed_lines, frames, heading, listings
from rag.items import Items, affirmed, items_of, negated, one_order, orders_in
from rag.keep_out import dishonest_wishes, has_words, is_wish, kept_out_by, left_out, without_orders
from rag.kinds import DOCUMENT_OF, choose, planning
from rag.knowledge import CaseType, Names, Question
from rag.models import Attachment, Case, Document, Fact, Gap, Letter, Notice, Plan, Point, SectionId, Stance
from rag.prepare import elliptical
from rag.script import fold, has_han
from rag.supplement import answers, sections_for, told_before

__all__ = ["DOCUMENT_OF", "SITES", "all_facts", "answered", "dishonest_wishes", "frames", "gap_mark", "heading", "make_plan", "propose_stance", "settle_document"]

_RUNS = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|always|only after|twice a|once a|per (?:day|week|month))\b|每(?:天|日|周|週|月|次|批|单|个|件|隔)|定期|一律|必须|均须|都(?:要|由)",
    re.IGNORECASE,
)
_ONE_OFF = re.compile(r"\b(?:refunded|shipped|deleted|removed|closed|checked|reviewed|inspected|found|trained|destroyed|contacted|ended|replaced)\b|已(?:经)?(?:全部)?(?:退款|发出|删除|关闭|下架|检查|培训|销毁|终止|更换|发完)|全部(?:发出|退款|删除)", re.IGNORECASE)
_FOR_US = frozenset(["store_name", "marketplace", "merchant_token", "notice_date", "notice_text", "deadline_stated", "scope", "affected_asins", "affected_orders", "complaint_ids", "time_frame_stated", "previous_appeals", "documents_held", "disputes_part", "counsel", "owner_email"])
"""Answers that the opening says, or that guide the writing; none is a statement about what happened."""
_OF_ELEMENTS = frozenset(["full_name", "address", "phone", "consent_to_jurisdiction", "good_faith_confirmed"])
"""Answers that belong into a counter-notice alone."""
_CAUSAL = re.compile(r"\bbecause\b|\bdue to\b|\bcaused?\b|\bled to\b|\breason\b|\bas a result\b|\bso that\b|因为|由于|导致|造成|原因|所以", re.IGNORECASE)
_DISPUTED = re.compile(
    r"\b(?:complaint|notice|claim|decision|report|warning|allegation)s?\b[^.;]{0,60}\b(?:wrong|mistaken|a mistake|in error|incorrect|unfounded|does not (?:apply|fit)|did not apply)\b"
    r"|\b(?:contest|dispute)d?\b|\b(?:counted|included) (?:in error|by mistake)\b|不成立|投诉有误|错误投诉|误判|不应(?:计入|算)|有异议|提出异议|不认(?![识得真为])|不承认",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:did not|do not|does not|never|not ours|unrelated|no right|genuine|authentic|unaltered|in order|independent(?:ly)?|kept separate|separate (?:compan|account|warehouse|business)\w*)\b"
    r"|没有(?:使用|侵权|卖过|销售)|并未|从未|没有?(?:任何|什么)?问题|没有?(?:改动|动过|改过)|是真的|真实有效|属实|站得住|正品|有授权|(?:都|各自?|完全)(?:是)?(?:分开|独立)|互不|无关|没有?关系"
    r"|\bFBA[0-9A-Z]{8,12}\b(?!.*(?:自己|我们|我方)的?(?:错|失误|过失)).*(?:提单|签收单|POD|发票|收据)",
    re.IGNORECASE,
)
"""Said of circumstances: something was not so, or is in order. Asked only where a part of the notice is disputed."""


def propose_stance(case: Case, kind: CaseType) -> Stance:
    """The seller's choice; without one, what the facts suggest among the stances that the case type allows, else its default."""
    if case.stance:
        return case.stance
    allowed = [o.stance for o in kind.stances]
    fixes = any(f.kind in {"cause", "action_planned"} for f in case.facts) and not _denies(case.facts)
    if (case.conceded or fixes) and "accept_and_fix" in allowed:
        return "accept_and_fix"
    if _denies(case.facts) and "contest" in allowed and not any(f.kind == "action_planned" for f in case.facts):
        return "contest"
    return allowed[0]


def _denies(facts: Sequence[Fact]) -> bool:
    return any(
        re.search(r"\b(?:did not|do not|does not|never|not ours|wrong|mistake|unrelated|no right)\b|没有(?:使用|侵权|卖过|销售)|并未|從未|从未|不成立|投诉有误|错误投诉", f.text, re.IGNORECASE)
        for f in facts
        if f.kind in {"context", "cause"}
    )


def _disputes(fact: Fact) -> bool:
    """Whether the fact says that the notice is wrong about something. A cause may well be that somebody did not do something, or did the wrong thing."""
    text = fold(fact.text)
    return _DISPUTED.search(text) is not None or (fact.kind == "context" and _NOT_SO.search(text) is not None)


def all_facts(case: Case) -> tuple[Fact, ...]:
    """The facts of the case and one for each document whose content is known, so that every sentence can name what it rests on."""
    documents = tuple(
        Fact(f"evidence:{n}", "evidence", f"{e.name}: {data}" if (data := without_orders(e.data)) else e.name, source=e.name, attached=True) for n, e in enumerate(case.evidence, 1)
    )
    return (*case.facts, *documents)


# --- the plan -----------------------------------------------------------------------------------------------------------


def settle_document(case: Case, notice: Notice, kind: CaseType, document: str = "", earlier: Sequence[Letter | str] = ()) -> tuple[Document, Stance]:
    """The kind of document and the stance it keeps. Raises BadInput when the document that was asked for does not fit."""
    before = next((e for e in reversed(earlier) if isinstance(e, Letter)), None)
    stance = propose_stance(case, kind)
    if not case.stance and before and kind.option(before.stance):
        stance = before.stance  # what follows an earlier letter keeps its position
    facts = all_facts(case)
    chosen = choose(case, notice, kind, stance, document, answers=any(answers(item, facts) for item in notice.requested))
    if chosen == "follow_up" and before and before.stance != stance:
        raise BadInput(
            f"{case.id}: the earlier letter has the stance {before.stance} and this case {stance}; a follow-up keeps the position of the letter that it asks about.",
            f"{case.id}:之前的信立场是 {before.stance},本案是 {stance};跟进信必须与它所询问的信立场一致。",
        )
    for element in frames()["elements"] if chosen == "counter_notice" else ():
        refused = next((f for f in case.facts if f.question in element.get("questions", ()) and element.get("refuse_if_no") and negated(f.text)), None)
        if refused:
            raise BadInput(
                f"{case.id}: {refused.id} denies {element['need']['en']}; without it no counter-notice may be sent. A contest with evidence needs no such statement.",
                f"{case.id}:{refused.id} 否认了“{element['need']['zh']}”;没有它不得提交反通知。附证据的异议信不需要这项声明。",
            )
    return chosen, stance


def make_plan(case: Case, notice: Notice, kind: CaseType, document: str = "", earlier: Sequence[Letter | str] = ()) -> Plan:
    """What the letter will say. `document` is the kind that was asked for; `earlier` are letters that were sent before, the newest last.

    Facts with a dishonest wish are left out (`dishonest_wishes` names them); so are facts that this kind of document must not carry
    (`Plan.left_out` names them with the reason).
    """
    chosen, stance = settle_document(case, notice, kind, document, earlier)
    facts = tuple(f for f in all_facts(case) if not is_wish(f))
    items = items_of(facts, notice, _disputes) if stance == "mixed" and chosen in {"appeal", "supplement"} else Items()
    order = one_order(facts, notice) if chosen == "buyer_message" else ""
    task = Task(case, notice, kind, chosen, stance, tuple(earlier), facts, items, order)

    wanted = _wanted(task)
    elements = _elements(task)
    placed = _place(task, wanted, [f for f in facts if f not in {f for p in elements for f in p.facts}])
    said = [f for fs in placed.by_section.values() for f in fs]
    gaps = (*_own_gaps(task, elements, said), *_section_gaps(task, wanted, placed.by_section, said), *_question_gaps(task))
    sections: list[tuple[SectionId, tuple[Point, ...]]] = []
    for section in _ordered([*wanted, *placed.by_section]):
        lines = fixed_lines(section, task, placed.by_section, placed.corrections)
        here = _sorted(section, placed.by_section.get(section, []), items)
        marks = [gap_mark(g) for g in gaps if g.section == section and g.need != STORE]
        points = (
            *(Point(f"{section}-0{n}", section, (), fixed=line) for n, line in enumerate(lines)),
            *(p for p in elements if p.section == section),
            *(Point(f"{section}-{n}", section, group, tense=_tense(group[0])) for n, group in enumerate(_grouped(here, facts), 1)),
            *(Point(f"{section}-gap-{n}", section, (), fixed=mark) for n, mark in enumerate(marks)),
        )
        if points:
            sections.append((section, points))
    return Plan(chosen, stance, tuple(sections), gaps, _attachments(task, placed), left_out(placed.out))


def _grouped(here: Sequence[Fact], told: Sequence[Fact]) -> list[tuple[Fact, ...]]:
    """Facts that one point tells: a figure that leans on the fact before it ("of these 22") cannot be understood alone."""
    follows = dict(pairwise(told))
    groups: list[tuple[Fact, ...]] = []
    for fact in here:
        last = groups[-1] if groups else ()
        if last and len(last) < 3 and follows.get(last[-1]) == fact and last[0].kind == fact.kind and elliptical(fact.text):
            groups[-1] = (*last, fact)
        else:
            groups.append((fact,))
    return groups


def gap_mark(gap: Gap) -> str:
    """How a gap stands in the letter: visible, and never taken for text that can be sent."""
    return f"[to be supplied: {gap.need}]"


def _wanted(task: Task) -> list[SectionId]:
    """The sections that this letter has to have."""
    rules = planning(task.document)
    option = task.kind.option(task.stance)
    if task.document == "supplement" and task.notice.requested:
        return list(dict.fromkeys(["identification", *(s for item in task.notice.requested for s in sections_for(item, task.stance))]))
    if option and not rules.own_sections:
        return list(option.sections)
    return list(knowledge.letter_rules()["documents"][task.document]["sections"])


# --- facts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Placed:
    """Where the facts stand: by section, or out of the letter with the rule that keeps them out."""

    by_section: dict[SectionId, list[Fact]]
    out: tuple[tuple[str, Fact], ...]
    corrections: tuple[str, ...]
    """Sentences of an earlier letter that facts of this one correct."""


def _place(task: Task, wanted: Sequence[SectionId], facts: Sequence[Fact]) -> Placed:
    by_section: dict[SectionId, list[Fact]] = {s: [] for s in wanted}
    out: list[tuple[str, Fact]] = []
    corrections: list[str] = []
    attached: list[Fact] = []
    for fact in facts:
        if fact.question in _not_told(task):
            continue
        section = _section_of(fact, task, wanted)
        reason, corrected = _kept_out(fact, section, task, wanted)
        if reason:
            out.append((reason, fact))
            continue
        if corrected:
            corrections.append(corrected)
        if fact.attached:
            attached.append(fact)
        else:
            by_section.setdefault(section, []).append(fact)
    told = [f for f in by_section.get("evidence_list", []) if not f.attached]
    for fact in attached:
        if not _told_already(fact, told):
            by_section.setdefault("evidence_list", []).append(fact)
    return Placed(by_section, tuple(out), tuple(corrections))


def _told_already(document: Fact, told: Sequence[Fact]) -> bool:
    """Whether a fact of the seller that stands in the same list describes this document: it names the file or one of its numbers."""
    numbers = {a.value for a in find_atoms(document.text) if a.kind == "id"}
    return any(document.source.lower() in f.text.lower() or numbers & {a.value for a in find_atoms(f.text) if a.kind == "id"} for f in told)


def _not_told(task: Task) -> frozenset[str]:
    """Questions whose answers the frame gives or that guide the writing only."""
    if task.document == "follow_up":
        return (_FOR_US | _OF_ELEMENTS) - {"previous_appeals"}
    if task.document == "counter_notice":
        return _FOR_US
    return _FOR_US | _OF_ELEMENTS | ({"owner_name"} if task.document == "retraction_request" else frozenset())


def _kept_out(fact: Fact, section: SectionId, task: Task, wanted: Sequence[SectionId]) -> tuple[str, str]:
    """The rule that keeps the fact out, and the sentence of an earlier letter that it corrects; both empty as a rule."""
    if fact.attached and not planning(task.document).files:
        return "no_files", ""
    # A counter-notice disputes by its nature; so does what is said of a contested item.
    reason = kept_out_by(fact, task.case, task.notice, task.document, "contest" if task.document == "counter_notice" else task.stance)
    if not reason and task.items.contests(fact):
        reason = kept_out_by(fact, task.case, task.notice, "contest", "contest")
    if reason:
        return reason, ""
    if task.document == "buyer_message":
        named = orders_in(fact.text)
        about = task.order in named or (not named and fact.kind in {"action_done", "action_planned"})
        return "" if task.order and about else "other_order", ""
    if task.document != "supplement":
        return "", ""
    told, corrected = told_before(fact, task.earlier, task.case)
    if told:
        return "told_before", ""
    # What the reply left alone is not told again; circumstances and papers stay, since a request may have been worded in a way that was not read.
    unasked = section not in wanted and fact.kind in {"cause", "action_done", "action_planned"} and task.notice.requested
    return "not_asked" if unasked and not corrected else "", corrected


def _section_of(fact: Fact, task: Task, wanted: Sequence[SectionId]) -> SectionId:
    """Where the fact stands in this letter."""
    if fact.attached:
        return "evidence_list"
    places = [s for s in planning(task.document).places.get(fact.kind, ()) if s in wanted]
    if places:
        if _DISPUTED.search(fold(fact.text)) and "non_violation_grounds" in places:
            return "non_violation_grounds"
        return next((s for s in places[:-1] if s != "timeline" or _first_date(fact)), places[-1])
    if task.document == "supplement" and task.notice.requested:
        papers = [i for i in task.notice.requested if sections_for(i, task.stance) == ["evidence_list"]]
        if fact.kind in {"context", "metric"} and any(answers(item, [fact]) for item in papers):
            return "evidence_list"  # it says something about the papers that are asked for
        option = task.kind.option(task.stance)
        wanted = [*wanted, *(option.sections if option else ())]
    if task.items.contests(fact):
        return "non_violation_grounds"
    return _usual_section(fact, task.stance, wanted)


def _usual_section(fact: Fact, stance: Stance, wanted: Sequence[SectionId]) -> SectionId:
    """Where a fact stands in a letter of this stance, if the document has no places of its own."""
    if fact.kind == "evidence":
        return "evidence_list"
    if "root_cause" in wanted and stance != "contest":
        if fact.kind == "action_done":
            return "preventive_measures" if _RUNS.search(fact.text) and not _ONE_OFF.search(fact.text) else "corrective_actions"
        if fact.kind == "action_planned":
            return "preventive_measures"
        if stance == "mixed" and _disputes(fact):
            return "non_violation_grounds"
        if fact.kind == "context" and not _CAUSAL.search(fact.text):
            return _context_section(fact, wanted) or "root_cause"
        return "root_cause"
    if "non_violation_grounds" in wanted:
        return "non_violation_grounds"
    return _context_section(fact, wanted) or "position"


def _context_section(fact: Fact, wanted: Sequence[SectionId]) -> SectionId | None:
    """The section for what is neither cause nor step, if the letter has one."""
    if "ownership_statement" in wanted and _meets(knowledge.letter_rules()["section_needs"]["ownership_statement"], [fact]):
        return "ownership_statement"
    if "timeline" in wanted and (_first_date(fact) or "position" not in wanted):
        return "timeline"
    return "position" if "position" in wanted else None


def _elements(task: Task) -> tuple[Point, ...]:
    """The elements of a counter-notice that facts give. The signature is never among them: the seller signs."""
    points: list[Point] = []
    for element in frames()["elements"] if task.document == "counter_notice" else ():
        asked, words = element.get("questions", ()), Names(**element.get("signals", {}))
        agreed = "statement" in element
        fact = next((f for f in task.facts if f.question in asked and (affirmed(f.text) or not agreed)), None)
        if fact is None and not any(f.question in asked for f in task.facts):
            fact = next((f for f in task.facts if not f.attached and has_words(f.text, words) and not _NEGATED.search(f.text)), None)
        if fact is None or element.get("seller"):
            continue
        text = element.get("statement", "")
        if "line" in element and fact.question in asked and not has_han(fact.text):
            text = Template(element["line"]).substitute(answer=fact.text.strip())
        points.append(Point(f"element-{element['id']}", element["section"], (fact,), fixed=text))
    return tuple(points)


_NEGATED = re.compile(r"\b(?:not|no|never|cannot|refuse)\b|n't\b|不|没|未|拒绝", re.IGNORECASE)


def _attachments(task: Task, placed: Placed) -> tuple[Attachment, ...]:
    if not planning(task.document).files:
        return ()
    left = {f.id for _, f in placed.out}
    found = (Attachment(e.name, without_orders(e.data), (f"evidence:{n}",)) for n, e in enumerate(task.case.evidence, 1))
    return tuple(a for a in found if not left & set(a.facts))


# --- order --------------------------------------------------------------------------------------------------------------

_ORDER: tuple[SectionId, ...] = (
    "identification", "position", "timeline", "ownership_statement", "root_cause", "corrective_actions", "preventive_measures", "non_violation_grounds",
    "evidence_list", "request",
)


def _ordered(sections: Sequence[SectionId]) -> list[SectionId]:
    found = list(dict.fromkeys(sections))
    if "request" not in found:
        found.append("request")
    return sorted(found, key=_ORDER.index)


_FIRST = {"context": 0, "metric": 1}
"""What happened and how much of it, before why."""


def _tense(fact: Fact) -> Any:
    return {"action_done": "past", "action_planned": "future"}.get(fact.kind, "as_told")


def _sorted(section: SectionId, facts: list[Fact], items: Items) -> list[Fact]:
    """Context opens a section, then figures; causes go by date with the undated after them; facts of one item stand together.

    Timelines and finished steps go by date where every entry has one; else the seller's own order is kept.
    """
    dates = _dates(facts)
    if section in {"timeline", "corrective_actions"}:
        if all(dates.get(f.id) for f in facts):
            facts = sorted(facts, key=lambda f: dates[f.id])
        return sorted(facts, key=items.place) if section == "corrective_actions" else facts
    if section == "root_cause":
        facts = sorted(facts, key=lambda f: (f.id not in dates, dates.get(f.id, (0, 0, 0))))
    if section in {"root_cause", "position", "ownership_statement", "non_violation_grounds"}:
        return sorted(facts, key=lambda f: (items.place(f), _FIRST.get(f.kind, 2)))
    return facts


def _dates(facts: Sequence[Fact]) -> dict[str, tuple[int, int, int]]:
    """First date of each dated fact. Where all years are one year, a date without a year is of that year; else it is no date to go by."""
    found = {f.id: date for f in facts if (date := _first_date(f))}
    years = {year for year, _, _ in found.values() if year}
    if len(years) > 1:
        return {name: date for name, date in found.items() if date[0]}
    return {name: (0, month, day) for name, (_, month, day) in found.items()}


def _first_date(fact: Fact) -> tuple[int, int, int] | None:
    for atom in find_atoms(fact.text):
        if atom.kind == "date" and "|" not in atom.value[1] and atom.value[1]:
            return tuple(int(v or 0) for v in atom.value)  # type: ignore[return-value]
    return None


# --- gaps ---------------------------------------------------------------------------------------------------------------


def _own_gaps(task: Task, elements: Sequence[Point], said: Sequence[Fact]) -> list[Gap]:
    """What this kind of document cannot do without, whatever the case type."""
    gaps: list[Gap] = []
    if not task.case.store_name:
        gaps.append(Gap(STORE, "The store name identifies the account.", "What is the name of your store, as buyers see it?", "店铺名称(买家看到的)是什么?", "identification"))
    known = {
        "follow_up": {"sent_before": bool(said)},
        "retraction_request": {"complaint_number": bool(complaints(task)), "listing": bool(listings(task))},
        "buyer_message": {"order": bool(task.order)},
    }
    gaps += [_gap(frames()[name], "identification", ask=_asked(frames()[name], task)) for name, there in known.get(task.document, {}).items() if not there]
    if task.document == "counter_notice":
        given = {p.id for p in elements}
        gaps += [_gap(e, e["section"], ask=_asked(e, task)) for e in frames()["elements"] if f"element-{e['id']}" not in given]
    return gaps


def _section_gaps(task: Task, wanted: Sequence[SectionId], by_section: dict[SectionId, list[Fact]], said: Sequence[Fact]) -> list[Gap]:
    """Sections that have to be there and say nothing, and requests of a reply that no document answers."""
    gaps: list[Gap] = []
    answering = task.document == "supplement"
    for section, need in knowledge.letter_rules()["section_needs"].items():
        here = by_section.get(section, [])
        # A figure shows how large the problem is, not where it came from.
        filled = any(f.kind != "metric" for f in here) if section == "root_cause" else bool(here)
        if section not in wanted or filled or _meets(need, said) or (answering and section == "evidence_list"):
            continue
        ask = None if answering else _question_for(section, task.kind)
        gaps.append(_gap(need, section, required=section != "evidence_list", ask=ask))
    for item in task.notice.requested if answering else ():
        if item in REQUESTS and sections_for(item, task.stance) == ["evidence_list"] and not answers(item, said):
            en, zh = REQUESTS[item][:2]
            gaps.append(_gap({"need": {"en": en, "zh": zh}, "why": "The reply asks for it."}, "evidence_list"))
    return gaps


def _question_gaps(task: Task) -> list[Gap]:
    """Items without a side, and required questions of the case type that no fact answers. They do not stand in the letter."""
    gaps: list[Gap] = []
    if task.items.undecided:
        names = ", ".join(task.items.undecided)
        ask = (f"Do you accept or contest the notice for {names}?", f"对 {names},你是承认还是提出异议?")
        gaps.append(Gap(f"your position on {names}", "Each item is either accepted or contested; these stand among the contested ones for now.", *ask, "", required=False))
    for question in knowledge.questions_of(task.kind, task.stance) if planning(task.document).ask else ():
        if question.required and question.id != "store_name" and not answered(question, task.facts, task.case):
            gaps.append(Gap(question.ask.en, question.why.en, question.ask.en, question.ask.zh, "", required=False))
    return gaps


def _asked(need: dict[str, Any], task: Task) -> Question | None:
    return next((q for q in knowledge.questions_of(task.kind) if q.id in need.get("questions", ())), None)


def _gap(data: dict[str, Any], section: str, *, required: bool = True, ask: Question | None = None) -> Gap:
    """A need of the data files as a gap, with the question of the case type where it has one."""
    need = data["need"]
    return Gap(need["en"], data["why"], ask.ask.en if ask else f"Please tell: {need['en']}.", ask.ask.zh if ask else f"请补充:{need['zh']}。", section, required=required)


def _meets(need: dict[str, Any], facts: Sequence[Fact]) -> bool:
    """Whether a fact answers the need, wherever it stands: by the question that it answers or by its words."""
    words = Names(**need.get("signals", {}))
    return any(f.question and f.question in need.get("questions", ()) for f in facts) or any(has_words(f.text, words) for f in facts)


def _question_for(section: str, kind: CaseType) -> Question | None:
    wanted = {"root_cause": "cause", "corrective_actions": "action_done", "preventive_measures": "action_planned", "evidence_list": "evidence"}.get(section)
    own = [q for q in kind.questions if q.kind == wanted]
    return next((q for q in own if q.required), own[0] if own else None)


def answered(question: Question, facts: Sequence[Fact], case: Case) -> bool:
    """Whether some fact answers the question: it says so, or is of its kind and has one of its signal words. Evidence counts by its documents.

    A question about circumstances or figures is answered by any fact that is no cause and no step: sellers tell a name or an amount as what a document shows.
    """
    if any(f.question == question.id for f in facts):
        return True
    alike = {"context", "metric", "evidence"} if question.kind in {"context", "metric"} else {question.kind}
    same = [f for f in facts if f.kind in alike] or ([] if question.kind in {"cause", "action_done", "action_planned"} else list(facts))
    signals = question.signals.all()
    if not signals:
        return bool(same)
    if question.type == "asins" and any(a.kind == "asin" for a in find_atoms(case.notification)):
        return True
    if question.type == "order_ids" and any(a.kind == "order_id" for a in find_atoms(case.notification)):
        return True
    text = "\n".join(fold(f.text) for f in (same or facts))
    return any((fold(s) in text) if has_han(s) else re.search(rf"(?<![a-z0-9]){re.escape(s.lower())}", text) is not None for s in signals)
