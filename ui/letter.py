"""Step 4: the letter is written, shown sentence by sentence with what each rests on, edited, and checked again at once."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Sequence
from functools import lru_cache

import streamlit as st

from rag.checks.meaning import Meaning
from rag.export import BOX_TITLES
from rag.formats import boxes, letter_text, sentences
from rag.models import Case, Finding, Letter, Notice, Passage, Section, Sentence
from rag.store import Edit, LetterVersion
from ui import jobs
from ui.machine import Machine
from ui.text import Say
from ui.work import Work, case_of, document_of, earlier_of, mark_of

LOOK_SECONDS = 0.7
"""Time between two looks at a running draft."""
_WORST = ("block", "warn", "note")
_BY_MODEL = {"support", "wording"}
"""Checks whose findings about a sentence come from the model and end when the sentence is edited."""


def draw(work: Work, notice: Notice, machine: Machine, say: Say) -> Letter | None:
    """Draws the step; returns the letter that is shown, if there is one."""
    case = case_of(work)
    job = machine.jobs.get(work.id)
    if job is not None and job.running:
        job.thread.join(0.2)  # a draft from the cache is done before the page is drawn
    if job is not None and job.running:
        st.fragment(_progress, run_every=LOOK_SECONDS)(job, say)
        return None
    versions = machine.store.letters(work.id)
    if job is not None and job.letter is not None:
        work.answers[f"letter:{job.version}"] = job.facts_mark
        st.session_state[f"{work.id}/version"] = job.version
        machine.jobs.pop(work.id)
    _start(work, case, notice, job, versions, machine, say)
    if not versions:
        return None
    shown = _choose(work, versions, say)
    if work.answers.get(f"letter:{shown.version}", mark_of(case, work)) != mark_of(case, work):
        st.warning(say("facts_changed"), icon=":material/update:")
    letter = shown.letter
    _summary(letter, say)
    _whole_findings(letter, say)
    _gaps(letter, say)
    _legend(say)
    number = 0
    for section in letter.sections:
        number = _section(section, number, shown, work, notice, machine, say)
    _boxes(letter, say)
    return letter


# --- drafting -----------------------------------------------------------------------------------------------------------


def _start(work: Work, case: Case, notice: Notice, job: jobs.Job | None, versions: tuple[LetterVersion, ...], machine: Machine, say: Say) -> None:
    if job is not None and job.error is not None:
        st.error(say.error(job.error))
    if job is not None and job.stopped:
        st.info(say("stopped_note"))
        _streamed(job, say)
    if not case.facts and not case.evidence:
        st.caption(say("no_facts"))
    label = say("draft_again") if versions else say("draft")
    # No callback: it would run before what was typed last has reached `work`.
    if st.button(label, key="draft", type="secondary" if versions else "primary", icon=":material/edit_note:"):
        st.session_state.pop("editing", None)
        jobs.start(machine, case, notice, mark_of(case, work), document=document_of(work), earlier=earlier_of(work))
        st.rerun()


def _progress(job: jobs.Job, say: Say) -> None:
    if not job.running:
        st.rerun()
    with st.container():  # a fragment that grows would otherwise overwrite what stands below it
        _running(job, say)


def _running(job: jobs.Job, say: Say) -> None:
    step = job.step if job.step in {"plan", "retrieve", "word", "support"} else "prepare"
    share = job.done / job.total if job.total and step in {"word", "support"} else 0.0
    st.progress(min(1.0, share), text=say(f"progress_{step}", done=job.done, total=job.total))
    if job.stop.is_set():
        st.caption(say("stopping"))
    else:
        st.button(say("stop"), key="stop", icon=":material/stop_circle:", on_click=job.stop.set)
    _streamed(job, say)


def _streamed(job: jobs.Job, say: Say) -> None:
    rows: list[str] = []
    before = ""
    for section, sentence in list(job.sentences):
        if section != before:
            rows.append(f"<h4>{html.escape(say.word('section', section))}</h4>")
            before = section
        rows.append(f'<div class="poa-sentence poa-origin-{sentence.origin}">{html.escape(sentence.text)}</div>')
    if rows:
        st.html(f'<div class="poa-stream">{"".join(rows)}</div>')


def _choose(work: Work, versions: tuple[LetterVersion, ...], say: Say) -> LetterVersion:
    by_number = {v.version: v for v in versions}
    if len(versions) == 1:
        return versions[0]
    numbers = sorted(by_number, reverse=True)
    chosen = st.selectbox(
        say("version"),
        numbers,
        key=f"{work.id}/version",
        format_func=lambda n: say("version_at", n=n, time=f"{by_number[n].updated_at.astimezone():%Y-%m-%d %H:%M}"),
    )
    return by_number[chosen]


# --- what stands in the letter ------------------------------------------------------------------------------------------


def _summary(letter: Letter, say: Say) -> None:
    complete, checked, unchecked = summary(letter, say)
    parts = (("complete", complete), ("checked", checked), ("unchecked", unchecked))
    cells = "".join(
        f'<div><h4>{html.escape(say(f"summary_{name}"))}</h4><ul>{"".join(f"<li>{html.escape(item)}</li>" for item in items)}</ul></div>'
        for name, items in parts
    )
    st.html(f'<div class="poa-summary">{cells}</div>')


def summary(letter: Letter, say: Say) -> tuple[list[str], list[str], list[str]]:
    """What is complete, what is checked, what could not be checked. Never a chance of success."""
    every = [s for s in sentences(letter) if s.text.strip()]
    required = [g for g in letter.gaps if g.required]
    complete = [
        say("complete_sections", n=len(letter.sections), sentences=len(every)),
        say("complete_gaps", n=len(required)) if required else say("complete_no_gaps"),
    ]
    blocks, warns = (sum(f.severity == s for f in letter.findings) for s in ("block", "warn"))
    undecided = {f.sentence for f in letter.findings if f.kind == "undecided" and f.sentence is not None}
    not_run = [f.message_zh if say.chinese else f.message for f in letter.findings if f.kind == "undecided" and f.sentence is None]
    by_model = sum(s.origin == "model" for s in every)
    checked = [
        say("checked_blocks", n=blocks, m=warns) if blocks or warns else say("checked_clean"),
        say("checked_exact", n=len(every)),
    ]
    if by_model > len(undecided):
        checked.append(say("checked_meaning", n=by_model - len(undecided)))
    edited = sum(s.origin == "edited" for s in every)
    unchecked = [say("unchecked_undecided", n=len(undecided))] if undecided else []
    if edited:
        unchecked.append(say("unchecked_edited", n=edited))
    unchecked += [say.script(text) for text in not_run]
    unchecked.append(say("unchecked_own"))
    if letter.attachments:
        unchecked.append(say("unchecked_documents"))
    return complete, checked, unchecked


def _whole_findings(letter: Letter, say: Say) -> None:
    found = [f for f in letter.findings if f.sentence is None]
    if found:
        st.markdown(f"**{say('whole_letter')}**")
        st.html("".join(_finding(f, say) for f in found))


def _gaps(letter: Letter, say: Say) -> None:
    if not letter.gaps:
        return
    st.markdown(f"**{say('gaps')}**")
    rows = "".join(
        f'<li class="{"poa-needed" if g.required else ""}"><b>{html.escape(say("gap_required") if g.required else say("gap_useful"))}</b> '
        f"{html.escape(say.script(g.question_zh) if say.chinese and g.question_zh else g.question_en)}</li>"
        for g in sorted(letter.gaps, key=lambda g: not g.required)
    )
    st.html(f'<ul class="poa-gaps">{rows}</ul>')


def _legend(say: Say) -> None:
    items = "".join(f'<span class="poa-sentence poa-origin-{o}">{html.escape(say(f"origin_{o}"))}</span>' for o in ("model", "seller", "fixed", "edited"))
    items += "".join(f'<span class="poa-finding poa-{s}">{html.escape(say(f"severity_{s}"))}</span>' for s in _WORST)
    st.html(f'<div class="poa-legend"><b>{html.escape(say("legend"))}</b>{items}</div>')


def _section(section: Section, first: int, shown: LetterVersion, work: Work, notice: Notice, machine: Machine, say: Say) -> int:
    heading = html.escape(section.heading or say.word("section", section.id))
    quiet = "" if section.heading else " poa-quiet"
    st.html(f'<h4 class="poa-heading{quiet}">{heading}</h4>')
    for number, sentence in enumerate(section.sentences, first):
        _sentence(number, sentence, shown, work, notice, machine, say)
    return first + len(section.sentences)


def _sentence(number: int, sentence: Sentence, shown: LetterVersion, work: Work, notice: Notice, machine: Machine, say: Say) -> None:
    letter = shown.letter
    found = sorted((f for f in letter.findings if f.sentence == number), key=lambda f: _WORST.index(f.severity))
    place = f"{work.id}/{shown.version}/{number}"
    left, middle, right = st.columns([6, 0.6, 4], gap="small")
    with left:
        if st.session_state.get("editing") == place:
            _editor(place, number, sentence, shown, work, notice, machine, say)
        else:
            worst = f" poa-has-{found[0].severity}" if found else ""
            text = html.escape(sentence.text) if sentence.text.strip() else f"<i>{html.escape(say('left_out'))}</i>"
            st.html(f'<div class="poa-sentence poa-origin-{sentence.origin}{worst}">{text}</div>')
        if found:
            st.html("".join(_finding(f, say) for f in found))
    with middle:
        if st.session_state.get("editing") != place:
            st.button("", key=f"edit/{place}", icon=":material/edit:", type="tertiary", help=say("edit"), on_click=_edit, args=(place,))
    with right:
        st.html(_sources(sentence, case_of(work), say))


def _finding(finding: Finding, say: Say) -> str:
    rows = [f"<b>{html.escape(say(f'severity_{finding.severity}'))}</b> {html.escape(say.message(finding))}"]
    if why := say.why(finding):
        rows.append(f"<span>{html.escape(say('why'))}{'：' if say.chinese else ': '}{html.escape(why)}</span>")
    if fix := say.fix(finding):
        rows.append(f"<span>{html.escape(say('fix'))}{'：' if say.chinese else ': '}{html.escape(fix)}</span>")
    return f'<div class="poa-finding poa-{finding.severity}">{"".join(f"<div>{row}</div>" for row in rows)}</div>'


def _sources(sentence: Sentence, case: Case, say: Say) -> str:
    from rag.plan import all_facts

    known = {f.id: f for f in all_facts(case)}
    rows = [f'<div class="poa-fact"><b>{html.escape(say.word("fact", known[f].kind))}</b> {html.escape(known[f].text)}</div>' for f in sentence.facts if f in known]
    if not rows:
        rows = [f'<div class="poa-none">{html.escape(say("rests_on_frame") if sentence.origin == "fixed" else say("rests_on_nothing"))}</div>']
    rules = [p for name in sentence.passages if (p := passage_of(name, say.chinese)) is not None]
    if rules:
        rows.append(f'<details class="poa-rule"><summary>{html.escape(say("rules_used", n=len(rules)))}</summary>{"".join(_rule(p, say) for p in rules)}</details>')
    return f'<div class="poa-sources">{"".join(rows)}</div>'


def _rule(passage: Passage, say: Say) -> str:
    date = say("rule_undated") if passage.as_of == "undated" else say("rule_as_of", date=passage.as_of)
    return (
        f"<p><b>{html.escape(say.script(passage.title))}</b><br>{html.escape(say.script(passage.text))}</p>"
        f'<p class="poa-none">{html.escape(passage.source)} · {html.escape(date)}</p>'
    )


@lru_cache(maxsize=1)
def _passages() -> dict[str, Passage]:
    from rag.index import passages

    return {p.id: p for p in passages()}


def passage_of(name: str, chinese: bool) -> Passage | None:
    """The passage of that id in the language of the interface."""
    known = _passages()
    return known.get(f"{name.rpartition('@')[0] or name}@{'zh' if chinese else 'en'}") or known.get(name)


# --- editing ------------------------------------------------------------------------------------------------------------


def _edit(place: str) -> None:
    st.session_state["editing"] = place


def _editor(place: str, number: int, sentence: Sentence, shown: LetterVersion, work: Work, notice: Notice, machine: Machine, say: Say) -> None:
    key = f"text/{place}"
    st.text_area(say("edit_label"), value=sentence.text, key=key, height=100)
    with st.container(horizontal=True):
        st.button(say("save"), key=f"save/{place}", type="primary", on_click=_save, args=(key, number, shown, work, notice, machine))
        st.button(say("cancel"), key=f"cancel/{place}", type="tertiary", on_click=_edit, args=("",))


def _save(key: str, number: int, shown: LetterVersion, work: Work, notice: Notice, machine: Machine) -> None:
    text = " ".join(str(st.session_state.get(key, "")).split())
    before = sentences(shown.letter)[number].text
    _edit("")
    if text == before:
        return
    letter = edited(shown.letter, number, text, case_of(work), notice, earlier=earlier_of(work), meaning=machine.meaning())
    machine.store.save_letter(letter, updated_at=machine.now(), version=shown.version)
    machine.store.save_edit(work.id, Edit(shown.version, number, before, text, machine.now()))


def edited(letter: Letter, number: int, text: str, case: Case, notice: Notice, *, earlier: Sequence[str] = (), meaning: Meaning | None = None) -> Letter:
    """The letter with one sentence changed and checked again. What a model found about other sentences stays."""
    from rag.pipeline import check_letter

    at = 0
    sections: list[Section] = []
    for section in letter.sections:
        kept = [
            dataclasses.replace(s, text=text, origin="edited") if at + n == number else s for n, s in enumerate(section.sentences)
        ]
        at += len(kept)
        sections.append(dataclasses.replace(section, sentences=tuple(kept)))
    changed = dataclasses.replace(letter, sections=tuple(sections), findings=())
    cited = [p for name in {p for s in sentences(changed) for p in s.passages} if (p := _passages().get(name) or passage_of(name, False)) is not None]
    found = check_letter(changed, case, cited, notice=notice, earlier=earlier, meaning=meaning)
    told = {(f.check, f.sentence, f.kind, f.quote) for f in found}
    checks = {f.check for f in found}
    kept_findings = [
        f
        for f in letter.findings
        if ((f.check in _BY_MODEL and f.sentence != number) or f.check == "dishonest_wish")
        and f.check not in checks - _BY_MODEL
        and (f.check, f.sentence, f.kind, f.quote) not in told
    ]
    return dataclasses.replace(changed, findings=(*found, *kept_findings))


# --- to copy ------------------------------------------------------------------------------------------------------------


def _boxes(letter: Letter, say: Say) -> None:
    filled = boxes(letter)
    names = ["whole_text", "boxes"] if any(filled.values()) else ["whole_text"]
    for tab, name in zip(st.tabs([say(n) for n in names]), names, strict=True):
        with tab:
            if name == "whole_text":
                st.code(letter_text(letter), language=None, wrap_lines=True)
                continue
            for box in BOX_TITLES:
                st.caption(say(f"box_{box}"))
                if filled[box]:
                    st.code(filled[box], language=None, wrap_lines=True)
                else:
                    st.caption(say("box_empty"))
    st.markdown(f"**{say('attachments')}**")
    if letter.attachments:
        st.markdown("\n".join(f"{n}. `{a.name}`" for n, a in enumerate(letter.attachments, 1)))
    else:
        st.caption(say("attachments_none"))
    if letter.run.model:
        st.caption(say("made_with", model=letter.run.model, seconds=f"{letter.run.seconds:.0f}"))
