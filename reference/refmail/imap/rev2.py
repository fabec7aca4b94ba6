r"""IMAP4rev2 (RFC 9051): what changes in a session that has enabled it, and nothing else.

| | IMAP4rev1 | IMAP4rev2 |
| --- | --- | --- |
| names of mailboxes | modified UTF-7 | UTF-8 in Normalization Form C, quoted where they need to be |
| strings in commands | 7 bits, SEARCH in US-ASCII | UTF-8 |
| SEARCH without RETURN | SEARCH response | ESEARCH response with ALL |
| SELECT, EXAMINE | RECENT, UNSEEN | LIST instead, CLOSED of the mailbox left |
| \Recent, RECENT, STATUS RECENT | yes | no |
| unsolicited FETCH | UID where a UID command is in hand | always with UID |
| LIST of a level that is no mailbox | \Noselect | \NonExistent |
| RENAME | | LIST with OLDNAME |
| CHECK, LSUB, FETCH RFC822... | yes | no |
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import names, wire
from refmail.imap.commands.base import Command, mailbox_argument, new_mailbox_argument
from refmail.imap.commands.fetch import Fetch, UidFetch
from refmail.imap.commands.list import line
from refmail.imap.commands.rename import Rename
from refmail.imap.commands.select import Examine, Select
from refmail.imap.commands.status import Status as StatusCommand
from refmail.imap.extensions.list_extended import Argument
from refmail.imap.extensions.searchres import SavingSearch, UidSavingSearch
from refmail.imap.extensions.special_use import CreateWithUse, ListWithUses
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.fetch import FetchItem
from refmail.imap.revision import Revision
from refmail.imap.status import Refused, Status, no
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import MailboxInfo

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["REV2"]

_GONE_ITEMS = frozenset({b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT"})
_QUOTABLE = re.compile(r"[^\0\r\n]*")


# Names.


def mailbox(name: str) -> bytes:
    """ABNF: mailbox = "INBOX" / astring, where a quoted string may hold UTF-8 (RFC 9051 sections 5.1 and 9)."""
    if name.isascii():
        return wire.astring(name.encode("ascii"))
    octets = name.encode("utf-8", "replace")
    return wire.quoted(octets) if _QUOTABLE.fullmatch(name) else wire.literal(octets)


def _require_net_unicode(octets: bytes) -> None:
    """Refuse names that are not in Normalization Form C (RFC 9051 section 5.1)."""
    if not unicodedata.is_normalized("NFC", new_mailbox_argument(octets.removesuffix(names.DELIMITER.encode()))):
        raise Refused(no(b"Names of mailboxes must be in Normalization Form C", b"CANNOT"))


# The view.


class _WithoutRecent(View):
    r"""A view that tells nothing of \Recent, and the UID with every change."""

    def counts(self) -> bytes:
        return b"* %d EXISTS\r\n" % len(self.uids)

    def flags(self, uid: int) -> bytes:
        return wire.flag_list(self.metas[uid].flags)

    def fetch_line(self, uid: int, *, with_flags: bool = True, with_uid: bool = False) -> bytes:
        del with_uid
        return super().fetch_line(uid, with_flags=with_flags, with_uid=True)


_views: dict[type[View], type[View]] = {}


def _view(base: type[View]) -> type[View]:
    r"""Return the view without \Recent of a session that has its own, as mutants and variants have."""
    if base not in _views:
        _views[base] = type(f"{base.__name__}WithoutRecent", (_WithoutRecent, base), {})
    return _views[base]


# LIST and what announces mailboxes by it.


def _without_recent(cursor: Cursor, items: Iterable[bytes]) -> None:
    if b"RECENT" in items:
        cursor.fail("status-att", "no such status item in IMAP4rev2")


def _status_option(cursor: Cursor) -> tuple[bytes, ...]:
    items = ListWithUses.returns[b"STATUS"](cursor)
    _without_recent(cursor, items)
    return items


@dataclass(frozen=True, slots=True)
class _List(ListWithUses):
    returns: ClassVar[Mapping[bytes, Argument]] = {**ListWithUses.returns, b"STATUS": _status_option}

    def attributes(self, info: MailboxInfo) -> Sequence[bytes]:
        known = ListWithUses.attributes(self, info)
        return tuple(rb"\NonExistent" if each == rb"\Noselect" else each for each in known)


def _announce(session: ImapSession, name: str, old: str) -> Steps[None]:
    """Send LIST for a mailbox, with the name that the client knows it by where that is another (section 6.3.9.7)."""
    mailboxes = yield from session.call(session.services.store.list, session.user)
    for info in mailboxes:
        if info.name == name:
            attributes = [*_List(b"", b"").attributes(info), *([rb"\Subscribed"] if info.subscribed else [])]
            response = line(session, b"LIST", attributes, name)
            if old != name:
                # oldname-extended-item = "OLDNAME" SP "(" mailbox ")"
                response = b'%s ("OLDNAME" (%s))\r\n' % (response.removesuffix(b"\r\n"), mailbox(old))
            session.send(response)


# Commands.


@dataclass(frozen=True, slots=True)
class _Select(Select):
    def run(self, session: ImapSession) -> Steps[Status]:
        status = yield from Select.run(self, session)
        yield from _announce(session, session.view.name, names.decode(self.mailbox))
        return status

    def unseen(self, view: View) -> Iterator[bytes]:
        del view
        return iter(())


@dataclass(frozen=True, slots=True)
class _Examine(_Select):
    read_only: ClassVar[bool] = Examine.read_only


@dataclass(frozen=True, slots=True)
class _Create(CreateWithUse):
    def run(self, session: ImapSession) -> Steps[Status]:
        _require_net_unicode(self.mailbox)
        return (yield from CreateWithUse.run(self, session))


@dataclass(frozen=True, slots=True)
class _Rename(Rename):
    def run(self, session: ImapSession) -> Steps[Status]:
        _require_net_unicode(self.new)
        status = yield from Rename.run(self, session)
        old = mailbox_argument(self.old)
        if old != "INBOX":
            new = new_mailbox_argument(self.new.removesuffix(names.DELIMITER.encode()))
            yield from _announce(session, new, old)
        return status


@dataclass(frozen=True, slots=True)
class _Status(StatusCommand):
    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        found = super(_Status, cls).parse(cursor)
        _without_recent(cursor, found.items)
        return found


@dataclass(frozen=True, slots=True)
class _Search(SavingSearch):
    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        found = super(_Search, cls).parse(cursor)
        return found if found.returns is not None else replace(found, returns=frozenset({b"ALL"}))


@dataclass(frozen=True, slots=True)
class _UidSearch(_Search):
    may_expunge: ClassVar[bool] = UidSavingSearch.may_expunge
    by_uid: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class _Fetch(Fetch):
    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        found = super(_Fetch, cls).parse(cursor)
        _require_items(cursor, found.items)
        return found


@dataclass(frozen=True, slots=True)
class _UidFetch(UidFetch):
    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        found = super(_UidFetch, cls).parse(cursor)
        _require_items(cursor, found.items)
        return found


def _require_items(cursor: Cursor, items: Iterable[FetchItem | object]) -> None:
    if any(getattr(item, "name", b"") in _GONE_ITEMS for item in items):
        cursor.fail("fetch-att", "no such data item in IMAP4rev2")


_COMMANDS: Mapping[bytes, type[Command]] = {
    b"SELECT": _Select,
    b"EXAMINE": _Examine,
    b"CREATE": _Create,
    b"RENAME": _Rename,
    b"LIST": _List,
    b"STATUS": _Status,
    b"SEARCH": _Search,
    b"UID SEARCH": _UidSearch,
    b"FETCH": _Fetch,
    b"UID FETCH": _UidFetch,
}

REV2 = Revision(
    utf8=True,
    mailbox=mailbox,
    commands=_COMMANDS,
    gone=frozenset({b"CHECK", b"LSUB"}),
    says_closed=True,
    view=_view,
)
