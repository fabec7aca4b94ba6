"""Greeting, framing and AUTHORIZATION: RFC 1939 sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client


@requirement("1939/4/greeting")
def test_server_greets_first(pop3_new: Pop3Client) -> None:
    """A new connection gets a positive greeting."""
    pop3_new.greeting().expect(OK)
    require_refusals(pop3_new)


@requirement("1939/3/keywords-any-case")
def test_keywords_in_any_case(maildrop: Pop3Client) -> None:
    """Keywords in lower and mixed case are understood."""
    for command in (b"noop", b"Stat", b"rSeT"):
        maildrop.command(command.upper()).require(OK)
        maildrop.command(command).expect(OK)
    require_refusals(maildrop)


@requirement("1939/3/unknown-command")
def test_unknown_command_gets_err(pop3: Pop3Client) -> None:
    """A keyword that nobody has defined gets -ERR."""
    pop3.command(b"FROB").expect(ERR)


@requirement("1939/3/unknown-command")
def test_command_without_its_argument_gets_err(maildrop: Pop3Client) -> None:
    """RETR and DELE without a number get -ERR."""
    maildrop.command(b"RETR").expect(ERR)
    maildrop.command(b"DELE").expect(ERR)


@requirement("1939/3/unknown-command")
def test_argument_that_is_no_number_gets_err(maildrop: Pop3Client) -> None:
    """RETR and LIST of something that is no number get -ERR."""
    maildrop.command(b"RETR one").expect(ERR)
    maildrop.command(b"LIST x").expect(ERR)


@requirement("1939/3/wrong-state")
def test_transaction_commands_before_login_get_err(pop3_connect: Callable[[], Pop3Client]) -> None:
    """Commands of TRANSACTION get -ERR before login, each as the first one of its session."""
    for command in (b"STAT", b"LIST", b"RETR 1", b"DELE 1", b"NOOP", b"RSET"):
        pop3_connect().command(command).expect(ERR)


@requirement("1939/3/wrong-state")
def test_login_after_login_gets_err(maildrop: Pop3Client, account: Login) -> None:
    """USER gets -ERR in TRANSACTION."""
    maildrop.command(b"USER " + account.login).expect(ERR)


@requirement("1939/3/error-keeps-session")
def test_errors_keep_the_session(maildrop: Pop3Client) -> None:
    """After each of several errors the session is still open and in TRANSACTION."""
    maildrop.command(b"STAT").require(OK)
    for command in (b"FROB", b"RETR 9999", b"DELE x"):
        maildrop.command(command).require(ERR)
        maildrop.command(b"STAT").expect(OK)


@requirement("1939/5/quit-authorization")
def test_quit_before_login(pop3: Pop3Client) -> None:
    """QUIT in AUTHORIZATION gets +OK and the connection ends."""
    pop3.command(b"QUIT").expect(OK)
    pop3.expect_closed()


@requirement("1939/7/user-pass")
def test_user_and_pass_open_the_maildrop(pop3: Pop3Client, account: Login) -> None:
    """After USER and PASS the commands of TRANSACTION work."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"USER " + account.login).expect(OK)
    pop3.command(b"PASS " + account.secret).expect(OK)
    pop3.command(b"STAT").expect(OK)
    require_refusals(pop3)


@requirement("1939/7/wrong-password", tier="destructive")
def test_wrong_password_gets_err(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A wrong password gets -ERR and opens nothing."""
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + wrong_password).expect(ERR)
    if pop3.stream.ended is None:
        pop3.command(b"STAT").expect(ERR, CLOSED)


@requirement("1939/7/pass-needs-user")
def test_pass_without_user_gets_err(pop3: Pop3Client) -> None:
    """PASS as the first command gets -ERR."""
    pop3.command(b"PASS nothing").expect(ERR)
