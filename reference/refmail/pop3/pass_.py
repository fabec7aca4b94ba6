"""PASS (RFC 1939 section 7)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal
from refmail.pop3.states import State

__all__ = ["PassCommand"]


class PassCommand(SessionBase):
    """Logs in with the name that USER gave."""

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        # Only a successful PASS leads on; after any other a new USER is due.
        self.state = State.AUTHORIZATION
        secret = self.password(argument)
        user = yield from self.call(self.services.users.authenticate, self.name, secret)
        return (yield from self.log_in(user))

    def password(self, argument: bytes | None) -> bytes:
        """Return the rest of the line: spaces belong to the password.

        Raises:
            Refusal: there is none.
        """
        if not argument:
            text = "a password is needed"
            raise Refusal(text)
        return argument
