"""The whole way on one screen: notice and facts -> read, retrieve, plan, word, check, repair -> letter.

`draft_letter` is what the command line, the page and the evals call. It takes plain values and the doors (chat model, retriever), reports each
step to `on_event`, can be stopped between two sentences, and loses nothing that was finished: replies are kept by content at the
model's door. Only this file knows the order of the stages.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rag import knowledge
from rag.checks import run_checks
from rag.checks.meaning import Meaning, open_meaning
from rag.checks.support import ask_support
from rag.errors import BadInput, Stopped
from rag.formats import letter_text
from rag.keep_out import left_out_notes, orders_in_documents
from rag.knowledge import CaseType
from rag.llm import Chat, NoChat, load_chat_model
from rag.models import Case, Finding, Letter, Notice, Passage, Plan, Point, Run, Section, Sentence
from rag.notice import read_notice
from rag.plan import all_facts, dishonest_wishes, heading, make_plan, settle_document
from rag.prompts import load_prompt
from rag.retrieve import FITS, Retriever
from rag.settings import Settings, load_settings
from rag.supplement import about_earlier
from rag.word import Wording, word_point

if TYPE_CHECKING:
    from rag.judge import Judge

PROMPTS = ("word", "word_trained", "reword", "polish", "support")


@dataclass(frozen=True)
class Doors:
    """What drafting uses of the world outside; all but the chat model may be missing."""

    chat: Chat
    retriever: Retriever | None = None
    meaning: Meaning | None = None


@dataclass(frozen=True)
class Event:
    """What just happened, for progress bars and streaming: step `done` of `total`, and the sentence when one is ready."""

    step: str
    done: int
    total: int
    section: str = ""
    sentence: Sentence | None = None


def open_doors(settings: Settings | None = None, *, model: str | None = None, search: bool = True, cache: bool = True) -> Doors:
    """The doors of these settings. Loading is late: the chat model loads at its first question, the encoder here."""
    settings = settings or load_settings()
    chat = load_chat_model(settings, model, cache=cache)
    return Doors(chat, open_retriever(settings), open_meaning(settings)) if search else Doors(chat)


def open_retriever(settings: Settings) -> Retriever:
    """A retriever with the index brought up to date; without the encoder's weights it searches by words alone."""
    from rag.encoder import load_encoder
    from rag.errors import SetupError
    from rag.index import ASKS, PassageIndex, ensure, shipped_path

    try:
        index = PassageIndex(settings, load_encoder(settings))
    except SetupError:
        return Retriever(None)  # every result then says so in `why`
    ensure(index)
    # Four thousand questions take an encoder minutes: they are searched by meaning where their vectors come with the project, else by words.
    asked = PassageIndex(settings, index.encoder, collection=ASKS) if shipped_path(index.encoder.name, ASKS).exists() else None
    if asked is not None:
        ensure(asked)
    return Retriever(index, asks=asked)


@cache
def shared_retriever() -> Retriever:
    """The retriever of the process environment's settings, opened once."""
    return open_retriever(load_settings())


