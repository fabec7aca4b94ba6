"""`kill -9` at random moments while mail is delivered and relayed: nothing that was acknowledged is lost or doubled.

Several clients send to a local user, to another host, or to both at once; the server is killed and started again
on the same files. Then every message that got its 250 is in the mailbox exactly once, whole, under one UID for ever,
and at the other host or in the spool. What may happen twice is what the protocol cannot rule out: a message that the
other host has taken while its 250 was not written down yet (RFC 5321 section 4.5.3.2.6), and one that was stored while
its client never saw the 250. Both are counted.

Run by `tox -e faults`; exits 1 with the findings.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from refmail.dns import FakeDns, Record
from refmail_tests.faults.findings import conclude
from refmail_tests.faults.process import PASSWORD, ServerProcess, Settings
from refmail_tests.faults.sink import Sink
from refmail_tests.faults.wire import Gone, ImapWire, SmtpWire, Wire

CLIENTS = 4
#: Rounds for each user, so that no mailbox becomes so large that looking at it takes all the time.
ROUNDS_PER_USER = 5
#: Longest time in seconds from the first client to the kill.
LONGEST = 0.5
#: Seconds after which a queue that is not empty is a finding.
PATIENCE = 60.0

_ID = re.compile(rb"X-Fault-Id: (\S+)\r\n")
_NET = """
[dns]
servers = ["{dns}"]
[relay]
spool = "{spool}"
tls = "none"
retries = [0.2]
dial = {{ "127.0.0.77" = "127.0.0.1:{port}" }}
"""


@dataclass
class Book:
    """What was sent, and what was promised."""

    #: Octets by id.
    sent: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    local: dict[bytes, str] = field(default_factory=dict[bytes, str])
    remote: set[bytes] = field(default_factory=set[bytes])
    acknowledged: set[bytes] = field(default_factory=set[bytes])
    refused: Counter[int] = field(default_factory=Counter[int])
    #: What a UID of a user stood for when it was first seen.
    uids: dict[tuple[str, bytes], bytes] = field(default_factory=dict[tuple[str, bytes], bytes])
    findings: list[str] = field(default_factory=list[str])

    def find(self, what: str) -> None:
        """Note something that is wrong."""
        self.findings.append(what)


def client(server: ServerProcess, book: Book, user: str, name: str, seed: int) -> None:
    """Send until the server is gone."""
    numbers = random.Random(f"{seed} {name}")
    with contextlib.suppress(Gone, OSError), SmtpWire(server.connect("smtp")) as wire:
        wire.begin(user, PASSWORD)
        for count in range(10_000):
            key = b"%s-%d" % (name.encode(), count)
            recipients: list[bytes] = []
            way = numbers.choice(("local", "local", "remote", "both"))
            if way != "remote":
                book.local[key] = user
                recipients.append(f"{user}@faults.test".encode())
            if way != "local":
                book.remote.add(key)
                recipients.append(b"somebody@sink.test")
            body = b"%s .%d\r\n" % (b"x" * 60, count)
            book.sent[key] = b"X-Fault-Id: %s\r\nSubject: x\r\n\r\n%send %s\r\n" % (
                key,
                body * numbers.choice((1, 20, 300)),
                key,
            )
            code = wire.deliver(f"{user}@faults.test".encode(), recipients, book.sent[key])
            if code == 250:
                book.acknowledged.add(key)
            else:
                book.refused[code] += 1


def fetched(server: ServerProcess, user: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield UID and octets of what a user's INBOX holds."""
    with ImapWire(server.connect("imap")) as wire:
        wire.begin(user, PASSWORD)
        wire.ok(b"EXAMINE INBOX")
        for response in wire.ok(b"UID FETCH 1:* (BODY.PEEK[])")[0]:
            found = re.match(rb"\* \d+ FETCH \(UID (\d+) BODY\[\] \{(\d+)\}\r\n", response)
            if found is not None:
                yield found[1], response[found.end() : found.end() + int(found[2])]


def uidl(server: ServerProcess, user: str) -> list[bytes]:
    """Return the second half of each unique id of POP3, which is the UID."""
    with Wire(server.connect("pop3")) as wire:
        wire.line()
        for line in (f"USER {user}", f"PASS {PASSWORD}", "UIDL"):
            wire.send(line.encode() + b"\r\n")
            assert wire.line().startswith(b"+OK"), line
        found: list[bytes] = []
        while (line_ := wire.line()) != b".":
            found.append(line_.rpartition(b".")[2])
        wire.send(b"QUIT\r\n")
        wire.line()
        return found


