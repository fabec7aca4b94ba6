"""SORT, ESORT and THREAD (RFC 5256, RFC 5267)."""

from __future__ import annotations

import contextlib
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.extensions.sort import Sort
from refmail.imap.extensions.thread import Thread
from refmail.imap.parsing.cursor import Cursor, LiteralWanted, ParseError
from refmail.imap.threads.message import Threadable
from refmail.imap.threads.orderedsubject import by_ordered_subject
from refmail.imap.threads.references import by_references
from refmail.imap.threads.tree import Node, bottom_up, thread_data

MESSAGES = (
    b"From: Zoe <bob@z.example>\r\nTo: y@x.example\r\nSubject: beta\r\nDate: 3 Jan 2000 00:00:00 +0000\r\n\r\n",
    (
        b"From: carol@a.example\r\nCc: A@x.example, z@x.example\r\nSubject: Re: ALPHA\r\n"
        b"Date: 1 Jan 2000 00:00:00 -1000\r\n\r\nlonger\r\n"
    ),
    (
        b"From: Alice@a.example\r\nCc: b@x.example\r\nSubject: =?utf-8?q?alph?= =?utf-8?q?a?= (fwd)\r\n"
        b"Date: 1 Jan 2000 01:00:00 +0000\r\n\r\n"
    ),
    b"To: friends: x@x.example;\r\n\r\n",
)


@pytest.fixture
def box(fred: Any) -> Any:
    """Four messages with UIDs 2 to 5, the last one received last but one."""
    fred.ok(b"APPEND INBOX {}", b"Subject: x\r\n\r\n")
    for message, day in zip(MESSAGES, (5, 6, 9, 8), strict=True):
        fred.ok(b'APPEND INBOX " %d-Jan-2000 12:00:00 +0000" {}' % day, message)
    fred.ok(b"SELECT INBOX")
    fred.ok(rb"STORE 1 +FLAGS.SILENT (\Deleted)")
    fred.ok(b"EXPUNGE")
    return fred


@pytest.mark.parametrize(
    ("arguments", "order"),
    [
        (b"(ARRIVAL) UTF-8 ALL", b" 1 2 4 3"),
        (b"(REVERSE ARRIVAL) UTF-8 ALL", b" 3 4 2 1"),
        (b"(DATE) US-ASCII ALL", b" 3 2 1 4"),
        (b"(SUBJECT) UTF-8 ALL", b" 4 2 3 1"),
        (b"(REVERSE SUBJECT) UTF-8 ALL", b" 1 2 3 4"),
        (b"(SUBJECT REVERSE DATE) UTF-8 ALL", b" 4 2 3 1"),
        (b"(SUBJECT DATE) UTF-8 ALL", b" 4 3 2 1"),
        (b"(FROM) UTF-8 ALL", b" 4 3 1 2"),
        (b"(CC) UTF-8 ALL", b" 1 4 2 3"),
        # A group is an address whose mailbox is its name (RFC 3501 section 7.4.2).
        (b"(TO) UTF-8 ALL", b" 2 3 4 1"),
        (b"(SIZE) UTF-8 ALL", b" 4 1 2 3"),
        (b"(reverse size reverse size) utf-8 all", b" 3 2 1 4"),
        (b"(SIZE REVERSE SIZE) UTF-8 ALL", b" 4 1 2 3"),
        (b'(ARRIVAL) "UTF-8" 2:3 NOT 3', b" 2"),
        (b"(ARRIVAL) UTF-8 ANSWERED", b""),
    ],
)
def test_sort(box: Any, arguments: bytes, order: bytes) -> None:
    assert box.ok(b"SORT " + arguments) == [b"SORT" + order]


