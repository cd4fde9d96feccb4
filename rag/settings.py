"""Settings: read once from the environment, handed down as one frozen value.

Every setting has a default that works with no configuration; the table in README.md lists them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
"""Root of the project: the folder that holds knowledge/ and prompts/."""


@dataclass(frozen=True)
class Settings:
    """Where things are kept and which models are used."""

    home: Path
    """Folder for models, index, cases and cached replies; outside the repository."""
    chat_model: str
    """`local` (Qwen in process), `none`, `provider:model` for LangChain, or `http(s)://host/v1#model` for an endpoint."""
    encoder: str
    """`embeddinggemma`, `e5`, or a sentence-transformers model name or folder."""
    index: str
    """Empty for a Chroma folder under `home`, else the URL of a Chroma server."""
    database: str
    """SQLAlchemy URL of the case store."""
    light: bool
    """Small machine: e5 encoder and no language model; nothing else is fetched."""
    model_key: str
    """Key for a remote endpoint; empty when none is needed."""
    offline: bool
    """Never fetch anything, not even a missing model."""

    @property
    def models(self) -> Path:
        """Folder of the fetched model files."""
        return self.home / "models"

    @property
    def index_folder(self) -> Path:
        """Folder of the passage index when no server is configured."""
        return self.home / "index"

    @property
    def replies(self) -> Path:
        """SQLite file of model replies, kept by content so that finished work is never redone."""
        return self.home / "replies.sqlite"

    def __repr__(self) -> str:
        shown = {**self.__dict__, "model_key": "***" if self.model_key else ""}
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this run. `env` defaults to the process environment."""
    env = os.environ if env is None else env
    home = Path(env.get("POA_HOME") or _default_home(env)).expanduser()
    light = env.get("POA_LIGHT", "").lower() in {"1", "true", "yes"}
    return Settings(
        home=home,
        chat_model=env.get("POA_MODEL") or ("none" if light else "local"),
        encoder=env.get("POA_ENCODER") or ("e5" if light else "embeddinggemma"),
        index=env.get("POA_INDEX", ""),
        database=env.get("POA_DATABASE") or f"sqlite:///{home / 'cases.sqlite'}",
        light=light,
        model_key=env.get("POA_MODEL_KEY", ""),
        offline=env.get("POA_OFFLINE", "").lower() in {"1", "true", "yes"},
    )


def _default_home(env: Mapping[str, str]) -> str:
    # Data, not cache: cases live here too and must survive a clearing of caches.
    return str(Path(env.get("XDG_DATA_HOME") or Path(env.get("HOME", "~")) / ".local" / "share") / "poa-writer")


def silence_telemetry() -> None:
    """Turn off the usage reports of the libraries. Called before any of them is imported; nothing leaves the machine unasked."""
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")  # Chroma
    os.environ.setdefault("CHROMA_TELEMETRY", "False")
    os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("LANGCHAIN_TRACING_V2", "false")
    os.environ.setdefault("LANGSMITH_TRACING", "false")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
