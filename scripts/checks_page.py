"""Writes docs/checks.md: every check of the registry with what it finds, the gravest finding it makes, and its measured misses and false alarms.

    .venv/bin/python scripts/checks_page.py            # about five minutes with the encoder: runs the evals on the test part of the labelled data
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import evals
from rag.checks import CHECKS
from rag.pipeline import open_doors
from rag.settings import PROJECT, load_settings

PAGE = PROJECT / "docs" / "checks.md"
MEASURED = ("statements", "groundedness", "letters")
WORST = {"block": "blocks", "warn": "warns", "note": "notes"}


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=PAGE)
def main(out: Path) -> None:
    """Measure and write the page."""
    doors = open_doors(load_settings(), model="none")
    results = {name: evals.run(name, doors=doors) for name in MEASURED}
    alone = evals.run("groundedness", words_only=True)
    out.write_text(page(results, alone), encoding="utf-8")
    click.echo(f"{out} written.", err=True)


def page(results: dict[str, Any], alone: dict[str, Any]) -> str:
    """The page as Markdown."""
    statements, pairs, letters = (results[name] for name in MEASURED)
    lines = [
        "# The checks of a letter",
        "",
        "Written by `scripts/checks_page.py` from the registry in `rag/checks/__init__.py`; the figures are measured on the test part of `evals/labelled`, which was",
        "written by other hands than the training data. A check that cannot run says so in a finding of kind `undecided`.",
        "",
        "| check | finds | 查什么 | gravest | needs |",
        "|---|---|---|---|---|",
        *(
            f"| `{c.name}` | {c.finds[0]} | {c.finds[1]} | {WORST[c.worst]} | {', '.join(n for n, on in (('case', c.needs_case), ('encoder', c.needs_judge)) if on) or 'the letter'} |"
            for c in CHECKS
        ),
        "",
        "## Measured: misses and false alarms",
        "",
        "| check | on | found | missed | false alarms |",
        "|---|---|---|---|---|",
        f"| `fact_lock` alone | {alone['records']} pairs of facts and sentence, wrong ones of all types | {share(alone['recall'])} | {share(1 - alone['recall'])} | {share(alone['false_alarm_rate'])} |",
        *(
            f"| `fact_lock` alone | wrong {kind} ({of['records']}) | {share(of['recall'])} | {share(1 - of['recall'])} | |"
            for kind, of in alone["by_error_type"].items()
            if kind in {"number", "date", "id", "name"}
        ),
        f"| `fact_lock` and `support` | the same pairs | {share(pairs['recall'])} | {share(1 - pairs['recall'])} | {share(pairs['false_alarm_rate'])} |",
        *(f"| `fact_lock` and `support` | {kind} ({of['records']}) | {share(of['recall'])} | {share(1 - of['recall'])} | |" for kind, of in pairs["by_error_type"].items()),
        f"| `statements` | {statements['records']} statements | {share(statements['recall'])} | {share(1 - statements['recall'])} | {share(statements['false_alarm_rate'])} |",
        f"| `statements` | admissions in {letters['records']} whole letters | {share(letters['admissions']['recall'])} | {share(1 - letters['admissions']['recall'])} | |",
        *(
            f"| `sections` | {name} in {letters['records']} whole letters, right | {share(of['accuracy'])} | | |"
            for name, of in letters["sections"].items()
        ),
        "",
    ]
    return "\n".join(lines)


def share(value: float | None) -> str:
    """A share in percent."""
    return "not measured" if value is None else f"{100 * value:.0f} %"


if __name__ == "__main__":
    main()
