"""Wrong SMTP servers: messages that they refuse, change or lose."""

from __future__ import annotations

import re

import msgspec

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.services import Peer, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


class _Picky(SmtpSession):
    """Refuses messages for what is in their header section."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if content is not None and self.dislikes(content.partition(b"\r\n\r\n")[0]):
            raise Rejection(554, "5.6.0", "The header section is not as it should be")
        return (yield from super().take(content))

    def dislikes(self, header: bytes) -> bool:
        raise NotImplementedError


@mutants.smtp("5321/4.5.3.1.8/header-recipients")
class HundredInHeader(_Picky):
    """A message with more than 100 addresses in its header section is refused."""

    def dislikes(self, header: bytes) -> bool:
        return header.count(b"@elsewhere.test") > 100


@mutants.smtp("5321/3.3/resent-fields")
class ResentMustMatch(_Picky):
    """A message with Resent-To and without Resent-From is refused."""

    def dislikes(self, header: bytes) -> bool:
        return b"Resent-To:" in header and b"Resent-From:" not in header


@mutants.smtp("5321/3.3/defective-header")
class DateNeeded(_Picky):
    """A message without a Date field is refused."""

    def dislikes(self, header: bytes) -> bool:
        return re.search(rb"^Date:", header, re.MULTILINE) is None


@mutants.smtp("5321/3.3/defective-header")
class TwoDatesRefused(_Picky):
    """A message with more than one Date field is refused."""

    def dislikes(self, header: bytes) -> bool:
        return len(re.findall(rb"^Date:", header, re.MULTILINE)) > 1


@mutants.smtp("5321/3.7.2/odd-trace")
class OddTraceRefused(_Picky):
    """A message with a Received field that has no FROM clause is refused."""

    def dislikes(self, header: bytes) -> bool:
        return re.search(rb"^Received: by", header, re.MULTILINE) is not None


@mutants.smtp("5321/6.3/hundred-received")
class FiftyReceived(SmtpSession):
    """More than fifty Received fields are a loop."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy = msgspec.structs.replace(self.policy, received_fields=50)


@mutants.smtp("5321/4.1.1.4/failure-reply")
class NulSwallowed(SmtpSession):
    """A message with a NUL gets 250 and goes nowhere."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if content is not None and b"a\0b" in content:
            return Reply.of(250, "2.0.0", "Accepted")
        return (yield from super().take(content))


@mutants.smtp("1870/6/no-end-of-data")
class DeclaredSizeCuts(SmtpSession):
    """Of a message that is larger than declared the last lines are dropped."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        declared = self.transaction.parameters.get(b"SIZE")
        if content is not None and declared == b"100" and len(content) > 100:
            content = content[: content.rindex(b"\r\n", 0, -2) + 2]
        return (yield from super().take(content))


@mutants.smtp("1870/6.3/no-552-once-agreed")
class AgreedAndRefused(SmtpSession):
    """A message whose size was declared and agreed to gets 552."""

    def take(self, content: bytes | None) -> Steps[Reply]:
        if self.transaction.parameters.get(b"SIZE") == b"65536":
            raise Rejection(552, "5.3.4", "There is no room after all")
        return (yield from super().take(content))


