"""The one exception of this package: it says what failed, what the log said last, and what to do about it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ServerTrouble", "last_lines"]

#: Lines of a log that a message shows.
LOG_LINES = 15
#: Octets from the end of a log that are looked at for them.
LOG_OCTETS = 65536


class ServerTrouble(Exception):
    """A real server cannot be built or started.

    Args:
        problem: what failed.
        remedy: what the user can do about it.
        log: file whose last lines are part of the message.
    """

    def __init__(self, problem: str, remedy: str = "", log: Path | None = None) -> None:
        parts = [problem]
        if log is not None and (tail := last_lines(log)):
            parts += [f"  last lines of {log}:", *(f"  | {line}" for line in tail)]
        if remedy:
            parts.append(f"  remedy: {remedy}")
        super().__init__("\n".join(parts))
        self.problem = problem
        self.remedy = remedy


def last_lines(path: Path, count: int = LOG_LINES) -> list[str]:
    """Return the last `count` lines of a text file that are not empty; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_OCTETS))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]