def check_mailbox(server: ServerProcess, book: Book, user: str) -> set[bytes]:
    """Compare a mailbox with what was promised, and return the ids that it holds."""
    found: Counter[bytes] = Counter()
    uids: list[bytes] = []
    for uid, octets in fetched(server, user):
        match = _ID.search(octets)
        key = match[1] if match else b""
        found[key] += 1
        uids.append(uid)
        if not octets.endswith(book.sent.get(key, b"nothing")):
            book.find(f"{user}: UID {uid!r} holds {octets[-60:]!r}, which nobody has sent")
        if book.uids.setdefault((user, uid), key) != key:
            book.find(f"{user}: UID {uid!r} was {book.uids[user, uid]!r} and is {key!r}")
    if len(set(uids)) != len(uids) or uidl(server, user) != uids:
        book.find(f"{user}: UIDs {uids} are not those of POP3")
    book.findings += [f"{user}: {key!r} is there {count} times" for key, count in found.items() if count > 1]
    wanted = {key for key, owner in book.local.items() if owner == user and key in book.acknowledged}
    book.findings += [f"{user}: {key!r} was acknowledged and is lost" for key in wanted - set(found)]
    return set(found)


def spooled(folder: Path) -> set[bytes]:
    """Return the ids of what is in the spool; the server must not run."""
    known = {path.name for path in (folder / "control").iterdir()}
    matches = [_ID.search((folder / "data" / name).read_bytes()) for name in known]
    return {match[1] for match in matches if match is not None}


def check_relayed(book: Book, sink: Sink, spool: set[bytes]) -> None:
    """See that nothing which was promised to the other host is gone."""
    taken = {match[1] for each in sink.arrivals if (match := _ID.search(each.octets))}
    lost = (book.remote & book.acknowledged) - taken - spool
    book.findings += [f"{key!r} was acknowledged and is neither relayed nor in the spool" for key in lost]


def doubled(book: Book, sink: Sink, kills: list[float]) -> list[float]:
    """Return, for each message that the other host has twice, the seconds from its first 250 to the kill after it."""
    by_key: dict[bytes, list[tuple[int, float]]] = {}
    for each in sink.arrivals:
        match = _ID.search(each.octets)
        key = match[1] if match else b""
        by_key.setdefault(key, []).append((each.era, each.at))
        if not each.octets.endswith(book.sent.get(key, b"nothing")):
            book.find(f"the other host got {each.octets[-60:]!r}, which nobody has sent")
    gaps: list[float] = []
    for key, arrivals in by_key.items():
        for (era, at), (later, _) in itertools.pairwise(arrivals):
            if era == later:
                book.find(f"{key!r} was relayed twice by one server")
            gaps.append(kills[era] - at)
    return gaps


def drain(folder: Path) -> bool:
    """Wait until the spool is empty."""
    deadline = time.monotonic() + PATIENCE
    while any((folder / "control").iterdir()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def run(rounds: int, kind: str, seed: int, folder: Path) -> Book:
    """Kill and look, that many times; print what was counted."""
    numbers = random.Random(seed)
    users = tuple(f"user{number}" for number in range(-(-rounds // ROUNDS_PER_USER)))
    spool, book, kills = folder / "spool", Book(), list[float]()
    with Sink() as sink, FakeDns() as dns:
        dns.add(Record("sink.test", "MX", "10 mx.sink.test."), Record("mx.sink.test", "A", "127.0.0.77"))
        net = _NET.format(dns="{}:{}".format(*dns.address), spool=spool, port=sink.port)
        server = ServerProcess(Settings(folder, users, kind, more=net))
        try:
            server.start()
            for number in range(rounds):
                user = users[number // ROUNDS_PER_USER]
                threads = [
                    threading.Thread(target=client, args=(server, book, user, f"{number}-{each}", seed))
                    for each in range(CLIENTS)
                ]
                for thread in threads:
                    thread.start()
                time.sleep(numbers.uniform(0.03, LONGEST))
                kills.append(time.monotonic())
                server.kill()
                for thread in threads:
                    thread.join()
                check_relayed(book, sink, spooled(spool))
                sink.era += 1
                server.start()
                check_mailbox(server, book, user)
            if not drain(spool):
                book.find("the spool is not empty in the end")
            held = [check_mailbox(server, book, user) for user in users]
        finally:
            server.stop()
        check_relayed(book, sink, set())
        gaps = doubled(book, sink, kills)
    everything = set[bytes]().union(*held)
    unseen = len(everything - book.acknowledged)
    click.echo(
        f"{kind}: {rounds} kills, seed {seed}: {len(book.sent)} messages sent, {len(book.acknowledged)} acknowledged "
        f"({len(book.acknowledged & book.local.keys())} local, {len(book.acknowledged & book.remote)} relayed), "
        f"{sum(book.refused.values())} refused {dict(book.refused)}; stored although no 250 was seen: {unseen}; "
        f"relayed twice: {len(gaps)}, the first 250 at most {max(gaps, default=0.0) * 1000:.0f} ms before the kill"
    )
    return book


@click.command()
@click.option("--rounds", default=200, help="How many times the server is killed.")
@click.option("--store", "kind", type=click.Choice(("maildir", "mbox")), default="maildir")
@click.option("--seed", default=1, help="Of the moments and of the messages.")
def main(rounds: int, kind: str, seed: int) -> None:
    """Kill the server while mail comes in and goes out, and see that nothing is lost."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="refmail-faults-") as folder:
        book = run(rounds, kind, seed, Path(folder))
    conclude(book.findings, time.monotonic() - begun)


if __name__ == "__main__":
    main()
