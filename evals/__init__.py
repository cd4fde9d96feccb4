"""How good the letters and the checks are: sets of labelled cases in, plain numbers out.

`run` is what the command line and the page call. Each set has its own file; `scorers.py` has the small pure functions, `baselines.py` the rival
writers, `report.py` the page to read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import BadInput
from rag.pipeline import Doors
from rag.settings import PROJECT, Settings

SETS = ("notices", "statements", "groundedness", "letters", "retrieval", "drafts")
DATA = PROJECT / "evals"
"""The project's own data: `cases/` for drafts."""


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
) -> dict[str, Any]:
    """The metrics of one set, as plain JSON values. `items` gets one record per item; `out` is the folder of a drafts run.

    `writer` and `split` are for drafts (`ours`, `B1`, or several with commas); `model` is for drafts and groundedness. With `cache` the
    chat model may answer from kept replies, which makes times meaningless. `doors` are for callers that hold them already.
    """
    if name not in SETS:
        raise BadInput(f"there is no set {name!r}; expected one of {', '.join(SETS)}.", f"没有名为 {name!r} 的数据集。")
    if limit is not None and limit < 1:
        raise BadInput(f"limit is {limit}; expected a whole number from 1.", f"limit {limit} 无效。")
    folder = data or DATA
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

        return statements.evaluate(folder, **common)
    if name == "groundedness":
        from evals import groundedness

        chat = doors.chat if doors else _doors(settings, model, cache=True, search=False).chat if model else None
        return groundedness.evaluate(folder, chat=chat, **common)
    if name == "letters":
        from evals import letters

        return letters.evaluate(folder, **common)
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
