"""What the page shares between all its visitors: settings, case store, doors, running drafts, and the fetch of the models.

One `Machine` per process, kept by Streamlit's resource cache. Fetching and loading run in daemon threads, so that the page opens at
once; until they are done, rules are found by words alone and letters are made of the seller's own English.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from rag import weights
from rag.errors import AppealError, SetupError
from rag.settings import Settings, load_settings
from rag.store import CaseStore

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Time between two looks at whether the encoder has arrived."""


def _now() -> datetime:
    return datetime.now(UTC)


class Machine:
    """Doors and threads of one process. `open_retriever` and `open_chat` are arguments so that tests can stand fakes there."""

    def __init__(
        self,
        settings: Settings,
        *,
        open_chat: Callable[[Settings], Any] | None = None,
        open_retriever: Callable[[Settings], Any] | None = None,
        fetch: Callable[[Settings], Any] = weights.fetch_all,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.settings = settings
        self.store = CaseStore(settings.database)
        self.now = now
        self.jobs: dict[str, Any] = {}
        """Running and finished drafts by case id; see ui/jobs.py."""
        self._open_chat = open_chat or _open_chat
        self._open_retriever = open_retriever or _open_retriever
        self._fetch = fetch
        self._retriever: Any = None
        self._words_only: Any = None
        self._meaning: Any = None
        self._chat: Any = None
        self._fetching: threading.Thread | None = None
        self._loading: threading.Thread | None = None
        self._lock = threading.Lock()
        self.search_error: AppealError | None = None

    # --- models ---------------------------------------------------------------------------------------------------------

    def start(self) -> Machine:
        """Starts fetching what is missing and loading what is there; returns at once."""
        self.fetch_models()
        self._loading = threading.Thread(target=self._load_retriever, name="load-retriever", daemon=True)
        self._loading.start()
        return self

    def fetch_models(self) -> None:
        """Fetches missing models in the background, unless that runs already or is switched off."""
        if self.settings.offline or not weights.bundles(self.settings) or self.fetching:
            return
        self._fetching = threading.Thread(target=self._fetch_quietly, name="fetch-models", daemon=True)
        self._fetching.start()

    @property
    def fetching(self) -> bool:
        """Whether this process fetches models now."""
        return self._fetching is not None and self._fetching.is_alive()

    @property
    def searching_by_meaning(self) -> bool:
        """Whether rules are found by meaning already."""
        return getattr(self._retriever, "_index", None) is not None

    @property
    def loading(self) -> bool:
        """Whether search by meaning is still being prepared."""
        return self._loading is not None and self._loading.is_alive()

    def wait_for_search(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Waits while the encoder is being loaded (seconds), not while it is being fetched (minutes): a letter asked for at once is checked by meaning too."""
        while self.loading and self._encoder_is_here() and not should_stop():
            time.sleep(LOOK_SECONDS / 5)

    def _encoder_is_here(self) -> bool:
        return self.settings.encoder != "embeddinggemma" or weights.is_ready(weights.ENCODER, self.settings)

    def models(self) -> dict[str, Any]:
        """Progress of the model files, as `weights.status` gives it."""
        return weights.status(self.settings)

    def _fetch_quietly(self) -> None:
        try:
            self._fetch(self.settings)
        except AppealError as error:  # its sentence stands in the state file, where the sidebar reads it
            logger.warning("%s", error.message)
        except Exception:
            logger.exception("fetching the models failed")

    def _load_retriever(self) -> None:
        try:
            while self.fetching and not self._encoder_is_here():
                time.sleep(LOOK_SECONDS)
            self._retriever = self._open_retriever(self.settings)
        except AppealError as error:
            self.search_error = error
        except Exception:
            logger.exception("search by meaning could not be prepared")

    # --- doors ----------------------------------------------------------------------------------------------------------

    def chat(self) -> Any:
        """The chat model, or the stand-in without words while its weights are missing."""
        if self._chat is None:
            with self._lock:
                try:
                    self._chat = self._open_chat(self.settings)
                except SetupError:
                    from rag.llm import NoChat

                    return NoChat()
        return self._chat

    def doors(self) -> Any:
        """What drafting needs, as good as it is available now."""
        from rag.pipeline import Doors
        from rag.retrieve import Retriever

        if self._retriever is None and self._words_only is None:
            self._words_only = Retriever(None)
        return Doors(self.chat(), self._retriever or self._words_only, self.meaning())

    def meaning(self) -> Any:
        """The trained heads, once the encoder is there; before that the checks go by words alone."""
        if self._retriever is None:
            return None
        if self._meaning is None:
            from rag.checks.meaning import open_meaning

            self._meaning = open_meaning(self.settings)
        return self._meaning


def _open_chat(settings: Settings) -> Any:
    from rag.llm import load_chat_model

    return load_chat_model(settings)


def _open_retriever(settings: Settings) -> Any:
    from rag.pipeline import open_retriever

    return open_retriever(settings)


@st.cache_resource(show_spinner=False)
def machine() -> Machine:
    """The machine of this process."""
    return build()


def build() -> Machine:
    """A machine from the environment. Tests put another function in this place."""
    return Machine(load_settings()).start()
