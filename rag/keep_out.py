"""Which facts a document does not carry, by the rules of knowledge/letter_rules.yaml (`kept_out`), and the wishes that no letter carries.

A fact that is kept out is left unsaid and never denied. The plan lists it with the reason, and the seller sees it as a note.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from functools import cache

from rag import knowledge
from rag.formats import split_sentences
from rag.knowledge import Names, Strict, Text, parse
from rag.models import Case, Document, Fact, FactKind, Finding, LeftOut, NeverKind, Notice, Stance
from rag.script import fold


class Rule(Strict):
    """One entry of `kept_out`. Empty lists mean: all, but a rule without `documents` and `statements` is applied by name only."""

    documents: tuple[Document, ...] = ()
    stances: tuple[Stance, ...] = ()
    kinds: tuple[FactKind, ...] = ()
    words: Names = Names()
    unless: Names = Names()
    unless_questions: tuple[str, ...] = ()
    unless_asked: tuple[str, ...] = ()
    statements: tuple[NeverKind, ...] = ()
    """Kinds of statement (see `checks/statements.py`) that keep a fact out of every document."""
    why: Text


@cache
def rules() -> dict[str, Rule]:
    """All rules by id, in the order of the file; the first that fits gives the reason."""
    return {name: parse(Rule, data, where=f"letter_rules.yaml, kept_out.{name}") for name, data in knowledge.letter_rules()["kept_out"].items()}


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{w})" for w in words), re.IGNORECASE)


def has_words(text: str, words: Names) -> bool:
    """Whether one of the patterns stands in the text, in any script."""
    found = tuple(words.all())
    return bool(found) and _pattern(found).search(fold(text)) is not None


def kept_out_by(fact: Fact, case: Case, notice: Notice, document: Document, stance: Stance) -> str:
    """Id of the rule that keeps the fact out of this document; empty when none does."""
    for name, rule in rules().items():
        if rule.statements:
            if _says(fact, case, rule.statements):
                return name
        elif (
            document in rule.documents
            and (not rule.stances or stance in rule.stances)
            and (not rule.kinds or fact.kind in rule.kinds)
            and (not rule.words.all() or has_words(fact.text, rule.words))
            and not has_words(fact.text, rule.unless)
            and fact.question not in rule.unless_questions
            and not set(rule.unless_asked) & set(notice.requested)
        ):
            return name
    return ""


def without_orders(text: str) -> str:
    """The text of a document without the sentences that are addressed to the program which reads it."""
    words = rules()["order_to_the_writer"].words
    if not has_words(text, words):
        return text
    # The sentence and what follows it: an order runs on to its end.
    return " ".join(itertools.takewhile(lambda sentence: not has_words(sentence, words), split_sentences(text)))


def orders_in_documents(case: Case) -> list[Finding]:
    """One note per document that holds text addressed to a program which reads it."""
    why = rules()["order_to_the_writer"].why
    return [
        Finding(
            check="left_out", severity="note", kind="order_to_the_writer", quote=e.name,
            message=f"{e.name} holds text that gives orders to a program; it was not followed and does not stand in the letter.",
            message_zh=f"{e.name} 里有写给程序的指令;没有照做,也没有写进信里。",
            why=why.en, why_zh=why.zh,
        )
        for e in case.evidence
        if without_orders(e.data) != e.data
    ]


def _says(fact: Fact, case: Case, kinds: Sequence[NeverKind]) -> bool:
    from rag.checks.statements import (
        judge_statement,  # late: it compiles its patterns, which a first look at a case need not wait for
    )

    judged = judge_statement(fact.text, case_type=case.case_type)
    return judged.label == "forbidden" and judged.kind in kinds


def left_out(pairs: Iterable[tuple[str, Fact]]) -> tuple[LeftOut, ...]:
    """(rule, fact) pairs as one entry per reason."""
    grouped: dict[str, list[str]] = {}
    for name, fact in pairs:
        grouped.setdefault(name, []).append(fact.id)
    return tuple(LeftOut(name, tuple(ids), rules()[name].why.en, rules()[name].why.zh) for name, ids in grouped.items())


def left_out_notes(entries: Sequence[LeftOut]) -> list[Finding]:
    """One note per reason, so that the seller sees what the letter does not say."""
    return [
        Finding(
            check="left_out",
            severity="note",
            message=f"{', '.join(entry.facts)} stay{'s' if len(entry.facts) == 1 else ''} out of this letter: {entry.why}",
            message_zh=f"{'、'.join(entry.facts)} 未写进这封信:{entry.why_zh}",
            why="It is left unsaid and not denied.",
            why_zh="只是不写进信里，并不是否认。",
            kind=entry.rule,
            facts=entry.facts,
        )
        for entry in entries
    ]


# --- wishes -------------------------------------------------------------------------------------------------------------


@cache
def _wishes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """(id of the advice, pattern) of the wishes declared in `advice_to_refuse`."""
    refused = knowledge.letter_rules()["advice_to_refuse"]
    return tuple((a["id"], _pattern(tuple(p for part in a["wishes"].values() for p in part))) for a in refused if "wishes" in a)


def is_wish(fact: Fact) -> bool:
    """Whether the fact asks to state something that is not so."""
    return bool(_wish_in(fold(fact.text)))


def _wish_in(text: str) -> str:
    """Id of the advice whose wish stands in the folded text; empty when none does."""
    return next((name for name, pattern in _wishes() if pattern.search(text)), "")


def dishonest_wishes(case: Case) -> list[Finding]:
    """One finding per fact that asks for something the product refuses, with the honest way."""
    found = []
    advices = knowledge.letter_rules()["advice_to_refuse"]
    for fact in case.facts:
        text = fold(fact.text)
        name = _wish_in(text)
        if not name:
            continue
        # The advice whose signal stands in the fact says more than the one whose wish was recognised, so it goes first.
        signalled = (a for a in advices if any(fold(s) in text for part in a["signals"].values() for s in part) and a["id"] != GENERAL)
        advice = next(signalled, None) or next(a for a in advices if a["id"] == name)
        found.append(
            Finding(
                check="dishonest_wish",
                severity="warn",
                message=f"{fact.id} asks to state something as it was not, so it is kept out of the letter.",
                message_zh=f"{fact.id} 要求写不属实的内容,因此不会写进信里。",
                quote=fact.text,
                why=advice["why"]["en"],
                why_zh=advice["why"]["zh"],
                fix=advice["instead"]["en"],
                fix_zh=advice["instead"]["zh"],
                kind=advice["kind"] or "dishonest_scapegoat_invention",
                facts=(fact.id,),
            )
        )
    return found


GENERAL = "AR-39"
"""The advice for wishes that no other entry describes."""
