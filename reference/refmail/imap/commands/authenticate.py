"""AUTHENTICATE (RFC 3501 section 6.2.2), with the initial response of SASL-IR (RFC 4959)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail import sasl
from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.imap.status import Refused, Status, bad, no
from refmail.machine import LineTooLong, Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Authenticate"]


@dataclass(frozen=True, slots=True)
class Authenticate(Command):
    """Authenticate by a SASL mechanism."""

    mechanism: bytes
    #: In base64, or None.
    initial: bytes | None

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64)."""
        cursor.space("authenticate")
        mechanism = atom(cursor).upper()
        return cls(mechanism, atom(cursor) if cursor.skip(b" ") else None)

    def run(self, session: ImapSession) -> Steps[Status]:
        mechanism = session.mechanisms().get(self.mechanism)
        if mechanism is None:
            raise Refused(no(b"That mechanism is not offered here"))

        def ask(challenge: bytes) -> Steps[bytes]:
            session.send(b"+ %s\r\n" % sasl.to_base64(challenge))
            line = (yield from session.read_line(session.services.policy.sasl_line))[:-2]
            if line == b"*":
                raise sasl.Cancelled
            return from_base64(line)

        try:
            initial = None if self.initial is None else sasl.from_base64(self.initial)
            user = yield from sasl.converse(mechanism, session.services, initial, ask)
        except sasl.Failed:
            session.note_failed_login()
            raise Refused(no(b"The credentials are not accepted")) from None
        except sasl.Cancelled:
            raise Refused(bad(b"AUTHENTICATE was cancelled")) from None
        except (sasl.Malformed, LineTooLong):
            raise Refused(bad(b"That response is not what the mechanism allows")) from None
        return session.authenticated_as(user, b"AUTHENTICATE completed")


def from_base64(line: bytes) -> bytes:
    """Decode a response line; "=" stands for nothing only in an initial response (RFC 4959 section 3).

    Raises:
        Malformed: it is not base64.
    """
    if line == b"=":
        raise sasl.Malformed
    return sasl.from_base64(line)
