"""Several IMAP sessions against a model: what each has been told of its mailbox is always what is in it.

A session's client keeps its own list of messages by what the server tells it: EXISTS makes it longer, EXPUNGE shorter,
FETCH says what stands where. Commands are given by the numbers that this client believes in. The model knows the
mailboxes as they are. After NOOP or in IDLE both must be the same, position by position; a command must never act on
another message than the one its client meant (RFC 3501 sections 5.2, 5.5, 7.4.1).
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from refmail.imap import ImapSession
from refmail.journal import Journal
from refmail.machine import Call, Output, Send
from refmail.services import Directory, Peer, Services
from refmail.store.api import MailStore
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
from refmail.store.memory import MemoryStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAILBOXES = (b"INBOX", b"Other")
SESSIONS = 3
FLAGS = (rb"\Seen", rb"\Flagged", rb"\Deleted", b"$Work")

_EXISTS = re.compile(rb"\* (\d+) EXISTS")
_EXPUNGE = re.compile(rb"\* (\d+) EXPUNGE")
#: Without the end, which comes after the literal if there is one.
_FETCH = re.compile(rb"\* (\d+) FETCH \((.*)", re.DOTALL)
_COPYUID = re.compile(rb"\[COPYUID \d+ (\S+) (\S+)\]")
_APPENDUID = re.compile(rb"\[APPENDUID \d+ (\d+)\]")
_WHO = st.integers(0, SESSIONS - 1)
_PLACES = st.lists(st.integers(0, 30), min_size=1, max_size=3)
_BOX = st.sampled_from(MAILBOXES)


class OneUser:
    """fred."""

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        del secret
        return login.decode()


def accept_nothing(*_: object) -> None:
    raise NotImplementedError


@dataclass
class Believed:
    """What a client believes of one message."""

    uid: int | None = None
    flags: frozenset[bytes] | None = None


@dataclass
class Client:
    """One client: its connection, and what it was told of the mailbox that it has selected."""

    machine: ImapSession
    selected: bytes = b""
    idle: bytes = b""
    view: list[Believed] = field(default_factory=list[Believed])
    #: Whether EXPUNGE may come now.
    may_expunge: bool = True
    news: bool = False
    _tag: int = 0

    def begin(self) -> None:
        """Log in."""
        self.machine.nudge = self._note
        self._carry_out(self.machine.connected())
        self.command(b"LOGIN fred secret")

    def _note(self) -> None:
        self.news = True

    def _carry_out(self, outputs: list[Output]) -> bytes:
        said = b""
        queue = list(outputs)
        while queue:
            output = queue.pop(0)
            if isinstance(output, Send):
                said += output.octets
            elif isinstance(output, Call):
                try:
                    result: object = output.run()
                except Exception as error:  # noqa: BLE001 - goes back into the machine, as in the transport
                    result = error
                queue += self.machine.resume(result)
        return said

    def command(self, line: bytes, *, may_expunge: bool = True) -> bytes:
        """Run a command, take in what it tells, and return the tagged response with the code of an untagged OK."""
        self._tag += 1
        tag = b"t%d" % self._tag
        self.may_expunge = may_expunge
        *untagged, tagged, rest = self._carry_out(self.machine.receive(tag + b" " + line + b"\r\n")).split(b"\r\n")
        assert rest == b""
        assert tagged.startswith(tag + b" "), (line, tagged)
        self.absorb(untagged)
        codes = [each for each in untagged if b"COPYUID" in each]
        return tagged.removeprefix(tag + b" ") + b" ".join(codes)

    def append(self, mailbox: bytes, flags: Iterable[bytes]) -> bytes:
        octets = b"Subject: x\r\n\r\n"
        return self.command(b"APPEND %s (%s) {%d+}\r\n%s" % (mailbox, b" ".join(flags), len(octets), octets))

    def absorb(self, lines: Sequence[bytes]) -> None:
        """Take in untagged responses."""
        for line in lines:
            if found := _EXISTS.fullmatch(line):
                count = int(found[1])
                assert count >= len(self.view), f"{line!r} after {len(self.view)} messages"
                self.view += [Believed() for _ in range(count - len(self.view))]
            elif found := _EXPUNGE.fullmatch(line):
                assert self.may_expunge, line
                assert 1 <= int(found[1]) <= len(self.view), line
                del self.view[int(found[1]) - 1]
            elif found := _FETCH.fullmatch(line):
                self._absorb_fetch(line, int(found[1]), found[2])

    def _absorb_fetch(self, line: bytes, number: int, items: bytes) -> None:
        assert 1 <= number <= len(self.view), line
        message = self.view[number - 1]
        if uid := re.search(rb"UID (\d+)", items):
            assert message.uid in {None, int(uid[1])}, line
            message.uid = int(uid[1])
        if flags := re.search(rb"FLAGS \(([^)]*)\)", items):
            message.flags = frozenset(flags[1].split()) - {rb"\Recent"}

    def deliver_news(self) -> None:
        """Let the machine see that something has changed."""
        self.news = False
        said = self._carry_out(self.machine.news())
        if self.idle:
            self.may_expunge = True
            self.absorb(said.split(b"\r\n")[:-1])
        else:
            assert said == b"", "between commands nothing is told"

    def start_idle(self) -> None:
        self._tag += 1
        self.idle = b"t%d" % self._tag
        self.may_expunge = True
        said = self._carry_out(self.machine.receive(self.idle + b" IDLE\r\n"))
        assert b"+ " in said
        self.absorb(said.split(b"\r\n")[:-1])

    def end_idle(self) -> None:
        said = self._carry_out(self.machine.receive(b"DONE\r\n"))
        assert (self.idle + b" OK") in said
        self.idle = b""
        self.absorb(said.split(b"\r\n")[:-2])


def numbers(text: bytes) -> list[int]:
    """Return the numbers of a set such as 1:3,7."""
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        low, high = sorted((int(first), int(last or first)))
        found += range(low, high + 1)
    return found


class Sessions(RuleBasedStateMachine):
    """Three sessions of one user on two mailboxes."""

    def make_store(self) -> MailStore:
        """Return the store, empty."""
        return MemoryStore(now=lambda: NOW)

    @initialize()
    def begin(self) -> None:
        self.store = self.make_store()
        services = Services(
            store=self.store,
            users=OneUser(),
            directory=cast("Directory", None),  # IMAP never asks it
            accept=accept_nothing,
            hostname="imap.example",
            clock=lambda: 0.0,
            now=lambda: NOW,
            random=random.Random(1),
            journal=Journal(lambda: 0.0),
        )
        self.store.create("fred", "Other")
        #: Flags by UID.
        self.model: dict[bytes, dict[int, frozenset[bytes]]] = {name: {} for name in MAILBOXES}
        self.following: dict[bytes, int] = dict.fromkeys(MAILBOXES, 1)
        peer = Peer("127.0.0.1", 1, "127.0.0.1", 143, "imap")
        self.clients = [Client(ImapSession(services, peer)) for _ in range(SESSIONS)]
        for client in self.clients:
            client.begin()
        for client in self.clients[:2]:
            self.select(client, b"INBOX")

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            for client in self.clients:
                client.machine.abandon()
            self.store.close()

    # Who does it, and to what.

    def free(self, who: int) -> Client:
        """Return a client that is ready for a command."""
        client = self.clients[who]
        if client.idle:
            client.end_idle()
        return client

    def ready(self, who: int) -> Client | None:
        """Return a client that has selected a mailbox, with messages in it."""
        client = self.free(who)
        return client if client.selected and client.view else None

    def chosen(self, client: Client, places: Iterable[int], *, by_uid: bool) -> tuple[bytes, set[int | None]]:
        """Return a set for a command, and the UIDs that the client means by it."""
        positions = sorted({place % len(client.view) for place in places})
        meant = {client.view[position].uid for position in positions}
        if by_uid and None not in meant:
            return b",".join(b"%d" % uid for uid in sorted(uid for uid in meant if uid is not None)), meant
        return b",".join(b"%d" % (position + 1) for position in positions), meant

    def select(self, client: Client, mailbox: bytes) -> None:
        client.view = []
        assert client.command(b"SELECT " + mailbox).startswith(b"OK")
        client.selected = mailbox
        self.learn(client)

    def learn(self, client: Client) -> None:
        """Ask for the UIDs that a client does not know; it may ask for nothing else before it knows them."""
        if any(message.uid is None for message in client.view):
            client.command(b"FETCH 1:* (UID FLAGS)", may_expunge=False)

    # Commands.

    @rule(who=_WHO, mailbox=_BOX)
    def do_select(self, who: int, mailbox: bytes) -> None:
        self.select(self.free(who), mailbox)

    @rule(who=_WHO, closes=st.booleans())
    def do_leave(self, who: int, closes: bool) -> None:
        client = self.free(who)
        if not client.selected:
            return
        assert client.command(b"CLOSE" if closes else b"UNSELECT").startswith(b"OK")
        if closes:
            self.remove_deleted(client.selected)
        client.selected, client.view = b"", []

    @rule(who=_WHO, mailbox=_BOX, flags=st.frozensets(st.sampled_from(FLAGS), max_size=2))
    def do_append(self, who: int, mailbox: bytes, flags: frozenset[bytes]) -> None:
        client = self.free(who)
        found = _APPENDUID.search(client.append(mailbox, sorted(flags)))
        assert found is not None
        assert int(found[1]) == self.add(mailbox, flags)

    def add(self, mailbox: bytes, flags: frozenset[bytes]) -> int:
        uid = self.following[mailbox]
        self.following[mailbox] += 1
        self.model[mailbox][uid] = flags
        return uid

    @rule(
        who=_WHO,
        places=_PLACES,
        sign=st.sampled_from((b"+", b"-", b"")),
        silent=st.booleans(),
        by_uid=st.booleans(),
        flag=st.sampled_from(FLAGS),
    )
    def do_store(self, who: int, places: list[int], sign: bytes, silent: bool, by_uid: bool, flag: bytes) -> None:
        client = self.ready(who)
        if client is None:
            return
        self.learn(client)
        chosen, meant = self.chosen(client, places, by_uid=by_uid)
        by_uid = by_uid and None not in meant
        verb = b"UID STORE" if by_uid else b"STORE"
        items = sign + b"FLAGS" + (b".SILENT" if silent else b"")
        before = {message.uid: message for message in client.view}
        tagged = client.command(b"%s %s %s (%s)" % (verb, chosen, items, flag), may_expunge=by_uid)
        assert tagged[:2] in {b"OK", b"NO"}
        for uid, flags in self.model[client.selected].items():
            if uid in meant:
                new = {b"+": flags | {flag}, b"-": flags - {flag}, b"": frozenset({flag})}[sign]
                self.model[client.selected][uid] = new
                if silent:
                    # The client knows what it has asked for.
                    before[uid].flags = new

    @rule(who=_WHO, places=_PLACES, into=_BOX, by_uid=st.booleans(), moves=st.booleans())
    def do_copy(self, who: int, places: list[int], into: bytes, by_uid: bool, moves: bool) -> None:
        client = self.ready(who)
        if client is None:
            return
        self.learn(client)
        chosen, meant = self.chosen(client, places, by_uid=by_uid)
        by_uid = by_uid and None not in meant
        verb = (b"UID " if by_uid else b"") + (b"MOVE" if moves else b"COPY")
        mailbox = self.model[client.selected]
        tagged = client.command(b"%s %s %s" % (verb, chosen, into))
        found = _COPYUID.search(tagged)
        if found is None:
            assert not meant <= mailbox.keys(), (verb, chosen, tagged)
            return
        for uid, new in zip(numbers(found[1]), numbers(found[2]), strict=True):
            assert uid in meant
            assert self.add(into, mailbox[uid]) == new
            if moves:
                del mailbox[uid]

    @rule(who=_WHO, places=_PLACES, only=st.booleans())
    def do_expunge(self, who: int, places: list[int], only: bool) -> None:
        client = self.ready(who)
        if client is None:
            return
        self.learn(client)
        chosen, meant = self.chosen(client, places, by_uid=True)
        if only and None not in meant:
            assert client.command(b"UID EXPUNGE " + chosen).startswith(b"OK")
            self.remove_deleted(client.selected, meant)
        else:
            assert client.command(b"EXPUNGE").startswith(b"OK")
            self.remove_deleted(client.selected)

    def remove_deleted(self, mailbox: bytes, only: set[int | None] | None = None) -> None:
        self.model[mailbox] = {
            uid: flags
            for uid, flags in self.model[mailbox].items()
            if rb"\Deleted" not in flags or (only is not None and uid not in only)
        }

    @rule(who=_WHO, places=_PLACES, by_uid=st.booleans())
    def do_fetch(self, who: int, places: list[int], by_uid: bool) -> None:
        client = self.ready(who)
        if client is None:
            return
        self.learn(client)
        chosen, meant = self.chosen(client, places, by_uid=by_uid)
        by_uid = by_uid and None not in meant
        verb = (b"UID " if by_uid else b"") + b"FETCH"
        client.command(b"%s %s (UID FLAGS BODY[])" % (verb, chosen), may_expunge=by_uid)
        mailbox = self.model[client.selected]
        for uid in meant & mailbox.keys():
            assert uid is not None
            mailbox[uid] |= {rb"\Seen"}

    @rule(who=_WHO, flag=st.sampled_from((b"SEEN", b"FLAGGED", b"DELETED", b"KEYWORD $Work")))
    def do_search(self, who: int, flag: bytes) -> None:
        client = self.ready(who)
        if client is not None:
            count = len(client.view)
            assert client.command(b"SEARCH " + flag, may_expunge=False).startswith(b"OK")
            assert len(client.view) >= count

    @rule(who=_WHO)
    def do_idle(self, who: int) -> None:
        client = self.free(who)
        if client.selected:
            client.start_idle()

    @rule(who=_WHO)
    def do_noop(self, who: int) -> None:
        client = self.free(who)
        assert client.command(b"NOOP").startswith(b"OK")
        self.reconcile(client)

    # Comparisons.

    @invariant()
    def idlers_know_everything(self) -> None:
        for client in getattr(self, "clients", ()):
            if client.news:
                client.deliver_news()
            if client.idle:
                self.reconcile(client)

    def reconcile(self, client: Client) -> None:
        """Compare what a client believes with what there is."""
        if not client.selected:
            return
        mailbox = self.model[client.selected]
        assert len(client.view) == len(mailbox)
        for message, (uid, flags) in zip(client.view, sorted(mailbox.items()), strict=True):
            assert message.uid in {None, uid}
            if message.flags is not None:
                assert message.flags == flags, uid


class OnDisk(Sessions):
    """The same on a Maildir."""

    def make_store(self) -> MailStore:
        self.root = Path(tempfile.mkdtemp(prefix="refmail-model-"))
        return MaildirStore(self.root, now=lambda: NOW, sync=False)

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "root"):
            shutil.rmtree(self.root)


class InMbox(OnDisk):
    """The same on mboxes."""

    def make_store(self) -> MailStore:
        self.root = Path(tempfile.mkdtemp(prefix="refmail-model-"))
        return MboxStore(self.root, now=lambda: NOW, sync=False)


Sessions.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
OnDisk.TestCase.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
InMbox.TestCase.settings = settings(max_examples=6, stateful_step_count=30, deadline=None)
TestSessions = Sessions.TestCase
TestSessionsOnMaildir = OnDisk.TestCase
TestSessionsOnMbox = InMbox.TestCase
