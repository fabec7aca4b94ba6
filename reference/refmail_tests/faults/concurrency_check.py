"""Writers and readers on one mailbox at once, from two processes, with a program that knows nothing of us among them.

Three writers (delivery by SMTP, APPEND and COPY by IMAP), two readers (IMAP, which never forgets what a UID stood for,
and POP3, whose UIDL must agree), and another program that delivers: into the Maildir by a rename, to the mbox under the
locks that such programs take. A second server works on the same store. In the end no message is lost, there twice, or
under two UIDs.

Run by `tox -e faults`; exits 1 with the findings.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click

from refmail_tests.faults.findings import conclude
from refmail_tests.faults.process import PASSWORD, ServerProcess, Settings
from refmail_tests.faults.wire import ImapWire, SmtpWire, Wire

USER = "alice"
_KEY = re.compile(rb"Subject: (\S+)\r\n")
_ROW = re.compile(rb"\* \d+ FETCH \(UID (\d+)")

#: Another program: delivers as it would, `sys.argv[2]` times.
_MAILDIR_PROGRAM = """
import os, sys, time
for number in range(int(sys.argv[2])):
    name = f"{time.time():.6f}.{os.getpid()}_{number}.elsewhere"
    with open(f"{sys.argv[1]}/tmp/{name}", "wb") as file:
        file.write(b"Subject: foreign-%d\\n\\nx\\n" % number)
    os.rename(f"{sys.argv[1]}/tmp/{name}", f"{sys.argv[1]}/new/{name}")
    time.sleep(0.002)
