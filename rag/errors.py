"""The errors that a user can meet, as a tree. Each message is one sentence or two: found, expected, what to do.

AppealError
├── BadInput            a file, form or argument that cannot be used; names file, key or line (exit code 2)
├── SetupError          something that the program needs is not installed or not fetched yet
│   └── FetchError      a download failed, was interrupted, or has the wrong digest
├── KnowledgeError      a file under knowledge/ is broken or refers to something that does not exist
├── PromptError         a file under prompts/ is broken or was filled with the wrong variables
├── ModelUnavailable    the chat model or the encoder cannot be reached or loaded
├── ReplyUnusable       the model answered, but not with something that can be used (empty, cut off, not parseable)
└── Stopped             the user stopped a long action; finished work is kept
"""

from __future__ import annotations


class AppealError(Exception):
    """Base of all errors shown to users. `message_zh` is the same sentence in Simplified Chinese."""

    def __init__(self, message: str, message_zh: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.message_zh = message_zh or message


class BadInput(AppealError):
    """A file, form or argument that cannot be used."""


class SetupError(AppealError):
    """Something that the program needs is missing on this machine."""


class FetchError(SetupError):
    """A download failed, was interrupted, or has the wrong digest."""


class KnowledgeError(AppealError):
    """A file under knowledge/ is broken."""


class PromptError(AppealError):
    """A file under prompts/ is broken or was filled with the wrong variables."""


class ModelUnavailable(AppealError):
    """The chat model or the encoder cannot be reached or loaded."""


class ReplyUnusable(AppealError):
    """The model answered with something that cannot be used."""


class Stopped(AppealError):
    """The user stopped a long action; what was finished is kept."""
