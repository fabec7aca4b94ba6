"""Wrong submission servers: what needs a login, what needs TLS (RFC 4954, RFC 8314), and the rules of RFC 6409."""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec import structs

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Address, Envelope, ReversePath
from refmail.message.trace import Hop
from refmail.mutants.handshakes import leave_after_220
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


class _Submission(SmtpSession):
    """Differs on the submission listeners alone."""


@mutants.smtp("6409/4.3/authentication-required", "6409/4.3/530", "4954/6/530-when-required")
class SubmissionForAll(_Submission):
    """Submission takes mail without a login."""

    def check_may_send(self) -> None:
        """Let everybody send."""


@mutants.smtp("6409/4.3/authentication-required")
class SubmissionAfterAnyAuth(_Submission):
    """Whoever has begun an AUTH may send."""

    begun = False

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        self.begun = True
        return (yield from super().do_auth(argument))

    def check_may_send(self) -> None:
        if not self.begun:
            super().check_may_send()

    def forget(self) -> None:
        super().forget()
        self.begun = False


@mutants.smtp("6409/4.3/530", "4954/6/530-when-required")
class LoginAskedWith550(_Submission):
    """MAIL without a login gets 550."""

    def check_may_send(self) -> None:
        try:
            super().check_may_send()
        except Rejection as rejection:
            raise Rejection(550, "5.7.1", "Authentication is required here") from rejection


@mutants.smtp("4954/6/suggested-status")
class LoginAskedWith571(_Submission):
    """MAIL without a login gets 5.7.1."""

    def check_may_send(self) -> None:
        try:
            super().check_may_send()
        except Rejection as rejection:
            raise Rejection(530, "5.7.1", "Authentication is required here") from rejection


@mutants.smtp("4954/6/suggested-status")
class WrongPasswordOf570(SmtpSession):
    """A wrong password gets 5.7.0."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        try:
            return (yield from super().do_auth(argument))
        except Rejection as rejection:
            if rejection.reply.code != 535:
                raise
            raise Rejection(535, "5.7.0", "Login or password is wrong") from rejection


@mutants.smtp("4954/6/530-when-required")
class RsetNeedsLogin(_Submission):
    """RSET and NOOP need a login."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        if self.is_submission and self.user is None and line in {b"RSET", b"NOOP"} and self.failures == 0:
            raise Rejection(530, "5.7.0", "Authentication is required here")
        return (yield from super().perform(line))

    failures = 0

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        self.failures += 1
        return (yield from super().do_auth(argument))


class _InClear(_Submission):
    """Takes passwords in the clear on submission."""

    @property
    def takes_plaintext(self) -> bool:
        return True


@mutants.smtp("4954/4/clear-passwords-off")
class PasswordsInTheClear(_InClear):
    """Mechanisms with plaintext passwords are offered and taken before TLS."""


@mutants.smtp("4954/4/clear-passwords-off", "4954/6/not-offered-in-clear")
class PasswordsOfferedInTheClear(_InClear):
    """Mechanisms with plaintext passwords are offered before TLS, and refused."""

    def do_auth(self, argument: bytes) -> Steps[Reply]:
        if not self.secure and self.is_submission and re.match(rb"(?i)PLAIN|LOGIN", argument):
            raise Rejection(538, "5.7.11", "That mechanism needs TLS first")
        return (yield from super().do_auth(argument))


@mutants.smtp("4954/5/taken-without-auth")
class AuthParameterNeedsLogin(SmtpSession):
    """MAIL takes AUTH from whoever has logged in only."""

    def check_auth(self, value: bytes | None) -> None:
        if self.user is None:
            raise Rejection(503, "5.5.1", "AUTH comes first")
        super().check_auth(value)


@mutants.smtp("4954/5/taken-without-auth")
class AuthParameterAsItStands(SmtpSession):
    """The value of AUTH is not decoded, and a plus sign is none that it may have."""

    def check_auth(self, value: bytes | None) -> None:
        if self.user is None and b"+" in (value or b""):
            raise Rejection(501, "5.5.4", "AUTH wants a mailbox")
        super().check_auth(value)


@mutants.smtp("4954/3/longer-mail")
class MailOf512(SmtpSession):
    """MAIL with AUTH has the length of other command lines at most."""

    def do_mail(self, argument: bytes) -> Reply:
        if len(argument) > 505 and b" AUTH=" in argument:
            raise Rejection(500, "5.5.6", "The command line is too long")
        return super().do_mail(argument)


