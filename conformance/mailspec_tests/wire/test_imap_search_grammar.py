"""Grammar of what searches answer (RFC 4731, RFC 5256) and of binary contents (RFC 3516)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.wire.grammar.imap import Dialect, parse_response
from mailspec.wire.grammar.imap.values import ESearch, Fetch, Search, Sort, Thread, ThreadList


def right(octets: bytes, *, rev2: bool = False) -> object:
    parsed = parse_response(octets, Dialect(rev2=rev2))
    assert parsed.error is None, parsed.error
    return parsed.value


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"* SEARCH\r\n", Search(())),
        (b"* SEARCH 2 1\r\n", Search((2, 1))),
        (b"* SORT\r\n", Sort(())),
        (b"* sort 5 3 4\r\n", Sort((5, 3, 4))),
        (b"* SORT 2 (MODSEQ 917162500)\r\n", Sort((2,), 917162500)),
        (b"* ESEARCH\r\n", ESearch(None, False, {})),
        (b"* ESEARCH UID\r\n", ESearch(None, True, {})),
        (b'* ESEARCH (TAG "A.]2") MIN 2 COUNT 0\r\n', ESearch(b"A.]2", False, {b"MIN": 2, b"COUNT": 0})),
        (b"* ESEARCH (TAG {2}\r\na1) UID ALL 1:3,*\r\n", ESearch(b"a1", True, {b"ALL": b"1:3,*"})),
        (b'* esearch (tag "a") max 3 modseq 9\r\n', ESearch(b"a", False, {b"MAX": 3, b"MODSEQ": 9})),
        (b'* ESEARCH (TAG "a") X-NEW (1 "b")\r\n', ESearch(b"a", False, {b"X-NEW": (1, b"b")})),
        (b"* THREAD\r\n", Thread(())),
        (b"* THREAD (2)(3 6 (4 23)(44 7 96))\r\n", Thread(((2,), (3, 6, (4, 23), (44, 7, 96))))),
        (b"* THREAD ((3)(5))\r\n", Thread((((3,), (5,)),))),
        (b"* THREAD (((3)(4))(5))\r\n", Thread(((((3,), (4,)), (5,)),))),
    ],
)
def test_right_responses(octets: bytes, value: object) -> None:
    assert right(octets) == value


def test_a_tag_may_be_an_atom_in_rev2_only() -> None:
    octets = b"* ESEARCH (TAG a1) COUNT 1\r\n"
    assert right(octets, rev2=True) == ESearch(b"a1", False, {b"COUNT": 1})
    assert parse_response(octets).error is not None


@pytest.mark.parametrize(
    "data",
    [
        b"SEARCH 0",
        b"SEARCH 1 ",
        b"SEARCH 1  2",
        b"SEARCH (1)",
        b"SEARCH 1 (MODSEQ 0)",
        b"SEARCH (MODSEQ 3) 1",
        b"SORT 1,2",
        b"SORT  1",
        b"ESEARCH ",
        b'ESEARCH(TAG "a") COUNT 1',
        b'ESEARCH (TAG "a" COUNT 1',
        b'ESEARCH (TAG  "a") COUNT 1',
        b'ESEARCH (TAG "a")  COUNT 1',
        b'ESEARCH UID (TAG "a") COUNT 1',
        b"ESEARCH MIN 0",
        b"ESEARCH MIN NIL",
        b"ESEARCH MIN",
        b"ESEARCH COUNT -1",
        b"ESEARCH MODSEQ 0",
        b"ESEARCH MODSEQ (5)",
        b"ESEARCH ALL ()",
        b"ESEARCH ALL 0",
        b"ESEARCH ALL 1,",
        b"ESEARCH ALL 1:2:3",
        b"ESEARCH ALL 1 2",
        b"ESEARCH ALL NIL",
        b"THREAD ",
        b"THREAD ()",
        b"THREAD 1",
        b"THREAD (0)",
        b"THREAD (1) (2)",
        b"THREAD(1)",
        b"THREAD (1 )",
        b"THREAD ( 1)",
        b"THREAD (1  2)",
        b"THREAD (1",
        b"THREAD (1))",
        b"THREAD ((1))",
        b"THREAD (1 (2))",
        b"THREAD (1(2)(3))",
        b"THREAD (1 (2) (3))",
        b"THREAD ((1)(2) 3)",
        b"THREAD ((1) 2)",
        b"THREAD (1 x)",
    ],
)
def test_wrong_responses(data: bytes) -> None:
    error = parse_response(b"* " + data + b"\r\n").error
    assert error is not None
    assert error.requirement_id in {"3501/9/search", "3501/9/number"}


def test_parents() -> None:
    thread = right(b"* THREAD (2)(3 6 (4 23)(44 7 96))((8)(9))\r\n")
    assert isinstance(thread, Thread)
    assert thread.parents == {2: None, 3: None, 6: 3, 4: 6, 23: 4, 44: 6, 7: 44, 96: 7, 8: None, 9: None}


def test_threads_may_be_nested_to_any_depth() -> None:
    deep = b"(1)"
    for number in range(2, 3000):
        deep = b"(%d %s(1))" % (number, deep)
    assert isinstance(right(b"* THREAD " + deep + b"\r\n"), Thread)


NESTED = st.recursive(
    st.lists(st.integers(1, 99), min_size=1, max_size=3).map(tuple),
    lambda inner: st.tuples(
        st.lists(st.integers(1, 99), max_size=3).map(tuple), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ).map(lambda pair: (*pair[0], *pair[1])),
    max_leaves=8,
)


def shown(thread: ThreadList) -> bytes:
    numbers = b" ".join(b"%d" % member for member in thread if isinstance(member, int))
    nested = b"".join(shown(member) for member in thread if isinstance(member, tuple))
    return b"(%s%s%s)" % (numbers, b" " if numbers and nested else b"", nested)


@given(st.lists(NESTED, min_size=1, max_size=4))
def test_every_thread_is_read_as_it_was_meant(threads: list[ThreadList]) -> None:
    assert right(b"* THREAD " + b"".join(map(shown, threads)) + b"\r\n") == Thread(tuple(threads))


# Binary contents.


def items(data: bytes) -> object:
    value = right(b"* 1 FETCH (" + data + b")\r\n")
    assert isinstance(value, Fetch)
    return value.items


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"BINARY[1] ~{3}\r\n\0\1\2", {b"BINARY[1]": b"\0\1\2"}),
        (b"BINARY[] {1}\r\n\xff", {b"BINARY[]": b"\xff"}),
        (b'binary[1.2]<5> "x"', {b"BINARY[1.2]<5>": b"x"}),
        (b"BINARY[2] NIL", {b"BINARY[2]": None}),
        (b"BINARY.SIZE[2.1] 0 UID 3", {b"BINARY.SIZE[2.1]": 0, b"UID": 3}),
    ],
)
def test_right_items(data: bytes, expected: object) -> None:
    assert items(data) == expected


@pytest.mark.parametrize(
    ("data", "requirement"),
    [
        (b"BINARY[HEADER] NIL", "3501/9/fetch"),
        (b"BINARY[1.MIME] NIL", "3501/9/fetch"),
        (b"BINARY[0] NIL", "3501/9/fetch"),
        (b"BINARY[1.] NIL", "3501/9/fetch"),
        (b"BINARY[1] 5", "3501/9/fetch"),
        (b"BINARY[1] x", "3501/9/fetch"),
        (b"BINARY[1] {1}\r\n\0", "3501/9/string"),
        (b"BINARY[1] ~{9}\r\nx", "3501/9/string"),
        (b'BINARY[1] ~"x"', "3501/9/string"),
        (b"BINARY.SIZE[1] NIL", "3501/9/fetch"),
        (b"BINARY.SIZE[1]<0> 5", "3501/9/fetch"),
        (b'BINARY.SIZE[1] "5"', "3501/9/fetch"),
        (b"BODY[1] ~{1}\r\nx", "3501/9/string"),
        (b"RFC822.TEXT ~{1}\r\nx", "3501/9/string"),
    ],
)
def test_wrong_items(data: bytes, requirement: str) -> None:
    error = parse_response(b"* 1 FETCH (" + data + b")\r\n").error
    assert error is not None
    assert error.requirement_id == requirement


@given(
    st.binary(max_size=60),
    st.sampled_from([b"ESEARCH", b"SORT", b"THREAD", b"1 FETCH (BINARY", b"1 FETCH (BINARY.SIZE"]),
)
def test_any_octets_have_a_value(octets: bytes, begin: bytes) -> None:
    parse_response(b"* " + begin + octets + b"\r\n")
