"""Wrong POP3 servers: maildrops that several sessions change under each other (RFC 1939 section 4)."""

from __future__ import annotations

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.lease import Lease
from refmail.pop3.maildrop import Maildrop
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State
from refmail.services import Peer, Services
from refmail.store.api import MailStore


class _LiveLease(Lease):
    """Opens maildrops without locking them."""

    def __init__(self, store: MailStore) -> None:
        super().__init__(store)
        self._open = store.open

    def acquire(self, user: str) -> Maildrop:
        mailbox = self._open(user, "INBOX")
        return Maildrop(mailbox, mailbox.uid_validity, mailbox.messages())


@mutants.pop3("1939/4/exclusive-lock")
class Pop3WithoutLock(Pop3Session):
    """Several sessions share a maildrop, and each removes what the others still show."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.lease = _LiveLease(services.store)


@mutants.pop3("1939/4/exclusive-lock", "1939/4/numbers-last")
class Pop3NumbersOfTheMoment(Pop3Session):
    """RETR counts the messages that are there now, whoever removed others."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.lease = _LiveLease(services.store)

    def do_retr(self, argument: bytes | None) -> Steps[bytes]:
        present = yield from self.call(self.maildrop.mailbox.messages)
        known = {item.meta.uid for item in self.maildrop.all_items}
        if self.state is State.TRANSACTION and known - {meta.uid for meta in present}:
            left = [meta for meta in present if meta.uid in known]
            self._maildrop = Maildrop(self.maildrop.mailbox, self.maildrop.mailbox.uid_validity, left)
        return (yield from super().do_retr(argument))
