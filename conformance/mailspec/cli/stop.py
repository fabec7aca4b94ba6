"""Errors that end a verb: what is wrong, what to do, and the exit code."""

from __future__ import annotations

from mailspec.cli.exits import Exit

__all__ = ["Stop"]


class Stop(Exception):
    """Ends the command with a message on standard error.

    Args:
        message: the cause; further lines are hints.
        code: the exit code.
    """

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
