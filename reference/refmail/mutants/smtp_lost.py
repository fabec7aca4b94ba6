"""Wrong SMTP servers: questions that end a transaction, clients that vanish, and a port that is not always open."""

from __future__ import annotations

from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.message.envelope import Envelope
from refmail.services import Peer, Services
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import State


@mutants.smtp("5321/4.1.1.6/vrfy-keeps-buffers")
class VrfyDropsRecipients(SmtpSession):
    """VRFY of a name without a domain ends the transaction."""

    def do_vrfy(self, argument: bytes) -> Reply:
        if b"@" not in argument:
            self.reset()
        return super().do_vrfy(argument)


@mutants.smtp("5321/4.1.1.7/expn-keeps-buffers")
class ExpnDropsRecipients(SmtpSession):
    """EXPN ends the transaction."""

    def do_expn(self, argument: bytes) -> Reply:
        self.reset()
        return super().do_expn(argument)


@mutants.smtp("5321/4.1.1.8/help-keeps-buffers")
class HelpDropsRecipients(SmtpSession):
    """HELP ends a transaction that has a recipient."""

    def do_help(self, argument: bytes) -> Reply:
        if self.state is State.RCPT:
            self.reset()
        return super().do_help(argument)


class _Undoing(SmtpSession):
    """Remembers what it took, and can take it away again."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.taken: list[Envelope] = []

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        self.taken.append(envelope)
        return super().stamped(envelope, content)

    def undo(self) -> None:
        """Remove from the INBOXes what this session brought there."""
        for envelope in self.taken:
            for user in {recipient.user for recipient in envelope.recipients} - {None}:
                mailbox = self.services.store.open(user or "", "INBOX")
                mark = envelope.trace_id.encode()
                mailbox.expunge([each.uid for each in mailbox.messages() if mark in mailbox.read(each.uid)])


@mutants.smtp("5321/4.1.1.5/lost-client")
class UndoneWithoutQuit(_Undoing):
    """A client that vanishes after NOOP instead of saying QUIT has sent nothing."""

    def on_disconnect(self) -> None:
        if not self.closing and self.verb == "" and self.was_noop:
            self.undo()
        super().on_disconnect()

    was_noop = False

    def perform(self, line: bytes) -> Steps[Reply | None]:
        self.was_noop = line.upper() == b"NOOP"
        return (yield from super().perform(line))


@mutants.smtp("5321/4.1.1.10/completed-kept")
class UndoneByTheNext(_Undoing):
    """With a transaction that its client does not bring to an end, the ones before it are undone."""

    def on_disconnect(self) -> None:
        if self.state in {State.MAIL, State.RCPT}:
            self.undo()
        super().on_disconnect()


@mutants.smtp("5321/4.5.4.2/listens")
class DeafWhileReceiving(SmtpSession):
    """While one client sends a message, the connections of others are closed without a word."""

    receiving: ClassVar[int] = 0

    def session(self) -> Steps[None]:
        if not DeafWhileReceiving.receiving:
            yield from super().session()

    def read_content(self) -> Steps[bytes | None]:
        DeafWhileReceiving.receiving += 1
        try:
            return (yield from super().read_content())
        finally:
            DeafWhileReceiving.receiving -= 1
