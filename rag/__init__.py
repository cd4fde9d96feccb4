"""The appeal writer as a library: `from rag import read_notice, search, draft_letter, check_letter`.

Names are looked up when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.models import Passage
    from rag.notice import read_notice
    from rag.pipeline import check_letter, draft_letter
    from rag.retrieve import Retriever

__all__ = ["check_letter", "draft_letter", "read_notice", "search"]


def search(query: str, k: int = 5, *, case_type: str = "", marketplace: str = "") -> tuple[Passage, ...]:
    """The `k` passages of guidance and of the seller's own documents that fit the query best. Opens the encoder and the index at the first call of the process."""
    return _searcher().search(query, k, case_type=case_type, marketplace=marketplace)


@cache
def _searcher() -> Retriever:
    # Letters are written with `shared_retriever` as it is: they rest on the facts of the case, and a document is none until the seller says so.
    from rag.pipeline import shared_retriever
    from rag.settings import load_settings

    return shared_retriever().with_documents(load_settings())


def __getattr__(name: str) -> Any:
    import importlib

    homes = {"read_notice": "rag.notice", "draft_letter": "rag.pipeline", "check_letter": "rag.pipeline"}
    if name not in homes:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(importlib.import_module(homes[name]), name)
