"""Wrong POP3 servers: what is left of a session in the next one (RFC 1939 sections 4, 6 and 7)."""

from __future__ import annotations

from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


@mutants.pop3("1939/4/none-marked-at-start", "1939/6/no-quit-no-removal")
class Pop3MarksOutliveSessions(Pop3Session):
    """What a lost session had marked is marked in the next one."""

    marks: ClassVar[dict[str, set[int]]] = {}

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        kept = self.marks.pop(user or "", set())
        for item in self.maildrop.all_items:
            if item.meta.uid in kept:
                self.maildrop.mark(item)
        return reply

    def on_disconnect(self) -> None:
        if self.user is not None and not self.closing:
            self.marks[self.user] = set(self.maildrop.doomed)
        super().on_disconnect()


@mutants.pop3("1939/6/no-quit-no-removal")
class Pop3HalfAQuit(Pop3Session):
    """QUIT without its line end removes what is marked, when the connection ends there."""

    def on_disconnect(self) -> None:
        if self.user is not None and bytes(self.inbox).upper().startswith(b"QUIT"):
            self.maildrop.mailbox.expunge(self.maildrop.doomed)
        super().on_disconnect()


@mutants.pop3("1939/6/lock-freed")
class Pop3LockedAfterQuit(Pop3Session):
    """Behind a session that removed something the first login is refused."""

    removed: ClassVar[set[str]] = set()

    def update(self) -> Steps[None]:
        if self.maildrop.doomed and self.user is not None:
            self.removed.add(self.user)
        yield from super().update()

    def log_in(self, user: str | None) -> Steps[bytes]:
        if user in self.removed:
            self.removed.discard(user or "")
            self.state = State.AUTHORIZATION
            text = "still tidying up"
            raise Refusal(text, "IN-USE")
        return (yield from super().log_in(user))


@mutants.pop3("1939/7/uidl-not-reused", "1939/7/uidl-persists")
class Pop3UniqueIdIsTheNumber(Pop3Session):
    """The unique-id of a message is its number."""

    def unique_id_listing(self, item: Item) -> str:
        return f"{item.number} {item.number}"


@mutants.pop3("1939/7/uidl-without-deleted")
class Pop3UidlShowsDeleted(Pop3Session):
    """UIDL lists messages that are marked as deleted."""

    def do_uidl(self, argument: bytes | None) -> bytes:
        if argument is not None:
            return super().do_uidl(argument)
        marked = [item for item in self.maildrop.all_items if item not in self.maildrop.items]
        self.maildrop.unmark_all()
        reply = super().do_uidl(argument)
        for item in marked:
            self.maildrop.mark(item)
        return reply


@mutants.pop3("1939/11/stuffing-not-counted", "1939/11/size-is-octets")
class Pop3StuffingCounted(Pop3Session):
    """The sizes of LIST count the dots that stuffing adds, those of the first line of a body too."""

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        self.dots: dict[int, int] = {}
        for item in self.maildrop.all_items:
            self.dots[item.number] = (yield from self.read(item)).count(b"\r\n.")
        return reply

    def scan_listing(self, item: Item) -> str:
        return f"{item.number} {item.size + self.dots[item.number]}"


@mutants.pop3("2449/6.7/kept", "1939/6/quit-removes", "6856/2.1/ascii-untouched")
class Pop3RetrievedIsRemoved(Pop3Session):
    """QUIT removes what RETR has sent, though EXPIRE says NEVER."""

    def update(self) -> Steps[None]:
        retrieved = set(self.maildrop.left_behind)
        for item in self.maildrop.items:
            if item.meta.uid in retrieved:
                self.maildrop.mark(item)
        yield from super().update()
