"""The checks of a letter: small functions from a view of the letter, the case and the passages to findings. Any letter, ours or pasted.

`CHECKS` is the registry: adding a check means writing it in a file of this folder and naming it here. None of these asks a chat model;
`ask_support`, which does, is called by the pipeline where the trained judge is missing. What could not be checked for want of a case or of the
encoder is said in a finding of kind `undecided`: no verdict is never a pass. `docs/checks.md` lists each with its measured error rates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.checks.likeness import check_genericity, check_likeness
from rag.checks.lock import check_lock
from rag.checks.meaning import Meaning
from rag.checks.statements import check_statements
from rag.checks.structure import check_gaps, check_references, check_requests, check_sections, check_stance, check_tense
from rag.checks.support import check_support
from rag.checks.view import View, view_of
from rag.checks.wording import check_figures, check_language, check_length, check_links, check_repetition, check_tone
from rag.models import Case, Finding, Letter, Notice, Passage, Severity


@dataclass(frozen=True)
class Given:
    """What a check may look at."""

    view: View
    case: Case | None = None
    passages: Sequence[Passage] = ()
    notice: Notice | None = None
    """The notice as read; saves reading the case's notification again."""
    earlier: Sequence[str] = ()
    """Texts of letters that were sent before, which this one must not repeat."""
    meaning: Meaning | None = None
    """The trained heads; without them statements and sections are judged by their words alone."""


@dataclass(frozen=True)
class Check:
    """One entry of the registry."""

    name: str
    finds: tuple[str, str]
    """What it looks for, in English and Chinese."""
    worst: Severity
    """The gravest finding it makes; `block` keeps the letter from being exported as ready."""
    run: Callable[[Given], list[Finding]]
    needs_case: bool = False
    needs_judge: bool = False


CHECKS: tuple[Check, ...] = (
    # What is said.
    Check("fact_lock", ("numbers, dates, names and identifiers that no fact carries", "没有事实依据的数字、日期、名称和编号"), "block", lambda g: check_lock(g.view, g.case, g.passages), needs_case=True),
    Check("support", ("actions, causes, roles, scope or negations that differ from the facts", "与事实不符的措施、原因、主体、范围或否定"), "warn", lambda g: check_support(g.view, g.case, g.passages, meaning=g.meaning), needs_case=True, needs_judge=True),
    Check("statements", ("admissions that were not conceded, threats, promises, blame and whatever else must not be written", "未授权的承认、威胁、保证、推责等不得写的话"), "block", lambda g: check_statements(g.view, g.case, g.passages, meaning=g.meaning)),
    Check("tense", ("plans told as done, finished steps told as plans, hopes", "把计划写成已完成，或把已完成写成计划"), "block", lambda g: check_tense(g.view, g.case, g.passages)),
    Check("figures", ("one rate with two values", "同一指标出现两个数值"), "warn", lambda g: check_figures(g.view, g.case, g.passages)),
    # Whether it is the right letter, and complete.
    Check("sections", ("parts that this kind of letter needs and does not have", "缺少这类信必须有的部分"), "block", lambda g: check_sections(g.view, g.case, g.passages, meaning=g.meaning)),
    Check("requests", ("requests of the notice that nothing answers", "通知要求而信中没有回答的内容"), "warn", lambda g: check_requests(g.view, g.case, g.passages, notice=g.notice)),
    Check("references", ("facts and passages that do not exist", "不存在的事实或条文引用"), "block", lambda g: check_references(g.view, g.case, g.passages), needs_case=True),
    Check("gaps", ("places that still wait for the seller", "仍待卖家填写的空缺"), "block", lambda g: check_gaps(g.view, g.case, g.passages)),
    Check("stance", ("parts and words that give a dispute away", "削弱异议立场的内容"), "block", lambda g: check_stance(g.view, g.case, g.passages)),
    # How it is written.
    Check("language", ("Chinese left in an English letter", "英文信中残留的中文"), "block", lambda g: check_language(g.view, g.case, g.passages)),
    Check("length", ("letters, sentences and boxes that are too long", "过长的信、句子或填写框"), "block", lambda g: check_length(g.view, g.case, g.passages)),
    Check("links", ("links to storage elsewhere", "指向外部存储的链接"), "block", lambda g: check_links(g.view, g.case, g.passages)),
    Check("repetition", ("sentences told twice and doubled words", "重复的句子和词"), "warn", lambda g: check_repetition(g.view, g.case, g.passages)),
    Check("tone", ("flattery, company history, more than one apology", "奉承、公司历史、多次道歉"), "warn", lambda g: check_tone(g.view, g.case, g.passages)),
    Check("genericity", ("letters that would fit any other case", "放到任何案件都适用的空话"), "note", lambda g: check_genericity(g.view, g.case, g.passages)),
    Check("likeness", ("copies of earlier letters, of examples and of guidance; phrases of templates", "与以往信件、范例、指引雷同，或模板套话"), "block", lambda g: check_likeness(g.view, g.case, g.passages, earlier=g.earlier)),
)  # fmt: skip


def run_checks(
    letter: Letter, case: Case | None, passages: Sequence[Passage] = (), notice: Notice | None = None, *, earlier: Sequence[str] = (), meaning: Meaning | None = None
) -> tuple[Finding, ...]:
    """Findings of all checks, in the order of the letter; those about the letter as a whole come last. For the arguments see `Given`."""
    given = Given(view_of(letter, case), case, passages, notice, earlier, meaning)
    found = [finding for check in CHECKS for finding in check.run(given)] + undecided(given)
    return tuple(sorted(found, key=lambda f: (f.sentence is None, f.sentence or 0)))


def undecided(given: Given) -> list[Finding]:
    """What could not be checked, and why; one finding for each reason."""
    without_case = [c.name for c in CHECKS if c.needs_case] if given.case is None else []
    judge = given.meaning.judge if given.meaning else None
    without_judge = [c.name for c in CHECKS if c.needs_judge and c.name not in without_case] if judge is None else []
    found = []
    for names, why, why_zh, fix, fix_zh in (
        (without_case, "No case with the seller's facts was given.", "没有提供包含卖家事实的案件。", "Give the case file (--case).", "请提供案件文件（--case）。"),
        (without_judge, "The encoder that it needs is not here.", "缺少所需的向量模型。", "Run `make models`, and compare the sentences with the facts yourself until then.", "请运行 `make models`；在此之前请自行核对句子与事实。"),
    ):
        if names:
            listed = ", ".join(names)
            found.append(Finding(check="undecided", severity="note", kind="undecided", message=f"Not checked: {listed}.", message_zh=f"未检查：{listed}。", why=why, why_zh=why_zh, fix=fix, fix_zh=fix_zh))
    return found
