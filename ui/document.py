"""Step 2, below the position: which kind of letter, where it is not the first answer to the notice, and the letter that was sent before."""

from __future__ import annotations

import streamlit as st

from rag import knowledge
from rag.kinds import default_document, fitting
from rag.models import Case
from ui.text import Say
from ui.work import Work, document_of, earlier_of, seeded

AFTER_A_LETTER = ("follow_up", "supplement")
"""Kinds that come after a letter that was sent, whose text they have to agree with."""


def draw(work: Work, case: Case, say: Say) -> None:
    """Draws the choice and keeps it in `work.answers`; the usual answer stays folded away."""
    kind = knowledge.case_type(work.case_type)
    rules = knowledge.letter_rules()["documents"]
    side = "zh" if say.chinese else "en"
    options = ["", *fitting(kind, work.marketplace, case.stance)]
    if len(options) < 2:
        return
    chosen = document_of(work)
    usual = say.script(rules[default_document(kind, case.stance)]["name"][side]) if case.stance else ""
    names = {d: say.script(rules[d]["name"][side]) if d else say("document_usual", name=usual) for d in options}
    with st.expander(f"{say('document')} · {names.get(chosen, names[''])}", expanded=bool(chosen)):
        key = seeded(f"{work.id}/document", chosen if chosen in options else "")
        if st.session_state[key] not in options:
            st.session_state[key] = ""
        picked = st.selectbox(say("document_hint"), options, key=key, format_func=names.__getitem__)
        if picked:
            st.caption(say.script(rules[picked]["purpose"][side]))
        if picked in AFTER_A_LETTER:
            work.answers["page:earlier"] = st.text_area(say("document_earlier"), key=seeded(f"{work.id}/earlier", "".join(earlier_of(work))), height=160, help=say("document_earlier_hint"))
        if picked != chosen:
            work.answers["page:document"] = picked
            st.rerun()