class _Rewriting(SmtpSession):
    """Changes a message as it is taken."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        return super().stamped(envelope, self.rewritten(envelope, content))

    def rewritten(self, envelope: Envelope, content: bytes) -> bytes:
        raise NotImplementedError


@mutants.smtp("5321/6.4/changes-documented")
class CommentsDropped(_Rewriting):
    """The Comments field is taken out."""

    def rewritten(self, envelope: Envelope, content: bytes) -> bytes:
        del envelope
        return re.sub(rb"^Comments: .*\r\n(?:[ \t].*\r\n)*", b"", content, count=1, flags=re.MULTILINE)


@mutants.smtp("5321/7.2/recipients-hidden")
class RecipientsListed(_Rewriting):
    """A message for several recipients names them in a field of its own."""

    def rewritten(self, envelope: Envelope, content: bytes) -> bytes:
        if len(envelope.recipients) < 2:
            return content
        names = b", ".join(dict.fromkeys(str(recipient.address).encode() for recipient in envelope.recipients))
        return b"X-Recipients: " + names[:900] + b"\r\n" + content


@mutants.smtp("5321/7.2/header-not-deduced")
class AbsentTakenOut(_Rewriting):
    """Those in Cc who are not in the envelope are taken out."""

    def rewritten(self, envelope: Envelope, content: bytes) -> bytes:
        del envelope
        return content.replace(b"Cc: <absent@elsewhere.test>, ", b"Cc: ")


@mutants.smtp("5321/7.2/no-apparently-to")
class ApparentlyTo(_Rewriting):
    """A message without To gets an Apparently-To."""

    def rewritten(self, envelope: Envelope, content: bytes) -> bytes:
        header = content.partition(b"\r\n\r\n")[0]
        if re.search(rb"^To:", header, re.MULTILINE) or b":" not in header:
            return content
        return b"Apparently-To: " + str(envelope.recipients[0].address).encode() + b"\r\n" + content


class _Stamping(SmtpSession):
    """Changes the Received field."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        stamped = super().stamped(envelope, content)
        return self.restamped(envelope, stamped.removesuffix(content)) + content

    def restamped(self, envelope: Envelope, field: bytes) -> bytes:
        raise NotImplementedError


@mutants.smtp("5321/4.4/received-form", "5321/4.4/received-clause-order")
class IdBeforeWith(_Stamping):
    """The ID clause of the Received field stands before the WITH clause."""

    def restamped(self, envelope: Envelope, field: bytes) -> bytes:
        del envelope
        return re.sub(rb"(with \S+)(\s+)(id [^\s;]+)", rb"\3\2\1", field, count=1)


@mutants.smtp("5321/4.4/received-for-one", "5321/7.2/recipients-hidden")
class ForAll(_Stamping):
    """The FOR clause names all of two recipients."""

    def restamped(self, envelope: Envelope, field: bytes) -> bytes:
        if len(envelope.recipients) != 2:
            return field
        names = b", ".join(b"<%b>" % str(recipient.address).encode() for recipient in envelope.recipients)
        return field.replace(b";", b" for " + names + b";", 1)


@mutants.smtp("5321/4.4/registered-names", "4954/7/received-esmtpa", "6531/3.7.3/with-protocol")
class UnregisteredProtocol(_Stamping):
    """The WITH clause has a name that nobody has registered."""

    def restamped(self, envelope: Envelope, field: bytes) -> bytes:
        del envelope
        return re.sub(rb"with \S+?(?=[\s;])", b"with FROBTP", field, count=1)


#: What a server breaks that takes no recipient without TLS.
TLS_FOR_EVERYBODY = (
    "3207/4/530",
    "3207/4/not-required-publicly",
    "2920/3.2/replies-in-order",
    "5321/2.4/domain-any-case",
    "5321/2.4/verbs-any-case",
    "5321/3.3/failed-rcpt-keeps-transaction",
    "5321/3.6.2/relay-refused-550",
    "5321/4.1.1.11/unknown-parameter",
    "5321/4.1.1.2/null-reverse-path",
    "5321/4.1.4/ehlo-name-no-refusal",
    "5321/4.1.4/failed-ehlo-keeps-state",
    "5321/4.1.4/nested-mail-keeps-state",
    "5321/4.2.2/501-for-syntax",
    "5321/4.3.2/rcpt-replies",
    "5321/4.5.1/postmaster",
    "5321/4.5.1/postmaster-any-case",
    "5321/4.5.1/postmaster-at-domain",
    "5321/4.5.3.1.8/recipients-100",
    "3461/4.1/never-alone",
    "3461/4.1/notify-values",
    "3461/4.5/rcpt-duplicate-501",
    "3461/5.1/rcpt-value-501",
    "3461/5.4/command-1036",
    "3461/5.4/parameter-sizes",
)


@mutants.smtp(*TLS_FOR_EVERYBODY)
class TlsForEverybody(SmtpSession):
    """RCPT gets 530 without TLS."""

    def do_rcpt(self, argument: bytes) -> Reply:
        if not self.secure:
            raise Rejection(530, "5.7.0", "STARTTLS comes first")
        return super().do_rcpt(argument)
