"""Wrong POP3 servers: DELE, RSET, NOOP, and what becomes of the maildrop (RFC 1939 sections 4, 5 and 6)."""

from __future__ import annotations

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.maildrop import Maildrop
from refmail.pop3.replies import Refusal, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


@mutants.pop3("1939/5/dele-marks")
class Pop3DeletedStillSent(Pop3Session):
    """RETR still gives a message that is marked as deleted."""

    def do_retr(self, argument: bytes | None) -> Steps[bytes]:
        number = arguments.number(argument)
        items = self.maildrop.all_items
        item = items[number - 1] if 1 <= number <= len(items) else self.maildrop.find(number)
        octets = yield from self.read(item)
        return ok(f"{item.size} octets") + self.message(octets)


@mutants.pop3("1939/5/dele-twice")
class Pop3DeleTwice(Pop3Session):
    """DELE of a message already marked gets +OK."""

    def do_dele(self, argument: bytes | None) -> bytes:
        number = arguments.number(argument)
        left = {item.number for item in self.maildrop.items}
        if number in {item.number for item in self.maildrop.all_items} - left:
            return ok("message deleted once more")
        return super().do_dele(argument)


@mutants.pop3("1939/5/numbers-stay")
class Pop3NumbersMove(Pop3Session):
    """RETR of a number behind a deleted message gives the message after it."""

    def do_retr(self, argument: bytes | None) -> Steps[bytes]:
        number = arguments.number(argument)
        self.maildrop.find(number)
        left = {item.number for item in self.maildrop.items}
        moved = number + sum(1 for before in range(1, number) if before not in left)
        return (yield from super().do_retr(b"%d" % moved))


@mutants.pop3(
    "1939/5/rset",
    "1939/5/commands-repeatable",
    "1939/5/dele-waits-for-update",
    "1939/5/one-response",
    "1939/6/quit-removes",
    "1939/7/uidl",
)
class Pop3RsetForgotten(Pop3Session):
    """RSET gets +OK and does nothing."""

    def do_rset(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        return ok()


@mutants.pop3("1939/5/noop")
class Pop3NoopUnmarks(Pop3Session):
    """NOOP does what RSET does."""

    def do_noop(self, argument: bytes | None) -> bytes:
        return self.do_rset(argument)


@mutants.pop3("1939/5/noop", "1939/7/minimal-commands", "1939/5/commands-repeatable")
class Pop3NoopRefused(Pop3Session):
    """NOOP gets -ERR."""

    def do_noop(self, argument: bytes | None) -> bytes:
        del argument
        text = "there is always something to do"
        raise Refusal(text)


@mutants.pop3("1939/6/quit-removes", "1939/7/uidl-not-reused", "1939/7/uidl-persists", "2449/6.6/pipelining")
class Pop3NothingRemoved(Pop3Session):
    """QUIT removes nothing."""

    def update(self) -> Steps[None]:
        yield from ()


@mutants.pop3("1939/6/quit-removes", "1939/7/uidl-persists", "2449/6.6/pipelining")
class Pop3EverythingRemoved(Pop3Session):
    """QUIT after a DELE removes all messages."""

    def update(self) -> Steps[None]:
        if self.maildrop.doomed:
            for item in self.maildrop.items:
                self.maildrop.mark(item)
        yield from super().update()


@mutants.pop3("1939/6/no-quit-no-removal")
class Pop3LostSessionRemoves(Pop3Session):
    """A session that ends without QUIT removes what is marked."""

    def on_disconnect(self) -> None:
        if self.user is not None and self.maildrop.doomed:
            self.maildrop.mailbox.expunge(self.maildrop.doomed)
        super().on_disconnect()


@mutants.pop3(
    "1939/6/no-quit-no-removal",
    "1939/5/rset",
    "1939/5/commands-repeatable",
    "1939/5/dele-waits-for-update",
    "1939/6/quit-removes",
)
class Pop3DeleRemovesAtOnce(Pop3Session):
    """DELE removes the message, so that RSET has nothing to bring back."""

    def perform(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().perform(line)
        if self.split(line)[0] == b"DELE":
            yield from self.call(self.maildrop.mailbox.expunge, self.maildrop.doomed)
        return reply


@mutants.pop3("1939/5/new-mail-unseen")
class Pop3NewMailShows(Pop3Session):
    """STAT looks for new messages."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is State.TRANSACTION and self.split(line)[0] == b"STAT":
            yield from self.refresh(self.maildrop)
        return (yield from super().perform(line))

    def refresh(self, before: Maildrop) -> Steps[None]:
        """Take a new snapshot with the marks of the old one."""
        metas = yield from self.call(before.mailbox.messages)
        self._maildrop = Maildrop(before.mailbox, before.mailbox.uid_validity, metas)
        for item in before.all_items:
            if item not in before.items:
                self.maildrop.mark(item)
