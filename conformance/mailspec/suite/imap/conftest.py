"""States of a mailbox that the IMAP checks start from."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mailspec.suite.steps import MessageMaker
from mailspec.verdict import Blocked
from mailspec.wire.imap import ImapClient

BODIES = (b"first body\r\n", b"second\r\nbody, with APPLES\r\n", b"third\r\n")


@dataclass(frozen=True, slots=True)
class Filled:
    """A mailbox of three messages, none of them seen, and a session that has it selected."""

    imap: ImapClient
    name: bytes
    messages: tuple[bytes, ...]

    def flags(self, number: int) -> set[bytes]:
        r"""Return the flags of a message in lower case, without \\Recent."""
        fetched = self.imap.fetch(b"%d" % number, b"(FLAGS)").require("OK").fetched
        flags = fetched[number].flags if number in fetched else None
        if flags is None:
            msg = f"FETCH {number} (FLAGS) brought no flags"
            raise Blocked(msg)
        return {flag.lower() for flag in flags} - {rb"\recent"}

    def uids(self) -> tuple[int, ...]:
        """Return all UIDs in the order of the sequence numbers."""
        fetched = self.imap.fetch(b"1:*", b"(UID)").require("OK").fetched
        return tuple(uid for _, one in sorted(fetched.items()) if (uid := one.uid) is not None)


@pytest.fixture
def filled(imap_auth: ImapClient, mailbox: bytes, make_message: MessageMaker) -> Filled:
    """A fresh mailbox with three messages, selected."""
    messages = tuple(make_message(body=body) for body in BODIES)
    for message in messages:
        imap_auth.append(mailbox, message).require("OK")
    selected = imap_auth.select(mailbox)
    if selected.exists != len(messages):
        msg = f"after three APPENDs the mailbox has {selected.exists} messages"
        raise Blocked(msg)
    return Filled(imap_auth, mailbox, messages)
