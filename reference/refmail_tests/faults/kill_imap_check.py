"""`kill -9` at random moments while several IMAP clients work: what was acknowledged is there, and numbers never go back.

Each client owns its messages, and appends, copies, moves, flags and expunges them in two mailboxes. After each kill the
mailboxes are compared with what the clients were told: acknowledged is done; the one command of each client that was
not answered may have been done or not, and a MOVE of it may have left a message in both mailboxes, never in none (RFC
6851 section 3.3). No UID ever stands for another message, and neither UIDNEXT nor HIGHESTMODSEQ goes back.

Run by `tox -e faults`; exits 1 with the findings.
"""

from __future__ import annotations

import contextlib
import random
import re
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click

from refmail_tests.faults.findings import conclude
from refmail_tests.faults.process import PASSWORD, ServerProcess, Settings
from refmail_tests.faults.wire import Gone, ImapWire

CLIENTS = 3
USER = "alice"
MAILBOXES = (b"INBOX", b"Other")
#: Longest time in seconds from the first client to the kill.
LONGEST = 0.5
#: Most messages that a client keeps at a time.
MOST = 12
FLAGS: tuple[bytes, ...] = (rb"\Seen", rb"\Flagged", rb"\Answered", b"$Work", b"$Later")

_ID = re.compile(rb"Subject: (\S+)")
_COPIED = re.compile(rb"\[COPYUID \d+ \d+ (\d+)\]")
_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d+)\]")
_ITEM = re.compile(rb"\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) MODSEQ \((\d+)\)")

#: Mailbox and UID.
Spot = tuple[bytes, int]


@dataclass
class Copy:
    """What a client was told of one message in one mailbox."""

    key: bytes
    #: Flags that it must have, and must not have; about others nothing is known.
    has: set[bytes] = field(default_factory=set[bytes])
    has_not: set[bytes] = field(default_factory=set[bytes])


@dataclass
class Client:
    """One client's messages, and the command that nobody answered."""

    name: str
    numbers: random.Random
    copies: dict[Spot, Copy] = field(default_factory=dict[Spot, Copy])
    #: Ids that may have come, in as many copies, and where something may have gone.
    perhaps_new: Counter[bytes] = field(default_factory=Counter[bytes])
    perhaps_gone: set[Spot] = field(default_factory=set[Spot])
    acknowledged: Counter[str] = field(default_factory=Counter[str])
    #: Where what a MOVE may have taken must be, if it is not in its old place.
    moving: dict[Spot, bytes] = field(default_factory=dict[Spot, bytes])
    made: int = 0
    selected: bytes = b""

    def work(self, server: ServerProcess) -> None:
        """Give commands until the server is gone."""
        with contextlib.suppress(Gone, OSError), ImapWire(server.connect("imap")) as wire:
            wire.begin(USER, PASSWORD)
            self.selected = b""
            while True:
                self.step(wire)

    def step(self, wire: ImapWire) -> None:
        kinds = ["append"] if not self.copies else ["append", "copy", "move", "flag", "flag", "expunge"]
        if len(self.copies) > MOST:
            kinds = ["move", "flag", "expunge"]
        kind = self.numbers.choice(kinds)
        if kind == "append":
            self.append(wire)
        else:
            spot = self.numbers.choice(sorted(self.copies))
            if self.selected != spot[0]:
                wire.ok(b"SELECT " + spot[0])
                self.selected = spot[0]
            getattr(self, kind)(wire, spot)
        self.acknowledged[kind] += 1

    def append(self, wire: ImapWire) -> None:
        self.made += 1
        key, mailbox = b"%s-%d" % (self.name.encode(), self.made), self.numbers.choice(MAILBOXES)
        flags = set(self.numbers.sample(FLAGS, 2))
        self.perhaps_new[key] += 1
        told = wire.append(mailbox, b"Subject: %s\r\n\r\n%s\r\n" % (key, b"x" * 500), b"(%s)" % b" ".join(flags))
        self.perhaps_new.clear()
        found = _APPENDED.search(told)
        assert found is not None, told
        self.copies[mailbox, int(found[1])] = Copy(key, flags, set(FLAGS) - flags)

    def copy(self, wire: ImapWire, spot: Spot) -> None:
        target = self.numbers.choice(MAILBOXES)
        copy = self.copies[spot]
        self.perhaps_new[copy.key] += 1
        told = wire.ok(b"UID COPY %d %s" % (spot[1], target))[1]
        self.perhaps_new.clear()
        found = _COPIED.search(told)
        assert found is not None, told
        self.copies[target, int(found[1])] = Copy(copy.key, set(copy.has), set(copy.has_not))

    def move(self, wire: ImapWire, spot: Spot) -> None:
        target = MAILBOXES[spot[0] == MAILBOXES[0]]
        copy = self.copies[spot]
        self.perhaps_new[copy.key] += 1
        self.perhaps_gone.add(spot)
        self.moving[spot] = copy.key
        untagged, told = wire.ok(b"UID MOVE %d %s" % (spot[1], target))
        self.settle()
        found = _COPIED.search(b" ".join([*untagged, told]))
        assert found is not None, (untagged, told)
        self.copies[target, int(found[1])] = self.copies.pop(spot)

    def flag(self, wire: ImapWire, spot: Spot) -> None:
        flag, copy = self.numbers.choice(FLAGS), self.copies[spot]
        add = self.numbers.random() < 0.5
        for known in (copy.has, copy.has_not):
            known.discard(flag)
        wire.ok(b"UID STORE %d %sFLAGS.SILENT (%s)" % (spot[1], b"+" if add else b"-", flag))
        (copy.has if add else copy.has_not).add(flag)

    def expunge(self, wire: ImapWire, spot: Spot) -> None:
        wire.ok(rb"UID STORE %d +FLAGS.SILENT (\Deleted)" % spot[1])
        self.perhaps_gone.add(spot)
        wire.ok(b"UID EXPUNGE %d" % spot[1])
        self.settle()
        del self.copies[spot]

    def settle(self) -> None:
        """What was asked for has been answered."""
        self.perhaps_new.clear()
        self.perhaps_gone.clear()
        self.moving.clear()


