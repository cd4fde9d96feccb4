"""Step 1: paste the notice, see what was read from it with the words that show it, and correct it."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import streamlit as st

from rag import knowledge
from rag.models import Notice
from ui.text import WORDS, Say
from ui.work import Work, corrected, only_stance, seeded

_CLASSES = ("kind", "case_type", "deadline", "requested", "policy")
"""Kinds of quotation that have a colour of their own; identifiers are coloured by where they stand."""


@lru_cache(maxsize=16)
def reading(text: str) -> Notice:
    """What the notice says, read once per text."""
    from rag.notice import read_notice

    return read_notice(text)


def draw(work: Work, say: Say) -> Notice:
    """Draws the step; returns what was read, with corrections."""
    if not work.read:
        _paste(work, say)
        return reading(work.notification)
    notice = reading(work.notification)
    left, right = st.columns([1, 1], gap="large")
    with left:
        if work.notification.strip():
            st.html(f'<div class="poa-notice">{highlighted(work.notification, notice, say)}</div>')
        with st.container(horizontal=True):
            st.button(say("notice_change"), key="notice_change", on_click=_unread, args=(work,))
    with right:
        _store(work, say)
        _readings(work, notice, say)
    return corrected(notice, work)


def _paste(work: Work, say: Say) -> None:
    key = seeded(f"{work.id}/notification", work.notification)
    work.notification = st.text_area(say("notice_label"), key=key, height=260, placeholder=say("notice_placeholder")) or ""
    _store(work, say)
    with st.container(horizontal=True):
        st.button(say("read"), key="read", type="primary", disabled=False, on_click=_read, args=(work,))
        if not work.notification.strip():
            st.button(say("no_notice"), key="no_notice", type="tertiary", on_click=_read, args=(work,))


def _store(work: Work, say: Say) -> None:
    first, second = st.columns([1, 1])
    stores = list(WORDS["store"])
    with first:
        key = seeded(f"{work.id}/marketplace", work.marketplace)
        work.marketplace = st.selectbox(say("marketplace"), stores, key=key, format_func=lambda code: f"{say.word('store', code)} ({code})")
    with second:
        key = seeded(f"{work.id}/store_name", work.store_name)
        work.store_name = st.text_input(say("store_name"), key=key, placeholder=say("store_placeholder")) or ""


def _read(work: Work) -> None:
    work.notification = st.session_state.get(f"{work.id}/notification", work.notification) or ""
    notice = reading(work.notification)
    work.read = True
    if notice.case_type:
        choose_case_type(work, notice.case_type)
        st.session_state[f"{work.id}/case_type"] = notice.case_type


def _unread(work: Work) -> None:
    work.read = False


def choose_case_type(work: Work, name: str) -> None:
    """Sets the case type; stance and admissions belong to the old one and start anew."""
    if name == work.case_type:
        return
    work.case_type, work.conceded = name, []
    work.stance = only_stance(name)
    st.session_state[f"{work.id}/stance"] = work.stance or None  # drawn later in this run; removing the key would lose the next choice


def _readings(work: Work, notice: Notice, say: Say) -> None:
    st.caption(f"**{say('what_was_read')}** · {say('correct_it')}")
    _case_type(work, notice, say)
    _kind(work, notice, say)
    key = seeded(f"{work.id}/requested", _start(work, "requested", list(notice.requested)))
    chosen = st.multiselect(say("requested"), list(WORDS["requested"]), key=key, format_func=lambda c: say.word("requested", c))
    _correct(work, "requested", ", ".join(chosen), ", ".join(notice.requested))
    _quotes(notice, "requested", say)
    first, second = st.columns([1, 1])
    with first:
        key = seeded(f"{work.id}/deadline", _deadline_start(work, notice))
        hours = st.number_input(say("deadline"), min_value=0, step=1, value=None, key=key)
        _correct(work, "deadline_hours", str(hours or ""), str(notice.deadline_hours or ""))
        if hours:
            st.caption(say("deadline_is", n=int(hours), days=f"{hours / 24:g}"))
        _quotes(notice, "deadline", say)
        if not notice.deadline_hours:
            st.caption(say("deadline_none"))
    with second:
        for name in ("asins", "order_ids", "complaint_ids"):
            found = getattr(notice, name)
            key = seeded(f"{work.id}/{name}", ", ".join(_start(work, name, list(found))))
            typed = st.text_input(say(name), key=key, placeholder=say("not_found"), help=say("comma_list")) or ""
            _correct(work, name, typed, ", ".join(found))
    if notice.policy_named:
        st.caption(f"{say('policy')}: {notice.policy_named}")


def _case_type(work: Work, notice: Notice, say: Say) -> None:
    names = sorted(knowledge.case_type_ids(), key=lambda n: (knowledge.case_type(n).family, say.case_type(knowledge.case_type(n))))
    ranked = [n for n, _ in notice.case_type_ranked]
    options = ["", *ranked, *(n for n in names if n not in ranked)]
    key = seeded(f"{work.id}/case_type", work.case_type)
    chosen = st.selectbox(
        say("case_type"), options, key=key, format_func=lambda n: say.case_type(knowledge.case_type(n)) if n else say("case_type_choose")
    )
    if chosen != work.case_type:
        choose_case_type(work, chosen)
    if not notice.case_type:
        (st.warning if not chosen else st.caption)(say("unsure") if ranked else say("nothing_found"))
    if ranked:
        items = " · ".join(f"{say.case_type(knowledge.case_type(n))} {share:.0%}" for n, share in notice.case_type_ranked)
        st.caption(say("ranking", items=items))
    _quotes(notice, "case_type", say)
    if chosen:
        kind = knowledge.case_type(chosen)
        st.caption(f"{say.pick(kind.summary)} {say('reply_form', form=say.word('reply_form', kind.reply_form))}")


def _kind(work: Work, notice: Notice, say: Say) -> None:
    start = work.answers.get("notice:kind", notice.kind or "")
    key = seeded(f"{work.id}/kind", start)
    chosen = st.selectbox(say("kind"), ["", *WORDS["kind"]], key=key, format_func=lambda k: say.word("kind", k) if k else say("not_found"))
    _correct(work, "kind", chosen, notice.kind or "")
    _quotes(notice, "kind", say)


def _start(work: Work, name: str, found: list[str]) -> list[str]:
    saved = work.answers.get(f"notice:{name}")
    return found if saved is None else [v for v in re.split(r"[,，、;；\s]+", saved) if v]


def _deadline_start(work: Work, notice: Notice) -> int | None:
    saved = work.answers.get("notice:deadline_hours")
    if saved is None:
        return notice.deadline_hours
    return int(float(saved)) if saved else None


def _correct(work: Work, name: str, value: str, read: str) -> None:
    """A correction is kept only while it differs from what was read."""
    if value == read:
        work.answers.pop(f"notice:{name}", None)
    else:
        work.answers[f"notice:{name}"] = value


def _quotes(notice: Notice, what: str, say: Say) -> None:
    found = [q for q in notice.quotes if q.supports.split(":")[0] == what]
    if not found:
        return
    items = "".join(
        f'<q class="poa-quote poa-{what}"{_label(q.supports, say)}>{html.escape(_short(q.text))}</q>' for q in found
    )
    st.html(f'<div class="poa-quotes">{items}</div>')


def _label(supports: str, say: Say) -> str:
    family, _, name = supports.partition(":")
    words = say.word(family, name) if family in WORDS else say.case_type(knowledge.case_type(name)) if family == "case_type" else ""
    return f' title="{html.escape(words, quote=True)}"' if words else ""


def _short(text: str) -> str:
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= 110 else f"{flat[:107]}..."


def highlighted(text: str, notice: Notice, say: Say) -> str:
    """The notice as HTML with the quotations marked; where two overlap the earlier and longer one stays."""
    spans = [(q.start, q.start + len(q.text), q.supports.split(":")[0], q.supports) for q in notice.quotes]
    for name in ("asins", "order_ids", "complaint_ids"):
        spans += [(m.start(), m.end(), "id", name) for value in getattr(notice, name) for m in re.finditer(re.escape(value), text)]
    parts: list[str] = []
    at = 0
    for start, end, family, supports in sorted(spans, key=lambda s: (s[0], -s[1])):
        if start < at or text[start:end].strip() == "":
            continue
        parts.append(html.escape(text[at:start]))
        shown = say(supports) if family == "id" else say(family)
        parts.append(f'<mark class="poa-{family}" title="{html.escape(shown, quote=True)}">{html.escape(text[start:end])}</mark>')
        at = end
    parts.append(html.escape(text[at:]))
    return "".join(parts)
