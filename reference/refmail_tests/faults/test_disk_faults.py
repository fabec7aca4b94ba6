"""A disk that is full, a file system that nobody may write, a box that another program holds: refused for now, nothing lost.

The server runs in a mount namespace of its own with a small file system of its own, which needs root; we look at it by
way of /proc/PID/root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from refmail_tests.faults.process import PASSWORD, ServerProcess, Settings
from refmail_tests.faults.wire import ImapWire, SmtpWire

ALICE = [b"alice@faults.test"]
ELSEWHERE = [b"somebody@elsewhere.test"]
BODY = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 1400


def can_mount() -> bool:
    """Whether a file system can be mounted in a namespace of one's own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return False
    return subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="only root may mount, with unshare and nsenter")


class SmallDisk(ServerProcess):
    """A server whose mail and spool are on a small file system."""

    @property
    def disk(self) -> Path:
        """That file system, as the server sees it."""
        return Path(f"/proc/{self.pid}/root{self.settings.mail}")

    def remount(self, how: str) -> None:
        """Change how it is mounted: "ro" or "rw"."""
        subprocess.run(
            ["nsenter", "-t", str(self.pid), "-m", "mount", "-o", f"remount,{how}", str(self.settings.mail)],
            check=True,
            timeout=30,
        )

    def files(self) -> list[Path]:
        """Return every file on it, except our own and those that only stand for locks."""
        return [path for path in self.disk.rglob("*") if path.is_file() and "refmail-" not in path.name]

    def leftovers(self) -> list[Path]:
        """Return what half-done work could leave."""
        return [path for path in self.files() if path.parent.name == "tmp" or path.suffix == ".tmp"]


Serve = Callable[[str], SmallDisk]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server with a store of that kind on a disk of 2 MiB."""
    with ExitStack() as stack:

        def start(kind: str) -> SmallDisk:
            (tmp_path / "mail").mkdir()
            mount = f'mount -t tmpfs -o size=2m tmpfs {tmp_path / "mail"} && exec "$@"'
            more = f'[dns]\nservers = ["127.0.0.1:9"]\n[relay]\nspool = "{tmp_path / "mail" / "spool"}"\n[policy]\nrefuse_null_mx = false\n'
            settings = Settings(tmp_path, ("alice",), kind, more=more)
            server = SmallDisk(settings, preexec=("unshare", "-m", "sh", "-c", mount, "sh"))
            return stack.enter_context(server)

        yield start


def smtp(server: ServerProcess) -> SmtpWire:
    wire = SmtpWire(server.connect("smtp"))
    wire.begin("alice", PASSWORD)
    return wire


def imap(server: ServerProcess) -> ImapWire:
    wire = ImapWire(server.connect("imap"))
    wire.begin("alice", PASSWORD)
    return wire


def subjects(wire: ImapWire) -> list[bytes]:
    """Return the octets of all messages in INBOX."""
    lines = wire.ok(b"UID FETCH 1:* (RFC822.SIZE)")[0]
    return [line for line in lines if b"FETCH" in line]


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_full_disk_refuses_for_now_and_loses_nothing(serve: Serve, kind: str) -> None:
    server = serve(kind)
    ballast = server.disk / "ballast"
    ballast.write_bytes(bytes(1_200_000))
    with smtp(server) as wire, imap(server) as reader:
        codes = [wire.deliver(b"", ALICE, BODY) for _ in range(30)]
        taken = codes.count(250)
        assert 3 < taken < 25
        # A small one may still fit where a large one did not.
        assert set(codes[taken + 1 :]) == {452}
        assert server.leftovers() == []
        reader.ok(b"SELECT INBOX")
        assert len(subjects(reader)) == taken
        assert reader.append(b"INBOX", BODY).startswith(b"NO")
        assert reader.ask(b"COPY 1:3 INBOX")[1][:2] in (b"NO", b"OK")
        assert server.leftovers() == []
        before = len(subjects(reader))
        assert reader.ask(rb"STORE 1:%d +FLAGS (\Deleted)" % before)[1].startswith(b"OK")
        if kind == "mbox":
            # It is written anew before it becomes smaller: somebody else has to make room.
            assert reader.ask(b"EXPUNGE")[1].startswith(b"NO")
            assert len(subjects(reader)) == before
            ballast.unlink()
        assert reader.ask(b"EXPUNGE")[1].startswith(b"OK")
        assert subjects(reader) == []
        assert wire.deliver(b"", ALICE, BODY) == 250


def test_mail_for_others_on_a_full_disk(serve: Serve) -> None:
    server = serve("maildir")
    with smtp(server) as wire:
        codes = [wire.deliver(b"alice@faults.test", ELSEWHERE, BODY) for _ in range(30)]
        taken = codes.count(250)
        assert 5 < taken < 25
        assert set(codes) <= {250, 451, 452}
        spool = server.disk / "spool"
        assert len(list((spool / "control").iterdir())) == len(list((spool / "data").iterdir())) == taken
        assert list((spool / "tmp").iterdir()) == []


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_a_disk_that_nobody_may_write(serve: Serve, kind: str) -> None:
    server = serve(kind)
    with smtp(server) as wire, imap(server) as reader:
        assert wire.deliver(b"", ALICE, b"Subject: before\r\n\r\n") == 250
        reader.ok(b"SELECT INBOX")
        server.remount("ro")
        before = {path: path.read_bytes() for path in server.files()}
        assert wire.deliver(b"", ALICE, b"Subject: during\r\n\r\n") == 451
        assert wire.deliver(b"alice@faults.test", ELSEWHERE, b"Subject: during\r\n\r\n") == 451
        assert reader.append(b"INBOX", b"Subject: during\r\n\r\n").startswith(b"NO")
        assert reader.ask(rb"STORE 1 +FLAGS (\Deleted)")[1].startswith(b"NO")
        assert reader.ask(b"CREATE Other")[1].startswith(b"NO")
        assert {path: path.read_bytes() for path in server.files()} == before
        server.remount("rw")
        assert wire.deliver(b"", ALICE, b"Subject: after\r\n\r\n") == 250
        assert reader.append(b"INBOX", b"Subject: after\r\n\r\n").startswith(b"OK")
        reader.ok(b"NOOP")
        assert len(subjects(reader)) == 3
        assert server.leftovers() == []


def test_a_box_that_another_program_holds(serve: Serve) -> None:
    server = serve("mbox")
    with smtp(server) as wire:
        assert wire.deliver(b"", ALICE, b"Subject: before\r\n\r\n") == 250
        lock = server.disk / "alice" / "mbox.lock"
        lock.touch()
        wire.sock.settimeout(60)
        assert wire.deliver(b"", ALICE, b"Subject: during\r\n\r\n") == 451
        lock.unlink()
        assert wire.deliver(b"", ALICE, b"Subject: after\r\n\r\n") == 250
        with imap(server) as reader:
            reader.ok(b"SELECT INBOX")
            assert len(subjects(reader)) == 2
