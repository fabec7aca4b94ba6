"""CAPA (RFC 2449) and STLS (RFC 2595), where they are offered."""

from __future__ import annotations

import re

from mailspec.requirement import requirement
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client

#: capability: a tag and parameters, printable, single spaces between (RFC 2449 section 5 and 9).
CAPABILITY = re.compile(rb"[\x21-\x7e]+( [\x21-\x7e]+)*")


@requirement("2449/5/capa", needs=("pop3 CAPA",))
def test_capa_lists_capabilities_in_both_states(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """CAPA gets +OK and a list, before login and after."""
    pop3.multi(b"CAPA").expect(OK)
    maildrop.multi(b"CAPA").expect(OK)


@requirement("2449/5/capa-one-per-line", needs=("pop3 CAPA",))
def test_capabilities_have_their_form(pop3: Pop3Client) -> None:
    """Each line is a tag and parameters."""
    lines = pop3.multi(b"CAPA").require(OK).lines
    if wrong := [line for line in lines if not CAPABILITY.fullmatch(line)]:
        raise Violation(["tag and parameters"], repr(wrong))


@requirement("2449/6.4/resp-codes", needs=("pop3 RESP-CODES",))
def test_text_in_brackets_is_a_response_code(pop3: Pop3Client, maildrop: Pop3Client, account: Login) -> None:
    """Where the text of a refusal begins with a bracket, a well-formed code stands in the brackets."""
    pop3.recorder.transcript.secrets.add(account.secret)
    refusals = [maildrop.command(b"FROB").require(ERR), maildrop.command(b"RETR 9999").require(ERR)]
    pop3.command(b"USER " + account.login).require(OK, ERR)
    # The maildrop is in use, which has a code of its own (RFC 2449 section 8.1.1).
    busy = pop3.command(b"PASS " + account.secret).require(OK, ERR, CLOSED)
    refusals += [busy] if busy.failure is None and not busy.ok else []
    for refusal in refusals:
        if refusal.text.startswith(b"[") and refusal.code is None:
            raise Violation(["[code] at the beginning, or no bracket"], repr(refusal.text))


#: Commands sent at once, and the status that each gets.
GROUP = ((b"NOOP", OK), (b"RETR 9999", ERR), (b"NOOP", OK), (b"NOOP", OK))


@requirement("2449/6.6/pipelining", needs=("pop3 PIPELINING",))
def test_pipelined_commands_are_answered_in_order(maildrop: Pop3Client) -> None:
    """Four commands in one segment get their four responses in order; QUIT behind them shows that none is missing."""
    for command, status in GROUP:
        maildrop.command(command).require(status)
    maildrop.send(b"".join(command + b"\r\n" for command, _ in GROUP))
    maildrop.reply().expect(GROUP[0][1])
    maildrop.send(b"QUIT\r\n")
    for _, status in GROUP[1:]:
        maildrop.reply().expect(status)
    maildrop.reply().require(OK)


@requirement("2595/4/stls", needs=("pop3 STLS",))
def test_handshake_follows_stls(pop3_clear: Pop3Client) -> None:
    """After +OK the TLS handshake succeeds and CAPA is answered inside TLS."""
    pop3_clear.command(b"STLS").require(OK)
    pop3_clear.expect_handshake()
    pop3_clear.multi(b"CAPA").expect(OK)


@requirement("2595/4/only-authorization", needs=("pop3 STLS",))
def test_stls_after_login_gets_err(maildrop: Pop3Client) -> None:
    """STLS gets -ERR in TRANSACTION."""
    maildrop.command(b"STLS").expect(ERR)


@requirement("2595/4/no-command-survives", needs=("pop3 STLS",))
def test_command_behind_stls_is_not_answered_inside_tls(pop3_clear: Pop3Client) -> None:
    """A CAPA in the same segment as STLS gets no response inside TLS, or there is no TLS then."""
    pop3_clear.command(b"FROB").require(ERR)
    pop3_clear.send(b"STLS\r\nCAPA\r\n")
    reply = pop3_clear.reply().require(OK, ERR, CLOSED)
    if reply.failure is None and reply.ok and pop3_clear.stream.start_tls() is None:
        pop3_clear.command(b"FROB").expect(ERR)
