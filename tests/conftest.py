"""What every test gets: a clean environment, no other machine to talk to, and fakes that stand at the doors."""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.errors import ReplyUnusable
from rag.llm import Reply
from rag.settings import Settings, load_settings, silence_telemetry

silence_telemetry()

REAL_HOME = load_settings(dict(os.environ)).home
"""Where this machine's models are; read before the environment is cleared."""


# --- fakes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One call that a fake model received."""

    system: str
    user: str
    max_tokens: int = 0
    temperature: float = 0.0
    examples: tuple[tuple[str, str], ...] = ()
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()


@dataclass
class FakeChat:
    """A chat model that answers from a queue, or by a function of what it was asked, and remembers the questions.

    A queued exception is raised. An empty queue is a failing test: something was asked that nobody expected.
    """

    replies: list[str | Reply | Exception] = field(default_factory=list)
    answer: Callable[[Asked], str | Reply] | None = None
    odds: list[float | None] = field(default_factory=list)
    """Queue for `yes_odds`; None for all when empty."""
    name: str = "fake"
    remote: bool = False
    available: bool = True
    adapters: frozenset[str] = frozenset()
    asked: list[Asked] = field(default_factory=list)
    odds_asked: list[Asked] = field(default_factory=list)

    def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        examples: Sequence[tuple[str, str]] = (),
        schema: dict[str, Any] | None = None,
        stop: Sequence[str] = (),
        latin: bool = False,
        adapter: str = "",
    ) -> Reply:
        question = Asked(system, user, max_tokens, temperature, tuple(examples), schema, tuple(stop))
        self.asked.append(question)
        reply: str | Reply | Exception
        if self.replies:
            reply = self.replies.pop(0)
        elif self.answer is not None:
            reply = self.answer(question)
        else:
            raise AssertionError(f"nobody expected this question: {user[:300]!r}")
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, str):
            reply = Reply(reply, tokens_in=len(user.split()), tokens_out=len(reply.split()), seconds=0.0, finished=True)
        if not reply.text.strip():
            raise ReplyUnusable("The model fake answered with nothing.")
        return reply

    def yes_odds(self, system: str, user: str) -> float | None:
        self.odds_asked.append(Asked(system, user))
        return self.odds.pop(0) if self.odds else None


class FakeEncoder:
    """Vectors from the words of a text, each word (or Chinese character) at a place given by its hash: equal words, near texts."""

    name = "fake-bag-of-words"

    def __init__(self, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.passages_encoded = 0

    def encode_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        return self._rows(queries)

    def encode_passages(
        self,
        passages: Sequence[str],
        titles: Sequence[str] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        self.passages_encoded += len(passages)
        if on_progress:
            on_progress(len(passages), len(passages))
        return self._rows(passages)

    def _rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower()) or ["-"]:
                row[int(hashlib.md5(word.encode()).hexdigest(), 16) % self.dimensions] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def fake_chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    return FakeEncoder()


# --- surroundings --------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests reaches them, and nothing lands in that person's home."""
    for name in list(os.environ):
        if name.startswith("POA_"):
            monkeypatch.delenv(name)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POA_HOME", str(tmp_path / "home"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own and no models."""
    return load_settings({"POA_HOME": str(tmp_path / "home")})


@pytest.fixture
def real_settings(settings: Settings) -> Settings:
    """Settings with a home of the test's own and this machine's fetched models; for slow tests."""
    models = REAL_HOME / "models"
    if not models.is_dir():
        pytest.fail(
            f"the models are not here ({models}): run `make models`, or leave slow tests out with -m 'not slow'"
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.models.symlink_to(models, target_is_directory=True)
    return settings


_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True)
def no_other_machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that talks to another machine fails, unless it is marked `network`."""
    if request.node.get_closest_marker("network"):
        yield
        return
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if isinstance(host, bytes):
            host = host.decode()
        if host is not None and not str(host).startswith(_LOCAL):
            raise ConnectionRefusedError(f"a test tried to reach {host!r}; mark it `network` if it must")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        if host is not None:
            refuse((host, 0))
        return look_up(host, *rest, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
