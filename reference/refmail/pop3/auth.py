"""AUTH (RFC 5034)."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.machine import LineTooLong, Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal
from refmail.sasl import (
    Cancelled,
    Failed,
    Malformed,
    Mechanism,
    converse,
    from_base64,
    to_base64,
    usable_mechanisms,
)

__all__ = ["AuthCommand"]


class AuthCommand(SessionBase):
    """Logs a user in by a SASL mechanism."""

    @property
    def mechanisms(self) -> Mapping[bytes, Mechanism]:
        """The mechanisms that every user can use, by name."""
        return usable_mechanisms(self.services.users, self.tls)

    def offered_mechanisms(self) -> list[bytes]:
        """Return the mechanisms that may be used on this connection."""
        safe = self.secure or self.policy.plaintext_login
        return [name for name, mechanism in self.mechanisms.items() if safe or not mechanism.plaintext]

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        name, *rest = arguments.params(argument, 1, 2)
        mechanism = self.mechanisms.get(name.upper())
        if mechanism is None or mechanism.name not in self.offered_mechanisms():
            text = "that mechanism is not offered here"
            raise Refusal(text)
        try:
            initial = from_base64(rest[0]) if rest else None
            user = yield from converse(mechanism, self.services, initial, self.ask)
        except Malformed as error:
            text = "that response is not what the mechanism expects"
            raise Refusal(text) from error
        except Cancelled as error:
            text = "the exchange was cancelled"
            raise Refusal(text) from error
        except Failed:
            user = None
        return (yield from self.log_in(user))

    def ask(self, challenge: bytes) -> Steps[bytes]:
        """Send a challenge and return the decoded response; `*` cancels (section 4).

        Raises:
            Cancelled, Malformed: as SASL's.
            Refusal: the line was too long.
        """
        self.send(b"+ " + to_base64(challenge) + b"\r\n")
        try:
            line = yield from self.read_line(self.policy.sasl_line)
        except LineTooLong as error:
            text = "the response is too long"
            raise Refusal(text) from error
        if line == b"*\r\n":
            raise Cancelled
        return from_base64(line[:-2])
