"""Wrong POP3 servers: AUTH (RFC 5034)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.mutants.smtp_auth import plain_without_identity
from refmail.pop3.replies import Refusal, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import LEGAL, State
from refmail.sasl import Mechanism, to_base64

Table = Mapping[State, frozenset[bytes]]


@mutants.pop3("5034/4/success", "5034/4/once")
class Pop3AuthChangesNothing(Pop3Session):
    """AUTH with the right response gets +OK, and the session stays in AUTHORIZATION."""

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        reply = yield from super().do_auth(argument)
        self.state = State.AUTHORIZATION
        return reply


@mutants.pop3("5034/4/only-authorization", "5034/4/once")
class Pop3AuthAfterLogin(Pop3Session):
    """AUTH is taken in TRANSACTION, too, and gets +OK."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is State.TRANSACTION and self.split(line)[0] == b"AUTH":
            return ok("you are in already")
        return (yield from super().perform(line))


@mutants.pop3("5034/3/listed-after-auth", "2449/5/announced-in-both")
class Pop3SaslBeforeLoginOnly(Pop3Session):
    """SASL is listed before login only."""

    def capabilities(self) -> list[str]:
        lines = super().capabilities()
        return lines if self.state is not State.TRANSACTION else [line for line in lines if line[:4] != "SASL"]


@mutants.pop3("5034/4/unknown-mechanism")
class Pop3UnknownMechanismTaken(Pop3Session):
    """AUTH with a mechanism that the server lacks begins an exchange with -ERR at its end."""

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        if (argument or b"").upper().startswith(b"X-"):
            yield from self.ask(b"")
            text = "that was of no use"
            raise Refusal(text)
        return (yield from super().do_auth(argument))


class _Challenging(Pop3Session):
    """Challenges in its own way."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        return (yield from super().ask(challenge))


@mutants.pop3("5034/4/empty-challenge")
class Pop3ChallengeAsksPlain(_Challenging):
    """The challenge of PLAIN says what to do."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        return (yield from super().ask(challenge or b"go ahead"))


@mutants.wire("pop3", "5034/4/challenge-form", "5034/4/empty-challenge", "1939/3/reply-form")
def pop3_challenge_with_text(octets: bytes) -> bytes:
    """Behind a challenge stands a remark."""
    return octets.removesuffix(b"\r\n") + b" go ahead\r\n" if octets.startswith(b"+ ") else octets


@mutants.pop3("5034/4/cancel")
class Pop3CancelForgotten(_Challenging):
    """After an asterisk the server asks again."""

    def send(self, octets: bytes) -> None:
        super().send(b"+ \r\n" if octets.startswith(b"-ERR the exchange was cancelled") else octets)


@mutants.pop3("5034/4/server-first")
class Pop3InitialResponsePassedOver(Pop3Session):
    """An initial response to CRAM-MD5 is passed over."""

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        found = re.match(rb"(?i)CRAM-MD5(?= )", argument or b"")
        return (yield from super().do_auth(found[0] if found else argument))


@mutants.pop3("5034/4/empty-initial")
class Pop3EqualsSignPassedOver(Pop3Session):
    """An equals sign as initial response is taken for none."""

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        return (yield from super().do_auth((argument or b"").removesuffix(b" =") or None))


class _Decoding(Pop3Session):
    """Decodes responses in its own way."""

    def mended(self, text: bytes) -> bytes:
        """Return base64 that a strict decoder takes."""
        return text

    def ask(self, challenge: bytes) -> Steps[bytes]:
        self.send(b"+ " + to_base64(challenge) + b"\r\n")
        line = (yield from self.read_line(self.policy.sasl_line))[:-2]
        if line == b"*":
            text = "the exchange was cancelled"
            raise Refusal(text)
        try:
            return base64.b64decode(self.mended(line), validate=True)
        except ValueError as error:
            text = "that is no base64"
            raise Refusal(text) from error


@mutants.pop3("5034/4/alphabet")
class Pop3JunkInBase64(_Decoding):
    """Characters that base64 does not have are passed over."""

    def mended(self, text: bytes) -> bytes:
        return re.sub(rb"[^A-Za-z0-9+/=]", b"", text)


@mutants.pop3("5034/4/padding")
class Pop3PaddingAnywhere(_Decoding):
    """Padding within base64 is passed over."""

    def mended(self, text: bytes) -> bytes:
        return re.sub(rb"=+(?=[A-Za-z0-9+/])", b"", text)


@mutants.pop3("5034/4/bad-base64")
class Pop3BadBase64AsksAgain(Pop3Session):
    """A response that cannot be decoded gets another challenge."""

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        return b"+ \r\n" if line == b"AUTH PLAIN A" and reply.startswith(b"-ERR") else reply


@mutants.pop3("5034/4/largest")
class Pop3LongResponsesAskedAgain(Pop3Session):
    """A response of more than 512 octets gets the challenge again."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        response = yield from super().ask(challenge)
        # Base64 makes four octets of three.
        return response if len(response) <= 384 else (yield from super().ask(challenge))


@mutants.pop3("5034/4/failure", "5034/4/unprepared-refused")
class Pop3AuthNeverFails(Pop3Session):
    """An exchange that does not authenticate gets +OK."""

    def perform(self, line: bytes) -> Steps[bytes]:
        try:
            return (yield from super().perform(line))
        except Refusal:
            if re.match(rb"AUTH PLAIN \S{2,}", line) and self.state is not State.TRANSACTION:
                return ok("come in")
            raise


@mutants.pop3("5034/4/failure-changes-nothing")
class Pop3OneExchangeOnly(Pop3Session):
    """After an exchange that failed no AUTH succeeds."""

    in_exchange = failed = False

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        self.in_exchange = True
        try:
            return (yield from super().do_auth(argument))
        finally:
            self.in_exchange = False

    def log_in(self, user: str | None) -> Steps[bytes]:
        self.failed = self.failed or (self.in_exchange and user is None)
        return (yield from super().log_in(None if self.failed and self.in_exchange else user))


@mutants.pop3("5034/5/any-case")
class Pop3MechanismsInUpperCase(Pop3Session):
    """Names of mechanisms are known in upper case only."""

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        if argument is not None and argument.partition(b" ")[0].islower():
            text = "that mechanism is not offered here"
            raise Refusal(text)
        return (yield from super().do_auth(argument))


@mutants.pop3("5034/4/success")
class Pop3CramMd5NeverFits(Pop3Session):
    """The right digest of CRAM-MD5 is refused."""

    legal: ClassVar[Table] = LEGAL

    def do_auth(self, argument: bytes | None) -> Steps[bytes]:
        reply = yield from super().do_auth(argument)
        if (argument or b"").upper() == b"CRAM-MD5" and reply.startswith(b"+OK"):
            self.state = State.AUTHORIZATION
            self.lease.release()
            text = "name or password is wrong"
            raise Refusal(text, "AUTH")
        return reply


@mutants.pop3("5034/4/unprepared-refused")
class Pop3IdentityPassedOver(Pop3Session):
    """Whatever stands for an authorization identity in PLAIN is passed over."""

    @property
    def mechanisms(self) -> Mapping[bytes, Mechanism]:
        return {
            **super().mechanisms,
            b"PLAIN": Mechanism(b"PLAIN", plain_without_identity, client_first=True, plaintext=True),
        }
