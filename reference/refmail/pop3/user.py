"""USER (RFC 1939 section 7)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal, ok
from refmail.pop3.states import State

__all__ = ["UserCommand"]


class UserCommand(SessionBase):
    """Takes a name; the reply does not tell whether there is such a user."""

    def do_user(self, argument: bytes | None) -> bytes:
        name = arguments.login(argument)
        if not (self.secure or self.policy.plaintext_login):
            text = "passwords are taken inside TLS only: use STLS first"
            raise Refusal(text, because="1939/7/user-plaintext-refused")
        self.name = name
        self.state = State.NAMED
        return ok("now the password")
