"""Prompts are files: prompts/<name>.yaml, one per model call, filled here. Nothing else in the program contains prompt text.

A file holds `note` (what it is for), `system`, `user`, optional `examples` (worked ones, by name) and `max_tokens`. Placeholders are `$name`.
Text from outside is fenced before it is put in, and our own fence marks in it are neutralised, so that it stays data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

import yaml

from rag.errors import PromptError
from rag.settings import PROJECT

PROMPTS = PROJECT / "prompts"
_KEYS = {"note", "system", "user", "examples", "max_tokens", "temperature"}


@dataclass(frozen=True)
class Prompt:
    """One prompt file."""

    name: str
    system: str
    user: str
    examples: Mapping[str, tuple[tuple[str, str], ...]]
    """Worked examples by name: (filled user text, right answer)."""
    max_tokens: int
    temperature: float
    digest: str
    """SHA-256 of the file: a changed prompt is never answered from an old recording."""

    def variables(self) -> frozenset[str]:
        """Names of the placeholders."""
        return frozenset(Template(self.system).get_identifiers()) | frozenset(Template(self.user).get_identifiers())

    def fill(self, **values: str) -> tuple[str, str]:
        """(system, user) with the placeholders filled; missing and superfluous variables are named together."""
        wanted = self.variables()
        missing, extra = sorted(wanted - values.keys()), sorted(values.keys() - wanted)
        if missing or extra:
            raise PromptError(f"prompts/{self.name}.yaml: missing variables {missing or 'none'}, unknown variables {extra or 'none'}.")
        return Template(self.system).substitute(values), Template(self.user).substitute(values)


@cache
def load_prompt(name: str, folder: Path = PROMPTS) -> Prompt:
    """The prompt of that name."""
    path = folder / f"{name}.yaml"
    if not path.exists():
        raise PromptError(f"There is no prompt {name!r}; expected one of {', '.join(sorted(p.stem for p in folder.glob('*.yaml')))}.")
    raw = path.read_bytes()
    try:
        data = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise PromptError(f"prompts/{path.name}: not valid YAML ({error}).") from error
    if not isinstance(data, dict) or not {"note", "system", "user"} <= data.keys() or data.keys() - _KEYS:
        raise PromptError(f"prompts/{path.name}: keys are {sorted(data) if isinstance(data, dict) else data!r}; expected note, system, user and perhaps {sorted(_KEYS - {'note', 'system', 'user'})}.")
    examples = {key: tuple((str(e["user"]).strip(), str(e["answer"]).strip()) for e in items) for key, items in (data.get("examples") or {}).items()}
    return Prompt(
        name=name,
        system=str(data["system"]).strip(),
        user=str(data["user"]).strip(),
        examples=examples,
        max_tokens=int(data.get("max_tokens", 200)),
        temperature=float(data.get("temperature", 0.0)),
        digest=hashlib.sha256(raw).hexdigest(),
    )


_MARKS = re.compile(r"<\s*/?\s*(?:facts?|notice|story|document|sentence|terms|passage|letter|case)\b[^>]*>|<\|[^|>]{0,40}\|>|</?(?:s|system|user|assistant)>", re.IGNORECASE)


def neutral(text: str) -> str:
    """`text` in which marks of ours and of chat templates have lost their angle brackets."""
    return _MARKS.sub(lambda m: m[0].replace("<", "‹").replace(">", "›"), text)


def fence(tag: str, text: str) -> str:
    """`text` as a marked block of data."""
    return f"<{tag}>\n{neutral(text).strip()}\n</{tag}>"
