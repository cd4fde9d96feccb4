"""Step 3: the questions of the case type, facts told freely, documents held, and the facts that follow from it all."""

from __future__ import annotations

import html
import secrets

import streamlit as st

from rag import knowledge
from rag.knowledge import Question
from rag.models import Notice
from ui.text import WORDS, Say
from ui.work import Work, facts_of, is_answered, questions, seeded

_SHORT = {"percent", "count", "money", "date", "date_range", "duration"}
"""Question types answered on one line."""


def draw(work: Work, notice: Notice, say: Say) -> None:
    """Draws the step and keeps what is typed in `work`."""
    asked = questions(work, notice)
    required = [q for q in asked if q.required]
    more = [q for q in asked if not q.required]
    st.caption(say("facts_hint"))
    left, right = st.columns([3, 2], gap="large")
    with left:
        facts = facts_of(work)
        for question in required:
            _question(work, question, say, done=is_answered(work, question, facts))
        with st.expander(say("questions_more", n=len(more)), expanded=not required):
            for question in more:
                _question(work, question, say, done=False)
    with right:
        _remember(work, say)
        _helpful(work, say)
    _free(work, say)
    _documents(work, say)
    _used(work, say)


def progress(work: Work, notice: Notice) -> tuple[int, int]:
    """How many of the required questions are answered, and how many there are."""
    required = [q for q in questions(work, notice) if q.required]
    facts = facts_of(work)
    return sum(is_answered(work, q, facts) for q in required), len(required)


def _question(work: Work, question: Question, say: Say, *, done: bool) -> None:
    mark = "" if not question.required else ":green[✓] " if done else ":blue[●] "
    label = f"{mark}{_plain(say.pick(question.ask))}"
    unit = say.pick(question.unit) if question.unit else ""
    why = _plain(say.pick(question.why))
    key = f"{work.id}/answer/{question.id}"
    if question.type in {"choice", "yes_no"}:
        _choice(work, question, label, why, say)
    elif question.type in _SHORT:
        work.answers[question.id] = st.text_input(label, key=seeded(key, work.answers.get(question.id, "")), placeholder=unit or None, help=why) or ""
    else:
        hint = unit or (say("one_per_line") if question.type in {"list", "asins", "order_ids"} else None)
        height = 110 if question.type == "long_text" else 70
        work.answers[question.id] = st.text_area(label, key=seeded(key, work.answers.get(question.id, "")), height=height, placeholder=hint, help=why) or ""
    if not work.answers.get(question.id):
        work.answers.pop(question.id, None)


def _choice(work: Work, question: Question, label: str, why: str, say: Say) -> None:
    names = {"yes": say("yes"), "no": say("no")} if question.type == "yes_no" else {c.value: say.pick(c.label) for c in question.choices}
    saved = work.answers.get(f"pick:{question.id}")
    key = seeded(f"{work.id}/pick/{question.id}", saved if saved in names else None)
    chosen = st.pills(label, list(names), key=key, format_func=lambda v: names[v], help=why)
    if chosen:
        work.answers[f"pick:{question.id}"] = chosen
    else:
        work.answers.pop(f"pick:{question.id}", None)
    if chosen or work.answers.get(question.id):
        key = seeded(f"{work.id}/answer/{question.id}", work.answers.get(question.id, ""))
        work.answers[question.id] = (
            st.text_input(say("choice_sentence"), key=key, placeholder=say("choice_note"), label_visibility="collapsed") or ""
        )


def _plain(text: str) -> str:
    # Labels are Markdown: what a knowledge file says must come out as it is written.
    return text.replace("*", "\\*").replace("_", "\\_").replace("[", "\\[").replace("$", "\\$").replace("~", "\\~")


def _remember(work: Work, say: Say) -> None:
    kind = knowledge.case_type(work.case_type)
    parts = [("cause", kind.remember.cause), ("action_done", kind.remember.action_done), ("action_planned", kind.remember.action_planned)]
    if not any(items for _, items in parts):
        return
    with st.expander(say("remember")):
        st.caption(say("remember_hint"))
        for name, items in parts:
            if items:
                st.markdown(f"**{say.word('fact', name)}**\n\n" + "\n".join(f"- {_plain(say.pick(item))}" for item in items))


def _free(work: Work, say: Say) -> None:
    st.markdown(f"**{say('free_facts')}**")
    st.caption(say("free_hint"))
    for row in work.free:
        first, second, third = st.columns([1.5, 8, 0.5], vertical_alignment="top")
        key = seeded(f"{work.id}/free/{row['id']}/kind", row["kind"])
        row["kind"] = first.selectbox(
            say("fact_kind"), list(WORDS["fact"]), key=key, format_func=lambda k: say.word("fact", k), label_visibility="collapsed"
        )
        key = seeded(f"{work.id}/free/{row['id']}/text", row["text"])
        row["text"] = second.text_area(say("fact_text"), key=key, height=70, label_visibility="collapsed", placeholder=say("fact_text")) or ""
        third.button("✕", key=f"{work.id}/free/{row['id']}/remove", help=say("remove"), type="tertiary", on_click=_remove, args=(work.free, row["id"]))
    st.button(say("fact_add"), key="free_add", icon=":material/add:", on_click=_add, args=(work.free, {"kind": "context", "text": ""}))


def _documents(work: Work, say: Say) -> None:
    st.markdown(f"**{say('documents')}**")
    st.caption(say("documents_hint"))
    for row in work.documents:
        first, second, third = st.columns([3, 6.5, 0.5], vertical_alignment="top")
        key = seeded(f"{work.id}/document/{row['id']}/name", row["name"])
        row["name"] = first.text_input(say("document_name"), key=key, label_visibility="collapsed", placeholder=say("document_name")) or ""
        key = seeded(f"{work.id}/document/{row['id']}/data", row["data"])
        row["data"] = second.text_area(say("document_data"), key=key, height=70, label_visibility="collapsed", placeholder=say("document_placeholder")) or ""
        third.button("✕", key=f"{work.id}/document/{row['id']}/remove", help=say("remove"), type="tertiary", on_click=_remove, args=(work.documents, row["id"]))
    st.button(say("document_add"), key="document_add", icon=":material/add:", on_click=_add, args=(work.documents, {"name": "", "data": ""}))


def _helpful(work: Work, say: Say) -> None:
    helpful = knowledge.case_type(work.case_type).evidence
    if helpful:
        with st.expander(say("documents_helpful")):
            for item in helpful:
                st.markdown(f"**{_plain(say.pick(item.name))}** · {say(f'need_{item.need}')}  \n{_plain(say.pick(item.proves))}")


def _add(rows: list[dict[str, str]], empty: dict[str, str]) -> None:
    rows.append({"id": f"f-{secrets.token_hex(2)}", **empty})


def _remove(rows: list[dict[str, str]], name: str) -> None:
    rows[:] = [row for row in rows if row["id"] != name]


def _used(work: Work, say: Say) -> None:
    facts = facts_of(work)
    if not facts:
        return
    with st.expander(say("facts_used", n=len(facts))):
        rows = "".join(f"<tr><td>{html.escape(say.word('fact', f.kind))}</td><td>{html.escape(f.text)}</td></tr>" for f in facts)
        st.html(f'<table class="poa-facts">{rows}</table>')
