"""isync: mbsync keeps a Maildir and the server the same, whatever either side does meanwhile."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from refmail_tests.clients.desk import NUMBER, Desk, Done
from refmail_tests.clients.letters import as_text, letter, without_trace
from refmail_tests.clients.room import PASSWORDS, Room

TLS = {"clear": "None", "starttls": "STARTTLS", "implicit": "IMAPS"}
MECHANISMS = ("LOGIN", "PLAIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")
FOLDERS = ("INBOX", "Work", "Work/Old")
#: Maildir's letters of flags, in the order of file names.
LETTERS = {"D": rb"\Draft", "F": rb"\Flagged", "R": rb"\Answered", "S": rb"\Seen"}

#: A message's octets and its flags.
State = tuple[bytes, frozenset[bytes]]


class Sync:
    """The client's side."""

    def __init__(
        self, room: Room, desk: Desk, *, tls: str = "starttls", mechanism: str = "PLAIN", extra: str = ""
    ) -> None:
        self._room, self._desk, self._numbers = room, desk, 0
        if not (desk.folder / "mail").exists():
            (desk.folder / "mail").mkdir()
            _give(desk.folder / "mail")
        desk.write(
            "mbsyncrc",
            f"IMAPAccount lab\nHost {room.host}\nPort {room.port('imap', tls)}\nUser bob\nPass {PASSWORDS['bob']}\n"
            f"SSLType {TLS[tls]}\nAuthMechs {mechanism}\nCertificateFile ca.pem\n{extra}\n\n"
            "IMAPStore far\nAccount lab\n\n"
            "MaildirStore near\nPath mail/\nInbox mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\n"
            "SyncState *\nSync All\nCopyArrivalDate yes\n",
        )

    def run(self) -> Done:
        """Synchronise once."""
        return self._desk.run("mbsync", "--verbose", "--config", "mbsyncrc", "--all")

    def folder(self, name: str) -> Path:
        """Return the Maildir of a mailbox."""
        return self._desk.folder / "mail" / name

    def names(self) -> set[str]:
        """Return the names of all mailboxes on the client's side."""
        top = self._desk.folder / "mail"
        return {str(path.parent.relative_to(top)) for path in top.rglob("cur")}

    def state(self, name: str) -> list[State]:
        """Return the messages on the client's side, by their octets."""
        found: list[State] = [
            (_octets(path.read_bytes()), frozenset(LETTERS[x] for x in _flags(path)))
            for path in _files(self.folder(name))
        ]
        return sorted(found, key=lambda each: each[0])

    def add(self, name: str, octets: bytes) -> None:
        """Put a message into the Maildir, as a mail reader would."""
        self._numbers += 1
        path = self.folder(name) / "cur" / f"1700000000.{self._numbers}.client:2,"
        path.write_bytes(as_text(octets))
        _give(path)


def _octets(octets: bytes) -> bytes:
    """Return a message without the mark that mbsync puts into what it copies, on either side."""
    return re.sub(rb"(?m)^X-TUID: .*\r\n", b"", without_trace(octets), count=1)


def _give(path: Path) -> None:
    os.chown(path, NUMBER, NUMBER)


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("cur/*"), *folder.glob("new/*")])


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2]


def far(room: Room, name: str) -> list[State]:
    """Return the messages on the server, by their octets."""
    known = frozenset(LETTERS.values())
    return sorted(
        ((_octets(kept.octets), kept.flags & known) for kept in room.kept(name=name)), key=lambda each: each[0]
    )


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_mbsync_connects_in_every_way(room: Room, desk: Desk, tls: str, mechanism: str) -> None:
    room.put(letter("one"), flags=[rb"\Flagged"])
    sync = Sync(room, desk, tls=tls, mechanism=mechanism)
    sync.run().ok()
    assert sync.state("INBOX") == far(room, "INBOX") == [(letter("one"), frozenset({rb"\Flagged"}))]


def test_mbsync_wrong_password(room: Room, desk: Desk) -> None:
    room.expect("imap (LOGIN|AUTHENTICATE): NO")
    desk.write("empty", "")
    sync = Sync(room, desk)
    config = desk.folder / "mbsyncrc"
    config.write_text(config.read_text().replace(PASSWORDS["bob"], "wrong"))
    assert sync.run().code != 0


def test_mbsync_creates_and_removes_mailboxes_on_both_sides(room: Room, desk: Desk) -> None:
    sync = Sync(room, desk)
    store = room.server.services.store
    store.create("bob", "Far/Entwürfe & mehr")
    sync.run().ok()
    for path in (sync.folder("Near"), *(sync.folder("Near") / name for name in ("cur", "new", "tmp"))):
        path.mkdir()
        _give(path)
    sync.run().ok()
    assert "Near" in room.mailboxes()
    assert "Far/Entw&APw-rfe &- mehr" in sync.names()
    store.delete("bob", "Far/Entwürfe & mehr")
    sync.run()
    assert "Far/Entwürfe & mehr" not in room.mailboxes()


@pytest.mark.parametrize("pipelined", ["", "PipelineDepth 1"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mbsync_keeps_both_sides_the_same(room: Room, desk: Desk, seed: int, pipelined: str) -> None:
    """Both sides change at random; a second run then has nothing to do, and both have the same messages and flags."""
    choose = random.Random(seed)
    for name in FOLDERS[1:]:
        room.server.services.store.create("bob", name)
    sync = Sync(room, desk, extra=pipelined)
    sync.run().ok()
    for turn in range(5):
        for number in range(6):
            _change_far(room, choose, f"far {turn} {number}")
            _change_near(sync, choose, f"near {turn} {number}")
        sync.run().ok()
        after = {name: (sync.state(name), room.kept(name=name)) for name in FOLDERS}
        for name in FOLDERS:
            assert sync.state(name) == far(room, name), name
            assert len({octets for octets, _ in sync.state(name)}) == len(sync.state(name)), "a message is doubled"
        sync.run().ok()
        assert after == {name: (sync.state(name), room.kept(name=name)) for name in FOLDERS}


def _change_far(room: Room, choose: random.Random, subject: str) -> None:
    """Do one thing on the server's side: new mail, a flag on or off, a message gone."""
    name = choose.choice(FOLDERS)
    mailbox, what = room.mailbox("bob", name), choose.randrange(5)
    uids = [meta.uid for meta in mailbox.messages()]
    if what < 2 or not uids:
        room.put(letter(subject), name=name)
    elif what < 4:
        mailbox.change_flags(
            [choose.choice(uids)], choose.choice(["add", "remove"]), [choose.choice([*LETTERS.values()])]
        )
    else:
        mailbox.expunge([choose.choice(uids)])


def _change_near(sync: Sync, choose: random.Random, subject: str) -> None:
    """Do one thing on the client's side."""
    name, what = choose.choice(FOLDERS), choose.randrange(5)
    files = _files(sync.folder(name))
    if what < 2 or not files:
        sync.add(name, letter(subject))
        return
    path = choose.choice(files)
    if what < 4:
        flags = "".join(sorted(set(_flags(path)) ^ {choose.choice([*LETTERS])}))
        path.rename(path.parents[1] / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")
    else:
        path.unlink()
