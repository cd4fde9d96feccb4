"""Case, notice and case type -> Plan: which fact stands in which section, in which order, and what is missing. Code, no model.

Kinds of facts decide the section: what is done goes to corrective actions, what runs or is planned to prevention, figures and causes to the
root cause; a contest turns all of them into grounds. There is no quota of measures: a section has as many points as there are facts. Facts
that ask for something dishonest are kept out and named. Nothing here words anything but the fixed frame (knowledge/frames.yaml).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from string import Template
from typing import Any

from rag import knowledge
from rag.atoms import find_atoms
from rag.knowledge import CaseType, Question
from rag.models import Attachment, Case, Document, Fact, Finding, Gap, Notice, Plan, Point, SectionId, Stance
from rag.script import fold, has_han

_RUNS = re.compile(
    r"\b(?:every|each|daily|weekly|monthly|always|only after|twice a|once a|per (?:day|week|month))\b|每(?:天|日|周|週|月|次|批|单|个|件|隔)|定期|一律|必须|均须|都(?:要|由)",
    re.IGNORECASE,
)
_ONE_OFF = re.compile(r"\b(?:refunded|shipped|deleted|removed|closed|checked|reviewed|inspected|found|trained|destroyed|contacted|ended|replaced)\b|已(?:经)?(?:全部)?(?:退款|发出|删除|关闭|下架|检查|培训|销毁|终止|更换|发完)|全部(?:发出|退款|删除)", re.IGNORECASE)
_OWNERSHIP = re.compile(r"\bown(?:s|ed|er|ers|ership)?\b|shareholder|legal representative|beneficial|director|股东|股東|法人|法定代表人|持股|所有人|实际控制", re.IGNORECASE)
_WISH = re.compile(
    r"就说|就說|就写|就寫|说成|說成|写成|寫成|假装|假裝|编(?:一|个|造|点)|編(?:一|個|造|點)|别提|別提|不要提|别写|不要写|不要寫|瞒|瞞|帮我(?:编|写成|说)|最好说|推给|推到.{0,6}身上|"
    r"(?:^|[.;,] |please |just |to )say (?:that|it was|a)\b|\bpretend|\bmake (?:it|something) up|\bdo(?:n't| not) mention|\bhide\b|\bbackdate|\btell (?:them|amazon) (?:that|it)|(?:^|please |just )(?:write|claim) that\b",
    re.IGNORECASE,
)
_FOR_US = frozenset(["store_name", "marketplace", "merchant_token", "notice_date", "notice_text", "deadline_stated", "scope", "affected_asins", "affected_orders", "complaint_ids", "time_frame_stated", "previous_appeals", "documents_held", "disputes_part"])
"""Answers that the opening says, or that guide the writing; none is a statement about what happened."""
DOCUMENT_OF: dict[Stance, Document] = {"accept_and_fix": "appeal", "mixed": "appeal", "contest": "contest", "clarify_and_verify": "verification"}
SITES = {
    "US": "amazon.com", "UK": "amazon.co.uk", "DE": "amazon.de", "FR": "amazon.fr", "IT": "amazon.it", "ES": "amazon.es", "NL": "amazon.nl",
    "SE": "amazon.se", "PL": "amazon.pl", "BE": "amazon.com.be", "IE": "amazon.ie", "TR": "amazon.com.tr", "JP": "amazon.co.jp", "CA": "amazon.ca",
    "MX": "amazon.com.mx", "BR": "amazon.com.br", "AU": "amazon.com.au", "SG": "amazon.sg", "IN": "amazon.in", "AE": "amazon.ae",
    "SA": "amazon.sa", "EG": "amazon.eg", "ZA": "amazon.co.za",
}


@cache
def frames() -> dict[str, Any]:
    """knowledge/frames.yaml."""
    return dict(knowledge.read_yaml(knowledge.KNOWLEDGE / "frames.yaml"))


def heading(section: str, *, stance: str, case_type: str) -> str:
    """The heading of a section in this kind of letter."""
    special = frames()["headings_for"]
    return str(special.get(case_type, {}).get(section) or special.get(stance, {}).get(section) or frames()["headings"].get(section, ""))


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


def all_facts(case: Case) -> tuple[Fact, ...]:
    """The facts of the case and one for each document whose content is known, so that every sentence can name what it rests on."""
    documents = tuple(Fact(f"evidence:{n}", "evidence", f"{e.name}: {e.data}" if e.data else e.name, source=e.name) for n, e in enumerate(case.evidence, 1))
    return (*case.facts, *documents)


def _told_already(document: Fact, facts: Sequence[Fact]) -> bool:
    """Whether a fact of the seller describes this document: it names the file or one of its numbers."""
    told = [f for f in facts if f.kind == "evidence"]
    numbers = {a.value for a in find_atoms(document.text) if a.kind == "id"}
    return any(document.source.lower() in f.text.lower() or numbers & {a.value for a in find_atoms(f.text) if a.kind == "id"} for f in told)


def make_plan(case: Case, notice: Notice, kind: CaseType) -> Plan:
    """What the letter will say. Facts with a dishonest wish are left out (`dishonest_wishes` names them)."""
    stance = propose_stance(case, kind)
    option = kind.option(stance)
    document = DOCUMENT_OF[stance]
    if kind.id == "az_claim_appeal":
        document = "a_to_z_appeal"
    if kind.id == "funds_disbursement_appeal":
        document = "funds_appeal"
    wanted: list[SectionId] = list(option.sections if option else knowledge.letter_rules()["documents"][document]["sections"])
    usable = [f for f in all_facts(case) if not _WISH.search(f.text) and not (f.id.startswith("evidence:") and _told_already(f, case.facts))]
    by_section: dict[SectionId, list[Fact]] = {s: [] for s in wanted}
    for fact in usable:
        if fact.question in _FOR_US:
            continue
        by_section.setdefault(_section_of(fact, stance, wanted), []).append(fact)
    order = _ordered([*wanted, *(s for s in by_section if s not in wanted)])
    gaps = find_gaps(usable, case, kind, stance, wanted)
    sections: list[tuple[SectionId, tuple[Point, ...]]] = []
    for section in order:
        points = [Point(f"{section}-{n}", section, (fact,), tense=_tense(fact)) for n, fact in enumerate(_sorted(section, by_section.get(section, [])), 1)]
        fixed = _fixed(section, case, notice, kind, stance, document, has_evidence=bool(by_section.get("evidence_list")))
        points = [Point(f"{section}-0{n}", section, (), fixed=text) for n, text in enumerate(fixed)] + points
        if not points and section in wanted:
            gap = next((g for g in gaps if g.section == section), None)
            if gap:
                points = [Point(f"{section}-gap", section, (), fixed=gap_mark(gap))]
        if points:
            sections.append((section, tuple(points)))
    return Plan(document, stance, tuple(sections), gaps, _attachments(case))


def gap_mark(gap: Gap) -> str:
    """How a gap stands in the letter: visible, and never taken for text that can be sent."""
    return f"[to be supplied: {gap.need}]"


def dishonest_wishes(case: Case) -> list[Finding]:
    """One finding per fact that asks for something the product refuses, with the honest way."""
    found = []
    for fact in case.facts:
        wish = _WISH.search(fact.text)
        if not wish:
            continue
        text = fold(fact.text)
        advice = next(
            (a for a in knowledge.letter_rules()["advice_to_refuse"] if any(fold(s) in text for part in a["signals"].values() for s in part)), None
        )
        found.append(
            Finding(
                check="dishonest_wish",
                severity="warn",
                message=f"{fact.id} asks to state something as it was not, so it is kept out of the letter.",
                message_zh=f"{fact.id} 要求写不属实的内容,因此不会写进信里。",
                quote=fact.text,
                why=advice["why"]["en"] if advice else "An invented statement in an appeal is a new violation.",
                fix=advice["instead"]["en"] if advice else "Tell what really happened; the letter will say that.",
                fix_zh=advice["instead"]["zh"] if advice else "请写真实发生的事,信里只写真实情况。",
                kind=(advice or {}).get("kind") or "dishonest_scapegoat_invention",
                facts=(fact.id,),
            )
        )
    return found


# --- sections -----------------------------------------------------------------------------------------------------------

_ORDER: tuple[SectionId, ...] = (
    "identification", "position", "timeline", "ownership_statement", "root_cause", "corrective_actions", "preventive_measures", "non_violation_grounds",
    "evidence_list", "request",
)


def _ordered(sections: Sequence[SectionId]) -> list[SectionId]:
    found = list(dict.fromkeys(sections))
    if "request" not in found:
        found.append("request")
    return sorted(found, key=_ORDER.index)


def _section_of(fact: Fact, stance: Stance, wanted: Sequence[SectionId]) -> SectionId:
    if fact.kind == "evidence":
        return "evidence_list"
    if "root_cause" in wanted and stance != "contest":
        if fact.kind == "action_done":
            return "preventive_measures" if _RUNS.search(fact.text) and not _ONE_OFF.search(fact.text) else "corrective_actions"
        if fact.kind == "action_planned":
            return "preventive_measures"
        if stance == "mixed" and _denies([fact]):
            return "non_violation_grounds"
        return "root_cause"
    if "non_violation_grounds" in wanted:
        return "non_violation_grounds"
    if "ownership_statement" in wanted and _OWNERSHIP.search(fact.text):
        return "ownership_statement"
    if "timeline" in wanted:
        return "timeline"
    return "position"


def _tense(fact: Fact) -> Any:
    return {"action_done": "past", "action_planned": "future"}.get(fact.kind, "as_told")


def _sorted(section: SectionId, facts: list[Fact]) -> list[Fact]:
    """Figures open the root cause; a timeline goes by date where every entry has one; else the seller's own order is kept."""
    if section == "root_cause":
        return sorted(facts, key=lambda f: {"metric": 0}.get(f.kind, 1))
    if section in {"timeline", "corrective_actions"}:
        dated = [(_first_date(f), f) for f in facts]
        if all(date for date, _ in dated):
            return [f for _, f in sorted(dated, key=lambda pair: pair[0] or (0, 0, 0))]
    return facts