"""
_MBOX_PROGRAM = """
import fcntl, os, sys, time
path = sys.argv[1]
for number in range(int(sys.argv[2])):
    while True:
        with open(path, "ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            try:
                os.close(os.open(path + ".lock", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                if os.stat(path).st_ino == os.fstat(file.fileno()).st_ino:
                    file.write(b"From x Thu Jan  1 00:00:00 2026\\nSubject: foreign-%d\\n\\nx\\n\\n" % number)
                    file.flush()
                    os.unlink(path + ".lock")
                    break
                os.unlink(path + ".lock")
        time.sleep(0.01)
    time.sleep(0.01)
"""


@dataclass
class Witness:
    """What every reader has seen; all of them must agree."""

    keys: dict[int, bytes] = field(default_factory=dict[int, bytes])
    findings: list[str] = field(default_factory=list[str])
    looks: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, uid: int, key: bytes) -> None:
        """Note what a UID stands for."""
        with self._lock:
            if self.keys.setdefault(uid, key) != key:
                self.findings.append(f"UID {uid} stood for {self.keys[uid]!r} and stands for {key!r}")


def deliver(server: ServerProcess, count: int) -> None:
    with SmtpWire(server.connect("smtp")) as wire:
        wire.begin()
        for number in range(count):
            code = wire.deliver(b"", [b"alice@faults.test"], b"Subject: smtp-%d\r\n\r\nx\r\n" % number)
            assert code == 250, code


def append(server: ServerProcess, count: int) -> None:
    with ImapWire(server.connect("imap")) as wire:
        wire.begin(USER, PASSWORD)
        for number in range(count):
            told = wire.append(b"INBOX", b"Subject: append-%d\r\n\r\nx\r\n" % number, rb"(\Seen)")
            assert told.startswith(b"OK"), told


def copy(server: ServerProcess, count: int) -> None:
    """Copy messages of another mailbox, which are all different, one at a time."""
    with ImapWire(server.connect("imap")) as wire:
        wire.begin(USER, PASSWORD)
        wire.ok(b"CREATE Source")
        for number in range(50):
            wire.append(b"Source", b"Subject: copy-%d\r\n\r\nx\r\n" % number)
        wire.ok(b"SELECT Source")
        for number in range(count):
            wire.ok(b"COPY %d INBOX" % (number % 50 + 1))


def watch(server: ServerProcess, witness: Witness, done: threading.Event) -> None:
    """Look at what is new, again and again, and once more in the end."""
    with ImapWire(server.connect("imap")) as wire:
        wire.begin(USER, PASSWORD)
        wire.ok(b"EXAMINE INBOX")
        highest, last = 0, False
        while not last:
            last = done.is_set()
            wire.ok(b"NOOP")
            lines = wire.ok(b"UID FETCH %d:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])" % (highest + 1))[0]
            for line in lines:
                row, key = _ROW.match(line), _KEY.search(line)
                if row is not None and key is not None:
                    if witness.keys.get(int(row[1])) is None and int(row[1]) <= highest:
                        witness.findings.append(f"UID {row[1]!r} came after {highest}")
                    witness.see(int(row[1]), key[1])
                    highest = max(highest, int(row[1]))
            witness.looks += 1


def compare_uidl(server: ServerProcess, witness: Witness, done: threading.Event) -> None:
    """Ask POP3 for its unique ids and for some of the messages, again and again."""
    looks, last = 0, False
    while not last:
        last = done.is_set()
        with Wire(server.connect("pop3")) as wire:
            wire.line()
            for line in (b"USER alice", b"PASS secret", b"UIDL"):
                wire.send(line + b"\r\n")
                assert wire.line().startswith(b"+OK"), line
            rows: list[bytes] = []
            while (row := wire.line()) != b".":
                rows.append(row)
            for row in rows[looks % 7 :: max(1, len(rows) // 5)]:
                number, _, uid = row.partition(b" ")
                wire.send(b"TOP %s 0\r\n" % number)
                text = b""
                while (line := wire.line()) != b".":
                    text += line + b"\r\n"
                key = _KEY.search(text)
                witness.see(int(uid.rpartition(b".")[2]), key[1] if key else b"")
            wire.send(b"QUIT\r\n")
            wire.line()
        looks += 1
        done.wait(0.05)
    witness.looks += looks


def expected(each: int, foreign: int) -> Counter[bytes]:
    """Return what must be there, by key."""
    counts = Counter({b"%s-%d" % (kind, number): 1 for kind in (b"smtp", b"append") for number in range(each)})
    counts.update(b"foreign-%d" % number for number in range(foreign))
    counts.update(b"copy-%d" % (number % 50) for number in range(each))
    return counts


def run(operations: int, kind: str, folder: Path) -> Witness:
    """Let all work at once; print what was counted."""
    each = operations * 3 // 10
    foreign = operations - 3 * each
    settings = Settings(folder, (USER,), kind)
    witness, done = Witness(), threading.Event()
    box = settings.mail / USER / ("Maildir" if kind == "maildir" else "mbox")
    program = _MAILDIR_PROGRAM if kind == "maildir" else _MBOX_PROGRAM
    begun = time.monotonic()
    with ServerProcess(settings) as one, ServerProcess(settings) as other, ThreadPoolExecutor(5) as pool:
        with ImapWire(one.connect("imap")) as wire:
            wire.begin(USER, PASSWORD)
            wire.ok(b"SELECT INBOX")
        stranger = subprocess.Popen([sys.executable, "-c", program, str(box), str(foreign)])
        writers = [pool.submit(deliver, one, each), pool.submit(append, other, each), pool.submit(copy, one, each)]
        readers = [pool.submit(watch, one, witness, done), pool.submit(compare_uidl, other, witness, done)]
        try:
            for writer in writers:
                writer.result()
            if stranger.wait(120) != 0:
                witness.findings.append("the other program has failed")
        finally:
            done.set()
            if stranger.poll() is None:
                stranger.kill()
            stranger.wait()
        for reader in readers:
            reader.result()
    _compare(witness, expected(each, foreign))
    seconds = time.monotonic() - begun
    click.echo(
        f"{kind}: {operations} operations in {seconds:.0f} s, two servers and another program: {len(witness.keys)} "
        f"messages, each under one UID, {witness.looks} looks"
    )
    return witness


def _compare(witness: Witness, wanted: Counter[bytes]) -> None:
    found = Counter(witness.keys.values())
    witness.findings += [f"{key!r} is lost {count} times" for key, count in (wanted - found).items()]
    witness.findings += [f"{key!r} is there {count} times too often" for key, count in (found - wanted).items()]
    if sorted(witness.keys) != list(range(1, len(witness.keys) + 1)):
        witness.findings.append("there are gaps between the UIDs")


@click.command()
@click.option("--operations", default=10_000, help="Messages that are written in all.")
@click.option("--store", "kind", type=click.Choice(("maildir", "mbox")), default="maildir")
def main(operations: int, kind: str) -> None:
    """Write and read one mailbox from all sides, and see that nothing is lost or doubled."""
    with tempfile.TemporaryDirectory(prefix="refmail-faults-") as folder:
        witness = run(operations, kind, Path(folder))
    conclude(witness.findings)


if __name__ == "__main__":
    main()
