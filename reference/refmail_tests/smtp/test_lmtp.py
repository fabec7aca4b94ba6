"""LMTP: its own greeting command, and one reply for each recipient."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from refmail.embed import ServerThread
from refmail.message.envelope import Envelope
from refmail.smtp.lmtp import LmtpSession
from refmail.smtp.states import State
from refmail.store.api import StoreFull

Begin = Callable[..., Any]

ALICE = b"RCPT TO:<alice@example.test>\r\n"
BOB = b"RCPT TO:<bob@example.test>\r\n"
NOBODY = b"RCPT TO:<nobody@example.test>\r\n"
MAIL = b"MAIL FROM:<>\r\n"


@pytest.fixture
def lmtp(begin: Begin) -> Any:
    """A dialogue after LHLO."""
    dialogue = begin(session=LmtpSession, hello=False, listener="lmtp")
    assert b"250 AUTH" in dialogue.say(b"LHLO client.test\r\n")
    return dialogue


def test_only_lhlo_begins_a_session(begin: Begin) -> None:
    lmtp = begin(session=LmtpSession, hello=False, listener="lmtp")
    assert lmtp.codes(b"EHLO c.test\r\nHELO c.test\r\nMAIL FROM:<>\r\nLHLO c.test\r\nMAIL FROM:<>\r\n") == [
        500,
        500,
        503,
        250,
        250,
    ]
    offered = lmtp.say(b"LHLO c.test\r\n")
    assert {b"PIPELINING", b"ENHANCEDSTATUSCODES", b"8BITMIME"} <= {line[4:] for line in offered.splitlines()}
    assert b"LHLO" in lmtp.say(b"HELP\r\n")


def test_smtp_does_not_know_lhlo(smtp: Any) -> None:
    assert smtp.code(b"LHLO c.test\r\n") == 500


def test_one_reply_for_each_accepted_recipient(lmtp: Any, accepted: Any) -> None:
    assert lmtp.codes(MAIL + ALICE + NOBODY + BOB + b"DATA\r\nx\r\n.\r\nNOOP\r\n") == [
        *(250, 250, 550, 250),
        354,
        *(250, 250),
        250,
    ]
    assert [len(envelope.recipients) for envelope, _ in accepted] == [1, 1]
    assert accepted.bodies == [b"x\r\n", b"x\r\n"]
    assert b"with LMTP id" in accepted[0][1]


def test_the_same_recipient_twice_gets_two_replies_and_one_message(lmtp: Any, accepted: Any) -> None:
    assert lmtp.codes(MAIL + ALICE + ALICE + b"DATA\r\nx\r\n.\r\n")[3:] == [354, 250, 250]
    assert len(accepted) == 1


def test_data_without_a_recipient(lmtp: Any) -> None:
    assert lmtp.codes(MAIL + NOBODY + b"DATA\r\nNOOP\r\n") == [250, 550, 503, 250]


def test_a_refused_message_is_refused_to_each(lmtp: Any, accepted: Any) -> None:
    assert lmtp.codes(MAIL + ALICE + BOB + b"DATA\r\na\nb\r\n.\r\nNOOP\r\n")[3:] == [354, 554, 554, 250]
    assert not accepted


def test_each_recipient_has_its_own_trouble(begin: Begin) -> None:
    stored: list[str | None] = []

    def accept(envelope: Envelope, octets: bytes) -> None:
        del octets
        (recipient,) = envelope.recipients
        if recipient.user == "alice":
            raise StoreFull
        stored.append(recipient.user)

    lmtp = begin(session=LmtpSession, hello=False, changes={"accept": accept})
    lmtp.say(b"LHLO c.test\r\n")
    assert lmtp.codes(MAIL + ALICE + BOB + ALICE + b"DATA\r\nx\r\n.\r\nNOOP\r\n")[4:] == [354, 452, 250, 452, 250]
    assert stored == ["bob"]
    assert lmtp.session.state is State.READY


def test_bdat(lmtp: Any, accepted: Any) -> None:
    assert lmtp.codes(MAIL + ALICE + BOB + b"BDAT 3\r\nabcBDAT 2 LAST\r\nde" + b"NOOP\r\n")[3:] == [250, 250, 250, 250]
    assert accepted.bodies == [b"abcde", b"abcde"]


def test_bdat_last_without_a_recipient_gets_no_reply(lmtp: Any) -> None:
    assert lmtp.codes(MAIL + NOBODY + b"BDAT 6 LAST\r\nQUIT\r\nRSET\r\n") == [250, 550, 250]
    assert lmtp.codes(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n") == [503, 250]


def test_a_failed_bdat_is_answered_for_each_at_the_end(lmtp: Any, accepted: Any) -> None:
    assert lmtp.codes(MAIL + ALICE + BOB + b"BDAT 1 FIRST\r\nxBDAT 1 LAST\r\nxNOOP\r\n")[3:] == [501, 503, 503, 250]
    assert not accepted


def test_no_split_changes_the_answer(begin: Begin) -> None:
    script = b"LHLO c.test\r\n" + MAIL + ALICE + BOB + b"DATA\r\nx\r\n.\r\n" + MAIL + BOB + b"BDAT 2 LAST\r\nxyQUIT\r\n"
    answers: list[bytes] = []
    for size in (1, 2, 7, len(script)):
        lmtp = begin(session=LmtpSession, hello=False)
        lmtp.services.random.seed(1)
        answers.append(lmtp.say_in_pieces(script[at : at + size] for at in range(0, len(script), size)))
    assert len(set(answers)) == 1


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread() as server:
        yield server


def test_over_a_socket(server: ServerThread) -> None:
    with smtplib.LMTP("127.0.0.1", server.ports["lmtp"], timeout=30) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("a@b.test")
        for user in ("alice", "bob"):
            assert client.rcpt(f"{user}@example.test")[0] == 250
        # The library knows of one reply only.
        assert client.data(b"Subject: x\r\n\r\nhello\r\n")[0] == 250
        assert client.getreply()[0] == 250
    for user in ("alice", "bob"):
        assert server.services.store.open(user, "INBOX").messages()
