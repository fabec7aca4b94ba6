"""Wrong SMTP servers: exchanges of AUTH that go wrong (RFC 4954 section 4)."""

from __future__ import annotations

import base64
import re

from refmail import mutants
from refmail.machine import LineTooLong, Steps
from refmail.sasl import Cancelled, to_base64
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


def _told(session: SmtpSession, argument: bytes, told: Reply, instead: Reply) -> Steps[Reply]:
    """Run AUTH, and answer otherwise where its refusal begins as `told` does."""
    try:
        return (yield from SmtpSession.do_auth(session, argument))
    except Rejection as rejection:
        if (rejection.reply.code, rejection.reply.enhanced) != (told.code, told.enhanced):
            raise
        return instead


@mutants.smtp("4954/4/cancel-501")
class CancelOf535(SmtpSession):
    """A lone asterisk gets 535."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if b" " in argument or argument.upper() == b"CRAM-MD5":
            return (yield from super().do_auth(argument))
        return (yield from _told(self, argument, Reply.of(501, "5.7.0"), Reply.of(535, "5.7.0", "That is a pity")))


@mutants.smtp("4954/4/cancel-501")
class CancelOnlyAtFirst(SmtpSession):
    """A lone asterisk is no cancellation once a response was given."""

    asked = 0

    def ask(self, challenge: bytes) -> Steps[bytes]:
        self.asked += 1
        try:
            return (yield from super().ask(challenge))
        except Cancelled as error:
            if self.asked == 1:
                raise
            raise Rejection(535, "5.7.8", "Login or password is wrong") from error


@mutants.smtp("4954/4/empty-initial-response")
class EqualsSignPassedOver(SmtpSession):
    """An equals sign as initial response is taken for none."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        bare = argument.removesuffix(b" =")
        return (yield from super().do_auth(bare if bare.upper() == b"PLAIN" else argument))


@mutants.smtp("4954/4/unwanted-initial-501")
class InitialResponsePassedOver(SmtpSession):
    """An initial response to CRAM-MD5 is passed over."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        found = re.match(rb"(?i)CRAM-MD5(?= )", argument)
        return (yield from super().do_auth(found[0] if found else argument))


@mutants.smtp("4954/4/unwanted-initial-status")
class InitialResponseOf552(SmtpSession):
    """The refusal of an initial response to CRAM-MD5 says 5.5.2."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if argument.upper().startswith(b"CRAM-MD5 "):
            raise Rejection(501, "5.5.2", "That mechanism has no initial response")
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/4/bad-base64-501")
class BadBase64Of535(SmtpSession):
    """What cannot be decoded gets 535."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        bad = Reply.of(501, "5.5.2")
        return (yield from _told(self, argument, bad, Reply.of(535, "5.7.8", "Login or password is wrong")))


@mutants.smtp("4954/4/bad-base64-501")
class BadBase64OfOtherStatus(SmtpSession):
    """What cannot be decoded gets 501 with 5.5.4."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _told(self, argument, Reply.of(501, "5.5.2"), Reply.of(501, "5.5.4", "Not base64")))


class _Decoding(SmtpSession):
    """Decodes responses in its own way."""

    def mended(self, text: bytes) -> bytes:
        """Return base64 that a strict decoder takes."""
        return text

    def ask(self, challenge: bytes) -> Steps[bytes]:
        self.send(b"334 " + to_base64(challenge) + b"\r\n")
        try:
            line = (yield from self.read_line(self.policy.sasl_line))[:-2]
        except LineTooLong as error:
            raise Rejection(500, "5.5.6", "The response is too long") from error
        if line == b"*":
            raise Cancelled
        try:
            return base64.b64decode(self.mended(line), validate=True)
        except ValueError as error:
            raise Rejection(501, "5.5.2", "Not base64") from error


@mutants.smtp("4954/4/base64-strict")
class JunkInBase64(_Decoding):
    """Characters that base64 does not have are passed over, where enough of the others are left."""

    def mended(self, text: bytes) -> bytes:
        return re.sub(rb"[^A-Za-z0-9+/=]", b"", text) if len(text) > 8 else text


@mutants.smtp("4954/4/base64-strict")
class PaddingAnywhere(_Decoding):
    """Padding within base64 is passed over."""

    def mended(self, text: bytes) -> bytes:
        return re.sub(rb"=+(?=[A-Za-z0-9+/])", b"", text)


@mutants.smtp("4954/4/base64-strict")
class PaddingWithoutEnd(_Decoding):
    """Any number of padding characters may end base64."""

    def mended(self, text: bytes) -> bytes:
        bare = text.rstrip(b"=")
        return bare + b"=" * (-len(bare) % 4) if len(text) > 8 else text


@mutants.smtp("4954/4/long-responses")
class ResponsesOf512(SmtpSession):
    """A response has the length of a command line at most."""

    def ask(self, challenge: bytes) -> Steps[bytes]:
        response = yield from super().ask(challenge)
        # Base64 makes four octets of three.
        if len(response) > 384:
            raise Rejection(500, "5.5.6", "The response is too long")
        return response


@mutants.smtp("4954/4/long-responses")
class InitialResponsesOf512(SmtpSession):
    """AUTH with its initial response has the length of other command lines at most."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if len(argument) > 505:
            raise Rejection(500, "5.5.6", "The command line is too long")
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/4/too-long-500")
class TooLongOf554(SmtpSession):
    """A response that is too long gets 554."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _told(self, argument, Reply.of(500, "5.5.6"), Reply.of(554, "5.5.6", "Too long")))


@mutants.smtp("4954/4/too-long-status")
class TooLongOfOtherStatus(SmtpSession):
    """A response that is too long gets 5.5.2."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        return (yield from _told(self, argument, Reply.of(500, "5.5.6"), Reply.of(500, "5.5.2", "Too long")))
