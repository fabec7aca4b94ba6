"""Wrong IMAP servers: APPEND and COPY (RFC 3501 sections 6.3.11 and 6.4.7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from refmail.imap.commands.append import Appended
from refmail.imap.commands.copy import Copied
from refmail.imap.extensions.multiappend import MultiAppend
from refmail.imap.extensions.uidplus import CopyWithUids
from refmail.imap.session import ImapSession
from refmail.imap.status import Refused, Status
from refmail.machine import Steps
from refmail.mutants.imap_parts import command
from refmail.store.api import Mailbox, MailStore, NoSuchMailbox


def _without_code(refused: Refused) -> Refused:
    return Refused(replace(refused.status, code=None))


@command(b"APPEND", "3501/6.3.11/append-octets")
class AppendClearsEighthBit(MultiAppend):
    """APPEND keeps seven bits of each octet."""

    def add(self, store: MailStore, user: str, name: str, now: dt.datetime) -> Appended:
        cleared = [replace(each, octets=bytes(octet & 0x7F for octet in each.octets)) for each in self.uploads]
        return MultiAppend.add(replace(self, uploads=tuple(cleared)), store, user, name, now)


@command(b"APPEND", "3501/6.3.11/append-flags")
class AppendForgetsFlags(MultiAppend):
    """Flags given to APPEND are not set."""

    def add(self, store: MailStore, user: str, name: str, now: dt.datetime) -> Appended:
        bare = tuple(replace(each, flags=frozenset()) for each in self.uploads)
        return MultiAppend.add(replace(self, uploads=bare), store, user, name, now)


@command(b"APPEND", "3501/6.3.11/append-date")
class AppendForgetsDate(MultiAppend):
    """The date-time given to APPEND is ignored."""

    def run(self, session: ImapSession) -> Steps[Status]:
        undated = tuple(replace(each, internal_date=None) for each in self.uploads)
        return MultiAppend.run(replace(self, uploads=undated), session)


@command(b"APPEND", "3501/6.3.11/append-trycreate")
class AppendWithoutTrycreate(MultiAppend):
    """APPEND to a mailbox that does not exist is refused without TRYCREATE."""

    def run(self, session: ImapSession) -> Steps[Status]:
        try:
            return (yield from super().run(session))
        except Refused as refused:
            raise _without_code(refused) from None


@command(b"APPEND", "3501/6.3.11/append-trycreate")
class AppendCreates(MultiAppend):
    """APPEND makes the mailbox that does not exist."""

    def add(self, store: MailStore, user: str, name: str, now: dt.datetime) -> Appended:
        try:
            return super().add(store, user, name, now)
        except NoSuchMailbox:
            store.create(user, name)
            return super().add(store, user, name, now)


@command(b"COPY", "3501/6.4.7/copy")
class CopyForgetsFlags(CopyWithUids):
    """Copies have no flags."""

    def copy(self, store: MailStore, user: str, source: Mailbox, name: str, uids: list[int]) -> Copied:
        copied = super().copy(store, user, source, name, uids)
        store.open(user, name).change_flags(copied.targets, "replace", ())
        return copied


@command(b"COPY", "3501/6.4.7/copy")
class CopyForgetsDate(CopyWithUids):
    """Copies are dated by the copying."""

    def copy(self, store: MailStore, user: str, source: Mailbox, name: str, uids: list[int]) -> Copied:
        target = store.open(user, name)
        flags = {meta.uid: meta.flags for meta in source.messages()}
        later = dt.datetime(2038, 1, 19, 3, 14, 8, tzinfo=dt.UTC)
        added: Sequence[int] = [target.add(source.read(uid), flags[uid], later) for uid in uids]
        return Copied(target.uid_validity, uids, added)


@command(b"COPY", "3501/6.4.7/copy-trycreate")
class CopyWithoutTrycreate(CopyWithUids):
    """COPY to a mailbox that does not exist is refused without TRYCREATE."""

    def run(self, session: ImapSession) -> Steps[Status]:
        try:
            return (yield from super().run(session))
        except Refused as refused:
            raise _without_code(refused) from None