def _first_date(fact: Fact) -> tuple[int, int, int] | None:
    for atom in find_atoms(fact.text):
        if atom.kind == "date" and "|" not in atom.value[1] and atom.value[1]:
            return tuple(int(v or 0) for v in atom.value)  # type: ignore[return-value]
    return None


def _attachments(case: Case) -> tuple[Attachment, ...]:
    return tuple(Attachment(e.name, e.data, (f"evidence:{n}",)) for n, e in enumerate(case.evidence, 1))


# --- fixed frame --------------------------------------------------------------------------------------------------------


def _pick(variants: Sequence[str], case: Case) -> str:
    """One of the variants by the content of the case: the same case always opens alike, two cases seldom do."""
    digest = hashlib.sha256(f"{case.id}{case.store_name}{case.notification}".encode()).digest()
    return variants[digest[0] % len(variants)]


def _fill(template: str, **values: str) -> str:
    return Template(template).substitute(values) if all(values[i] for i in Template(template).get_identifiers()) else ""


def _fixed(section: SectionId, case: Case, notice: Notice, kind: CaseType, stance: Stance, document: Document, *, has_evidence: bool) -> list[str]:
    frame = frames()
    if section == "identification":
        subject = frame["subjects"].get(kind.id, kind.names.en[0])
        store = case.store_name or "[to be supplied: store name]"
        name = {"contest": "contest", "verification": "verification", "funds_appeal": "verification", "a_to_z_appeal": "contest"}.get(document, "appeal")
        opening = _fill(_pick(frame["opening"][name], case), subject=subject, store=store, site=SITES[case.marketplace])
        date = next((f.text for f in case.facts if f.question == "notice_date"), "")
        references = frame["references"]
        lines = [
            opening[:1].upper() + opening[1:],
            _fill(references["notice_date"], notice_date=_plain_date(date)),
            _fill(references["asins"], asins=_listed(notice.asins)),
            _fill(references["orders"], orders=_listed(notice.order_ids)),
            _fill(references["complaints"], complaints=_listed(notice.complaint_ids)),
        ]
        return [line for line in lines if line]
    if section == "position":
        if stance == "mixed":
            return [frame["position"]["mixed"]]
        if stance == "contest":
            return [frame["position"]["contest" if has_evidence else "contest_bare"]]
    if section == "request":
        scope = "account" if notice.kind in {"suspension"} else "listing" if notice.kind in {"listing_removal", "ip_complaint"} else "warning" if notice.kind in {"warning", "deactivation_72h"} else "plain"
        if stance == "clarify_and_verify":
            return [frame["request"]["verification"]]
        if stance == "contest":
            return [frame["request"][f"contest_{scope}" if f"contest_{scope}" in frame["request"] else "contest_plain"]]
        return [frame["request"][scope]]
    return []


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:20])


