"""Long replies, as they are met when an INBOX is looked into."""

from __future__ import annotations

import pytest

from mailspec.target.dialogue import Step, StepFailed
from mailspec.target.dialogue.base import MESSAGE_OCTETS, REPLY_LINES
from mailspec.target.dialogue.imap import ImapDialogue
from mailspec.target.dialogue.pop3 import Pop3Dialogue
from mailspec_tests.scripted import scripted_stream


def imap(*received: bytes) -> ImapDialogue:
    return ImapDialogue(scripted_stream(received)[0])


def test_a_literal_is_read_by_its_size_whatever_stands_in_it() -> None:
    message = b"Subject: x\r\n\r\np01 OK not the end\r\n" + b"\r\n" * (REPLY_LINES + 1)
    reply = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\np01 OK done\r\n" % (len(message), message)

    lines = imap(reply).command(Step.INBOX, b"UID FETCH 1 BODY.PEEK[]", "")

    assert lines == [b"* 1 FETCH (UID 1 BODY[] {%d}" % len(message), message, b")"]


def test_a_literal_that_is_too_large_is_not_waited_for() -> None:
    with pytest.raises(StepFailed, match=f"announces {MESSAGE_OCTETS + 1} octets"):
        imap(b"* 1 FETCH (BODY[] {%d}\r\n" % (MESSAGE_OCTETS + 1)).command(Step.INBOX, b"FETCH 1 BODY.PEEK[]", "")


def test_a_reply_without_end_is_an_error_and_not_cut_short() -> None:
    lines = b"".join(b"%d 10\r\n" % number for number in range(REPLY_LINES + 1))

    with pytest.raises(StepFailed, match="lines in one reply"):
        Pop3Dialogue(scripted_stream([b"+OK\r\n" + lines])[0]).listing(b"LIST", Step.INBOX)
    with pytest.raises(StepFailed, match="lines in one reply"):
        imap(lines).command(Step.INBOX, b"NOOP", "")
