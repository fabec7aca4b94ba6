"""Any octets: parsers raise nothing but GrammarError, and segment boundaries change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS, GrammarError
from mailspec.wire.grammar import pop3 as pop3_grammar
from mailspec.wire.grammar import smtp as smtp_grammar
from mailspec.wire.grammar.imap import Dialect, parse_greeting, parse_response
from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec.wire.reply import Reply
from mailspec.wire.smtp import SmtpClient
from mailspec_tests.scripted import pieces, scripted_stream

# Words that lead deep into the parsers, which random octets alone would never reach.
SMTP_WORDS = [
    b"220 ",
    b"250-",
    b"250 ",
    b"a.test",
    b"[127.0.0.1]",
    b"[IPv6:::1]",
    b"SIZE 1",
    b"\r\n",
    b"\n",
    b"\0",
    b"5",
]
POP3_WORDS = [b"+OK", b"-ERR", b" ", b"\r\n", b".", b"..", b"\r\n.\r\n", b"\n.\n", b"+ ", b"[IN-USE]", b"\0", b"x"]
IMAP_WORDS = [
    *(
        b"* ",
        b"+ ",
        b"a1 ",
        b"OK ",
        b"BYE ",
        b"[",
        b"] ",
        b"ALERT",
        b"UIDNEXT ",
        b"CAPABILITY ",
        b"IMAP4rev1",
        b"LIST (",
    ),
    *(
        b"FLAGS (",
        rb"\Seen",
        b"(",
        b")",
        b" ",
        b'"',
        b"\\",
        b"{2}\r\n",
        b"{0}\r\n",
        b"~{3}\r\n",
        b"NIL",
        b"0",
        b"7",
        b"\0",
    ),
    *(b"1 FETCH (", b"ENVELOPE (", b"BODYSTRUCTURE (", b"BODY[", b"HEADER.FIELDS (", b"<0>", b'"TEXT" "PLAIN" NIL'),
    *(
        b"STATUS x (",
        b"SEARCH",
        b"ESEARCH",
        b"VANISHED",
        b"99999999999",
        b"EXISTS",
        b"\xff",
        b"x",
        b"\r\n",
        b"\n",
        b"%",
    ),
]


def octets_of(words: list[bytes]) -> st.SearchStrategy[bytes]:
    """Return a strategy for octets made of these words and of noise."""
    return st.lists(st.one_of(st.sampled_from(words), st.binary(max_size=4)), max_size=40).map(b"".join)


@given(octets_of(SMTP_WORDS))
def test_smtp_rules_raise_grammar_errors_only(line: bytes) -> None:
    smtp_grammar.lenient_reply_line(line)
    for rule in (
        smtp_grammar.check_reply_line,
        smtp_grammar.check_greeting,
        smtp_grammar.check_ehlo_first,
        smtp_grammar.check_ehlo_line,
    ):
        with contextlib.suppress(GrammarError):
            rule(line)


@given(octets_of(POP3_WORDS))
def test_pop3_rules_raise_grammar_errors_only(line: bytes) -> None:
    pop3_grammar.lenient_status(line)
    pop3_grammar.response_code(line)
    for rule in (pop3_grammar.check_status_line, pop3_grammar.check_multi_line, pop3_grammar.check_continuation):
        with contextlib.suppress(GrammarError):
            rule(line)


@given(octets_of(IMAP_WORDS), st.booleans(), st.booleans(), st.sampled_from([b"", b"\r\n", b"\n"]))
def test_imap_responses_always_have_a_value(octets: bytes, rev2: bool, utf8: bool, end: bytes) -> None:
    for parse in (parse_response, parse_greeting):
        parsed = parse(octets + end, Dialect(rev2=rev2, utf8=utf8))
        assert parsed.exercised <= set(GRAMMAR_REQUIREMENTS)
        if parsed.error is not None:
            assert parsed.error.requirement_id in GRAMMAR_REQUIREMENTS
            assert 0 <= parsed.error.position <= len(octets + end)


def seen(recorder: Recorder, replies: Sequence[Reply[Any]]) -> object:
    """Return everything that a reader must find the same at any split."""
    charges = [(one.requirement_id, one.octets, one.position, one.reason) for one in recorder.charges.breaches]
    found = [
        (reply.octets, type(reply.failure), vars(reply).get("_status"), vars(reply).get("_lines")) for reply in replies
    ]
    return charges, sorted(recorder.charges.seen), found


def run_smtp(chunks: list[bytes]) -> object:
    recorder = Recorder()
    smtp = SmtpClient(scripted_stream(chunks, recorder)[0], recorder)
    return seen(recorder, [smtp.greeting(), smtp.ehlo(), smtp.reply()])


def run_pop3(chunks: list[bytes]) -> object:
    recorder = Recorder()
    pop3 = Pop3Client(scripted_stream(chunks, recorder)[0], recorder)
    return seen(recorder, [pop3.greeting(), pop3.multi(b"LIST"), pop3.multi(b"UIDL")])


def run_imap(chunks: list[bytes]) -> object:
    recorder = Recorder()
    imap = ImapClient(scripted_stream(chunks, recorder)[0], recorder)
    replies = [imap.greeting(), imap.command(b"NOOP"), imap.continuation()]
    return seen(recorder, replies), [repr(reply.untagged) for reply in replies]


CUTS = st.lists(st.integers(min_value=0, max_value=400), max_size=30)


@settings(max_examples=60)
@given(octets_of(SMTP_WORDS), CUTS)
def test_smtp_replies_do_not_depend_on_segments(octets: bytes, cuts: list[int]) -> None:
    octets = b"220 a.test\r\n250-a.test\r\n250 X\r\n" + octets
    assert (
        run_smtp([octets])
        == run_smtp(pieces(octets, cuts))
        == run_smtp([octets[i : i + 1] for i in range(len(octets))])
    )


@settings(max_examples=60)
@given(octets_of(POP3_WORDS), CUTS)
def test_pop3_responses_do_not_depend_on_segments(octets: bytes, cuts: list[int]) -> None:
    octets = b"+OK\r\n+OK\r\n1 2\r\n.\r\n+OK\r\n" + octets
    assert (
        run_pop3([octets])
        == run_pop3(pieces(octets, cuts))
        == run_pop3([octets[i : i + 1] for i in range(len(octets))])
    )


@settings(max_examples=60)
@given(octets_of(IMAP_WORDS), CUTS)
def test_imap_replies_do_not_depend_on_segments(octets: bytes, cuts: list[int]) -> None:
    octets = b"* OK hi\r\n* 1 FETCH (BODY[] {3}\r\na\r\n UID 3)\r\na1 OK x\r\n" + octets
    assert (
        run_imap([octets])
        == run_imap(pieces(octets, cuts))
        == run_imap([octets[i : i + 1] for i in range(len(octets))])
    )
