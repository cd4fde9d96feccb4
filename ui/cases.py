"""Sidebar: the saved cases, with new, open and delete."""

from __future__ import annotations

import streamlit as st

from rag import knowledge
from rag.store import CaseRow
from ui.machine import Machine
from ui.text import Say
from ui.work import Work, new_work, switch_to, work_from

SHOWN = 30
"""Cases in the list; older ones are reached by their address."""


def draw(machine: Machine, work: Work, say: Say) -> None:
    """Draws the list; a button opens that case."""
    st.subheader(say("cases"))
    # No callbacks for new and open: they would run before what was typed last is saved.
    if st.button(say("case_new"), key="case_new", icon=":material/add:", width="stretch"):
        switch_to(new_work(machine.now()))
        st.rerun()
    rows = machine.store.list()
    if not rows:
        st.caption(say("case_none"))
    for row in rows[:SHOWN]:
        clicked = st.button(
            _title(row, say),
            key=f"open/{row.id}",
            type="secondary" if row.id == work.id else "tertiary",
            width="stretch",
            help=f"{say('saved_at', time=f'{row.updated_at.astimezone():%Y-%m-%d %H:%M}')} · {say('case_letters', n=row.letters)}",
        )
        if clicked and row.id != work.id and (saved := machine.store.load(row.id)):
            switch_to(work_from(saved))
            st.rerun()
    if any(row.id == work.id for row in rows):
        _delete(machine, work, say)


def _title(row: CaseRow, say: Say) -> str:
    known = row.case_type in knowledge.case_type_ids()
    kind = say.case_type(knowledge.case_type(row.case_type)) if known else say("case_type_open")
    return f"{row.store_name or say('case_unnamed')} · {kind}"


def _delete(machine: Machine, work: Work, say: Say) -> None:
    if st.session_state.get("deleting") != work.id:
        st.button(say("case_delete"), key="case_delete", type="tertiary", icon=":material/delete:", on_click=_ask, args=(work.id,))
        return
    st.warning(say("case_delete_ask"))
    with st.container(horizontal=True):
        st.button(say("case_delete_yes"), key="case_delete_yes", on_click=_gone, args=(machine, work.id))
        st.button(say("cancel"), key="case_delete_no", type="tertiary", on_click=_ask, args=("",))


def _ask(name: str) -> None:
    st.session_state["deleting"] = name


def _gone(machine: Machine, name: str) -> None:
    job = machine.jobs.pop(name, None)
    if job is not None:
        job.stop.set()
    machine.store.delete(name)
    st.session_state["deleting"] = ""
    switch_to(new_work(machine.now()))
