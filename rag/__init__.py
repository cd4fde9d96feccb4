"""The appeal writer as a library: `from rag import read_notice, search, draft_letter, check_letter`.

Names are looked up when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.models import Passage
    from rag.notice import read_notice
    from rag.pipeline import check_letter, draft_letter

__all__ = ["check_letter", "draft_letter", "read_notice", "search"]


def search(query: str, k: int = 5, *, case_type: str = "", marketplace: str = "") -> tuple[Passage, ...]:
    """The `k` passages of guidance that fit the query best. Opens the encoder and the index at the first call of the process."""
    from rag.pipeline import shared_retriever

    return shared_retriever().search(query, k, case_type=case_type, marketplace=marketplace)


def __getattr__(name: str) -> Any:
    import importlib

    homes = {"read_notice": "rag.notice", "draft_letter": "rag.pipeline", "check_letter": "rag.pipeline"}
    if name not in homes:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(importlib.import_module(homes[name]), name)
