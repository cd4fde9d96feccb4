"""What every check is given: the letter as numbered lines, each with its section, its facts and where it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rag.models import Case, Fact, Letter, Origin


@dataclass(frozen=True)
class Line:
    """One sentence of the letter as checks see it."""

    number: int
    """From 0 over the whole letter; `Finding.sentence`."""
    text: str
    section: str
    """Section id; empty in a pasted letter where no section was recognised."""
    facts: tuple[Fact, ...] = ()
    """The facts it points to; empty: it points to none (frame text, or a pasted letter)."""
    passages: tuple[str, ...] = ()
    origin: Origin = "edited"


@dataclass(frozen=True)
class View:
    """A letter ready for checking."""

    lines: tuple[Line, ...]
    letter: Letter

    @property
    def text(self) -> str:
        """All sentences, one a line."""
        return "\n".join(line.text for line in self.lines)

    def section(self, name: str) -> tuple[Line, ...]:
        """The lines of one section."""
        return tuple(line for line in self.lines if line.section == name)


def view_of(letter: Letter, case: Case | None) -> View:
    """The letter as a view; facts that a sentence names but the case does not have are left to `check_references`."""
    known = {f.id: f for f in case.facts} if case else {}
    return View(tuple(_lines(letter, known)), letter)


def _lines(letter: Letter, known: dict[str, Fact]) -> Iterable[Line]:
    number = 0
    for section in letter.sections:
        for sentence in section.sentences:
            facts = tuple(known[f] for f in sentence.facts if f in known)
            yield Line(number, sentence.text, section.id, facts, sentence.passages, sentence.origin)
            number += 1
