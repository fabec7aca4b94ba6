"""Clients that take much and give little: the server's memory stays bounded, and others are served meanwhile.

A thousand idle connections, a reader that never reads, lines and literals without end, a hundred thousand failed logins,
more connections than one address may have. Memory is what Linux says the process holds (VmRSS).

Run by `tox -e faults`; exits 1 with the findings.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import click

from refmail_tests.faults.process import PASSWORD, ServerProcess, Settings
from refmail_tests.faults.wire import Gone, ImapWire, SmtpWire, Wire

MIB = 2**20
USER = "alice"
_POLICY = "[policy]\nfailed_logins = 1000\nconnections_per_address = 1500\nsessions_per_user = 1500\n"


class Finding(Exception):
    """Something is not as it should be."""


def check(condition: object, what: str) -> None:
    """Raise unless a condition holds.

    Raises:
        Finding
    """
    if not condition:
        raise Finding(what)


@contextlib.contextmanager
def served(kind: str = "memory", policy: str = _POLICY) -> Generator[ServerProcess]:
    """Run a server that has been used once, so that everything is imported."""
    with tempfile.TemporaryDirectory(prefix="refmail-faults-") as folder:
        settings = Settings(Path(folder), (USER,), kind, more=policy)
        with ServerProcess(settings) as server:
            with ImapWire(server.connect("imap")) as wire:
                wire.begin(USER, PASSWORD)
                wire.append(b"INBOX", b"Subject: x\r\n\r\nx\r\n")
                wire.ok(b"SELECT INBOX")
                wire.ok(b"FETCH 1 (ENVELOPE BODY[])")
            with SmtpWire(server.connect("smtp")) as smtp:
                smtp.begin()
            yield server


def answers(server: ServerProcess) -> float:
    """Return the seconds in which a newcomer is served."""
    begun = time.monotonic()
    with SmtpWire(server.connect("smtp")) as wire:
        wire.begin()
        check(wire.deliver(b"", [b"alice@faults.test"], b"Subject: y\r\n\r\n") == 250, "mail is not taken")
    return time.monotonic() - begun


def idle_connections(count: int = 1000) -> str:
    """Hold idle connections, half of them logged in with a mailbox selected, and let all speak in the end."""
    with served() as server, contextlib.ExitStack() as stack:
        before = server.resident
        imaps = [stack.enter_context(ImapWire(server.connect("imap"))) for _ in range(count // 2)]
        for imap in imaps:
            imap.begin(USER, PASSWORD)
            imap.ok(b"SELECT INBOX")
        smtps = [stack.enter_context(SmtpWire(server.connect("smtp"))) for _ in range(count // 2)]
        for smtp in smtps:
            smtp.begin()
        each = (server.resident - before) / count
        seconds = answers(server)
        for imap in imaps:
            check(any(b"EXISTS" in line for line in imap.ok(b"NOOP")[0]), "an idle session is not told of new mail")
        check(all(smtp.ask(b"NOOP") == [250] for smtp in smtps), "an idle connection is not served")
        check(each < 200 * 1024, f"{each / 1024:.0f} KiB for each connection")
        return f"{count} idle connections: {each / 1024:.1f} KiB each, a newcomer served in {seconds * 1000:.0f} ms"


def slow_reader(count: int = 1500, size: int = 100_000) -> str:
    """Ask for a large mailbox and never read."""
    with served("maildir") as server:
        new = server.settings.mail / USER / "Maildir" / "new"
        octets = b"Subject: large\n\n" + b"x" * 72 + b"\n"
        octets += octets[-73:] * (size // 73)
        for number in range(count):
            (new / f"1.{number}.elsewhere").write_bytes(octets)
        with ImapWire(server.connect("imap")) as wire:
            wire.begin(USER, PASSWORD)
            wire.ok(b"SELECT INBOX")
            before = highest = server.resident
            wire.send(b"a FETCH 1:* (BODY.PEEK[])\r\nb FETCH 1:* (FLAGS UID ENVELOPE)\r\n" * 5)
            for _ in range(20):
                time.sleep(0.1)
                highest = max(highest, server.resident)
            seconds = answers(server)
        grown = (highest - before) / MIB
        check(grown < 24, f"a reader that does not read makes the server grow by {grown:.1f} MiB")
        told = f"FETCH of {count * size / MIB:.0f} MiB, never read: {grown:.1f} MiB more"
        return f"{told}, a newcomer served in {seconds * 1000:.0f} ms"


def endless_input(octets: int = 64 * MIB) -> str:
    """Send lines without end and literals beyond every limit, to all three protocols."""
    with served() as server:
        before = highest = server.resident
        for listener in ("smtp", "imap", "pop3"):
            with Wire(server.connect(listener)) as wire:
                wire.line()
                for _ in range(octets // MIB):
                    wire.send(b"x" * MIB)
                    highest = max(highest, server.resident)
                wire.send(b"\r\n")
                said = wire.line()
                check(said[:4] in (b"500 ", b"* BA", b"-ERR"), f"{listener} says {said!r} to a line of {octets} octets")
        with ImapWire(server.connect("imap")) as imap:
            imap.begin(USER, PASSWORD)
            for literal in (b"{4294967295}", b"{99999999999999999999}", b"{10485761}"):
                status = imap.ask(b"APPEND INBOX " + literal)[1]
                check(status[:3] in (b"NO ", b"BAD"), f"{literal!r} gets {status!r}")
            imap.send(b"z APPEND INBOX {4294967295+}\r\n")
            with contextlib.suppress(Gone):
                for _ in range(octets // MIB):
                    imap.send(b"x" * MIB)
                    highest = max(highest, server.resident)
        with SmtpWire(server.connect("smtp")) as smtp:
            smtp.begin()
            check(smtp.ask(b"MAIL FROM:<>", b"RCPT TO:<alice@faults.test>", b"DATA")[-1] == 354, "no DATA")
            for _ in range(octets // MIB):
                smtp.send(b"x" * MIB)
                highest = max(highest, server.resident)
            smtp.send(b"\r\n.\r\n")
            check(smtp.code() in (500, 552), "a message of any size is taken")
        grown = (highest - before) / MIB
        check(grown < 48, f"endless input makes the server grow by {grown:.1f} MiB")
        return f"lines, literals and a message of {octets // MIB} MiB: {grown:.1f} MiB more at most"


def failed_logins(count: int = 100_000, together: int = 500) -> str:
    """Fail to log in, in all three protocols and with every sort of name."""
    with served() as server:

        def fail(listener: str, number: int) -> None:
            with SmtpWire(server.connect(listener)) as wire:
                wire.line()
                lines = {
                    "pop3": [b"USER alice", b"PASS wrong%d"],
                    "imap": [b"x LOGIN alice wrong%d"],
                }[listener]
                sent = b"".join(line + b"\r\n" for line in lines)
                wire.send(b"".join(sent % (number + each) if b"%d" in sent else sent for each in range(together)))
                for _ in range(together * len(lines)):
                    wire.line()

        def some(most: int) -> int:
            done = 0
            while done < most:
                fail(("pop3", "imap")[done // together % 2], done)
                done += together
            return done

        done = some(count // 10)
        before = server.resident
        begun = time.monotonic()
        done += some(count - done)
        rate = (done - count // 10) / (time.monotonic() - begun)
        grown = (server.resident - before) / MIB
        check(grown < 4, f"{done} failed logins make the server grow by {grown:.1f} MiB")
        return f"{done} failed logins ({rate:.0f} a second): {grown:+.2f} MiB after the first tenth of them"


def flood(count: int = 1200, limit: int = 300) -> str:
    """Open more connections than one address may have, and then one, once they are gone."""
    policy = f"[policy]\nconnections_per_address = {limit}\nsessions_per_user = 20\n"
    with served(policy=policy) as server:
        inside = turned_away = 0
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                wire = stack.enter_context(SmtpWire(server.connect("smtp")))
                code = wire.code()
                inside += code == 220
                turned_away += code == 421
        check(inside == limit and turned_away == count - limit, f"{inside} let in, {turned_away} turned away")
        _until(lambda: _is_open(server))
        refused = 0
        with contextlib.ExitStack() as stack:
            for _ in range(40):
                imap = stack.enter_context(ImapWire(server.connect("imap")))
                imap.line()
                refused += b"NO [LIMIT]" in imap.ask(f"LOGIN {USER} {PASSWORD}".encode())[1]
        check(refused == 20, f"{refused} of 40 sessions were refused, where 20 are allowed")
        return f"{count} connections of one address where {limit} are allowed: {turned_away} turned away; then served"


def _is_open(server: ServerProcess) -> bool:
    with SmtpWire(server.connect("smtp")) as wire:
        return wire.code() == 220


def _until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        check(time.monotonic() < deadline, "it does not come true")
        time.sleep(0.05)


def resets(count: int = 2000) -> str:
    """Break connections off in all states: nothing stays behind."""
    with served() as server:
        descriptors = Path(f"/proc/{server.pid}/fd")
        before, memory = len(list(descriptors.iterdir())), server.resident
        beginnings = (
            b"",
            b"EHLO x\r\n",
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@faults.test>\r\nDATA\r\nhalf a",
            b"STA",
        )
        for number in range(count):
            sock = server.connect(("smtp", "imap", "pop3")[number % 3])
            sock.sendall(beginnings[number % len(beginnings)])
            # A reset instead of an orderly end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        _until(lambda: len(list(descriptors.iterdir())) <= before)
        grown = (server.resident - memory) / MIB
        check(grown < 16, f"{count} broken connections make the server grow by {grown:.1f} MiB")
        return f"{count} connections broken off: no descriptor left, {grown:+.2f} MiB"


CHECKS: tuple[Callable[[], str], ...] = (idle_connections, slow_reader, endless_input, failed_logins, flood, resets)


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Run the checks of these names, or all."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    failed = 0
    for run in CHECKS:
        if names and run.__name__ not in names:
            continue
        begun = time.monotonic()
        try:
            told = run()
        except Finding as finding:
            failed += 1
            told = f"FINDING: {finding}"
        click.echo(f"{run.__name__}: {told} ({time.monotonic() - begun:.0f} s)")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
