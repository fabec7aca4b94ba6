"""Any octets: the parser raises only its own errors, and a dialogue does not hang on how octets were split."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refmail.imap import ImapSession
from refmail.imap.commands.base import Command
from refmail.imap.commands.table import COMMANDS
from refmail.imap.extensions.table import EXTENSIONS
from refmail.imap.parsing.cursor import Cursor, LiteralWanted, ParseError
from refmail.imap.parsing.fetch import fetch_items
from refmail.imap.rev2 import REV2
from refmail.imap.states import LEGAL
from refmail.services import Peer, Services
from refmail.store.memory import MemoryStore

WORDS = st.sampled_from(
    [b" ", b"(", b")", b"{", b"}", b"{3}\r\n", b"{3+}\r\n", b"{0}\r\n", b"\r\n", b'"', b"\\", b"\\Seen", b"*", b"%", b"1", b"0", b":",
     b",", b"[", b"]", b"<", b">", b".", b"BODY", b"BODY.PEEK", b"HEADER.FIELDS", b"INBOX", b"NIL", b"FLAGS", b"+FLAGS", b"ALL",
     b"NOT", b"OR", b"UID", b"CHARSET", b"UTF-8", b"1-Jan-2020", b'"01-Jan-2020 00:00:00 +0000"', b"&", b"-", b"abc", b"\x00", b"\xff",
     b"RETURN", b"SUBSCRIBED", b"RECURSIVEMATCH", b"SPECIAL-USE", b"STATUS", b"MESSAGES", b"USE", b"\\Sent", b"STORAGE", b"\xc3\xa4"]
)  # fmt: skip
JUNK = st.lists(WORDS | st.binary(max_size=3), max_size=25).map(b"".join)
KINDS = [*COMMANDS.values(), *(kind for extension in EXTENSIONS for kind in extension.commands.values())]


REV2_KINDS = list(REV2.commands.values())


def parsed(kind: type[Command], octets: bytes, *, utf8: bool = False) -> ParseError | LiteralWanted | Command:
    cursor = Cursor(octets, utf8=utf8)
    try:
        command = kind.parse(cursor)
        cursor.end()
    except (ParseError, LiteralWanted) as error:
        return error
    return command


@settings(max_examples=600)
@given(st.sampled_from(KINDS), JUNK)
def test_commands_raise_only_errors_of_parsing(kind: type[Command], junk: bytes) -> None:
    octets = b" " + junk + b"\r\n"
    outcome = parsed(kind, octets)
    if isinstance(outcome, ParseError):
        assert 0 <= outcome.position <= len(octets)
        assert str(outcome)


@settings(max_examples=300)
@given(st.sampled_from([*KINDS, *REV2_KINDS]), JUNK)
def test_commands_of_rev2_raise_only_errors_of_parsing(kind: type[Command], junk: bytes) -> None:
    outcome = parsed(kind, b" " + junk + b"\r\n", utf8=True)
    if isinstance(outcome, ParseError):
        assert str(outcome)


@given(st.sampled_from([b"BODY[", b"BODY.PEEK[1.", b"(BODY["]), JUNK)
def test_sections_that_parse_come_back(begin: bytes, junk: bytes) -> None:
    try:
        items = fetch_items(Cursor(begin + junk))
    except (ParseError, LiteralWanted):
        return
    assert items


def test_every_command_is_in_both_tables() -> None:
    assert COMMANDS.keys() == LEGAL.keys()
    assert ImapSession.commands.keys() == ImapSession.legal.keys()


DIALOGUE = b"".join(
    [
        b"1 CAPABILITY\r\n",
        b"2 LOGIN {4+}\r\nfred {6}\r\nsecret\r\n",
        b"2a CREATE {1}\r\nx (USE (\\Sent))\r\n2b LIST (SUBSCRIBED) {0+}\r\n ({1}\r\n* x) RETURN (STATUS (SIZE))\r\n",
        b"2c GETQUOTAROOT {1}\r\nx\r\n2d SETQUOTA {0+}\r\n (STORAGE 1)\r\n",
        b"3 APPEND INBOX (\\Seen kw) {27+}\r\nSubject: x\r\n\r\nbody {3+}\r\n\r\n",
        b"\r\n4 NOSUCH {3+}\r\nabc {2+}\r\n\r\n\r\n",
        b"5 SELECT INBOX\r\n6 FETCH 1 (ENVELOPE BODY[])\r\n",
        b"7 IDLE\r\nDONE\r\n8 SEARCH OR SEEN TEXT {1}\r\nx\r\n",
        b"9 STORE 1 +FLAGS (\\Deleted)\r\n10 EXPUNGE\r\n11 AUTHENTICATE PLAIN\r\n",
        b"12 LIST {0}\r\n {1+}\r\n*\r\n13 LOGOUT\r\n14 NOOP\r\n",
    ]
)


def dialogue(services: Services, client_type: type, pieces: list[bytes]) -> bytes:
    world = replace(services, store=MemoryStore(now=services.now), random=random.Random(1))
    client = client_type(ImapSession(world, Peer("127.0.0.1", 1, "127.0.0.1", 143, "imap")))
    for piece in pieces:
        client.feed(piece)
    received = client.received
    assert isinstance(received, bytes)
    return received


REV2_DIALOGUE = b"".join(
    [
        b"1 LOGIN fred secret\r\n2 ENABLE IMAP4rev2\r\n",
        '3 CREATE "gr\u00fcn"\r\n4 RENAME {5}\r\ngr\u00fcn blau\r\n'.encode(),
        b"5 APPEND INBOX {8}\r\na: b\r\n\r\n\r\n6 SELECT inbox\r\n7 SEARCH ALL\r\n8 LSUB {0+}\r\n *\r\n",
        '9 LIST "" "bl\u00e4*"\r\n10 SEARCH TEXT {2+}\r\n\u00fc\r\n11 LOGOUT\r\n'.encode(),
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, len(DIALOGUE)), max_size=30))
def test_the_same_answer_however_octets_are_split(services: Services, client_type: type, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(DIALOGUE)]
    pieces = [DIALOGUE[start:end] for start, end in pairwise(places)]
    assert dialogue(services, client_type, pieces) == dialogue(services, client_type, [DIALOGUE])


def test_the_dialogue_one_octet_at_a_time(services: Services, client_type: type) -> None:
    whole = dialogue(services, client_type, [DIALOGUE])
    assert whole == dialogue(services, client_type, [DIALOGUE[n : n + 1] for n in range(len(DIALOGUE))])
    assert whole.count(b" OK ") >= 8
    assert b"\r\n13 OK " in whole
    assert b"14 " not in whole


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, len(REV2_DIALOGUE)), max_size=30))
def test_rev2_gives_the_same_answer_however_octets_are_split(
    services: Services, client_type: type, cuts: list[int]
) -> None:
    places = [0, *sorted(cuts), len(REV2_DIALOGUE)]
    whole = dialogue(services, client_type, [REV2_DIALOGUE])
    assert dialogue(services, client_type, [REV2_DIALOGUE[a:b] for a, b in pairwise(places)]) == whole
    assert whole.count(b" OK ") >= 9
    assert b"\r\n8 BAD " in whole


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(ImapSession.commands)), JUNK), max_size=12), st.booleans())
def test_a_session_survives_anything(
    services: Services, client_type: type, commands: list[tuple[bytes, bytes]], selected: bool
) -> None:
    start = b"a LOGIN fred secret\r\n" + (b"b SELECT INBOX\r\n" if selected else b"")
    pieces = [b"c %s %s\r\n" % command for command in commands]
    answer = dialogue(services, client_type, [start, *pieces])
    assert answer.endswith(b"\r\n")
    for line in answer.split(b"\r\n")[:-1]:
        assert b"\n" not in line


@pytest.mark.parametrize("name", sorted(ImapSession.commands))
def test_too_many_literals_are_refused(services: Services, client_type: type, name: bytes) -> None:
    flood = (
        b"a LOGIN fred secret\r\nb SELECT INBOX\r\nc " + name + b" ({0+}\r\n" + b" {0+}\r\n" * 1000 + b")\r\nd NOOP\r\n"
    )
    assert b"\r\nd " in dialogue(services, client_type, [flood])
