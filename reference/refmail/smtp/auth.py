"""AUTH (RFC 4954)."""

from __future__ import annotations

from refmail.machine import Disconnected, Expired, LineTooLong, Steps, Stopping
from refmail.sasl import Cancelled, Failed, Malformed, Mechanism, converse, from_base64, to_base64
from refmail.smtp.limits import SessionLimits
from refmail.smtp.replies import Rejection, Reply

__all__ = ["AuthCommand"]


class AuthCommand(SessionLimits):
    """Logs a user in; only after EHLO, once, and never within a transaction."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if not self.extended or self.user is not None:
            raise Rejection(503, "5.5.1", "AUTH is possible once, after EHLO")
        name, *rest = argument.split(b" ")
        if not name or len(rest) > 1:
            raise Rejection(501, "5.5.4", "Expected a mechanism and at most an initial response")
        mechanism = self.mechanism(name.upper())
        if rest and not mechanism.client_first:
            raise Rejection(501, "5.7.0", "That mechanism has no initial response")
        try:
            initial = from_base64(rest[0]) if rest else None
            user = yield from converse(mechanism, self.services, initial, self.ask)
        except Malformed as error:
            raise Rejection(501, "5.5.2", f"AUTH: {error}") from error
        except Cancelled as error:
            raise Rejection(501, "5.7.0", "AUTH was cancelled") from error
        except Failed as error:
            self.check_failed_logins()
            raise Rejection(535, "5.7.8", "Login or password is wrong") from error
        except (Rejection, Disconnected, Expired, Stopping):
            raise
        except Exception as error:
            # Nobody can tell now whether the credentials are right (section 6).
            self.services.journal.fault("smtp.login-trouble", error, peer=self.peer.address)
            raise Rejection(454, "4.7.0", "Nobody can log in at the moment") from error
        self.admit(user)
        self.user = user
        self.services.journal.note("smtp.login", user=user, peer=self.peer.address)
        return Reply.of(235, "2.7.0", "Welcome")

    def mechanism(self, name: bytes) -> Mechanism:
        """Return the mechanism of that name.

        Raises:
            Rejection: 504 where there is none, 538 where it needs TLS first (section 4).
        """
        mechanism = self.all_mechanisms.get(name)
        if mechanism is None:
            raise Rejection(504, "5.5.4", "That mechanism is not offered")
        if name not in self.offers().get(b"AUTH", b"").split(b" "):
            raise Rejection(538, "5.7.11", "That mechanism needs TLS first")
        return mechanism

    def ask(self, challenge: bytes) -> Steps[bytes]:
        """Send a challenge and return the decoded response.

        Raises:
            Cancelled, Malformed: as SASL's.
            Rejection: 500 for a line over 12288 octets (section 4).
        """
        self.send(b"334 " + to_base64(challenge) + b"\r\n")
        try:
            line = yield from self.read_line(self.policy.sasl_line)
        except LineTooLong as error:
            raise Rejection(500, "5.5.6", "The response is too long") from error
        if line == b"*\r\n":
            raise Cancelled
        return from_base64(line[:-2])
