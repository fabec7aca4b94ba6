"""Arguments that are missing, no numbers, out of range, too many, or as long as may be: RFC 1939 section 3."""

from __future__ import annotations

import pytest

from mailspec.requirement import case, requirement
from mailspec.wire.pop3 import ERR, OK, Pop3Client

SYNTAX = "1939/3/unknown-command"
NO_MESSAGE = "1939/5/no-such-message"

#: Numbers that 32 and 64 bits would take for 1, and one that fits into no register.
WRAPPING = {"32-bits": 2**32 + 1, "64-bits": 2**64 + 1, "40-digits": 10**39 + 1}

#: An argument of this length every server takes (RFC 1939 section 3).
ARGUMENT = 40


@pytest.mark.parametrize(
    "line",
    [
        case(SYNTAX, b"RETR", name="retr"),
        case(SYNTAX, b"DELE", name="dele"),
        case(SYNTAX, b"TOP", name="top", needs=("pop3 TOP",)),
        case(SYNTAX, b"TOP 1", name="top-lines", needs=("pop3 TOP",)),
    ],
)
def test_missing(stocked: Pop3Client, line: bytes) -> None:
    """A command without an argument that it needs gets -ERR."""
    stocked.command(line).expect(ERR)


@pytest.mark.parametrize(
    "line",
    [
        case(SYNTAX, b"LIST x", name="list"),
        case(SYNTAX, b"RETR one", name="retr"),
        case(SYNTAX, b"DELE 1x", name="dele"),
        case(SYNTAX, b"UIDL x", name="uidl", needs=("pop3 UIDL",)),
        case(SYNTAX, b"TOP x 1", name="top", needs=("pop3 TOP",)),
        case(SYNTAX, b"TOP 1 x", name="top-lines", needs=("pop3 TOP",)),
    ],
)
def test_no_number(stocked: Pop3Client, line: bytes) -> None:
    """A word where a number has to be gets -ERR."""
    stocked.command(line).expect(ERR)


@pytest.mark.parametrize(
    "line",
    [
        case(SYNTAX, b"LIST -1", name="list"),
        case(SYNTAX, b"RETR -1", name="retr"),
        case(SYNTAX, b"DELE -1", name="dele"),
        case(SYNTAX, b"UIDL -1", name="uidl", needs=("pop3 UIDL",)),
        case(SYNTAX, b"TOP -1 1", name="top", needs=("pop3 TOP",)),
        case(SYNTAX, b"TOP 1 -1", name="top-lines", needs=("pop3 TOP",)),
    ],
)
def test_negative(stocked: Pop3Client, line: bytes) -> None:
    """A number below zero gets -ERR: neither messages nor lines are counted so."""
    stocked.command(line).expect(ERR)


@pytest.mark.parametrize(
    "keyword",
    [
        case(NO_MESSAGE, b"LIST %d", name="list"),
        case(NO_MESSAGE, b"RETR %d", name="retr"),
        case(NO_MESSAGE, b"DELE %d", name="dele"),
        case("1939/7/uidl-no-such-message", b"UIDL %d", name="uidl", needs=("pop3 UIDL",)),
        case("1939/7/top-no-such-message", b"TOP %d 1", name="top", needs=("pop3 TOP",)),
    ],
)
def test_out_of_range(stocked: Pop3Client, keyword: bytes) -> None:
    """Zero and the number behind the last message get -ERR."""
    stocked.command(keyword % 0).expect(ERR)
    stocked.command(keyword % 4).expect(ERR)


@pytest.mark.parametrize("name", WRAPPING)
@requirement(NO_MESSAGE)
def test_huge(stocked: Pop3Client, name: str) -> None:
    """A number that is 1 only to a server that loses its upper digits gets -ERR."""
    for keyword in (b"LIST", b"RETR", b"DELE"):
        stocked.command(b"%b %d" % (keyword, WRAPPING[name])).expect(ERR)


@pytest.mark.parametrize(
    ("line", "multi"),
    [
        case("1939/3/extra-argument", b"STAT 1", False, name="stat"),
        case("1939/3/extra-argument", b"NOOP 1", False, name="noop"),
        case("1939/3/extra-argument", b"RSET 1", False, name="rset"),
        case("1939/3/extra-argument", b"LIST 1 2", False, name="list"),
        case("1939/3/extra-argument", b"RETR 1 2", True, name="retr"),
        case("1939/3/extra-argument", b"DELE 1 2", False, name="dele"),
        case("1939/3/extra-argument", b"UIDL 1 2", False, name="uidl", needs=("pop3 UIDL",)),
        case("1939/3/extra-argument", b"TOP 1 0 0", True, name="top", needs=("pop3 TOP",)),
    ],
)
def test_too_many(stocked: Pop3Client, line: bytes, *, multi: bool) -> None:
    """A command with an argument more than it has gets -ERR."""
    (stocked.multi(line) if multi else stocked.command(line)).expect(ERR)


@requirement("1939/3/argument-40")
def test_argument_of_40_octets(pop3: Pop3Client) -> None:
    """USER with a name of 40 octets gets a reply, whichever it is, and the session goes on."""
    pop3.command(b"USER " + b"u" * ARGUMENT).expect(OK, ERR)
    pop3.command(b"XNOBODYS").expect(ERR)


@pytest.mark.parametrize("octets", [40, 200, 255])
@requirement("2449/4/command-255", needs=("pop3 CAPA",))
def test_command_line(pop3: Pop3Client, octets: int) -> None:
    """A command line of so many octets gets a reply, and the session goes on."""
    pop3.command((b"USER " + b"u" * octets)[: octets - 2]).expect(OK, ERR)
    pop3.command(b"XNOBODYS").expect(ERR)
