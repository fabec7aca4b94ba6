"""Wrong POP3 servers: STAT, LIST and UIDL (RFC 1939 sections 5, 7 and 11)."""

from __future__ import annotations

import itertools
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import multi_line, ok
from refmail.pop3.session import Pop3Session


@mutants.pop3("1939/5/stat", "2449/6.6/pipelining", "2449/6.7/kept")
class Pop3StatMiscounts(Pop3Session):
    """STAT counts a message too many, unless there are none."""

    def drop_listing(self) -> str:
        count = len(self.maildrop.items)
        return f"{count + (count > 0)} {self.maildrop.octets}"


@mutants.pop3("1939/5/stat", "1939/5/stat-form")
class Pop3StatWithoutOctets(Pop3Session):
    """STAT gives the number of messages alone."""

    def drop_listing(self) -> str:
        return str(len(self.maildrop.items))


@mutants.pop3("1939/5/stat-without-deleted")
class Pop3StatSumsDeleted(Pop3Session):
    """The octets of STAT include deleted messages."""

    def drop_listing(self) -> str:
        everything = sum(item.size for item in self.maildrop.all_items)
        return f"{len(self.maildrop.items)} {everything}"


@mutants.pop3("1939/5/stat-without-deleted")
class Pop3StatCountsDeleted(Pop3Session):
    """STAT counts deleted messages."""

    def drop_listing(self) -> str:
        return f"{len(self.maildrop.all_items)} {self.maildrop.octets}"


@mutants.pop3("1939/5/list")
class Pop3ListLeavesOneOut(Pop3Session):
    """LIST leaves out the last of several messages."""

    def do_list(self, argument: bytes | None) -> bytes:
        items = self.maildrop.items
        if argument is not None or len(items) < 3:
            return super().do_list(argument)
        return multi_line("scan listing follows", [self.scan_listing(item) for item in items[:-1]])


@mutants.pop3("1939/5/list", "1939/5/scan-listing-form")
class Pop3ListWithoutOctets(Pop3Session):
    """LIST gives numbers alone."""

    def do_list(self, argument: bytes | None) -> bytes:
        if argument is not None:
            return super().do_list(argument)
        return multi_line("scan listing follows", [f"{item.number}" for item in self.maildrop.items])


@mutants.pop3("1939/5/number-from-one")
class Pop3ListFromZero(Pop3Session):
    """LIST counts from zero."""

    def scan_listing(self, item: Item) -> str:
        return f"{item.number - 1} {item.size}"


@mutants.pop3("1939/5/list-one")
class Pop3ListOneGivesTotal(Pop3Session):
    """LIST of one message gives the octets of all."""

    def do_list(self, argument: bytes | None) -> bytes:
        number = arguments.optional_number(argument)
        if number is None:
            return super().do_list(argument)
        return ok(f"{self.maildrop.find(number).number} {self.maildrop.octets}")


@mutants.pop3("1939/5/list-one", "1939/3/reply-form")
class Pop3ListOneInLines(Pop3Session):
    """LIST of one message has its listing on a line of its own."""

    def do_list(self, argument: bytes | None) -> bytes:
        number = arguments.optional_number(argument)
        if number is None:
            return super().do_list(argument)
        return multi_line("scan listing follows", [self.scan_listing(self.maildrop.find(number))])


@mutants.pop3("1939/5/list-without-deleted")
class Pop3ListShowsDeleted(Pop3Session):
    """LIST shows deleted messages."""

    def do_list(self, argument: bytes | None) -> bytes:
        if argument is not None:
            return super().do_list(argument)
        return multi_line("scan listing follows", [self.scan_listing(item) for item in self.maildrop.all_items])


@mutants.pop3("1939/5/no-such-message")
class Pop3NumberZeroIsLast(Pop3Session):
    """LIST 0 gives the last message."""

    def do_list(self, argument: bytes | None) -> bytes:
        items = self.maildrop.items
        return ok(self.scan_listing(items[-1])) if argument == b"0" and items else super().do_list(argument)