def _plain_date(text: str) -> str:
    from rag.word import english_date  # the one place that writes dates

    atom = next((a for a in find_atoms(text) if a.kind == "date"), None)
    return english_date(atom) if atom else ""


# --- gaps ---------------------------------------------------------------------------------------------------------------

_SECTION_NEEDS: dict[str, tuple[str, str, str]] = {
    "root_cause": ("what caused the problem", "The letter has to say why it happened, at process level, with dates.", "问题的原因"),
    "corrective_actions": ("what has been done already", "Amazon asks which steps were already taken; only finished ones may stand here.", "已经完成的纠正措施"),
    "preventive_measures": ("what will prevent it in future", "Amazon asks how it will be prevented: what, who, how often, from when.", "今后的预防措施"),
    "non_violation_grounds": ("why the notice does not fit the facts", "A dispute needs at least one fact that contradicts the notice.", "为什么通知与事实不符"),
    "evidence_list": ("documents that show it", "The letter names the documents that prove its points.", "能证明的文件"),
    "ownership_statement": ("who owns and runs the account", "Amazon asks who is behind the account.", "账户的所有人和经营者"),
    "timeline": ("what happened when", "Amazon needs the events with their dates.", "事情经过与日期"),
    "position": ("what is to be confirmed", "The letter has to state the facts that Amazon asked for.", "需要确认的事实"),
}


