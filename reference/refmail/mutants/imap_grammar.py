"""Wrong IMAP servers: responses that break the grammar (RFC 3501 section 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from refmail import mutants
from refmail.imap.commands.fetch import Fetch
from refmail.imap.mime.bodystructure import bodystructure
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.parsing.fetch import BodyItem, FetchItem
from refmail.imap.reading import Request
from refmail.imap.session import ImapSession
from refmail.imap.status import Status
from refmail.imap.view import View
from refmail.mutants.imap_parts import command, view


@mutants.imap("3501/9/greeting")
class GreetingWithoutText(ImapSession):
    """The greeting has no text."""

    def greet(self) -> None:
        self.send(b"* OK\r\n")


@mutants.imap("3501/9/tagged")
class TwoSpacesBehindTag(ImapSession):
    """Two spaces stand behind the tag."""

    def conclude(self, request: Request, status: Status) -> None:
        self.send(status.to_wire(request.tag).replace(b" ", b"  ", 1))


@mutants.wire("imap", "3501/9/continue-req")
def continuation_without_space(octets: bytes) -> bytes:
    """Literals are asked for with a plus sign alone."""
    return octets.replace(b"+ Ready for literal data\r\n", b"+\r\n")


@mutants.wire("imap", "3501/9/resp-text")
def eight_bit_text(octets: bytes) -> bytes:
    """The text of NOOP's reply has an octet above 127."""
    return octets.replace(b" OK NOOP completed\r\n", b" OK NOOP termin\xe9\r\n")


@mutants.wire("imap", "3501/9/resp-text")
def code_without_text(octets: bytes) -> bytes:
    """No text stands behind the response code UIDVALIDITY."""
    return re.sub(rb"(\* OK \[UIDVALIDITY [0-9]+\]) [^\r\n]*", rb"\1", octets)


@mutants.wire("imap", "3501/9/capability-data")
def capabilities_with_two_spaces(octets: bytes) -> bytes:
    """CAPABILITY responses have two spaces between their words."""
    return re.sub(rb"\A\* CAPABILITY [^\r\n]*", lambda found: found[0].replace(b" I", b"  I"), octets)


@view("3501/9/flag-list")
class FlagsWithTwoSpaces(View):
    """FLAGS responses have two spaces between flags."""

    def flag_lines(self) -> Iterator[bytes]:
        for line in super().flag_lines():
            yield line.replace(b" \\", b"  \\") if line.startswith(b"* FLAGS") else line


@mutants.wire("imap", "3501/9/mailbox-list")
def attributes_without_backslash(octets: bytes) -> bytes:
    r"""Attributes in LIST responses have no backslash."""
    return re.sub(rb"(?m)^\* LIST \(\\", b"* LIST (", octets)


@mutants.wire("imap", "3501/9/search")
def space_behind_numbers(octets: bytes) -> bytes:
    """SEARCH responses end in a space."""
    return re.sub(rb"(?m)^(\* SEARCH[ 0-9]*)\r\n", rb"\1 \r\n", octets)


@mutants.wire("imap", "3501/9/status")
def space_behind_status_items(octets: bytes) -> bytes:
    """A space stands behind the last item of STATUS responses."""
    return re.sub(rb"(?m)^(\* STATUS [^\r\n]*)\)\r\n", rb"\1 )\r\n", octets)


@mutants.wire("imap", "3501/9/number")
def uidvalidity_of_33_bits(octets: bytes) -> bytes:
    """UIDVALIDITY has more than 32 bits."""
    return re.sub(rb"\bUIDVALIDITY ([0-9]+)", lambda found: b"UIDVALIDITY %d" % (int(found[1]) + 2**32), octets)


class _ChangedItem(Fetch):
    """FETCH with one item in another form."""

    def show(
        self, view: View, uid: int, message: Entity | None, items: tuple[FetchItem | BodyItem, ...]
    ) -> Iterator[bytes]:
        return map(self.changed, super().show(view, uid, message, items))

    def changed(self, item: bytes) -> bytes:
        """Return what is sent in place of an item."""
        raise NotImplementedError


@command(b"FETCH", "3501/9/fetch")
class QuotedSize(_ChangedItem):
    """The number of RFC822.SIZE is in quotes."""

    def changed(self, item: bytes) -> bytes:
        return re.sub(rb"\A(RFC822\.SIZE) ([0-9]+)\Z", rb'\1 "\2"', item)


@command(b"FETCH", "3501/9/date-time")
class DateWithoutZone(_ChangedItem):
    """INTERNALDATE has no zone."""

    def changed(self, item: bytes) -> bytes:
        return re.sub(rb'\A(INTERNALDATE ".*) [+-][0-9]{4}"\Z', rb'\1"', item)


def _empty_lists(message: Entity) -> bytes:
    head, tail = envelope(message).rsplit(b"))", 1)
    return head + b"))" + tail.replace(b" NIL", b" ()", 1)


@command(b"FETCH", "3501/9/envelope")
class EmptyAddressLists(Fetch):
    """In ENVELOPE an empty list of addresses is () and not NIL."""

    structures = {**Fetch.structures, b"ENVELOPE": _empty_lists}  # noqa: RUF012 - the base has it as a ClassVar


def _without_encoding(message: Entity) -> bytes:
    return re.sub(rb'"(7BIT|BASE64)"', b"NIL", bodystructure(message))


@command(b"FETCH", "3501/9/body")
class StructureWithoutEncoding(Fetch):
    """In BODYSTRUCTURE encodings are NIL."""

    structures = {**Fetch.structures, b"BODYSTRUCTURE": _without_encoding}  # noqa: RUF012 - the base has it as a ClassVar


def _unescaped(message: Entity) -> bytes:
    return envelope(message).replace(rb"\\", b"\\")


@command(b"FETCH", "3501/9/string")
class BackslashNotEscaped(Fetch):
    """In the strings of ENVELOPE a backslash is sent as it is."""

    structures = {**Fetch.structures, b"ENVELOPE": _unescaped}  # noqa: RUF012 - the base has it as a ClassVar
