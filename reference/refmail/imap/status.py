"""Status responses as values (RFC 3501 section 7.1): what a command ends with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Refused", "Status", "bad", "no", "ok"]


@dataclass(frozen=True, slots=True)
class Status:
    """A condition, an optional response code and text for people.

    The text never begins with "[" and never repeats what a client sent.
    """

    condition: bytes
    text: bytes
    #: Response code without its brackets, or None.
    code: bytes | None = None

    def to_wire(self, tag: bytes) -> bytes:
        """Return the response line; the tag is "*" for an untagged one."""
        code = b"" if self.code is None else b"[%s] " % self.code
        return b"%s %s %s%s\r\n" % (tag, self.condition, code, self.text)


def ok(text: bytes, code: bytes | None = None) -> Status:
    """Return a success (RFC 3501 section 7.1.1)."""
    return Status(b"OK", text, code)


def no(text: bytes, code: bytes | None = None) -> Status:
    """Return an operational failure (RFC 3501 section 7.1.2)."""
    return Status(b"NO", text, code)


def bad(text: bytes, code: bytes | None = None) -> Status:
    """Return a protocol error of the client (RFC 3501 section 7.1.3)."""
    return Status(b"BAD", text, code)


class Refused(Exception):
    """A command cannot be done.

    Args:
        status: its tagged response.
        requirement: id in the ledger of what decided it, where command and status do not tell.
    """

    def __init__(self, status: Status, requirement: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.requirement = requirement
