"""A supplement answers a reply of Amazon: where each request is answered, whether a fact answers it, and what an earlier letter said already."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from rag.atoms import find_atoms
from rag.checks.lock import lost
from rag.checks.structure import REQUESTS, stems
from rag.formats import letter_text, split_sentences
from rag.models import Case, Fact, FactKind, Finding, Letter, Plan, SectionId, Stance
from rag.prepare import day_first
from rag.script import has_han

SAME = 0.75
"""Share of the words of a fact that stand in one place of an earlier letter, from which it was told there (its numbers all there, too)."""
_PLAN: tuple[SectionId, ...] = ("root_cause", "corrective_actions", "preventive_measures")
_KIND_OF: dict[str, FactKind] = {"root_cause": "cause", "corrective_actions": "action_done", "preventive_measures": "action_planned"}


def sections_for(item: str, stance: Stance) -> list[SectionId]:
    """The sections in which a request is answered: the parts of a plan, grounds or facts instead of them, or the documents."""
    parts = [s for s in _PLAN if item in {s, "plan_of_action"}]
    if parts:
        return ["non_violation_grounds"] if stance == "contest" else ["position"] if stance == "clarify_and_verify" else parts
    if item == "related_account_info":
        return ["non_violation_grounds"] if stance == "contest" else ["ownership_statement"]
    return ["evidence_list"]


def answers(item: str, facts: Sequence[Fact]) -> bool:
    """Whether one of the facts answers what is requested."""
    if item == "plan_of_action":
        return any(f.kind in _KIND_OF.values() for f in facts)
    if item in _KIND_OF:
        return any(f.kind == _KIND_OF[item] for f in facts)
    return item in REQUESTS and any(re.search(REQUESTS[item][2], f.text, re.IGNORECASE | re.DOTALL) for f in facts)


def told_before(fact: Fact, earlier: Sequence[Letter | str], case: Case) -> tuple[bool, str]:
    """Whether an earlier letter says this fact already; else the sentence there that said it differently, or nothing.

    Only a letter of ours knows which sentence rests on which fact, so only there a changed fact is called a correction.
    """
    first = day_first(case.marketplace)
    for letter in reversed(earlier):
        if isinstance(letter, Letter) and letter.case_id == case.id:
            if fact.attached and any(a.name == fact.source for a in letter.attachments):
                return True, ""
            for sentence in (s for section in letter.sections for s in section.sentences):
                if fact.id in sentence.facts and sentence.origin != "fixed":
                    return (False, sentence.text) if lost(sentence.text, [fact], first=first) else (True, "")
        text = letter_text(letter) if isinstance(letter, Letter) else letter
        if (fact.attached and fact.source.lower() in text.lower()) or any(_same(fact, piece, first) for piece in _pieces(text)):
            return True, ""
    return False, ""


def _pieces(text: str) -> Iterable[str]:
    """Each sentence alone and with the one after it: a fact may have become two."""
    found = [s for line in text.splitlines() for s in split_sentences(line)]
    return (*found, *(f"{one} {two}" for one, two in itertools.pairwise(found)))


def _same(fact: Fact, piece: str, first: bool | None) -> bool:
    if lost(piece, [fact], first=first):
        return False
    words = stems(fact.text)
    if has_han(fact.text):
        # Words cannot be compared across languages; two numbers or names in one place are hardly chance.
        return len(find_atoms(fact.text)) >= 2
    return len(words) >= 3 and len(words & stems(piece)) / len(words) >= SAME


def about_earlier(plan: Plan, earlier: Sequence[Letter | str]) -> list[Finding]:
    """What the comparison with earlier letters could not settle: no letter to compare with, or another position than before."""
    if plan.document != "supplement":
        return []
    if not earlier:
        return [
            Finding(
                check="earlier_letters",
                severity="note",
                message="No earlier letter was given, so nothing shows whether this supplement repeats or contradicts it.",
                message_zh="没有提供之前的信,无法检查这份补充材料是否与之重复或矛盾。",
                why="The same text again is treated as spam, and a contradiction has to be explained.",
                why_zh="重复发送相同的内容会被当作垃圾邮件；前后矛盾则必须说明。",
                fix="Give the letter that was sent before.",
                fix_zh="请提供之前发出的信。",
                kind="not_compared",
            )
        ]
    before = next((e.stance for e in reversed(earlier) if isinstance(e, Letter)), plan.stance)
    if before == plan.stance:
        return []
    return [
        Finding(
            check="earlier_letters",
            severity="warn",
            message=f"The letter before took the position {before}; this one takes {plan.stance}.",
            message_zh=f"之前的信立场是 {before},这封是 {plan.stance}。",
            why="A different position without an explanation looks like fabrication.",
            why_zh="立场变了却不说明，看起来就像编造。",
            fix="Keep the position, or say openly what is corrected and what the record shows.",
            fix_zh="请保持原立场,或者明说更正了什么、记录显示什么。",
            kind="other_position",
        )
    ]
