"""Wrong SMTP servers: empty messages, names in the trace, refusals for a null MX, and what submission lets pass."""

from __future__ import annotations

import msgspec

from refmail import mutants
from refmail.config import Config
from refmail.machine import Steps
from refmail.message.envelope import Envelope, Recipient
from refmail.mutants.smtp_replies import DataAsksForNothing
from refmail.services import Peer, Policy, Services
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.session import SmtpSession


@mutants.smtp("2920/3.2/data-if-recipients", "2920/3.2/empty-message-unsent")
class EmptyMessageToSender(DataAsksForNothing):
    """DATA without an accepted recipient gets 354, and its sender the empty message."""

    def answer(self, line: bytes) -> Steps[Reply | None]:
        sender = self.transaction.reverse_path
        if self.refusing and line == b"." and sender is not None:
            found = self.services.directory.find(sender)
            if found.kind == "local":
                self.transaction.recipients.append(Recipient(sender, {}, found.user))
                yield from self.call(self.services.accept, self.envelope(), b"\r\n")
            self.reset()
        return (yield from super().answer(line))


@mutants.smtp("6531/3.7.3/trace-u-labels")
class TraceKeepsALabels(SmtpSession):
    """The client's name stands in the Received field as it was sent, whatever MAIL says."""

    def name_in_trace(self, envelope: Envelope) -> bytes:
        del envelope
        return self.client_name


@mutants.smtp("7505/4.1/null-mx-556")
class NullMxOf550(SmtpSession):
    """A recipient in a domain with a null MX gets 550."""

    def check_recipient_domain(self) -> Steps[None]:
        try:
            yield from super().check_recipient_domain()
        except Rejection as refused:
            raise Rejection(550, "5.1.2", "That domain takes no mail") from refused


class _Choosy(SmtpSession):
    """Refuses senders in domains with a null MX."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.policy: Policy = msgspec.structs.replace(self.policy, refuse_null_mx_senders=True)


@mutants.smtp("7505/4.1/sender-null-mx-550")
class NullMxSenderOf556(_Choosy):
    """A sender in a domain with a null MX gets 556."""

    def check_sender_domain(self) -> Steps[None]:
        try:
            yield from super().check_sender_domain()
        except Rejection as refused:
            raise Rejection(556, "5.7.27", "That domain takes no mail") from refused


@mutants.smtp("6409/5.1/header-syntax")
class BrokenAddressesSubmitted(SmtpSession):
    """Submission looks into messages, and takes what is no address for one."""

    def check_address_fields(self, content: bytes) -> None:
        del content


@mutants.smtp("6409/5.3/two-minutes")
class SubmissionIgnoresQuestions(SmtpSession):
    """On the submission port VRFY is never answered."""

    def reply(self, reply: Reply) -> None:
        if not (self.is_submission and self.verb == "VRFY"):
            super().reply(reply)


@mutants.part("policy", "5321/4.5.3.2.7/five-minutes")
def impatient_with_silence(config: Config) -> Policy:
    """A client that says nothing for twenty seconds is left."""
    return msgspec.structs.replace(config.policy, smtp_idle=20.0)
