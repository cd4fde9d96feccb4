"""Does a sentence that a model worded follow from its facts? The trained head first; the chat model's log-odds where the head is unsure.

The exact parts are proved by the fact lock; this looks at the meaning and only ever warns: its error rate on hard pairs is high.
Sentences in the seller's own words need no such check. Where neither can tell, the sentence is reported as undecided.
"""

from __future__ import annotations

from collections.abc import Callable

from rag.checks.carried import HEAD, carried
from rag.checks.meaning import Meaning
from rag.checks.view import Line, view_of
from rag.llm import Chat
from rag.models import Case, Finding, Letter
from rag.plan import all_facts
from rag.prompts import fence, load_prompt
from rag.word import prepared

DOUBT = 0.75
"""Below this difference of log-odds the sentence is doubted: planted additions and reversals score 0.3 to 0.6, right wordings 0.9 to 2.8."""

SURE, UNSURE = 0.7, 0.3
"""Probability of the head from which a sentence is taken as carried, and below which it is doubted, without asking the chat model."""


def check_support(
    letter: Letter,
    case: Case,
    chat: Chat,
    *,
    meaning: Meaning | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """One finding per sentence that head or model doubt or cannot judge."""
    view = view_of(letter, Case(id=case.id, facts=all_facts(case)))
    lines = [line for line in view.lines if line.origin == "model" and line.facts]
    found: list[Finding] = []
    asked: list[Line] = []
    for line, p in zip(lines, _by_head(lines, meaning), strict=True):
        if p is None or UNSURE <= p < SURE:
            asked.append(line)
        elif p < UNSURE:
            found.append(_finding(line, undecided=False))
    if not chat.available:
        return found + ([_finding(line, undecided=True) for line in asked] if meaning else [])
    prompt = load_prompt("support")
    for done, line in enumerate(asked):
        if should_stop():  # the letter is finished; what was not asked is reported as undecided
            return found + [_finding(line, undecided=True) for line in asked[done:]]
        facts = "\n".join(prepared(f.text, case.marketplace) for f in line.facts)
        system, user = prompt.fill(facts=fence("facts", facts), sentence=line.text)
        odds = chat.yes_odds(system, user)
        on_progress(done + 1, len(asked))
        if odds is None or odds < DOUBT:
            found.append(_finding(line, undecided=odds is None))
    return found


def _by_head(lines: list[Line], meaning: Meaning | None) -> list[float | None]:
    if meaning is None or HEAD not in meaning.heads:
        return [None] * len(lines)
    return list(carried([(tuple(f.text for f in line.facts), line.text) for line in lines], meaning))


def _finding(line: Line, *, undecided: bool) -> Finding:
    return Finding(
        check="support",
        severity="warn",
        message="Whether this sentence says only what the fact says could not be decided." if undecided else "This sentence may say more than, or something else than, the fact.",
        message_zh="无法判断这句话是否只说了事实所说的内容。" if undecided else "这句话可能比事实说得多,或与事实不同。",
        sentence=line.number,
        quote=line.text,
        why="Judged by trained models, which err; compare the sentence with your own words.",
        fix="Compare it with your fact and edit it if it differs.",
        fix_zh="请与你的事实核对,不同则修改。",
        kind="undecided" if undecided else "added_action",
        facts=tuple(f.id for f in line.facts),
    )
