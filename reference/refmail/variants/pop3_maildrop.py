"""Other choices that RFC 1939 leaves to a POP3 server: what sessions see of the maildrop."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from refmail import variants
from refmail.machine import Steps
from refmail.pop3.lease import Lease
from refmail.pop3.maildrop import Item, Maildrop
from refmail.pop3.replies import Refusal
from refmail.pop3.session import Pop3Session
from refmail.pop3.utf8 import is_internationalized
from refmail.services import Peer, Services
from refmail.store.api import Mailbox, MailStore, MessageMeta


class _Snapshot(Lease):
    """Opens maildrops without locking them; what is in them is read at once."""

    def __init__(self, store: MailStore) -> None:
        super().__init__(store)
        self._whole_store = store
        self.octets: dict[int, bytes] = {}

    def acquire(self, user: str) -> Maildrop:
        mailbox = self._whole_store.open(user, "INBOX")
        messages = mailbox.messages()
        self.octets = {meta.uid: mailbox.read(meta.uid) for meta in messages}
        return Maildrop(mailbox, mailbox.uid_validity, messages)


@variants.pop3
class Pop3ManySessions(Pop3Session):
    """Several sessions may have a maildrop open, each with a copy of its own (RFC 1939 section 4)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.copies = self.lease = _Snapshot(services.store)

    def read(self, item: Item) -> Steps[bytes]:
        yield from ()
        octets = self.copies.octets[item.meta.uid]
        if not self.utf8 and is_internationalized(octets):
            text = "this message needs UTF-8 mode"
            raise Refusal(text, "UTF8")
        return octets


class _NewestFirst(Lease):
    """Numbers messages from the newest to the oldest."""

    def acquire(self, user: str) -> Maildrop:
        maildrop = super().acquire(user)
        return _numbered(maildrop.mailbox, [item.meta for item in reversed(maildrop.all_items)])


def _numbered(mailbox: Mailbox, metas: Sequence[MessageMeta]) -> Maildrop:
    return Maildrop(mailbox, mailbox.uid_validity, metas)


@variants.pop3
class Pop3NewestFirst(Pop3Session):
    """Message 1 is the newest one (RFC 1939 section 4 does not say which is the first)."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)
        self.lease = _NewestFirst(services.store)


@variants.pop3
class Pop3UniqueIdDigest(Pop3Session):
    """Unique-ids are digests of the messages, with every printable octet and as long as may be (RFC 1939 section 7)."""

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        self.digests: dict[int, str] = {}
        for item in self.maildrop.all_items:
            octets = yield from self.read(item)
            self.digests[item.number] = hashlib.sha256(octets).hexdigest()
        return reply

    def unique_id_listing(self, item: Item) -> str:
        return super().unique_id_listing(replace(item, unique_id=f"!./~+{self.digests[item.number]:z>65}"))
