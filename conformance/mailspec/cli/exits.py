"""Exit codes of every verb; `mailspec run --help` shows this table."""

from __future__ import annotations

import enum
from typing import Self

__all__ = ["Exit"]


class Exit(enum.IntEnum):
    """Why the command ended."""

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    meaning: str

    PASSED = 0, "no requirement is violated, or none but what the baseline knows"
    FAILED = (
        1,
        "a requirement is violated (with --strict: or a recommendation not followed, or a baseline entry needless)",
    )
    USAGE = 2, "the command line or the profile cannot be used"
    HARNESS = 3, "a check or the harness itself failed: a bug of mailspec"
    NOTHING = 4, "no check was selected, or none could run"
    UNREACHABLE = 5, "the target could not be reached, or too many checks were blocked"
    INTERRUPTED = 130, "interrupted; the report so far is written and marked incomplete"

    @classmethod
    def table(cls) -> str:
        """Return the table of all codes."""
        return "\n".join(f"{member.value:>3}  {member.meaning}" for member in cls)
