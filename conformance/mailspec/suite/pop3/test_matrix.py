"""Every command in every state: RFC 1939 sections 3 to 7, RFC 2449 section 5."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailspec.requirement import case
from mailspec.suite.steps import require_refusals
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import ERR, OK, Pop3Client

WRONG_STATE = "1939/3/wrong-state"
MINIMAL = "1939/7/minimal-commands"

#: Commands of TRANSACTION, with arguments that would be right there.
TRANSACTION = {
    "stat": b"STAT",
    "list": b"LIST",
    "list-one": b"LIST 1",
    "retr": b"RETR 1",
    "dele": b"DELE 1",
    "noop": b"NOOP",
    "rset": b"RSET",
    "top": b"TOP 1 0",
    "uidl": b"UIDL",
    "uidl-one": b"UIDL 1",
}

#: Commands that need a login first, each as a row of a table.
NOT_YET = [case(WRONG_STATE, line, name=name) for name, line in TRANSACTION.items()]

#: What every server can do in TRANSACTION (RFC 1939 sections 5 and 9): command, and whether lines follow.
ALWAYS = [
    case(MINIMAL, b"STAT", False, name="stat"),
    case(MINIMAL, b"LIST", True, name="list"),
    case(MINIMAL, b"LIST 2", False, name="list-one"),
    case(MINIMAL, b"RETR 2", True, name="retr"),
    case(MINIMAL, b"DELE 2", False, name="dele"),
    case(MINIMAL, b"NOOP", False, name="noop"),
    case(MINIMAL, b"RSET", False, name="rset"),
    case(MINIMAL, b"QUIT", False, name="quit"),
]

#: What it can do if it says so (RFC 2449 sections 5, 6.1 and 6.8).
OFFERED = [
    case("2449/6.1/top-there", b"TOP 2 0", True, name="top", needs=("pop3 TOP",)),
    case("2449/6.8/uidl-there", b"UIDL", True, name="uidl", needs=("pop3 UIDL",)),
    case("2449/6.8/uidl-there", b"UIDL 2", False, name="uidl-one", needs=("pop3 UIDL",)),
    case("2449/5/capa", b"CAPA", True, name="capa", needs=("pop3 CAPA",)),
]


Judge = Callable[..., None]


@pytest.fixture
def judge_success(pop3_connect: Callable[[], Pop3Client]) -> Judge:
    """Judge that a command gets +OK from a server that does not say +OK to everything."""

    def judge(session: Pop3Client, line: bytes, *, multi: bool) -> None:
        (session.multi(line) if multi else session.command(line)).expect(OK)
        # In a session of its own, for this one may be at its end.
        require_refusals(pop3_connect())

    return judge


@pytest.mark.parametrize("line", NOT_YET)
def test_authorization(pop3: Pop3Client, line: bytes) -> None:
    """A command of TRANSACTION gets -ERR before login, as the first one of its session."""
    pop3.command(line).expect(ERR)


@pytest.mark.parametrize("line", NOT_YET)
def test_named(named: Pop3Client, line: bytes) -> None:
    """A command of TRANSACTION gets -ERR between USER and PASS."""
    named.command(line).expect(ERR)


@pytest.mark.parametrize("line", [case(WRONG_STATE, c, name=n, needs=("pop3 STLS",)) for n, c in TRANSACTION.items()])
def test_inside_tls(inside_tls: Pop3Client, line: bytes) -> None:
    """A command of TRANSACTION gets -ERR inside TLS before login: STLS logs nobody in."""
    inside_tls.command(line).expect(ERR)


@pytest.mark.parametrize(("line", "multi"), [*ALWAYS, *OFFERED])
def test_transaction(stocked: Pop3Client, judge_success: Judge, line: bytes, *, multi: bool) -> None:
    """A command of TRANSACTION gets +OK there."""
    judge_success(stocked, line, multi=multi)


@pytest.mark.parametrize(("line", "multi"), [*ALWAYS, *OFFERED])
def test_marked(marked: Pop3Client, judge_success: Judge, line: bytes, *, multi: bool) -> None:
    """A command of TRANSACTION gets +OK, about message 2 too, while message 1 is marked as deleted."""
    judge_success(marked, line, multi=multi)


@pytest.mark.parametrize(
    "line",
    [
        case("1939/5/dele-marks", b"LIST 1", name="list-one"),
        case("1939/5/dele-marks", b"RETR 1", name="retr"),
        case("1939/5/dele-twice", b"DELE 1", name="dele"),
        case("1939/7/top-no-such-message", b"TOP 1 0", name="top", needs=("pop3 TOP",)),
        case("1939/7/uidl-no-such-message", b"UIDL 1", name="uidl-one", needs=("pop3 UIDL",)),
    ],
)
def test_marked_message(marked: Pop3Client, line: bytes) -> None:
    """A command about a message that is marked as deleted gets -ERR."""
    marked.command(line).expect(ERR)


@pytest.mark.parametrize(
    "keyword",
    [
        case(WRONG_STATE, b"USER", name="user"),
        case(WRONG_STATE, b"PASS", name="pass"),
        case(WRONG_STATE, b"APOP", name="apop"),
    ],
)
def test_logged_in(maildrop: Pop3Client, account: Login, keyword: bytes) -> None:
    """A command that logs in gets -ERR in TRANSACTION."""
    digest = b" " + bytes(32).hex().encode()[:32] if keyword == b"APOP" else b""
    maildrop.command(keyword + b" " + account.login + digest).expect(ERR)


@pytest.mark.parametrize(
    "line",
    [
        case("1939/5/quit-authorization", b"QUIT", name="quit"),
        case("2449/5/capa", b"CAPA", name="capa", needs=("pop3 CAPA",)),
    ],
)
def test_before_login(pop3: Pop3Client, judge_success: Judge, line: bytes) -> None:
    """A command of every state gets +OK before login."""
    judge_success(pop3, line, multi=line == b"CAPA")


@pytest.mark.parametrize(
    "line",
    [
        case("1939/7/quit-after-user", b"QUIT", name="quit"),
        case("2449/5/capa", b"CAPA", name="capa", needs=("pop3 CAPA",)),
    ],
)
def test_after_user(named: Pop3Client, judge_success: Judge, line: bytes) -> None:
    """A command of every state gets +OK between USER and PASS."""
    judge_success(named, line, multi=line == b"CAPA")


@pytest.mark.parametrize(
    "line",
    [
        case("1939/5/quit-authorization", b"QUIT", name="quit", needs=("pop3 STLS",)),
        case("2449/5/capa", b"CAPA", name="capa", needs=("pop3 STLS", "pop3 CAPA")),
    ],
)
def test_after_stls(inside_tls: Pop3Client, judge_success: Judge, line: bytes) -> None:
    """A command of every state gets +OK inside TLS before login."""
    judge_success(inside_tls, line, multi=line == b"CAPA")
