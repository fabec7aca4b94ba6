"""Wrong SMTP servers: AUTH (RFC 4954 sections 3, 4, 8 and 9); the end of SCRAM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Call, Steps
from refmail.sasl import Challenge, Exchange, Failed, Malformed, Mechanism, to_base64
from refmail.services import Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State


def _answered(session: SmtpSession, argument: bytes, code: int, instead: Reply) -> Steps[Reply]:
    """Run AUTH, and answer otherwise where it is refused with `code`."""
    try:
        return (yield from SmtpSession.do_auth(session, argument))
    except Rejection as rejection:
        if rejection.reply.code != code:
            raise
        return instead


@mutants.smtp("4954/3/mechanism-list")
class MechanismsInLowerCase(SmtpSession):
    """Mechanisms are listed in small letters."""

    def ehlo_lines(self) -> list[bytes]:
        return [b"AUTH" + line[4:].lower() if line.startswith(b"AUTH ") else line for line in super().ehlo_lines()]


@mutants.smtp("4954/3/mechanism-list")
class LongMechanismName(SmtpSession):
    """A mechanism is listed whose name has 21 letters."""

    def ehlo_lines(self) -> list[bytes]:
        return [line + b" X-" + b"N" * 19 if line.startswith(b"AUTH ") else line for line in super().ehlo_lines()]


@mutants.smtp("4954/4/second-auth-503")
class AuthTwice(SmtpSession):
    """AUTH is possible again after it succeeded."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        self.user = None
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/4/second-auth-503")
class SecondAuthOf502(SmtpSession):
    """A second AUTH gets 502."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if self.user is not None:
            raise Rejection(502, "5.5.1", "You are in already")
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/4/in-transaction-503")
class AuthInTransaction(SmtpSession):
    """AUTH is possible in a transaction, for whoever has not logged in."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.MAIL: LEGAL[State.MAIL] | {b"AUTH"},
        State.RCPT: LEGAL[State.RCPT] | {b"AUTH"},
    }


@mutants.smtp("4954/4/in-transaction-503")
class AuthInTransactionOf501(SmtpSession):
    """AUTH in a transaction gets 501."""

    def out_of_order(self, verb: bytes) -> Reply:
        if verb == b"AUTH" and self.state is not State.START:
            return Reply.of(501, "5.5.1", "Not now")
        return super().out_of_order(verb)


@mutants.smtp("4954/4/unknown-mechanism-504")
class UnknownMechanismOf535(SmtpSession):
    """AUTH with a mechanism that there is none of gets 535."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _answered(self, argument, 504, Reply.of(535, "5.5.4", "That mechanism is not offered")))


@mutants.smtp("4954/4/unknown-mechanism-status")
class UnknownMechanismOfOtherStatus(SmtpSession):
    """AUTH with a mechanism that there is none of gets 5.7.4."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _answered(self, argument, 504, Reply.of(504, "5.7.4", "That mechanism is not offered")))


@mutants.wire("smtp", "4954/4/challenge-base64")
def challenge_without_padding(octets: bytes) -> bytes:
    """Challenges lack the padding that their length asks for."""
    return re.sub(rb"=+\r\n\Z", b"\r\n", octets) if octets.startswith(b"334 ") else octets


@mutants.wire("smtp", "4954/4/challenge-base64", "4954/8/continue-req", "4954/4/no-initial-response")
def challenge_with_remark(octets: bytes) -> bytes:
    """Behind a challenge stands a remark."""
    return octets.removesuffix(b"\r\n") + b" go ahead\r\n" if octets.startswith(b"334 ") else octets


@mutants.wire("smtp", "4954/8/continue-req")
def challenge_without_space(octets: bytes) -> bytes:
    """An empty challenge is 334 and nothing behind it."""
    return b"334\r\n" if octets == b"334 \r\n" else octets


@mutants.wire("smtp", "4954/4/no-initial-response")
def first_challenge_greets(octets: bytes) -> bytes:
    """Where the challenge is to be empty, it is a greeting."""
    return b"334 aGVsbG8=\r\n" if octets == b"334 \r\n" else octets