def test_uid_sort(box: Any) -> None:
    assert box.ok(b"UID SORT (REVERSE ARRIVAL) UTF-8 1:3") == [b"SORT 4 3 2"]


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (b"SORT RETURN () (REVERSE ARRIVAL) UTF-8 ALL", b" ALL 3:4,2,1"),
        (b"SORT RETURN (MIN MAX COUNT) (REVERSE ARRIVAL) UTF-8 ALL", b" MIN 3 MAX 1 COUNT 4"),
        (b"UID SORT RETURN (ALL) (ARRIVAL) UTF-8 ALL", b" UID ALL 2:3,5,4"),
        (b"UID SORT RETURN (MIN COUNT) (ARRIVAL) UTF-8 ANSWERED", b" UID COUNT 0"),
    ],
)
def test_sort_with_result_options(box: Any, command: bytes, data: bytes) -> None:
    (line,) = box.ok(command)
    assert re.sub(rb'^ESEARCH \(TAG "t[0-9]+"\)', b"", line) == data


@pytest.mark.parametrize(
    "arguments",
    [
        b"SORT () UTF-8 ALL",
        b"SORT DATE UTF-8 ALL",
        b"SORT (DATE)",
        b"SORT (DATE) UTF-8",
        b"SORT (REVERSE) UTF-8 ALL",
        b"SORT (REVERSE REVERSE DATE) UTF-8 ALL",
        b"SORT (DISPLAYFROM) UTF-8 ALL",
        b"SORT (DATE ) UTF-8 ALL",
        b"SORT (DATE) UTF-8 99",
        b"SORT RETURN (SAVE) (DATE) UTF-8 ALL",
        b"SORT (DATE) CHARSET UTF-8 ALL",
        b"THREAD REFERENCES UTF-8",
        b"THREAD UTF-8 ALL",
        b"THREAD NONSENSE UTF-8 ALL",
        b"THREAD RETURN () REFERENCES UTF-8 ALL",
    ],
)
def test_bad_arguments(box: Any, arguments: bytes) -> None:
    assert box.run(arguments)[-1].startswith(b"BAD ")
    assert box.run(b"UID " + arguments)[-1].startswith(b"BAD ")


@pytest.mark.parametrize(
    "command", [b"SORT (DATE)", b"UID SORT (DATE)", b"THREAD REFERENCES", b"UID THREAD REFERENCES"]
)
def test_an_unknown_charset_is_refused(box: Any, command: bytes) -> None:
    assert box.run(command + b" KOI8-R ALL")[-1].startswith(b"NO [BADCHARSET (US-ASCII UTF-8)] ")


@pytest.mark.parametrize("command", [b"SORT (DATE) UTF-8 ALL", b"UID THREAD REFERENCES UTF-8 ALL"])
def test_only_with_a_mailbox(fred: Any, command: bytes) -> None:
    assert fred.run(command)[-1].startswith(b"BAD ")


def test_a_charset_is_that_of_the_keys(box: Any) -> None:
    assert box.ok(b"SORT (DATE) UTF-8 NOT SUBJECT {}", "ä".encode()) == [b"SORT 3 2 1 4"]
    assert box.run(b"SORT (DATE) US-ASCII SUBJECT {}", "ä".encode())[-1].startswith(b"BAD ")


def test_the_capabilities_are_listed(fred: Any) -> None:
    (line,) = fred.ok(b"CAPABILITY")
    assert {b"SORT", b"ESORT", b"THREAD=ORDEREDSUBJECT", b"THREAD=REFERENCES"} <= set(line.split())


@pytest.mark.parametrize("algorithm", [b"ORDEREDSUBJECT", b"references"])
def test_thread(box: Any, algorithm: bytes) -> None:
    threads = {b"ORDEREDSUBJECT": b"(3 2)(1)(4)", b"references": b"((3)(2))(1)(4)"}[algorithm]
    assert box.ok(b"THREAD %s UTF-8 ALL" % algorithm) == [b"THREAD " + threads]
    assert box.ok(b"UID THREAD %s UTF-8 ALL" % algorithm) == [
        b"THREAD " + re.sub(rb"[0-9]", lambda digit: b"%d" % (int(digit[0]) + 1), threads)
    ]
    assert box.ok(b"THREAD %s US-ASCII ANSWERED" % algorithm) == [b"THREAD"]


