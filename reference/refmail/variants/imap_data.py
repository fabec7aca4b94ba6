"""Other forms that RFC 3501 leaves to the data an IMAP server sends."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from refmail import variants
from refmail.imap import wire
from refmail.imap.commands.fetch import Fetch, UidFetch
from refmail.imap.mime.bodystructure import body, bodystructure
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.parsing.fetch import BodyItem, FetchItem
from refmail.imap.session import ImapSession
from refmail.imap.view import View
from refmail.variants.imap_parts import serving

_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_ZONE = dt.timezone(dt.timedelta(hours=-9, minutes=-30))
#: The start of a LIST or LSUB response, and the name in it.
_LISTED = re.compile(rb'(?m)^(\* L(?:IST|SUB) \([^)]*\) (?:"/"|NIL) )([^\r\n"{]+)')


@variants.wire("imap")
def imap_select_backwards(octets: bytes) -> bytes:
    """What SELECT sends comes in the opposite order, FLAGS last (RFC 3501 section 6.3.1)."""
    if not octets.startswith(b"* FLAGS ") or b" EXISTS\r\n" not in octets:
        return octets
    return b"".join(reversed(octets.splitlines(keepends=True)))


@variants.wire("imap")
def imap_quoted_names(octets: bytes) -> bytes:
    """Mailbox names in LIST and STATUS are quoted strings."""
    octets = _LISTED.sub(rb'\1"\2"', octets)
    return re.sub(rb'(?m)^(\* STATUS )([^\r\n"{ ]+)', rb'\1"\2"', octets)


@variants.wire("imap")
def imap_literal_names(octets: bytes) -> bytes:
    """Mailbox names in LIST are literals."""
    return _LISTED.sub(lambda found: found[1] + wire.literal(found[2]), octets)


@variants.wire("imap")
def imap_inbox_spelled_otherwise(octets: bytes) -> bytes:
    """INBOX is called Inbox in LIST and STATUS (RFC 3501 section 5.1)."""
    octets = re.sub(rb"(?m)^(\* STATUS )INBOX ", rb"\1Inbox ", octets)
    return _LISTED.sub(lambda found: found[1] + (b"Inbox" if found[2] == b"INBOX" else found[2]), octets)


@variants.wire("imap")
def imap_flags_in_upper_case(octets: bytes) -> bytes:
    """System flags are in upper case: they do not differ by case (RFC 3501 section 2.3.2)."""
    flags = re.compile(rb"\b(?:FLAGS|PERMANENTFLAGS) \([^)]*\)")
    return flags.sub(lambda found: re.sub(rb"\\[A-Za-z]+", lambda flag: flag[0].upper(), found[0]), octets)


def _as_literals(octets: bytes) -> bytes:
    return _QUOTED.sub(lambda found: wire.literal(re.sub(rb"\\(.)", rb"\1", found[1])), octets)


class _FetchLiterals(Fetch):
    structures = {  # noqa: RUF012 - the base has it as a ClassVar
        b"ENVELOPE": lambda message: _as_literals(envelope(message)),
        b"BODY": lambda message: _as_literals(body(message)),
        b"BODYSTRUCTURE": lambda message: _as_literals(bodystructure(message)),
    }


class _UidFetchLiterals(_FetchLiterals, UidFetch):
    pass


@variants.imap
class ImapLiteralStrings(ImapSession):
    """Each string in ENVELOPE, BODY and BODYSTRUCTURE is a literal."""

    commands = serving({b"FETCH": _FetchLiterals, b"UID FETCH": _UidFetchLiterals})


class _FetchQuoted(Fetch):
    def show_body(self, item: BodyItem, message: Entity) -> bytes:
        shown = super().show_body(item, message)
        head, _, octets = shown.partition(b"}\r\n")
        if len(octets) > 40 or re.search(rb"[\0\r\n\x80-\xff]", octets) or b"{" not in head:
            return shown
        return b"%s %s" % (item.label(), wire.quoted(octets))


class _UidFetchQuoted(_FetchQuoted, UidFetch):
    pass


@variants.imap
class ImapQuotedBodies(ImapSession):
    """Sections that are short and within one line come as quoted strings."""

    commands = serving({b"FETCH": _FetchQuoted, b"UID FETCH": _UidFetchQuoted})


class _FetchOtherZone(Fetch):
    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        moved = wire.date_time(view.metas[uid].internal_date.astimezone(_ZONE))
        for item in super().show(view, uid, message, items):
            yield b"INTERNALDATE " + moved if item.startswith(b"INTERNALDATE ") else item


class _UidFetchOtherZone(_FetchOtherZone, UidFetch):
    pass


@variants.imap
class ImapOtherZone(ImapSession):
    """INTERNALDATE is shown in a zone of the server's choice."""

    commands = serving({b"FETCH": _FetchOtherZone, b"UID FETCH": _UidFetchOtherZone})


class _FetchInPieces(Fetch):
    def targets(self, view: View) -> list[int]:
        return super().targets(view)[::-1]

    def responses(self) -> Sequence[tuple[FetchItem | BodyItem, ...]]:
        return [(item,) for item in reversed(self.items)]


class _UidFetchInPieces(_FetchInPieces, UidFetch):
    pass


@variants.imap
class ImapFetchInPieces(ImapSession):
    """FETCH sends each item in a response of its own, the last message and the last item first."""

    commands = serving({b"FETCH": _FetchInPieces, b"UID FETCH": _UidFetchInPieces})
