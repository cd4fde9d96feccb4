"""How good the letters and the checks are: sets of labelled cases in, plain numbers out.

`run` is what the command line and the page call. Each set has its own file; `scorers.py` has the small pure functions, `baselines.py` the rival
writers, `report.py` the page to read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.checks.meaning import Meaning, open_meaning
from rag.errors import BadInput
from rag.pipeline import Doors
from rag.settings import PROJECT, Settings

SETS = ("notices", "statements", "groundedness", "letters", "retrieval", "drafts")
CASES = PROJECT / "evals"
"""The project's own sample cases, in `cases/`."""
LABELLED = PROJECT / "evals" / "labelled" / "test"
"""The project's own labelled data, the part that nothing was tuned on; `../tuning` and `../training` stand beside it."""


def run(
    name: str,
    *,
    data: Path | None = None,
    writer: str = "ours",
    split: str = "all",
    limit: int | None = None,
    items: Path | None = None,
    model: str | None = None,
    out: Path | None = None,
    cache: bool = False,
    on_progress: Callable[[int, int, str], None] = lambda done, total, what: None,
    should_stop: Callable[[], bool] = lambda: False,
    settings: Settings | None = None,
    doors: Doors | None = None,
    words_only: bool = False,
) -> dict[str, Any]:
    """The metrics of one set, as plain JSON values. `items` gets one record per item; `out` is the folder of a drafts run.

    `writer` and `split` are for drafts (`ours`, `B1`, or several with commas); `model` is for drafts and groundedness. With `cache` the
    chat model may answer from kept replies, which makes times meaningless. `doors` are for callers that hold them already. `words_only` leaves
    the trained heads out of statements and letters, to see what they add.
    """
    if name not in SETS:
        raise BadInput(f"there is no set {name!r}; expected one of {', '.join(SETS)}.", f"没有名为 {name!r} 的数据集。")
    if limit is not None and limit < 1:
        raise BadInput(f"limit is {limit}; expected a whole number from 1.", f"limit {limit} 无效。")
    folder = data or (CASES if name == "drafts" else LABELLED)
    common: dict[str, Any] = {"limit": limit, "items": items, "on_progress": on_progress, "should_stop": should_stop}
    if name == "drafts":
        from evals import drafts

        drafts.writers_of(writer)
        doors = doors or _doors(settings, model, cache=cache, search="ours" in writer)
        return drafts.evaluate(folder, writer=writer, split=split, out=out, doors=doors, **common)
    if name == "notices":
        from evals import notices

        return notices.evaluate(folder, **common)
    if name == "statements":
        from evals import statements

        return statements.evaluate(folder, meaning=_meaning(settings, doors, words_only=words_only), **common)
    if name == "groundedness":
        from evals import groundedness

        chat = doors.chat if doors else _doors(settings, model, cache=True, search=False).chat if model else None
        return groundedness.evaluate(folder, chat=chat, meaning=_meaning(settings, doors, words_only=words_only), **common)
    if name == "letters":
        from evals import letters

        return letters.evaluate(folder, meaning=_meaning(settings, doors, words_only=words_only), **common)
    from evals import retrieval

    if doors is None or doors.retriever is None:
        from rag.pipeline import open_retriever
        from rag.settings import load_settings

        retriever = open_retriever(settings or load_settings())
    else:
        retriever = doors.retriever
    return retrieval.evaluate(folder, retriever=retriever, **common)


def _doors(settings: Settings | None, model: str | None, *, cache: bool, search: bool) -> Doors:
    from rag.pipeline import open_doors

    return open_doors(settings, model=model, search=search, cache=cache)


def _meaning(settings: Settings | None, doors: Doors | None, *, words_only: bool) -> Meaning | None:
    from rag.settings import load_settings

    if words_only:
        return None
    return doors.meaning if doors is not None else open_meaning(settings or load_settings())
