"""Step 5: the letter as files."""

from __future__ import annotations

import streamlit as st

from rag.export import is_ready, letter_bytes
from rag.models import Letter
from ui.text import Say

_TYPES = {
    ".txt": "text/plain",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".zip": "application/zip",
}


@st.cache_data(max_entries=12, show_spinner=False)
def file_of(letter: Letter, suffix: str, language: str) -> bytes:
    """The file, made once per letter."""
    return letter_bytes(letter, suffix, language=language)


def draw(letter: Letter, say: Say) -> None:
    """Draws the buttons; says first whether the letter can be sent."""
    blocking = sum(f.severity == "block" for f in letter.findings)
    if not is_ready(letter):
        st.warning(say("export_draft", n=max(blocking, 1)))  # a gap in the text alone is one point, too
    else:
        st.success(say("export_ready"))
    with st.container(horizontal=True):
        for suffix, mime in _TYPES.items():
            name = f"letter{suffix}" if not letter.case_id else f"{letter.case_id}{suffix}"
            st.download_button(
                say(f"export_{suffix[1:]}"),
                file_of(letter, suffix, say.language),
                file_name=name,
                mime=mime,
                key=f"export{suffix}",
                icon=":material/download:",
                on_click="ignore",
                help=say("export_zip_hint") if suffix == ".zip" else None,
            )
