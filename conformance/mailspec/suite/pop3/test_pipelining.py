"""Commands in groups: RFC 2449 section 6.6."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import ERR, OK, Pop3Client

PIPELINING = ("pop3 PIPELINING",)


@requirement("2449/6.6/pipelining", needs=PIPELINING)
def test_login_in_one_group(pop3: Pop3Client, account: Login) -> None:
    """USER, PASS, STAT and an unknown command in one segment get their four replies."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.send(b"USER %b\r\nPASS %b\r\nSTAT\r\nXNOBODYS\r\n" % (account.login, account.secret))
    for _ in range(2):
        pop3.reply().require(OK)
    pop3.reply().expect(OK)
    pop3.reply().expect(ERR)


@requirement("2449/6.6/pipelining", needs=PIPELINING)
def test_messages_in_one_group(stocked: Pop3Client) -> None:
    """Three RETR in one segment give what they give one after the other."""
    alone = [stocked.retr(number).require(OK).body for number in (1, 2, 3)]
    stocked.send(b"RETR 1\r\nRETR 2\r\nRETR 3\r\n")
    grouped = [stocked.reply(multi=True).expect(OK).body for _ in alone]
    if grouped != alone:
        raise Violation(["the three messages in their order"], repr([body[-20:] for body in grouped]))


@requirement("2449/6.6/pipelining", needs=PIPELINING)
def test_deletions_in_one_group(stocked: Pop3Client, open_maildrop: Callable[[], Pop3Client]) -> None:
    """DELE 1, an unknown command, DELE 2 and QUIT in one segment get their replies, and one message is left."""
    stocked.send(b"DELE 1\r\nXNOBODYS\r\nDELE 2\r\nQUIT\r\n")
    for status in (OK, ERR, OK, OK):
        stocked.reply().expect(status)
    left = open_maildrop().stat()[0]
    if left != 1:
        raise Violation(["1 message left"], f"{left} messages")


@requirement("2449/6.6/pipelining", needs=PIPELINING)
def test_command_behind_half_a_command(stocked: Pop3Client) -> None:
    """A segment that ends within a command is no end of the command."""
    stocked.send(b"NOOP\r\nST")
    stocked.reply().require(OK)
    stocked.send(b"AT\r\nXNOBODYS\r\n")
    stocked.reply().expect(OK)
    stocked.reply().expect(ERR)
