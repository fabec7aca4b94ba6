"""BDAT and BINARYMIME: chunks are counted, refused ones are swallowed, and the transaction ends as it should."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refmail.blueprint import Blueprint
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import State
from refmail.store.api import StoreFull
from refmail.variants import by_name

Begin = Callable[..., Any]

START = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n"
BINARY = b"MAIL FROM:<a@b.test> BODY=BINARYMIME\r\nRCPT TO:<alice@example.test>\r\n"
MIME = b"MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n\xff\r.\r\n.\r\n"


def bdat(chunk: bytes, last: bytes = b"") -> bytes:
    return b"BDAT %d%b\r\n%b" % (len(chunk), last, chunk)


def test_chunks_make_a_message(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(START + bdat(b"Subject: x\r\n\r") + bdat(b"\n.\r\n") + bdat(b"QUIT", b" last")) == [250] * 5
    assert accepted.bodies == [b"Subject: x\r\n\r\n.\r\nQUIT"]
    assert smtp.session.state is State.READY


def test_the_last_chunk_may_be_empty(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(START + bdat(b"x\r\n") + b"BDAT 0 LAST\r\n") == [250] * 4
    assert accepted.bodies == [b"x\r\n"]


def test_nothing_is_accepted_before_the_last_chunk(smtp: Any, accepted: Any) -> None:
    smtp.say(START + bdat(b"x\r\n"))
    assert not accepted
    assert smtp.say(b"BDAT 5 LAST\r\nab\r\n") == b""
    assert smtp.code(b"c") == 250
    assert accepted.bodies == [b"x\r\nab\r\nc"]


def test_bdat_after_the_last_one(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(START + bdat(b"x\r\n", b" LAST") + bdat(b"RSET\r\n") + b"NOOP\r\n") == [250, 250, 250, 503, 250]
    assert len(accepted) == 1


@pytest.mark.parametrize("before", [b"", b"MAIL FROM:<a@b.test>\r\n", b"MAIL FROM:<>\r\nRCPT TO:<x@example.test>\r\n"])
def test_a_chunk_out_of_order_is_swallowed(smtp: Any, before: bytes) -> None:
    smtp.say(before)
    assert smtp.codes(bdat(b"QUIT\r\n", b" LAST") + b"NOOP\r\n") == [503, 250]
    assert smtp.session.state is (State.MAIL if before else State.READY)


@pytest.mark.parametrize(
    "line", [b"BDAT 6 FIRST", b"BDAT 6 LAST 7", b"BDAT  6", b"bdat 6 \x01", b"BDAT 6 \0", b"BDAT 6 \xff"]
)
def test_a_malformed_command_with_a_size_takes_its_chunk_with_it(smtp: Any, accepted: Any, line: bytes) -> None:
    assert smtp.codes(START + line + b"\r\nQUIT\r\nNOOP\r\n")[2] in {500, 501}
    assert smtp.codes(bdat(b"x", b" LAST") + b"RSET\r\n" + START + bdat(b"y", b" LAST")) == [503, 250, 250, 250, 250]
    assert accepted.bodies == [b"y"]


@pytest.mark.parametrize("line", [b"BDAT", b"BDAT x", b"BDAT -1", b"BDAT 5x", b"BDAT LAST", b"BDAT " + b"9" * 21])
def test_a_malformed_command_without_a_size(smtp: Any, line: bytes) -> None:
    assert smtp.codes(START + line + b"\r\nNOOP\r\nBDAT 0 LAST\r\nDATA\r\nRCPT TO:<bob@example.test>\r\n")[2:] == [
        501,
        250,
        503,
        503,
        503,
    ]


def test_data_and_bdat_do_not_mix(smtp: Any, accepted: Any) -> None:
    smtp.say(START + bdat(b"x\r\n"))
    assert smtp.codes(b"DATA\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.test>\r\nRSET\r\n") == [503, 503, 503, 250]
    assert smtp.codes(START + b"DATA\r\nBDAT 1 LAST\r\n.\r\n")[2:] == [354, 250]
    assert accepted.bodies == [b"BDAT 1 LAST\r\n"]


@pytest.mark.parametrize("end", [b"RSET\r\n", b"EHLO c.test\r\n"])
def test_a_transaction_can_be_given_up_midway(smtp: Any, accepted: Any, end: bytes) -> None:
    smtp.say(START + bdat(b"lost\r\n") + end)
    assert smtp.codes(START + bdat(b"kept\r\n", b" LAST")) == [250] * 3
    assert accepted.bodies == [b"kept\r\n"]


def test_the_limit_holds_for_all_chunks_together(begin: Begin, accepted: Any) -> None:
    smtp = begin(message_size=10)
    assert smtp.codes(START + bdat(b"12345678") + bdat(b"90", b" LAST")) == [250] * 4
    assert smtp.codes(START + bdat(b"12345678") + bdat(b"901", b" LAST") + b"NOOP\r\n") == [250, 250, 250, 552, 250]
    assert smtp.codes(START + bdat(b"x" * 100_000) + bdat(b"QUIT\r\n") + b"RSET\r\n")[2:] == [552, 503, 250]
    assert accepted.bodies == [b"1234567890"]


def test_huge_chunks_are_not_kept(begin: Begin) -> None:
    smtp = begin(message_size=10)
    smtp.say(START + b"BDAT 18446744073709551616\r\n")
    for _ in range(50):
        assert smtp.say(b"x" * 100_000) == b""
    assert len(smtp.session.inbox) + len(smtp.session.transaction.content) == 0


@pytest.mark.parametrize(("content", "code"), [(b"a\nb\r\n", 554), (b"\xff\r\n", 554), (b"plain", 250)])
def test_text_has_the_rules_it_has_with_data(begin: Begin, content: bytes, code: int) -> None:
    smtp = begin(unannounced_eight_bit="refuse")
    assert smtp.codes(START + bdat(content, b" LAST") + START)[2:] == [code, 250, 250]


def test_binary_messages_keep_every_octet(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(BINARY + bdat(MIME[:40]) + bdat(MIME[40:], b" LAST")) == [250] * 4
    assert accepted.bodies == [MIME]
    assert accepted[0][0].parameters == {b"BODY": b"BINARYMIME"}


def test_binary_messages_do_not_come_by_data(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(BINARY + b"DATA\r\nRSET\r\n") == [250, 250, 503, 250]
    assert not accepted


def test_binary_that_is_no_mime_is_refused(smtp: Any, accepted: Any) -> None:
    assert smtp.codes(BINARY + bdat(b"Subject: x\r\n\r\n\0", b" LAST")) == [250, 250, 554]
    assert not accepted


def test_without_ehlo_there_is_none_of_it(begin: Begin) -> None:
    smtp = begin(hello=False)
    assert smtp.codes(b"HELO c.test\r\n" + BINARY + START + b"BDAT 5\r\nNOOP\r\n") == [
        250,
        555,
        503,
        250,
        250,
        503,
        250,
    ]


def test_a_server_that_does_not_offer_it_knows_nothing_of_chunks(begin: Begin) -> None:
    plain = cast("type[SmtpSession]", by_name("smtp-without-extensions").apply(Blueprint()).parts["smtp"])
    smtp = begin(session=plain)
    assert smtp.codes(START + b"BDAT 5\r\nNOOP\r\n")[2:] == [502, 250]


def test_a_transaction_may_end_with_a_refused_chunk(begin: Begin, accepted: Any) -> None:
    aborting = cast("type[SmtpSession]", by_name("smtp-refused-chunk-aborts").apply(Blueprint()).parts["smtp"])
    smtp = begin(session=aborting, message_size=3)
    assert smtp.codes(START + bdat(b"QUIT\r\n") + bdat(b"x", b" LAST") + START) == [250, 250, 552, 503, 250, 250]
    assert not accepted


def test_a_store_that_is_full(begin: Begin) -> None:
    def accept(*_: object) -> None:
        raise StoreFull

    smtp = begin(changes={"accept": accept})
    assert smtp.codes(START + bdat(b"x", b" LAST") + START) == [250, 250, 452, 250, 250]


CHUNKS = st.lists(st.tuples(st.binary(max_size=30), st.sampled_from([b"", b"", b" LAST", b" FOO"])), max_size=5)
COMMANDS = st.sampled_from(
    [START, BINARY, b"RSET\r\n", b"RSET\r\n" + START + b"DATA\r\n.\r\n", b"NOOP\r\n", b"EHLO c.test\r\n", b"BDAT x\r\n"]
)
SCRIPTS = st.lists(
    st.one_of(COMMANDS, CHUNKS.map(lambda chunks: b"".join(bdat(*chunk) for chunk in chunks))), max_size=8
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SCRIPTS.map(b"".join), st.lists(st.integers(0, 400), max_size=8))
def test_any_script_at_any_split(begin: Begin, script: bytes, places: list[int]) -> None:
    whole, parts = begin(), begin()
    edges = [0, *sorted(place % (len(script) + 1) for place in places), len(script)]
    whole.services.random.seed(1)
    answer = whole.say(script)
    parts.services.random.seed(1)
    assert parts.say_in_pieces(script[start:end] for start, end in itertools.pairwise(edges)) == answer
    assert not whole.services.journal.entries("smtp.fault")
    # No chunk was taken for commands: there is one reply for each command, and nothing but these codes.
    assert {int(line[:3]) for line in answer.splitlines()} <= {250, 354, 501, 503, 554}
