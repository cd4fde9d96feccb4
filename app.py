"""The web page: `streamlit run app.py`, or `poa app`. One page, five numbered steps, read from top to bottom.

Everything is decided in rag/; this file puts the parts of ui/ in screen order and turns every error into one sentence.
"""

from __future__ import annotations

import html
import logging
from pathlib import Path

from rag.settings import silence_telemetry

silence_telemetry()

import streamlit as st  # noqa: E402

from rag.errors import AppealError  # noqa: E402
from rag.models import Notice  # noqa: E402
from ui import cases, document, export, facts, letter, machine, notice, setup, stance  # noqa: E402
from ui.text import LANGUAGES, Language, Say, language_of  # noqa: E402
from ui.work import Work, autosave, case_of, open_work  # noqa: E402

STYLE = Path(__file__).parent / "ui" / "style.css"
# A file of our own: Streamlit would fetch named icons and emoji for the browser tab from another machine.
ICON = Path(__file__).parent / "ui" / "icon.png"
STEPS = ("notice", "stance", "facts", "letter", "export")


def main() -> None:
    """The page."""
    st.set_page_config(page_title="POA", page_icon=str(ICON), layout="wide", initial_sidebar_state="expanded")
    st.html(STYLE)
    say = Say(choose_language())
    try:
        page(say)
    except AppealError as error:
        st.error(say.error(error))
    except Exception as error:  # whatever it is, a seller sees one sentence and the log has the rest
        logging.getLogger(__name__).exception("the page failed")
        st.error(say("unexpected", what=type(error).__name__))


def choose_language() -> Language:
    """The language of the interface: chosen here, kept in the address, first guessed from the browser."""
    if "language" not in st.session_state:
        st.session_state["language"] = language_of(st.query_params.get("lang") or st.context.locale)
    with st.sidebar:
        chosen = st.segmented_control(
            "简体 / 繁體 / English", list(LANGUAGES), key="language", format_func=LANGUAGES.__getitem__, required=True, label_visibility="collapsed"
        )
    language = language_of(chosen)
    if st.query_params.get("lang") != language:
        st.query_params["lang"] = language
    return language


def page(say: Say) -> None:
    """The five steps; those that cannot begin yet are not drawn."""
    here = machine.machine()
    work = open_work(here.store, here.now())
    top = st.container()
    step(1, say, say("notice_hint") if not work.read else "")
    read = notice.draw(work, say)
    shown = None
    if work.read and work.case_type:
        step(2, say)
        stance.draw(work, say)
    if work.read and work.stance:
        document.draw(work, case_of(work), say)
        step(3, say, progress_text(work, read, say))
        facts.draw(work, read, say)
        step(4, say)
        shown = letter.draw(work, read, here, say)
        if shown is not None:
            step(5, say)
            export.draw(shown, say)
    elif work.read and not work.case_type:
        st.info(say("confirm_type"))
    autosave(work, here.store, here.now())
    with top:
        header(work, read, shown is not None, say)
    with st.sidebar:
        cases.draw(here, work, say)
        setup.draw(here, say)


def header(work: Work, read: Notice, has_letter: bool, say: Say) -> None:
    """Title, promise, and the five steps with where the case stands."""
    done = [work.read and bool(work.case_type), work.read and bool(work.stance)]
    answered, wanted = facts.progress(work, read) if done[1] else (0, 1)
    done += [done[1] and answered == wanted, has_letter, False]
    now = done.index(False) if not has_letter else 3
    items = []
    for number, name in enumerate(STEPS):
        state = "poa-done" if done[number] and number != now else "poa-now" if number == now else ""
        mark = "✓" if done[number] and number != now else str(number + 1)
        items.append(f'<span class="{state}"><a href="#step-{number + 1}">{mark} {html.escape(say(f"step_{name}"))}</a></span>')
    st.html(
        f'<div class="poa-top"><h1>{html.escape(say("title"))}</h1><p>{html.escape(say("promise"))}</p>'
        f'<div class="poa-steps">{"".join(items)}</div></div>'
    )


def step(number: int, say: Say, note: str = "") -> None:
    """The heading of a step."""
    name = html.escape(say(f"step_{STEPS[number - 1]}"))
    st.html(f'<div class="poa-step" id="step-{number}"><i>{number}</i><h2>{name}</h2><small>{html.escape(note)}</small></div>')


def progress_text(work: Work, read: Notice, say: Say) -> str:
    """How many required questions are answered."""
    answered, wanted = facts.progress(work, read)
    return say("answered_of", done=answered, all=wanted)


main()
