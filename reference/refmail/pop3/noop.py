"""NOOP (RFC 1939 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import ok

__all__ = ["NoopCommand"]


class NoopCommand(SessionBase):
    """Does nothing."""

    def do_noop(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        return ok()