@mutants.smtp("4954/7/received-esmtpa")
class LoginNotInTrace(_Submission):
    """The Received field does not say that the client has logged in."""

    def hop(self, envelope: Envelope) -> Hop:
        hop = super().hop(envelope)
        return structs.replace(hop, protocol=hop.protocol.removesuffix("A")) if self.is_submission else hop


@mutants.smtp("8314/4.3/cipher-in-trace")
class CipherNotInTrace(_Submission):
    """The Received field says nothing of TLS beyond its protocol."""

    def hop(self, envelope: Envelope) -> Hop:
        return structs.replace(super().hop(envelope), tls=None)


class _Without(_Submission):
    """Submission leaves out one extension."""

    left_out: ClassVar[bytes]

    def ehlo_lines(self) -> list[bytes]:
        lines = super().ehlo_lines()
        return [line for line in lines if not self.is_submission or line.split(b" ")[0] != self.left_out]


@mutants.smtp("6409/7/pipelining")
class SubmissionWithoutPipelining(_Without):
    """Submission does not offer PIPELINING."""

    left_out = b"PIPELINING"


@mutants.smtp("6409/7/enhanced-codes")
class SubmissionWithoutEnhancedCodes(_Without):
    """Submission does not offer ENHANCEDSTATUSCODES."""

    left_out = b"ENHANCEDSTATUSCODES"


@mutants.smtp("6409/7/dsn")
class SubmissionWithoutDsn(_Without):
    """Submission does not offer DSN."""

    left_out = b"DSN"


@mutants.smtp("6409/7/eightbitmime")
class SubmissionWithoutEightbitmime(_Without):
    """Submission does not offer 8BITMIME."""

    left_out = b"8BITMIME"


@mutants.smtp("6409/7/auth")
class SubmissionWithoutAuth(_Without):
    """Submission does not offer AUTH, though it takes it."""

    left_out = b"AUTH"


class _With(_Submission):
    """Submission lists one keyword more."""

    more: ClassVar[bytes]

    def ehlo_lines(self) -> list[bytes]:
        return [*super().ehlo_lines(), *([self.more] if self.is_submission else [])]


@mutants.smtp("6409/7/no-etrn")
class SubmissionWithEtrn(_With):
    """Submission offers ETRN."""

    more = b"ETRN"


@mutants.smtp("6409/7/no-atrn")
class SubmissionWithAtrn(_With):
    """Submission offers ATRN."""

    more = b"ATRN"


@mutants.smtp("6409/7/no-521")
class SubmissionOf521(_Submission):
    """VRFY before the login gets 521 on submission."""

    def do_vrfy(self, argument: bytes) -> Reply:
        if self.is_submission and self.user is None:
            raise Rejection(521, "5.7.0", "This is for those who have logged in")
        return super().do_vrfy(argument)


@mutants.smtp("6409/3.2/null-path-accepted")
class SubmissionNeedsSender(_Submission):
    """Submission refuses the null reverse-path."""

    def check_sender(self, reverse_path: ReversePath) -> None:
        if self.is_submission and reverse_path is None:
            raise Rejection(550, "5.7.1", "A sender is required here")
        super().check_sender(reverse_path)


@mutants.smtp("6409/4.2/unqualified-554")
class UnqualifiedOf501(_Submission):
    """A domain of one label gets 501."""

    def check_sender(self, reverse_path: ReversePath) -> None:
        self.refuse_single(reverse_path, 501)
        super().check_sender(reverse_path)

    def check_recipient(self, address: Address) -> None:
        self.refuse_single(address, 501)
        super().check_recipient(address)

    def refuse_single(self, address: ReversePath, code: int) -> None:
        """Refuse a domain that is not whole."""
        if self.is_submission and address is not None and address.domain and not self.is_whole(address):
            raise Rejection(code, "5.1.8", "The domain is not fully qualified")


@mutants.smtp("6409/4.1/554", "6409/4.2/unqualified-554", "6409/4.2/envelope-qualified")
class UnqualifiedOf450(UnqualifiedOf501):
    """A domain of one label gets 450, as if it could become whole."""

    def refuse_single(self, address: ReversePath, code: int) -> None:
        super().refuse_single(address, 450 if code == 501 else code)


@mutants.smtp("6409/4.2/envelope-qualified")
class UnqualifiedTaken(_Submission):
    """A domain of one label is taken as it is."""

    def is_whole(self, address: Address) -> bool:
        del address
        return True


