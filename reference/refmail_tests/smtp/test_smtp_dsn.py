"""The DSN parameters: which values are taken, which are refused, and that they reach the queue as they were sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Begin = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"RET=FULL", 250),
        (b"ret=hdrs", 250),
        (b"RET=FULL ENVID=QQ314159", 250),
        (b"ENVID=a+2Bb+20c", 250),
        (b"ENVID=" + b"x" * 1000, 250),
        (b"RET", 501),
        (b"RET=HALF", 501),
        (b"RET=FULL RET=FULL", 501),
        (b"ENVID", 501),
        (b"ENVID=+2b", 501),
        (b"ENVID=a+0A", 501),
        (b"ENVID=+FF", 501),
        (b"ENVID=1 envid=1", 501),
        (b"NOTIFY=NEVER", 555),
    ],
)
def test_mail(smtp: Any, parameters: bytes, code: int) -> None:
    assert smtp.code(b"MAIL FROM:<a@b.test> " + parameters + b"\r\n") == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (b"NOTIFY=NEVER", 250),
        (b"notify=never", 250),
        (b"NOTIFY=SUCCESS,FAILURE,DELAY", 250),
        (b"NOTIFY=Delay", 250),
        (b"ORCPT=rfc822;alice@example.test", 250),
        (b"NOTIFY=FAILURE ORCPT=x-other;a+20b+3Dc", 250),
        (b"ORCPT=rfc822;" + b"x" * 490, 250),
        (b"NOTIFY", 501),
        (b"NOTIFY=ALWAYS", 501),
        (b"NOTIFY=NEVER,SUCCESS", 501),
        (b"NOTIFY=SUCCESS,", 501),
        (b"NOTIFY=SUCCESS NOTIFY=SUCCESS", 501),
        (b"ORCPT", 501),
        (b"ORCPT=alice@example.test", 501),
        (b"ORCPT=;alice", 501),
        (b"ORCPT=rfc822;+0D", 501),
        (b"ORCPT=rfc822;a+zz", 501),
        (b"RET=FULL", 555),
    ],
)
def test_rcpt(smtp: Any, parameters: bytes, code: int) -> None:
    smtp.say(b"MAIL FROM:<a@b.test>\r\n")
    assert smtp.code(b"RCPT TO:<alice@example.test> " + parameters + b"\r\n") == code
    assert smtp.code(b"RCPT TO:<nobody@example.test> " + parameters + b"\r\n") == (550 if code == 250 else code)


def test_parameters_reach_the_queue_as_they_were_sent(smtp: Any, accepted: Any) -> None:
    smtp.say(b"MAIL FROM:<a@b.test> RET=hdrs envid=Ab+2B\r\n")
    smtp.say(b"RCPT TO:<alice@example.test> NOTIFY=Success orcpt=rfc822;Alice+40x\r\nDATA\r\n.\r\n")
    ((envelope, _),) = accepted
    assert envelope.parameters == {b"RET": b"hdrs", b"ENVID": b"Ab+2B"}
    assert envelope.recipients[0].parameters == {b"NOTIFY": b"Success", b"ORCPT": b"rfc822;Alice+40x"}


def test_none_of_it_after_helo(begin: Begin) -> None:
    smtp = begin(hello=False)
    assert smtp.codes(
        b"HELO c.test\r\nMAIL FROM:<> RET=FULL\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test> NOTIFY=NEVER\r\n"
    ) == [250, 555, 250, 555]