def find_gaps(facts: Sequence[Fact], case: Case, kind: CaseType, stance: Stance, wanted: Sequence[SectionId]) -> tuple[Gap, ...]:
    """What the letter needs and no fact gives: first whole sections, then required questions."""
    gaps: list[Gap] = []
    if not case.store_name:
        gaps.append(Gap("store name", "The store name identifies the account.", "What is the name of your store, as buyers see it?", "店铺名称(买家看到的)是什么?", "identification"))
    filled = {_section_of(f, stance, wanted) for f in facts}
    for section, (need, why, zh) in _SECTION_NEEDS.items():
        if section in wanted and section not in filled and section not in {"position"}:
            ask = _question_for(section, kind)
            gaps.append(Gap(need, why, ask.ask.en if ask else f"Please tell: {need}.", ask.ask.zh if ask else f"请补充:{zh}。", section, required=section != "evidence_list"))
    asked = {g.question_en for g in gaps}
    for question in knowledge.questions_of(kind, stance):
        if not question.required or question.id == "store_name" or question.ask.en in asked or answered(question, facts, case):
            continue
        gaps.append(Gap(question.ask.en, question.why.en, question.ask.en, question.ask.zh, "", required=False))
    return tuple(gaps)


def _question_for(section: str, kind: CaseType) -> Question | None:
    wanted = {"root_cause": "cause", "corrective_actions": "action_done", "preventive_measures": "action_planned", "evidence_list": "evidence"}.get(section)
    own = [q for q in kind.questions if q.kind == wanted]
    return next((q for q in own if q.required), own[0] if own else None)


def answered(question: Question, facts: Sequence[Fact], case: Case) -> bool:
    """Whether some fact answers the question: it says so, or is of its kind and has one of its signal words. Evidence counts by its documents."""
    if any(f.question == question.id for f in facts):
        return True
    same = [f for f in facts if f.kind == question.kind] or ([] if question.kind in {"cause", "action_done", "action_planned"} else list(facts))
    signals = question.signals.all()
    if not signals:
        return bool(same)
    if question.type == "asins" and any(a.kind == "asin" for a in find_atoms(case.notification)):
        return True
    if question.type == "order_ids" and any(a.kind == "order_id" for a in find_atoms(case.notification)):
        return True
    text = "\n".join(fold(f.text) for f in (same or facts))
    return any((fold(s) in text) if has_han(s) else re.search(rf"(?<![a-z0-9]){re.escape(s.lower())}", text) is not None for s in signals)
