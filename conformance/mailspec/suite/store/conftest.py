"""The account's Maildir as files, and what an IMAP session says of a message in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailspec.suite.fixtures.inbox import OwnMail
from mailspec.suite.inbox import message_id
from mailspec.target.maildir import MaildirInbox
from mailspec.target.target import Target
from mailspec.verdict import Inconclusive
from mailspec.wire.imap import ImapClient
from mailspec.wire.poll import until


@dataclass(frozen=True, slots=True)
class Folder:
    """A Maildir beside the server that owns it."""

    path: Path
    #: Seconds until a change of the server's must show.
    deadline: float

    def names(self, part: str) -> set[str]:
        """Return the file names in new, cur or tmp."""
        folder = self.path / part
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def find(self, message: bytes, parts: tuple[str, ...] = ("new", "cur")) -> Path | None:
        """Return the file that holds a message of ours now."""
        wanted = message_id(message)
        for part in parts:
            for name in self.names(part):
                path = self.path / part / name
                try:
                    if wanted in path.read_bytes():
                        return path
                except FileNotFoundError:
                    continue
        return None

    def wait(self, message: bytes, parts: tuple[str, ...] = ("new", "cur")) -> Path:
        """Return the file of a message as soon as there is one.

        Raises:
            Inconclusive: there is none in time.
        """
        found: list[Path] = []

        def there() -> bool:
            path = self.find(message, parts)
            found.extend([path] if path else [])
            return bool(found)

        if not until(there, self.deadline):
            msg = f"no file in {' or '.join(parts)} holds the message after {self.deadline:g} seconds"
            raise Inconclusive(msg)
        return found[0]

    def put(self, message: bytes, *, flags: str | None = None) -> None:
        """Deliver a message as another program would: into new, or into cur with flags."""
        inbox = MaildirInbox(self.path)
        inbox.add(message)
        if flags is not None:
            path = self.wait(message, ("new",))
            path.rename(self.path / "cur" / f"{path.name}:2,{flags}")


@pytest.fixture
def maildir(target: Target, store: Path, own_mail: OwnMail) -> Folder:
    """The account's Maildir; *not run* where the profile has no [store]."""
    own_mail.arrived = True
    return Folder(store, target.arrival_deadline)


@dataclass(frozen=True, slots=True)
class View:
    """What a fresh IMAP session says about INBOX."""

    imap: ImapClient

    def uid(self, message: bytes) -> int | None:
        """Return the UID of a message of ours, or None where it is not shown."""
        wanted = message_id(message)
        fetched = self.imap.fetch(b"1:*", b"(UID BODY.PEEK[HEADER])", uid=True).require("OK").fetched
        held = (one for one in fetched.values() if wanted in (one.content(b"BODY[HEADER]") or b""))
        return next((one.uid for one in held), None)

    def flags(self, uid: int) -> frozenset[bytes]:
        """Return the flags of a message in lower case."""
        fetched = self.imap.fetch(b"%d" % uid, b"(FLAGS)", uid=True).require("OK").fetched
        return frozenset(flag.lower() for one in fetched.values() for flag in one.flags or ())


@pytest.fixture
def look(imap_login: Callable[[], ImapClient]) -> Callable[[], View]:
    """Open a fresh session that has INBOX selected."""

    def opened() -> View:
        session = imap_login()
        session.select(b"INBOX")
        return View(session)

    return opened