def draft_letter(
    case: Case,
    doors: Doors | None = None,
    *,
    notice: Notice | None = None,
    document: str = "",
    earlier: Sequence[Letter | str] = (),
    on_event: Callable[[Event], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Letter:
    """The letter of a case, with its findings. Raises BadInput when there is nothing to write from; Stopped when asked to stop.

    `notice` is the reading as the seller corrected it; without it the text of the case is read. `document` is the kind to write; without it
    notice and case type decide, and one that does not fit is refused. `earlier` are letters that were sent before, ours or their text.
    """
    started = time.monotonic()
    doors = doors or Doors(NoChat())
    notice = notice or read_notice(case.notification)
    case, kind = settle_case(case, notice, document, earlier)
    plan = make_plan(case, notice, kind, document, earlier)
    on_event(Event("plan", 1, 1))
    passages, plan = retrieve_for(plan, case, doors.retriever)
    on_event(Event("retrieve", len(passages), len(passages)))
    judge = doors.meaning.judge if doors.meaning else None
    worded, first = word_all(plan, case, doors.chat, on_event, should_stop, started, judge)
    letter = assemble(plan, worded, case)
    findings = check_letter(letter, case, passages, notice=notice, earlier=earlier, meaning=doors.meaning)
    if judge is None:
        findings += tuple(ask_support(letter, dataclasses.replace(case, facts=all_facts(case)), doors.chat, on_progress=lambda done, total: on_event(Event("support", done, total)), should_stop=should_stop))
    findings += (*doubts(plan, worded, letter), *dishonest_wishes(case), *left_out_notes(plan.left_out), *orders_in_documents(case), *about_earlier(plan, earlier), *warnings(plan))
    run = Run(
        model=doors.chat.name,
        prompts={name: load_prompt(name).digest for name in PROMPTS},
        seconds=round(time.monotonic() - started, 2),
        tokens_in=sum(w.tokens_in for w in worded.values()),
        tokens_out=sum(w.tokens_out for w in worded.values()),
        calls=sum(w.calls for w in worded.values()),
        seconds_to_first=round(first, 2),
    )
    return dataclasses.replace(letter, findings=findings, run=run)


def check_letter(
    letter: Letter, case: Case | None = None, passages: Sequence[Passage] = (), *, notice: Notice | None = None, earlier: Sequence[Letter | str] = (), meaning: Meaning | None = None
) -> tuple[Finding, ...]:
    """Findings of all checks that need no chat model, for any letter, ours or pasted. `earlier` are letters that were sent before.

    Without `meaning` (see `rag.checks.meaning.open_meaning`) dangerous statements are known by their words alone.
    """
    if case is not None:
        case = dataclasses.replace(case, facts=all_facts(case))
    return run_checks(letter, case, passages, notice=notice, earlier=[letter_text(e) if isinstance(e, Letter) else e for e in earlier], meaning=meaning)


def settle_case(case: Case, notice: Notice, document: str = "", earlier: Sequence[Letter | str] = ()) -> tuple[Case, CaseType]:
    """The case with its case type, or a refusal: nothing to go by, a matter for a lawyer, a document that does not fit. Opens no door."""
    case = settle_case_type(case, notice)
    kind = knowledge.case_type(case.case_type)
    if kind.reply_form == "specialist":
        raise BadInput(
            f"{case.id}: {kind.names.en[0]} is a matter for a lawyer; the program writes no letter for it. {kind.stances[0].means.en}",
            f"{case.id}:{kind.names.zh[0]}需要律师处理,本程序不写这类信。{kind.stances[0].means.zh}",
        )
    settle_document(case, notice, kind, document, earlier)
    return case, kind


def settle_case_type(case: Case, notice: Notice) -> Case:
    """The case with its case type: the one given, else the one read; unsure asks with the candidates named."""
    if case.case_type:
        return case
    if notice.case_type:
        return dataclasses.replace(case, case_type=notice.case_type)
    near = [name for name, _ in notice.case_type_ranked]
    hint = f"the notice fits {' and '.join(near[:3])}" if near else "no known phrase stands in the notice"
    raise BadInput(
        f"{case.id}: the case type is unsure ({hint}); set case_type to one of them or to another of knowledge/case_types.",
        f"{case.id}:无法确定案件类型({'、'.join(near[:3]) or '通知中没有已知的表述'});请设置 case_type。",
    )


def retrieve_for(plan: Plan, case: Case, retriever: Retriever | None) -> tuple[tuple[Passage, ...], Plan]:
    """The passages that apply to the points, and the plan with each point's passage ids."""
    if retriever is None:
        return (), plan
    found: dict[str, Passage] = {}

    def with_passages(point: Point) -> Point:
        text = " ".join(f.text for f in point.facts)
        if not text:
            return point
        hits = [p for p in retriever.search(text, 2, case_type=case.case_type, marketplace=case.marketplace, language="en") if p.score >= FITS]
        found.update({p.id: p for p in hits})
        return dataclasses.replace(point, passages=tuple(p.id for p in hits))

    sections = tuple((name, tuple(with_passages(p) for p in points)) for name, points in plan.sections)
    return tuple(found.values()), dataclasses.replace(plan, sections=sections)


def word_all(
    plan: Plan, case: Case, chat: Chat, on_event: Callable[[Event], None], should_stop: Callable[[], bool], started: float, judge: Judge | None = None
) -> tuple[dict[str, Wording], float]:
    """Every point worded, by point id, and the seconds until the first sentence from a fact was ready."""
    points = [point for _, points in plan.sections for point in points]
    worded: dict[str, Wording] = {}
    first = 0.0
    for number, point in enumerate(points, 1):
        if should_stop():
            raise Stopped(f"Stopped after {number - 1} of {len(points)} sentences; they are kept.", f"已在第 {number - 1}/{len(points)} 句后停止,完成的句子已保存。")
        worded[point.id] = word_point(point, case, chat, judge)
        if point.facts and not first:
            first = time.monotonic() - started
        on_event(Event("word", number, len(points), point.section, worded[point.id].sentence))
    return worded, first


def assemble(plan: Plan, worded: dict[str, Wording], case: Case) -> Letter:
    """The letter of worded points, in the order of the plan, signed with the name of the store."""
    sections = tuple(
        Section(name, heading(name, stance=plan.stance, case_type=case.case_type, document=plan.document), tuple(worded[p.id].sentence for p in points))
        for name, points in plan.sections
    )
    if case.store_name:
        sections = (*sections, Section("closing", "", (Sentence(case.store_name, origin="fixed"),)))
    return Letter(case.id, plan.document, case.language, plan.stance, case.case_type, sections, plan.attachments, plan.gaps)


def warnings(plan: Plan) -> list[Finding]:
    """What the seller has to know before sending a document that is not an answer to a notice in the usual way; a legal act is more than a note."""
    rules = knowledge.letter_rules()["documents"][plan.document]
    if plan.document in {"appeal", "contest", "verification"} or not rules["warning"]:
        return []
    return [
        Finding(
            check="document",
            severity="warn" if plan.document == "counter_notice" else "note",
            message=rules["warning"]["en"],
            message_zh=rules["warning"]["zh"],
            why=rules["purpose"]["en"],
            why_zh=rules["purpose"]["zh"],
            kind=plan.document,
        )
    ]


def doubts(plan: Plan, worded: dict[str, Wording], letter: Letter) -> list[Finding]:
    """What the wording step could not settle: soft doubts about a sentence, and facts that have no English yet."""
    found: list[Finding] = []
    points = [point for _, points in plan.sections for point in points]
    for number, point in enumerate(points):
        wording = worded[point.id]
        if not wording.problems:
            continue
        gap = wording.sentence.origin == "fixed"
        what = "; ".join(wording.problems)
        found.append(
            Finding(
                check="wording",
                severity="block" if gap else "warn",
                message=f"This fact could not be put into English safely: {what}." if gap else f"Please compare this sentence with your words: {what}.",
                message_zh="这条事实未能可靠地译成英文,请自己写一句英文。" if gap else "请把这句英文与你的原话核对,可能有出入。",
                sentence=number,
                quote=wording.sentence.text,
                why="A sentence goes into the letter only when its numbers, names, tense and meaning agree with the fact.",
                why_zh="句子里的数字、名称、时态和意思都与事实一致，才会写进信里。",
                fix="Write the sentence yourself, or tell the fact in shorter sentences.",
                fix_zh="请自己写这句话,或把事实拆成更短的句子。",
                kind="gap" if gap else "",
                facts=wording.sentence.facts,
            )
        )
    return found


def as_json(letter: Letter) -> dict[str, Any]:
    """The letter in the promised layout."""
    from rag.formats import letter_to

    return letter_to(letter)
