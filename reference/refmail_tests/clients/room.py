"""A running server with the eyes of its operator: mailboxes, flags, and every reply that was not a success."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from refmail.config import StoreConfig, demo_config
from refmail.embed import ServerThread
from refmail.journal import Entry
from refmail.services import Listener
from refmail.store.api import Mailbox
from refmail_tests.clients.letters import without_trace

__all__ = ["PASSWORDS", "Kept", "Room", "TlsMode", "wait_until"]

PASSWORDS = {"alice": "alice-secret", "bob": "bob-secret"}
#: Seconds for something that another thread or process does at once.
PATIENCE = 10.0
POLL_SECONDS = 0.01

#: How a client connects: in the clear, by STARTTLS or STLS, or with TLS first.
TlsMode = str
_LISTENERS: dict[tuple[str, bool], Listener] = {
    ("submission", False): "submission",
    ("submission", True): "submissions",
    ("pop3", False): "pop3",
    ("pop3", True): "pop3s",
    ("imap", False): "imap",
    ("imap", True): "imaps",
}
_REFUSAL = re.compile(r"(?:[45]\d\d[ -]|-ERR|(?:NO|BAD)\b)")


@dataclass(frozen=True, slots=True)
class Kept:
    """One message in a mailbox."""

    uid: int
    flags: frozenset[bytes]
    #: Without the trace fields on top.
    octets: bytes


class Room:
    """A server that listens in every way, over a Maildir.

    Args:
        folder: for the mail.
    """

    def __init__(self, folder: Path) -> None:
        config = msgspec.structs.replace(
            demo_config(fixed_ports=False),
            store=StoreConfig(
                kind="maildir", path=str(folder), special_use={"sent": "Sent", "drafts": "Drafts", "trash": "Trash"}
            ),
        )
        self.server = ServerThread(config)
        self.host = "localhost"
        self._refused: list[str] = []
        self._expected: list[str] = []

    def start(self) -> None:
        """Start, and hear of every reply."""
        self.server.start()
        self.server.journal.subscribe(self._hear)

    @property
    def authority(self) -> Path:
        """PEM file that vouches for the server."""
        path = self.server.ca_file
        assert path is not None
        return path

    def port(self, service: str, tls: TlsMode = "clear") -> int:
        """Return the port of "submission", "pop3" or "imap" for a way to connect, or of "smtp" or "lmtp"."""
        if service in {"smtp", "lmtp"}:
            return self.server.ports["smtp" if service == "smtp" else "lmtp"]
        return self.server.ports[_LISTENERS[service, tls == "implicit"]]

    def mailbox(self, user: str = "bob", name: str = "INBOX") -> Mailbox:
        """Open a mailbox as the server does."""
        return self.server.services.store.open(user, name)

    def kept(self, user: str = "bob", name: str = "INBOX") -> list[Kept]:
        """Return what is in a mailbox."""
        mailbox = self.mailbox(user, name)
        return [Kept(meta.uid, meta.flags, without_trace(mailbox.read(meta.uid))) for meta in mailbox.messages()]

    def letters(self, user: str = "bob", name: str = "INBOX") -> list[bytes]:
        """Return the messages in a mailbox, without their trace fields."""
        return [message.octets for message in self.kept(user, name)]

    def put(self, *letters: bytes, user: str = "bob", name: str = "INBOX", flags: Collection[bytes] = ()) -> list[int]:
        """Put messages into a mailbox, and return their UIDs."""
        return [self.mailbox(user, name).add(octets, flags) for octets in letters]

    def mailboxes(self, user: str = "bob") -> list[str]:
        """Return the names of a user's mailboxes."""
        return [info.name for info in self.server.services.store.list(user) if info.selectable]

    def logins(self) -> list[str]:
        """Return who has logged in by SMTP, in order."""
        return [str(entry.facts["user"]) for entry in self.server.journal.entries("smtp.login")]

    def expect(self, *patterns: str) -> None:
        """Take what matches a regular expression for what the test wants: "smtp RCPT: 550", "transport.lost"."""
        self._expected += patterns

    def stop(self) -> None:
        """Stop, and fail where the server had a fault or refused what it should not.

        Raises:
            AssertionError: with what was found.
        """
        faults = [f"{entry.topic}: {entry.facts}" for entry in self.server.journal.entries() if "error" in entry.facts]
        found = [*faults, *self._refused]
        self.server.stop()
        unforeseen = [line for line in found if not any(re.search(known, line) for known in self._expected)]
        assert not unforeseen, "\n".join(unforeseen)

    def _hear(self, entry: Entry) -> None:
        if entry.topic == "reply" and _REFUSAL.match(str(entry.facts["reply"])):
            self._refused.append("{protocol} {command}: {reply}".format_map(entry.facts))


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Look until a condition holds.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(POLL_SECONDS)
