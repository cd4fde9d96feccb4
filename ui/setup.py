"""Sidebar: what is ready on this computer, progress of the models, their licences, and what leaves the machine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ui.machine import Machine
from ui.text import Say

LOOK_SECONDS = 2
"""Time between two looks at the progress while models are fetched or loaded."""
_MEGABYTE = 1_000_000


def draw(machine: Machine, say: Say) -> None:
    """Draws the status; while something is fetched or loaded it renews itself."""
    st.subheader(say("models"))
    busy = machine.fetching or machine.loading
    st.fragment(_status, run_every=LOOK_SECONDS if busy else None)(machine, say, busy)
    _leaves(machine, say)


def _status(machine: Machine, say: Say, was_busy: bool) -> None:
    with st.container():  # a fragment that grows would otherwise overwrite what stands below it
        _models(machine, say)
    if was_busy and not (machine.fetching or machine.loading):
        st.rerun()


def _models(machine: Machine, say: Say) -> None:
    spec = machine.settings.chat_model
    models = machine.models()
    chat_missing = spec == "local" and any(row["name"] == "chat" and not row["ready"] for row in models["bundles"])
    if spec == "none":
        st.caption(say("model_none"))
    elif spec != "local":
        st.caption(say("model_remote", name=spec))
    elif chat_missing:
        st.info(say("model_waiting"))
    else:
        title = next((row["title"] for row in models["bundles"] if row["name"] == "chat"), spec)
        st.caption(say("model_inside", name=title))
    if machine.searching_by_meaning:
        st.caption(say("search_ready"))
    else:
        st.caption(say("search_loading") if machine.loading else say("search_words"))
    if machine.search_error is not None:
        st.warning(say.error(machine.search_error))
    if not models["ready"]:
        _fetching(machine, models, say)


def _fetching(machine: Machine, models: dict[str, Any], say: Say) -> None:
    if machine.settings.offline:
        st.warning(say("fetch_offline"))
        return
    done, total = models["done"], models["total"]
    if machine.fetching or models["running"]:
        st.progress(min(1.0, done / total) if total else 0.0, text=say("fetching", done=done // _MEGABYTE, total=total // _MEGABYTE))
    for row in models["bundles"]:
        key = "fetch_ready" if row["ready"] else "fetch_row" if row["done"] else "fetch_waiting"
        st.caption(say(key, title=row["title"], done=row["done"] // _MEGABYTE, total=row["total"] // _MEGABYTE))
    if models["error"] and not machine.fetching:
        st.error(say.script(models["error_zh"] or models["error"]) if say.chinese else models["error"])
        st.button(say("fetch_again"), key="fetch_again", on_click=machine.fetch_models)
    with st.expander(say("terms"), expanded=True):
        for row in models["bundles"]:
            st.caption(say.script(row["notice_zh"]) if say.chinese else row["notice"])


def _leaves(machine: Machine, say: Say) -> None:
    st.subheader(say("leaves"))
    spec = machine.settings.chat_model
    if spec in {"local", "none"}:
        st.caption(say("leaves_nothing"))
    else:
        st.warning(say("leaves_remote", name=spec))
