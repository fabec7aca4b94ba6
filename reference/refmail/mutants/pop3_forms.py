"""Wrong POP3 servers: forms of listings, and what an empty maildrop looks like (RFC 1939 sections 5 and 7)."""

from __future__ import annotations

from refmail import mutants
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal, ok
from refmail.pop3.session import Pop3Session


@mutants.pop3("1939/5/stat-form")
class Pop3StatSpacedOut(Pop3Session):
    """The numbers of STAT are two spaces apart."""

    def drop_listing(self) -> str:
        return super().drop_listing().replace(" ", "  ")


@mutants.pop3("1939/5/stat-plain")
class Pop3StatSaysMore(Pop3Session):
    """STAT says what its numbers mean."""

    def drop_listing(self) -> str:
        return f"{super().drop_listing()} octets"


@mutants.pop3("1939/5/scan-listing-form")
class Pop3ListAligned(Pop3Session):
    """The columns of LIST are aligned with spaces, those of LIST with a number too."""

    def scan_listing(self, item: Item) -> str:
        return f"{item.number} {item.size:>12}"


@mutants.pop3("1939/5/list-plain")
class Pop3ListSaysMore(Pop3Session):
    """Scan listings say what their numbers mean."""

    def scan_listing(self, item: Item) -> str:
        return f"{super().scan_listing(item)} octets"


@mutants.pop3("1939/7/uidl-listing-form")
class Pop3UniqueIdsAligned(Pop3Session):
    """The unique-ids of UIDL are aligned with spaces."""

    def unique_id_listing(self, item: Item) -> str:
        return f"{item.number}  {item.unique_id}"


class _Empty(Pop3Session):
    """Treats an empty maildrop in its own way."""

    def refuse_if_empty(self) -> None:
        if not self.maildrop.items:
            text = "there is no mail"
            raise Refusal(text)


@mutants.pop3("1939/5/stat-empty", "1939/5/stat-without-deleted")
class Pop3StatOfNothingCountsOne(Pop3Session):
    """STAT of an empty maildrop counts one octet."""

    def drop_listing(self) -> str:
        return super().drop_listing() if self.maildrop.items else "0 1"


@mutants.pop3("1939/5/list-empty", "1939/5/list-without-deleted")
class Pop3ListOfNothingRefused(_Empty):
    """LIST of an empty maildrop gets -ERR."""

    def do_list(self, argument: bytes | None) -> bytes:
        self.refuse_if_empty()
        return super().do_list(argument)


@mutants.pop3("1939/7/uidl-empty")
class Pop3UidlOfNothingRefused(_Empty):
    """UIDL of an empty maildrop gets -ERR."""

    def do_uidl(self, argument: bytes | None) -> bytes:
        self.refuse_if_empty()
        return super().do_uidl(argument)


@mutants.pop3("1939/5/no-such-message")
class Pop3FirstMessageAlwaysThere(Pop3Session):
    """DELE 1 gets +OK in an empty maildrop."""

    def do_dele(self, argument: bytes | None) -> bytes:
        if argument == b"1" and not self.maildrop.all_items:
            return ok("nothing to delete")
        return super().do_dele(argument)