class _Lenient(_Submission):
    """Takes a path that breaks the syntax."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        if self.is_submission and self.user is not None:
            line = re.sub(rb"(?<=:<)some\.\.one@", b"some.one@", line)
        return (yield from super().perform(line))


@mutants.smtp("6409/5.1/envelope-syntax")
class DoubledDotTaken(_Lenient):
    """Two dots side by side are taken for one in an envelope."""


@mutants.smtp("6409/5.1/envelope-501")
class BadPathOf553(_Submission):
    """A path that breaks the syntax gets 553 on submission."""

    def perform(self, line: bytes) -> Steps[Reply | None]:
        try:
            return (yield from super().perform(line))
        except Rejection as rejection:
            if not self.is_submission or rejection.reply.enhanced not in {"5.1.7", "5.1.3"}:
                raise
            raise Rejection(553, rejection.reply.enhanced, "Bad address") from rejection


class _Fixing(_Submission):
    """Changes submitted messages otherwise."""

    def fixed(self, content: bytes) -> bytes:
        """Return the message as it goes on."""
        return content

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        return super().stamped(envelope, self.fixed(content) if self.is_submission else content)


@mutants.smtp("6409/8.3/message-id-added")
class MessageIdWithoutAt(_Fixing):
    """A Message-ID that is added has no right-hand side."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        stamped = super().stamped(envelope, content)
        added = re.compile(rb"^(Message-ID: <%b)@[^>]*>" % envelope.trace_id.encode(), re.MULTILINE)
        return added.sub(rb"\1>", stamped)


@mutants.smtp("6409/8.1/sender-valid")
class SenderWithoutDomain(_Fixing):
    """A Sender that is added is the name that was used to log in."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        stamped = super().stamped(envelope, content)
        return re.sub(rb"(?m)^Sender: <([^@>]*)@[^>]*>", rb"Sender: \1", stamped)


@mutants.smtp("6409/4.2/header-qualified")
class FieldsNotQualified(_Submission):
    """Address fields may have domains of one label."""

    def checked(self, content: bytes | None) -> bytes:
        if content is None or not self.is_submission:
            return super().checked(content)
        hidden = re.sub(rb"@workstation>", b"@workstation.test>", content)
        super().checked(hidden)
        return content


@mutants.smtp("6409/8/mends-only", "5321/3.6.3/relay-content-untouched")
class TrailingSpaceCut(_Fixing):
    """White space at the ends of lines is cut."""

    def fixed(self, content: bytes) -> bytes:
        return re.sub(rb"[ \t]+\r\n", b"\r\n", content)


@mutants.smtp("6409/8/mends-only", "5321/3.6.3/relay-content-untouched")
class SubjectMarked(_Fixing):
    """Subjects are marked as coming from here."""

    def fixed(self, content: bytes) -> bytes:
        return re.sub(rb"(?m)^Subject: ", b"Subject: [ours] ", content, count=1)


@mutants.smtp("6409/8/mends-only")
class ResentFieldsDropped(_Fixing):
    """The fields of somebody who sent the message on are dropped."""

    def fixed(self, content: bytes) -> bytes:
        return re.sub(rb"(?m)^Resent-.*\r\n", b"", content)


@mutants.smtp("8314/4/tls-supported")
class SubmissionWithoutStarttls(_Without):
    """Submission does not offer STARTTLS, though it takes it."""

    left_out = b"STARTTLS"


@mutants.smtp("8314/4/tls-1-2-spoken")
class SubmissionStarttlsWithoutTls(_Submission):
    """After 220 to STARTTLS submission goes away."""

    def do_starttls(self, argument: bytes) -> Steps[None]:
        return leave_after_220(self, argument) if self.is_submission else super().do_starttls(argument)


@mutants.smtp("3207/4.2/not-offered-inside-tls")
class StarttlsInsideSubmissions(SmtpSession):
    """Where TLS was there from the first octet, STARTTLS is offered inside it."""

    def ehlo_lines(self) -> list[bytes]:
        return [*super().ehlo_lines(), *([b"STARTTLS"] if self.peer.tls else [])]


@mutants.smtp("8314/3.3/handshake-first")
class SubmissionsTurnedAway(SmtpSession):
    """Whoever begins with TLS is told inside it to go to the other port."""

    def greeting(self) -> Reply:
        return super().greeting() if not self.peer.tls else Reply.of(554, "", f"{self.services.hostname} Use STARTTLS")


@mutants.smtp("3207/4.2/knowledge-discarded")
class LoginSurvivesHandshake(SmtpSession):
    """Who has logged in before STARTTLS is still known inside TLS."""

    def forget(self) -> None:
        user = self.user
        super().forget()
        self.user = user
