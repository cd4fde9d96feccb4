"""The checks of a letter: small functions from a view of the letter, the case and the passages to findings. Any letter, ours or pasted.

`CHECKS` is the visible list: adding a check means writing it in a file of this folder and naming it here. All of these run without a
chat model; `ask_support`, which asks one, is called by the pipeline. A check that cannot decide says so in a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.checks.likeness import check_genericity, check_likeness
from rag.checks.lock import check_lock
from rag.checks.meaning import Meaning
from rag.checks.statements import check_statements
from rag.checks.structure import check_gaps, check_references, check_requests, check_sections, check_stance, check_tense
from rag.checks.support import check_support
from rag.checks.view import View, view_of
from rag.checks.wording import check_figures, check_language, check_length, check_links, check_repetition, check_tone
from rag.models import Case, Finding, Letter, Notice, Passage

Check = Callable[[View, Case | None, Sequence[Passage]], list[Finding]]

CHECKS: tuple[Check, ...] = (
    # What is said: facts, tense. `check_statements`, `check_sections`, `check_support`, `check_requests` and `check_likeness` need more than these three values; see below.
    check_lock, check_tense, check_figures,
    # Whether it is the right letter, and complete.
    check_references, check_gaps, check_stance,
    # How it is written.
    check_language, check_length, check_links, check_repetition, check_tone, check_genericity,
)


def run_checks(
    letter: Letter, case: Case | None, passages: Sequence[Passage] = (), notice: Notice | None = None, *, earlier: Sequence[str] = (), meaning: Meaning | None = None
) -> tuple[Finding, ...]:
    """Findings of all checks, in the order of the letter; those about the letter as a whole come last.

    `notice` saves reading the case's notification again; `earlier` are texts of letters that were sent before, which this one must not repeat.
    `meaning` are the trained heads; without them statements are judged by their words alone.
    """
    view = view_of(letter, case)
    found = [finding for check in CHECKS for finding in check(view, case, passages)]
    found += check_statements(view, case, passages, meaning=meaning)
    found += check_sections(view, case, passages, meaning=meaning)
    found += check_support(view, case, passages, meaning=meaning)
    found += check_requests(view, case, passages, notice=notice)
    found += check_likeness(view, case, passages, earlier=earlier)
    return tuple(sorted(found, key=lambda f: (f.sentence is None, f.sentence or 0)))