@dataclass
class Witness:
    """What was ever seen of the mailboxes."""

    keys: dict[tuple[bytes, bytes, int], bytes] = field(default_factory=dict[tuple[bytes, bytes, int], bytes])
    highest: dict[tuple[bytes, bytes], int] = field(default_factory=dict[tuple[bytes, bytes], int])
    validity: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    findings: list[str] = field(default_factory=list[str])
    compared: int = 0
    #: What unanswered commands turn out to have done.
    done: Counter[str] = field(default_factory=Counter[str])

    def note(self, mailbox: bytes, name: bytes, value: int) -> None:
        """Note a number that must never go back."""
        if value < self.highest.get((mailbox, name), 0):
            self.findings.append(f"{name!r} of {mailbox!r} went back to {value} from {self.highest[mailbox, name]}")
        self.highest[mailbox, name] = value

    def look(self, server: ServerProcess) -> dict[Spot, Copy]:
        """Return every message that is there, by an index as the server has it after its start."""
        there: dict[Spot, Copy] = {}
        with ImapWire(server.connect("imap")) as wire:
            wire.begin(USER, PASSWORD)
            for mailbox in MAILBOXES:
                lines = wire.ok(b"EXAMINE %s (CONDSTORE)" % mailbox)[0]
                numbers = dict(re.findall(rb"\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]", b"\n".join(lines)))
                for name in (b"UIDNEXT", b"HIGHESTMODSEQ"):
                    self.note(mailbox, name, int(numbers[name]))
                if self.validity.setdefault(mailbox, numbers[b"UIDVALIDITY"]) != numbers[b"UIDVALIDITY"]:
                    self.findings.append(f"{mailbox!r} has another UIDVALIDITY")
                for line in wire.ok(b"UID FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[0]:
                    self._take(there, mailbox, line, int(numbers[b"UIDNEXT"]), int(numbers[b"HIGHESTMODSEQ"]))
        return there

    def _take(self, there: dict[Spot, Copy], mailbox: bytes, line: bytes, following: int, highest: int) -> None:
        found, key = _ITEM.match(line), _ID.search(line)
        if found is None or key is None:
            self.findings.append(f"{mailbox!r}: {line[:200]!r}")
            return
        uid, flags, modseq = int(found[1]), set(found[2].split()), int(found[3])
        if uid >= following or modseq > highest or (mailbox, uid) in there:
            self.findings.append(f"{mailbox!r}: UID {uid} of {following}, MODSEQ {modseq} of {highest}")
        if self.keys.setdefault((mailbox, self.validity[mailbox], uid), key[1]) != key[1]:
            self.findings.append(f"{mailbox!r}: UID {uid} now stands for {key[1]!r}")
        there[mailbox, uid] = Copy(key[1], flags)

    def compare(self, clients: list[Client], there: dict[Spot, Copy]) -> None:
        """Compare what is there with what the clients were told, and let them know how it is."""
        unexplained = dict(there)
        for client in clients:
            for spot, copy in list(client.copies.items()):
                self.compared += 1
                actual = unexplained.pop(spot, None)
                if actual is not None:
                    self._compare(spot, copy, actual)
                elif spot in client.perhaps_gone:
                    self.done["gone"] += 1
                    del client.copies[spot]
                    self._has_moved(client, spot, there)
                else:
                    self.findings.append(f"{spot}: {copy.key!r} is lost")
                    del client.copies[spot]
        for spot, actual in unexplained.items():
            owner = next((client for client in clients if client.perhaps_new[actual.key]), None)
            if owner is None:
                self.findings.append(f"{spot}: {actual.key!r} is there although nobody put it there")
                continue
            self.done["new"] += 1
            owner.perhaps_new[actual.key] -= 1
            owner.copies[spot] = Copy(actual.key, actual.has & set(FLAGS), set(FLAGS) - actual.has)
        for client in clients:
            client.settle()

    def _compare(self, spot: Spot, copy: Copy, actual: Copy) -> None:
        wrong = copy.key != actual.key or not copy.has <= actual.has or copy.has_not & actual.has
        if wrong:
            self.findings.append(f"{spot}: {copy} was told, {actual} is there")
        copy.has, copy.has_not = actual.has & set(FLAGS), set(FLAGS) - actual.has

    def _has_moved(self, client: Client, spot: Spot, there: dict[Spot, Copy]) -> None:
        key = client.moving.get(spot)
        if key is not None and key not in {copy.key for copy in there.values()}:
            self.findings.append(f"{spot}: {key!r} was being moved and is nowhere")


def run(rounds: int, kind: str, seed: int, folder: Path) -> Witness:
    """Kill and look, that many times; print what was counted."""
    numbers = random.Random(seed)
    clients = [Client(f"c{each}", random.Random(f"{seed} {each}")) for each in range(CLIENTS)]
    witness = Witness()
    server = ServerProcess(Settings(folder, (USER,), kind, listeners=("imap",)))
    try:
        server.start()
        with ImapWire(server.connect("imap")) as wire:
            wire.begin(USER, PASSWORD)
            wire.ok(b"CREATE " + MAILBOXES[1])
        for _ in range(rounds):
            threads = [threading.Thread(target=client.work, args=(server,)) for client in clients]
            for thread in threads:
                thread.start()
            time.sleep(numbers.uniform(0.03, LONGEST))
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            witness.compare(clients, witness.look(server))
    finally:
        server.stop()
    told: Counter[str] = Counter()
    for client in clients:
        told += client.acknowledged
    click.echo(
        f"IMAP on {kind}: {rounds} kills, seed {seed}: acknowledged {dict(sorted(told.items()))}; {witness.compared} "
        f"comparisons of a message; done although not acknowledged: {dict(witness.done)}; {len(witness.keys)} UIDs, none twice"
    )
    return witness


@click.command()
@click.option("--rounds", default=60, help="How many times the server is killed.")
@click.option("--store", "kind", type=click.Choice(("maildir", "mbox")), default="maildir")
@click.option("--seed", default=1, help="Of the moments and of the commands.")
def main(rounds: int, kind: str, seed: int) -> None:
    """Kill the server while IMAP clients work, and see that it keeps its word."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="refmail-faults-") as folder:
        witness = run(rounds, kind, seed, Path(folder))
    conclude(witness.findings, time.monotonic() - begun)


if __name__ == "__main__":
    main()