# The algorithms.


def message(
    number: int,
    message_id: str | None,
    *references: str,
    subject: str = "",
    reply: bool = False,
    sent: int | None = None,
) -> Threadable:
    """Make a message; the UID is its number, and its date unless another one is given."""
    ids = tuple(reference.encode() for reference in references)
    own = None if message_id is None else message_id.encode()
    return Threadable(number, (number if sent is None else sent, number), subject.encode(), reply, own, ids)


def threaded(*messages: Threadable) -> str:
    return thread_data(by_references(messages), lambda uid: uid).decode()


def test_a_chain() -> None:
    assert threaded(message(1, "a"), message(2, "b", "a"), message(3, "c", "a", "b")) == "(1 2 3)"


def test_a_chain_that_came_backwards() -> None:
    assert threaded(message(1, "c", "a", "b"), message(2, "b", "a"), message(3, "a")) == "(3 2 1)"


def test_siblings() -> None:
    found = threaded(message(1, "a"), message(2, "b", "a"), message(3, "c", "a"), message(4, "d", "a", "b"))
    assert found == "(1 (2 4)(3))"


def test_the_example_of_the_response() -> None:
    found = threaded(
        message(2, "two"),
        message(3, "three"),
        message(6, "six", "three"),
        message(4, "four", "six"),
        message(23, "23", "four"),
        message(44, "44", "six"),
        message(7, "7", "44", sent=45),
        message(96, "96", "7"),
    )
    assert found == "(2)(3 6 (4 23)(44 7 96))"


def test_siblings_of_a_parent_that_is_not_there() -> None:
    assert threaded(message(3, "x", "gone"), message(5, "y", "gone")) == "((3)(5))"


def test_an_only_child_takes_the_place_of_a_parent_that_is_not_there() -> None:
    assert threaded(message(3, "x", "gone", "too")) == "(3)"


def test_dummies_within_are_spliced_out() -> None:
    found = threaded(message(1, "a"), message(2, "b", "a", "gone"), message(3, "c", "a", "gone"))
    assert found == "(1 (2)(3))"


def test_loops_are_not_made() -> None:
    assert threaded(message(1, "a", "b"), message(2, "b", "a")) == "(2 1)"
    assert threaded(message(1, "a", "a")) == "(1)"
    assert threaded(message(1, "a", "b", "a", "b")) == "(1)"


def test_the_last_reference_overrules_a_link_made_for_another_message() -> None:
    # 3 has 2 below 1, which 2 itself does not say.
    assert threaded(message(1, "a"), message(2, "b"), message(3, "c", "a", "b")) == "(1 2 3)"
    assert threaded(message(1, "a"), message(3, "c", "a", "b"), message(4, "b")) == "(1)(4 3)"


def test_a_second_message_with_an_id_is_another() -> None:
    assert threaded(message(1, "a"), message(2, "a"), message(3, "b", "a")) == "(1 3)(2)"


def test_ids_differ_by_case() -> None:
    assert threaded(message(1, "a"), message(2, "b", "A")) == "(1)(2)"


def test_threads_are_sorted_by_date() -> None:
    found = threaded(message(1, "a", sent=9), message(2, "b", "gone", sent=8), message(3, "c", "gone", sent=1))
    assert found == "((3)(2))(1)"


def test_a_reply_joins_the_thread_of_its_subject() -> None:
    assert threaded(message(1, "a", subject="s"), message(2, "b", subject="s", reply=True)) == "(1 2)"
    assert threaded(message(1, "a", subject="s", reply=True), message(2, "b", subject="s")) == "(2 1)"


