"""Does a sentence that a model worded follow from its facts? Asked of the chat model, read as log-odds; finds what was added or reversed.

The exact parts are proved by the fact lock; this looks at the meaning and only ever warns: its error rate on hard pairs is high.
Sentences in the seller's own words need no such check. Without a model, or when it cannot tell, the sentence is reported as undecided.
"""

from __future__ import annotations

from collections.abc import Callable

from rag.checks.view import view_of
from rag.llm import Chat
from rag.models import Case, Finding, Letter
from rag.plan import all_facts
from rag.prompts import fence, load_prompt
from rag.word import prepared

DOUBT = 0.75
"""Below this difference of log-odds the sentence is doubted: planted additions and reversals score 0.3 to 0.6, right wordings 0.9 to 2.8."""


def check_support(
    letter: Letter,
    case: Case,
    chat: Chat,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """One finding per sentence that the model doubts or cannot judge."""
    view = view_of(letter, Case(id=case.id, facts=all_facts(case)))
    lines = [line for line in view.lines if line.origin == "model" and line.facts]
    if not lines or not chat.available:
        return []
    prompt = load_prompt("support")
    found: list[Finding] = []
    for done, line in enumerate(lines, 1):
        if should_stop():
            break  # the letter is finished; what was not asked is reported as undecided
        facts = "\n".join(prepared(f.text, case.marketplace) for f in line.facts)
        system, user = prompt.fill(facts=fence("facts", facts), sentence=line.text)
        odds = chat.yes_odds(system, user)
        on_progress(done, len(lines))
        if odds is None or odds < DOUBT:
            found.append(_finding(line.number, line.text, tuple(f.id for f in line.facts), undecided=odds is None))
    return found + [_finding(line.number, line.text, tuple(f.id for f in line.facts), undecided=True) for line in lines[done:] if should_stop()]


def _finding(number: int, text: str, facts: tuple[str, ...], *, undecided: bool) -> Finding:
    return Finding(
        check="support",
        severity="warn",
        message="Whether this sentence says only what the fact says could not be decided." if undecided else "This sentence may say more than, or something else than, the fact.",
        message_zh="无法判断这句话是否只说了事实所说的内容。" if undecided else "这句话可能比事实说得多,或与事实不同。",
        sentence=number,
        quote=text,
        why="Judged by the language model, which is often unsure; compare the sentence with your own words.",
        fix="Compare it with your fact and edit it if it differs.",
        fix_zh="请与你的事实核对,不同则修改。",
        kind="undecided" if undecided else "added_action",
        facts=facts,
    )
