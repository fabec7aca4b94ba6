"""What arrived in the INBOX of the account under test, as checks look at it."""

from __future__ import annotations

import re

from mailspec.target.dialogue import StepFailed
from mailspec.target.inbox import Inbox as Reader
from mailspec.target.inbox import open_inbox
from mailspec.target.target import Target
from mailspec.verdict import Blocked, Inconclusive
from mailspec.wire.endpoint import Login
from mailspec.wire.poll import until

__all__ = ["Inbox", "body_of", "fields", "message_id"]

#: So much later than the next one a message may come.
OVERTAKING_SECONDS = 5.0


class Inbox:
    """Messages of an INBOX, found by their Message-ID; nothing of this is recorded or judged.

    Args:
        target: whose store, IMAP or POP3 is asked, in this order.
        login: the account.
    """

    def __init__(self, target: Target, login: Login) -> None:
        self.target = target
        self.login = login

    def wait(self, message: bytes) -> bytes:
        """Return the octets of a message as they were delivered.

        Raises:
            Inconclusive: it does not arrive in time.
        """
        reader = open_inbox(self.target, self.login)
        found: list[bytes] = []

        def arrived() -> bool:
            found.extend(_octets_of(reader, message))
            return bool(found)

        try:
            until(arrived, self.target.arrival_deadline)
        except StepFailed as failed:
            msg = f"the INBOX of {self.login.address.decode()}: {failed}"
            raise Blocked(msg) from failed
        finally:
            reader.close()
        if not found:
            msg = f"a message was accepted and did not arrive in {self.target.arrival_deadline:g} seconds"
            raise Inconclusive(msg)
        return found[0]

    def overtaken(self, message: bytes) -> bool:
        """Say whether a message arrives after one that was sent later: many targets deliver in parallel."""
        return until(lambda: self.holds(message), min(OVERTAKING_SECONDS, self.target.arrival_deadline))

    def holds(self, message: bytes) -> bool:
        """Say whether a message is there now; ask after one that was sent later has arrived."""
        reader = open_inbox(self.target, self.login)
        try:
            return bool(_octets_of(reader, message))
        except StepFailed as failed:
            msg = f"the INBOX of {self.login.address.decode()}: {failed}"
            raise Blocked(msg) from failed
        finally:
            reader.close()


def _octets_of(reader: Reader, message: bytes) -> list[bytes]:
    wanted = message_id(message)
    return [octets for key in sorted(reader.keys()) if wanted in (octets := reader.octets(key))]


def message_id(message: bytes) -> bytes:
    """Return the Message-ID by which a message of ours is known."""
    found = re.search(rb"^Message-ID: (<[^>]+>)", message, re.MULTILINE)
    assert found is not None, "messages of the suite have a Message-ID"
    return found[1]


def body_of(message: bytes) -> bytes:
    """Return what follows the header section."""
    return message.partition(b"\r\n\r\n")[2]


def fields(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return the header fields from the top, names in lower case, values as they are with their folding."""
    header = message.partition(b"\r\n\r\n")[0]
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"\n", header).split(b"\r\n")
    pairs = (line.partition(b":") for line in unfolded)
    return [(name.strip().lower(), value.replace(b"\n", b"\r\n")) for name, _, value in pairs]