@mutants.smtp("4954/4/no-initial-response", "4954/4/success-235")
class InitialResponseRequired(SmtpSession):
    """PLAIN without an initial response is refused."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if argument.upper() == b"PLAIN" and self.user is None and self.secure:
            raise Rejection(501, "5.5.4", "The response is missing")
        return (yield from super().do_auth(argument))


class _Refused(SmtpSession):
    """Refuses the right responses of one mechanism."""

    name: ClassVar[bytes]

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        reply = yield from super().do_auth(argument)
        if argument.upper().startswith(self.name) and self.user is not None:
            self.user = None
            raise Rejection(535, "5.7.8", "Login or password is wrong")
        return reply


@mutants.smtp("4954/4/success-235")
class CramMd5NeverFits(_Refused):
    """The right digest of CRAM-MD5 is refused."""

    name = b"CRAM-MD5"


@mutants.smtp("4954/4/success-235")
class LoginNeverFits(_Refused):
    """LOGIN with the right password is refused."""

    name = b"LOGIN"


@mutants.smtp("4954/4/success-235")
class SuccessOf250(SmtpSession):
    """AUTH that succeeds gets 250."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        yield from super().do_auth(argument)
        return Reply.of(250, "2.7.0", "Welcome")


@mutants.smtp("4954/6/suggested-status")
class SuccessOf200(SmtpSession):
    """AUTH that succeeds gets 235 with 2.0.0."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        yield from super().do_auth(argument)
        return Reply.of(235, "2.0.0", "Welcome")


@mutants.smtp("4954/8/any-case")
class MechanismsKnownInCapitals(SmtpSession):
    """Names of mechanisms are known in capital letters only."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if re.match(rb"[A-Z0-9-]*[a-z]", argument):
            raise Rejection(504, "5.5.4", "That mechanism is not offered")
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/4/failure-535")
class WrongPasswordOf550(SmtpSession):
    """A wrong password gets 550."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _answered(self, argument, 535, Reply.of(550, "5.7.8", "Login or password is wrong")))


@mutants.smtp("4954/4/goes-on-after-failure")
class OneAuthOnly(SmtpSession):
    """After an AUTH that failed none succeeds."""

    tried = False

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if self.tried and not argument.startswith(b"X-"):
            raise Rejection(535, "5.7.8", "You have tried already")
        try:
            return (yield from super().do_auth(argument))
        except Rejection as rejection:
            self.tried = rejection.reply.code in {501, 504, 535}
            raise


@mutants.smtp("4954/9/three-attempts")
class ClosedAfterTwo(SmtpSession):
    """The second wrong password ends the connection."""

    attempts = 0

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        try:
            return (yield from super().do_auth(argument))
        except Rejection as rejection:
            self.attempts += rejection.reply.code == 535
            self.closing = self.attempts == 2
            raise


@mutants.smtp("4954/4/unprepared-fails")
class IdentityPassedOver(SmtpSession):
    """Whatever stands for an authorization identity in PLAIN is passed over."""

    def mechanism(self, name: bytes) -> Mechanism:
        found = super().mechanism(name)
        return found if name != b"PLAIN" else Mechanism(name, plain_without_identity, client_first=True, plaintext=True)


def plain_without_identity(services: Services) -> Exchange:
    """Take a login and a password, and no notice of what stands before them."""
    response: bytes = yield Challenge(b"")
    if response.count(b"\0") < 2:
        msg = "expected [authzid] NUL login NUL password"
        raise Malformed(msg)
    _, login, secret = response.rsplit(b"\0", 2)
    user: str | None = yield Call(services.users.authenticate, (login, secret))
    if user is None:
        raise Failed
    return user


@mutants.smtp("5802/3/server-signature")
class ScramSignatureOfNobody(SmtpSession):
    """The signature at the end of SCRAM is twenty zeros."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        if challenge.startswith(b"v="):
            challenge = b"v=" + to_base64(bytes(20))
        return (yield from super().ask(challenge))


@mutants.smtp("5802/3/server-signature")
class ScramWithoutSignature(SmtpSession):
    """SCRAM ends without a signature of the server."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        return b"" if challenge.startswith(b"v=") else (yield from super().ask(challenge))
