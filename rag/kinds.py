"""Which kind of document is written: the one asked for, else the one that the notice and the case type call for; or a refusal.

What each kind is for stands in knowledge/letter_rules.yaml (`planning` of a document). A kind that does not fit is refused here, before
anything is planned, worded or asked of a model, in one sentence that names the kinds that fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import get_args

from pydantic import Field

from rag import knowledge
from rag.errors import BadInput
from rag.knowledge import CaseType, Strict, parse
from rag.models import Case, Document, FactKind, Notice, SectionId, Stance

DOCUMENT_OF: dict[Stance, Document] = {"accept_and_fix": "appeal", "mixed": "appeal", "contest": "contest", "clarify_and_verify": "verification"}
"""What each position is written as, where the case type has no document of its own."""


class Planning(Strict):
    """`planning` of a document in knowledge/letter_rules.yaml. Empty lists mean: all."""

    stances: tuple[Stance, ...] = ()
    only_for: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()
    marketplaces: tuple[str, ...] = ()
    own_sections: bool = False
    """The sections of the document, and not those of the case type's stance."""
    files: bool = True
    """Whether documents go with it."""
    ask: bool = True
    """Whether the questions of the case type are asked for it; else only what the document itself needs."""
    places: dict[FactKind, tuple[SectionId, ...]] = Field(default_factory=dict)
    """Where each kind of fact stands, the first section that the letter has; a timeline takes dated facts only, unless it is the last choice."""


@cache
def planning(document: Document) -> Planning:
    """The planning data of a document."""
    data = knowledge.letter_rules()["documents"][document].get("planning", {})
    return parse(Planning, data, where=f"letter_rules.yaml, documents.{document}.planning")


def fitting(kind: CaseType, marketplace: str = "US", stance: Stance | None = None) -> tuple[Document, ...]:
    """The kinds of document that fit the case type and the store and, if given, the stance."""
    if kind.reply_form == "specialist":
        return ()
    stances = [stance] if stance else [o.stance for o in kind.stances]
    found: list[Document] = []
    for document in get_args(Document):
        plan = planning(document)
        if (
            (not plan.only_for or kind.id in plan.only_for)
            and kind.id not in plan.not_for
            and (not plan.marketplaces or marketplace in plan.marketplaces)
            and (not plan.stances or any(s in plan.stances for s in stances))
        ):
            found.append(document)
    return tuple(found)


def default_document(kind: CaseType, stance: Stance) -> Document:
    """The first answer to a notice: the case type's own document, else the one of the stance."""
    own = next((d for d in get_args(Document) if planning(d).only_for == (kind.id,) and not planning(d).own_sections), None)
    return own or DOCUMENT_OF[stance]


def choose(case: Case, notice: Notice, kind: CaseType, stance: Stance, wanted: str = "", *, answers: bool = False) -> Document:
    """The kind of document to write. `wanted` is what was asked for; raises BadInput when it does not fit.

    Without it a request for more information gets a supplement if `answers`, that is if facts answer what it asks; silence cannot be
    read from a notice, so a follow-up is only written when it is asked for.
    """
    if not wanted:
        return "supplement" if notice.kind == "request_more_info" and answers else default_document(kind, stance)
    document: Document | None = next((d for d in get_args(Document) if d == wanted), None)
    if document is None:
        raise BadInput(f"document is {wanted!r}; expected one of {', '.join(get_args(Document))}.", f"document 是 {wanted!r},应为以下之一:{'、'.join(get_args(Document))}。")
    if document not in fitting(kind, case.marketplace, stance):
        raise _refusal(case, kind, stance, document)
    return document


def _refusal(case: Case, kind: CaseType, stance: Stance, wanted: Document) -> BadInput:
    """Why the kind does not fit, nearest reason first, and which kinds do."""
    plan = planning(wanted)
    name = knowledge.letter_rules()["documents"][wanted]["name"]
    if (plan.only_for and kind.id not in plan.only_for) or kind.id in plan.not_for:
        why, why_zh = f"does not fit the case type {kind.id} ({kind.names.en[0]})", f"不适合案件类型 {kind.id}({kind.names.zh[0]})"
    elif plan.marketplaces and case.marketplace not in plan.marketplaces:
        stores = ", ".join(plan.marketplaces)
        why, why_zh = f"rests on the law of {stores} and does not fit the store {case.marketplace}", f"依据 {stores} 的法律,不适用于站点 {case.marketplace}"
    else:
        stances = " or ".join(plan.stances)
        why, why_zh = f"needs the stance {stances}, and this case has {stance}", f"需要立场 {'或'.join(plan.stances)},而本案是 {stance}"
    fit = fitting(kind, case.marketplace, stance)
    return BadInput(
        f"{case.id}: document is {wanted!r}; a {name['en'][0].lower() + name['en'][1:]} {why}. These fit: {', '.join(fit)}.",
        f"{case.id}:document 是 {wanted!r};{name['zh']}{why_zh}。适合的有:{_named(fit)}。",
    )


def _named(documents: Sequence[Document]) -> str:
    names = knowledge.letter_rules()["documents"]
    return "、".join(f"{d}({names[d]['name']['zh']})" for d in documents)
