"""Does a sentence say only what its facts say? Judged from the meaning of both: added actions and causes, lost negations, swapped roles.

The exact parts are proved by the fact lock; this looks at the rest. `check_support` uses the trained pair judge (`rag/judge.py`) and works on any letter:
a sentence that points to no facts is held against those of the case that are nearest to it. `ask_support` asks the chat model instead, where no
judge is here. Both only ever warn, because both err; what could not be judged is reported as undecided, never as right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.checks.meaning import Meaning
from rag.checks.view import Line, View, view_of
from rag.llm import Chat
from rag.models import Case, Fact, Finding, Letter, Passage
from rag.prepare import prepared
from rag.prompts import fence, load_prompt

DOUBT = 0.75
"""Below this difference of log-odds the chat model doubts: planted additions and reversals score 0.3 to 0.6, right wordings 0.9 to 2.8."""
NEAREST = 4
"""Facts that a sentence without pointers is held against."""
RELATED = 0.45
"""Cosine below which a sentence is about none of the facts; courtesies and requests are."""
TELLS_NOTHING = ("other", "evidence")
"""Kinds of sentence (`telling` head) that state no facts: openings, courtesies, requests, references to papers."""


def check_support(view: View, case: Case | None, passages: Sequence[Passage] = (), *, meaning: Meaning | None = None) -> list[Finding]:
    """One finding per sentence that the judge doubts. Nothing without a judge: then `ask_support` can be asked."""
    if case is None or meaning is None or meaning.judge is None or not case.facts:
        return []
    judged = [line for line in view.lines if line.origin in {"model", "edited"}]
    if loose := [line.text for line in judged if not line.facts]:
        meaning.vectors([*loose, *(f.text for f in case.facts)])  # together: one at a time they take several times as long
    lines = [(line, facts) for line in judged if (facts := line.facts or _nearest(line, case, meaning))]
    verdicts = meaning.judge.judge([([prepared(f.text, case.marketplace) for f in facts], line.text) for line, facts in lines])
    found: list[Finding] = []
    for (line, facts), verdict in zip(lines, verdicts, strict=True):
        limit = meaning.judge.thresholds["doubt"]
        if verdict.doubt > limit:
            at_fault = verdict.words[0] if len(verdict.words) == 1 and len(verdict.words[0]) > 2 else line.text
            why = f"Judged from the meaning of fact and sentence (doubt {verdict.doubt:.2f}, limit {limit:.2f}); compare with your own words."
            why_zh = f"根据事实与句子的意思判断（疑点 {verdict.doubt:.2f}，界限 {limit:.2f}）；请与你的原话核对。"
            found.append(_doubt(line, facts, at_fault, why, why_zh))
        elif line.facts and line.origin == "model" and verdict.omits > meaning.judge.thresholds["omits"]:
            found.append(_left_out(line, verdict.omits))
    return found


def _nearest(line: Line, case: Case, meaning: Meaning) -> tuple[Fact, ...]:
    """The facts that a sentence without pointers may rest on; none where it states no fact or is about none."""
    head = meaning.heads.get("telling")
    if head is not None and head.labels[int(meaning.probabilities("telling", [line.text])[0].argmax())] in TELLS_NOTHING:
        return ()
    near = meaning.vectors([f.text for f in case.facts]) @ meaning.vectors([line.text])[0]
    if float(near.max()) < RELATED:
        return ()
    return tuple(case.facts[int(n)] for n in sorted((-near).argsort()[:NEAREST]))


def ask_support(
    letter: Letter,
    case: Case,
    chat: Chat,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """One finding per sentence worded by a model that the chat model doubts or cannot judge. Sentences in the seller's own words need no such check."""
    view = view_of(letter, case)
    lines = [line for line in view.lines if line.origin == "model" and line.facts]
    if not lines or not chat.available:
        return []
    prompt = load_prompt("support")
    found: list[Finding] = []
    for done, line in enumerate(lines, 1):
        if should_stop():
            # The letter is finished; what was not asked is undecided.
            return found + [_undecided(rest) for rest in lines[done - 1 :]]
        facts = "\n".join(prepared(f.text, case.marketplace) for f in line.facts)
        system, user = prompt.fill(facts=fence("facts", facts), sentence=line.text)
        odds = chat.yes_odds(system, user)
        on_progress(done, len(lines))
        if odds is None:
            found.append(_undecided(line))
        elif odds < DOUBT:
            why = "Judged by the language model, which is often unsure; compare the sentence with your own words."
            found.append(_doubt(line, line.facts, line.text, why, "由语言模型判断，它常常没有把握；请与你的原话核对。"))
    return found


def _doubt(line: Line, facts: Sequence[Fact], quote: str, why: str, why_zh: str) -> Finding:
    return Finding(
        check="support", severity="warn", sentence=line.number, quote=quote, why=why, why_zh=why_zh, kind="added_action", facts=tuple(f.id for f in facts),
        message="This sentence may say more than, or something else than, the fact.",
        message_zh="这句话可能比事实说得多,或与事实不同。",
        fix="Compare it with your fact and edit it if it differs.", fix_zh="请与你的事实核对,不同则修改。",
    )


def _left_out(line: Line, omits: float) -> Finding:
    return Finding(
        check="support", severity="note", sentence=line.number, quote=line.text, kind="omission", facts=tuple(f.id for f in line.facts),
        message="This sentence may leave out a part of the fact.", message_zh="这句话可能漏掉了事实的一部分。",
        why=f"Judged from the meaning of fact and sentence (chance {omits:.2f}).",
        why_zh=f"根据事实与句子的意思判断（可能性 {omits:.2f}）。",
        fix="Add what is missing, if Amazon should know it.", fix_zh="如果需要让亚马逊知道,请补上。",
    )


def _undecided(line: Line) -> Finding:
    return Finding(
        check="support", severity="warn", sentence=line.number, quote=line.text, kind="undecided", facts=tuple(f.id for f in line.facts),
        message="Whether this sentence says only what the fact says could not be decided.", message_zh="无法判断这句话是否只说了事实所说的内容。",
        why="The language model gave no usable answer, or the check was stopped.",
        why_zh="语言模型没有给出可用的回答，或检查被中止。",
        fix="Compare it with your fact and edit it if it differs.", fix_zh="请与你的事实核对,不同则修改。",
    )
