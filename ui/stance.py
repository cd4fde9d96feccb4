"""Step 2: which position is true, and what the seller concedes, each with what it means."""

from __future__ import annotations

import streamlit as st

from rag import knowledge
from ui.text import Say
from ui.work import Work, concedable, only_stance, seeded


def draw(work: Work, say: Say) -> None:
    """Draws the step and keeps the choice in `work`. Where there is more than one position none is chosen beforehand: that is the seller's to say."""
    kind = knowledge.case_type(work.case_type)
    options = {o.stance: o for o in kind.stances}
    if work.stance not in options:
        work.stance = only_stance(work.case_type)
    key = seeded(f"{work.id}/stance", work.stance or None)
    if st.session_state[key] not in options:
        st.session_state[key] = work.stance or None
    chosen = st.radio(
        say("stance_hint"),
        list(options),
        index=None,
        key=key,
        format_func=lambda s: say.word("stance", s),
        captions=[f"{say('stance_when')}{'：' if say.chinese else ': '}{say.pick(o.when)}" for o in kind.stances],
    )
    work.stance = chosen or ""
    if not chosen:
        st.info(say("choose_stance"))
        return
    st.info(f"**{say('stance_means')}** · {say.pick(options[chosen].means)}")
    if kind.reply_form == "specialist":
        st.warning(say("specialist"))
    kinds = concedable(kind)
    if not kinds:
        return
    named = knowledge.letter_rules()["admission_kinds"]
    names = {k: named[k]["name"]["zh" if say.chinese else "en"] for k in kinds}
    conceded = [k for k in work.conceded if k in kinds]
    summary = say("concede_some", items="、".join(say.script(names[k]) for k in conceded)) if conceded else say("concede_none")
    with st.expander(f"{say('concede_title')} · {summary}", expanded=bool(conceded)):
        st.caption(say("concede_hint"))
        chosen_kinds = []
        for k in kinds:
            key = seeded(f"{work.id}/concede/{k}", k in conceded)
            if st.checkbox(say.script(names[k]), key=key):
                chosen_kinds.append(k)
            st.caption(say.script(named[k]["meaning"]["zh" if say.chinese else "en"]))
        if chosen_kinds != conceded:
            work.conceded = chosen_kinds
            st.rerun()
        work.conceded = chosen_kinds