@mutants.pop3("1939/5/no-such-message")
class Pop3DeleOfNothing(Pop3Session):
    """DELE of a number just beyond the last message gets +OK."""

    def do_dele(self, argument: bytes | None) -> bytes:
        if arguments.number(argument) == len(self.maildrop.all_items) + 1:
            return ok("message deleted")
        return super().do_dele(argument)


@mutants.pop3("1939/11/size-is-octets", "6856/2.1/list-size")
class Pop3SizesOnDisk(Pop3Session):
    """LIST and STAT give sizes that count a line end as one octet."""

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        self.on_disk: dict[int, int] = {}
        for item in self.maildrop.all_items:
            octets = yield from self.read(item)
            self.on_disk[item.number] = len(octets) - octets.count(b"\r\n")
        return reply

    def scan_listing(self, item: Item) -> str:
        return f"{item.number} {self.on_disk[item.number]}"

    def drop_listing(self) -> str:
        items = self.maildrop.items
        return f"{len(items)} {sum(self.on_disk[item.number] for item in items)}"


@mutants.pop3("1939/11/size-is-octets", "1939/11/stuffing-not-counted")
class Pop3DotsCountedTwice(Pop3Session):
    """The sizes of LIST include the dots that stuffing adds."""

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        self.dots: dict[int, int] = {}
        for item in self.maildrop.all_items:
            octets = yield from self.read(item)
            self.dots[item.number] = octets.count(b"\r\n.")
        return reply

    def scan_listing(self, item: Item) -> str:
        return f"{item.number} {item.size + self.dots[item.number]}"


@mutants.pop3("1939/7/uidl")
class Pop3UidlOneInLines(Pop3Session):
    """UIDL of one message has its listing on a line of its own."""

    def do_uidl(self, argument: bytes | None) -> bytes:
        number = arguments.optional_number(argument)
        if number is None:
            return super().do_uidl(argument)
        return multi_line("unique-id follows", [self.unique_id_listing(self.maildrop.find(number))])


@mutants.pop3("1939/7/uidl", "1939/7/uidl-persists")
class Pop3UidlLeavesOneOut(Pop3Session):
    """UIDL leaves out the first of several messages."""

    def do_uidl(self, argument: bytes | None) -> bytes:
        items = self.maildrop.items
        if argument is not None or len(items) < 2:
            return super().do_uidl(argument)
        return multi_line("unique-ids follow", [self.unique_id_listing(item) for item in items[1:]])


@mutants.pop3("1939/7/uidl-form")
class Pop3UniqueIdTooLong(Pop3Session):
    """Unique-ids have 71 octets."""

    def unique_id_listing(self, item: Item) -> str:
        return f"{item.number} {item.unique_id:u>71}"


@mutants.pop3("1939/7/uidl-listing-form")
class Pop3UniqueIdWithSpace(Pop3Session):
    """Something stands behind the unique-id."""

    def unique_id_listing(self, item: Item) -> str:
        return f"{super().unique_id_listing(item)} {item.size}"


@mutants.pop3("1939/7/uidl-differs", "1939/7/uidl-not-reused")
class Pop3UniqueIdOfTheMailbox(Pop3Session):
    """All messages have the same unique-id."""

    def unique_id_listing(self, item: Item) -> str:
        return f"{item.number} {item.unique_id.partition('.')[0]}"


@mutants.pop3("1939/7/uidl-persists")
class Pop3UniqueIdOfTheSession(Pop3Session):
    """Each session gives the messages other unique-ids."""

    sessions: ClassVar[itertools.count[int]] = itertools.count(1)

    def log_in(self, user: str | None) -> Steps[bytes]:
        self.session_number = next(self.sessions)
        return (yield from super().log_in(user))

    def unique_id_listing(self, item: Item) -> str:
        return f"{super().unique_id_listing(item)}.{self.session_number}"