def test_equal_subjects_make_siblings() -> None:
    found = threaded(message(1, "a", subject="s"), message(2, "b", subject="s"), message(3, "c", subject="s"))
    assert found == "((1)(2)(3))"
    replies = [message(n, str(n), subject="s", reply=True) for n in (1, 2)]
    assert threaded(*replies) == "((1)(2))"


def test_threads_without_a_first_message_are_put_together() -> None:
    pairs = [message(n, str(n), f"gone{n % 2}", subject="s", reply=True) for n in (1, 2, 3, 4)]
    assert threaded(*pairs) == "((1)(2)(3)(4))"
    assert threaded(*pairs, message(5, "5", subject="s")) == "((1)(2)(3)(4)(5))"


def test_empty_subjects_join_nothing() -> None:
    assert threaded(message(1, "a"), message(2, "b", reply=True)) == "(1)(2)"


def test_ordered_subject() -> None:
    messages = [
        message(1, None, subject="b", sent=5),
        message(2, None, subject="a", sent=7),
        message(3, None, subject="b", sent=3),
        message(4, None, subject="b", sent=5),
        message(5, None, subject="c", sent=4),
    ]
    assert thread_data(by_ordered_subject(messages), lambda uid: uid) == b"(3 (1)(4))(5)(2)"


IDS = st.sampled_from("abcdefg")
MANY = st.lists(
    st.tuples(
        st.none() | IDS, st.lists(IDS, max_size=4), st.sampled_from(["", "s", "t"]), st.booleans(), st.integers(0, 5)
    ),
    max_size=14,
)


@given(MANY)
def test_every_message_appears_exactly_once(drawn: Any) -> None:
    messages = [
        message(number, own, *references, subject=subject, reply=reply, sent=sent)
        for number, (own, references, subject, reply, sent) in enumerate(drawn, 1)
    ]
    for algorithm in (by_references, by_ordered_subject):
        heads = algorithm(messages)
        data = thread_data(heads, lambda uid: uid)
        assert sorted(int(number) for number in re.findall(rb"[0-9]+", data)) == [one.uid for one in messages]
        assert [head.head.sent for head in heads] == sorted(head.head.sent for head in heads)
        for head in heads:
            for node in bottom_up(head):
                assert node.message is not None or (node is head and len(node.children) > 1)
                siblings = [child.head.sent for child in node.children]
                assert siblings == sorted(siblings)
        # No nesting without a split: "((" only where a thread begins with a dummy.
        assert not re.search(rb"\(\([0-9 ]+\)\)|[0-9] \([0-9 ]*\)\)", data.replace(b")(", b","))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_deep_thread_takes_no_long_time(backwards: bool) -> None:
    count = 5000
    messages = [message(n, str(n), *(str(k) for k in range(max(0, n - 20), n))) for n in range(count)]
    begun = time.process_time()
    data = thread_data(by_references(messages[::-1] if backwards else messages), lambda uid: uid)
    assert time.process_time() - begun < 10
    assert data == b"(%s)" % b" ".join(b"%d" % n for n in range(count))


def test_deep_nesting_is_no_recursion() -> None:
    node = top = Node(message(1, None))
    for number in range(2, 20_000, 2):
        node.adopt(Node(message(number, None)))
        deeper = Node(message(number + 1, None))
        node.adopt(deeper)
        node = deeper
    assert thread_data([top], lambda uid: uid).count(b"(") == 19_999


# Parsers.

_WORDS = st.sampled_from(
    [b" ", b"(", b")", b"RETURN", b"REVERSE", b"DATE", b"UTF-8", b"ALL", b"REFERENCES", b'"x"', b"1"]
)


@given(st.one_of(st.binary(max_size=40), st.lists(_WORDS, max_size=12).map(b"".join)))
def test_the_parsers_raise_their_own_errors_only(octets: bytes) -> None:
    for kind in (Sort, Thread):
        with contextlib.suppress(ParseError, LiteralWanted):
            kind.parse(Cursor(octets))
