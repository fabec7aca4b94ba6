"""BINARY (RFC 3516): decoded parts, and messages that hold any octets."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.mime.binary import UnknownEncoding, UnstorableBinary, binary_section, storable
from refmail.imap.mime.entity import Entity

DATA = bytes(range(256)) + b"\r\n\n\0"
PARTS = (
    b"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n"
    b"--b\r\n\r\nplain text\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(DATA).replace(b"\n", b"\r\n") + b"\r\n"
    b"--b\r\nContent-Transfer-Encoding: QUOTED-printable\r\n\r\nGr=C3=BC=C3=9Fe =  \r\nmore   \r\n=00\r\n"
    b"--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\nZWlnaHQg/w==\r\n"
    b"--b--\r\n"
)


@pytest.fixture
def box(fred: Any) -> Any:
    fred.ok(b"APPEND INBOX {}", PARTS)
    fred.ok(b"SELECT INBOX")
    return fred


def fetch(client: Any, items: bytes) -> bytes:
    """Return what stands in the parentheses of the one FETCH response."""
    octets = client.feed(b"f FETCH 1 %s\r\n" % items)
    assert re.search(rb"\r\nf OK [^\r\n]*\r\n\Z", octets), octets
    return bytes(octets.partition(b" FETCH (")[2].rpartition(b")\r\nf OK")[0])


def test_the_capability_is_listed(fred: Any) -> None:
    (line,) = fred.ok(b"CAPABILITY")
    assert b"BINARY" in line.split()


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (b"1", b"plain text"),
        (b"2", DATA),
        ("3", "Grüße more\r\n\0".encode()),
        (b"5.1", b"eight \xff"),
        (b"5", b"Content-Transfer-Encoding: base64\r\n\r\nZWlnaHQg/w=="),
    ],
)
def test_decoded_parts(box: Any, part: bytes | str, content: bytes) -> None:
    part = part if isinstance(part, bytes) else part.encode()
    mark = b"~" if b"\0" in content else b""
    name = b"BINARY[%s]" % part
    assert fetch(box, b"BINARY.PEEK[%s]" % part) == b"%s %s{%d}\r\n%s" % (name, mark, len(content), content)
    assert fetch(box, b"BINARY.SIZE[%s]" % part) == b"BINARY.SIZE[%s] %d" % (part, len(content))


def test_the_whole_message(box: Any) -> None:
    assert fetch(box, b"BINARY.PEEK[]") == b"BINARY[] {%d}\r\n%s" % (len(PARTS), PARTS)
    assert fetch(box, b"BINARY.SIZE[]") == b"BINARY.SIZE[] %d" % len(PARTS)


@pytest.mark.parametrize(
    ("partial", "shown"),
    [
        (b"<0.3>", b"<0> ~{3}\r\n\0\1\2"),
        (b"<1.2>", b"<1> {2}\r\n\1\2"),
        (b"<255.99>", b"<255> ~{5}\r\n\xff\r\n\n\0"),
        (b"<9999.1>", b"<9999> {0}\r\n"),
    ],
)
def test_partial_octets_are_of_the_decoded_part(box: Any, partial: bytes, shown: bytes) -> None:
    assert fetch(box, b"BINARY.PEEK[2]" + partial) == b"BINARY[2]" + shown


def test_a_part_that_is_not_there(box: Any) -> None:
    assert fetch(box, b"(BINARY.PEEK[9] BINARY.SIZE[9])") == b"BINARY[9] NIL BINARY.SIZE[9] 0"


def test_only_binary_without_peek_sets_seen(box: Any) -> None:
    fetch(box, b"(BINARY.PEEK[1] BINARY.SIZE[1])")
    assert fetch(box, b"FLAGS") == rb"FLAGS (\Recent)"
    assert fetch(box, b"BINARY[1]").endswith(rb" FLAGS (\Recent \Seen)")


@pytest.mark.parametrize("item", [b"BINARY[4]", b"BINARY.PEEK[4]<0.1>", b"BINARY.SIZE[4]", b"(FLAGS BINARY[4])"])
def test_an_unknown_encoding_is_refused(box: Any, item: bytes) -> None:
    *untagged, tagged = box.run(b"FETCH 1 " + item)
    assert not untagged
    assert tagged.startswith(b"NO [UNKNOWN-CTE] ")
    assert fetch(box, b"FLAGS") == rb"FLAGS (\Recent)"


def test_other_messages_are_shown_beside_an_unknown_encoding(box: Any) -> None:
    box.ok(b"APPEND INBOX {}", PARTS.replace(b"x-uuencode", b"7bit"))
    *untagged, tagged = box.run(b"UID FETCH 1:2 BINARY.PEEK[4]")
    assert untagged == [b"* 2 FETCH (UID 2 BINARY[4] {11}\r\nbegin 644 x)"]
    assert tagged.startswith(b"NO [UNKNOWN-CTE] ")


@pytest.mark.parametrize(
    "item",
    [
        b"BINARY",
        b"BINARY.PEEK",
        b"BINARY.SIZE",
        b"BINARY[HEADER]",
        b"BINARY[1.MIME]",
        b"BINARY[TEXT]",
        b"BINARY[0]",
        b"BINARY[1.]",
        b"BINARY.SIZE[1]<0.1>",
        b"BINARY[1]<0.0>",
        b"BINARY.PEEK.SIZE[1]",
    ],
)
def test_bad_items(box: Any, item: bytes) -> None:
    assert box.run(b"FETCH 1 " + item)[-1].startswith(b"BAD ")


# APPEND.


def append(client: Any, message: bytes, plus: bytes = b"") -> bytes:
    answer = client.feed(b"p APPEND INBOX ~{%d%s}\r\n" % (len(message), plus))
    assert answer.startswith(b"+ ") is not bool(plus)
    return bytes(client.feed(message + b"\r\n"))


def binary_message(data: bytes, label: bytes = b"Content-Transfer-Encoding: binary\r\n") -> bytes:
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"--b\r\n\r\ntext\r\n--b\r\nX-Content-Transfer-Encoding: binary\r\n" + label + b"\r\n" + data + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize("plus", [b"", b"+"])
def test_binary_octets_come_back(fred: Any, plus: bytes) -> None:
    assert b"p OK " in append(fred, binary_message(DATA), plus)
    fred.ok(b"SELECT INBOX")
    assert fetch(fred, b"BINARY.PEEK[2]") == b"BINARY[2] ~{%d}\r\n%s" % (len(DATA), DATA)
    assert b'"base64"' in fetch(fred, b"BODYSTRUCTURE").lower()
    assert b"\0" not in fetch(fred, b"BODY.PEEK[]")
    size = int(fetch(fred, b"RFC822.SIZE").split()[1])
    assert fetch(fred, b"BODY.PEEK[]").startswith(b"BODY[] {%d}\r\n" % size)


def test_what_needs_no_encoding_stays_as_it_is(fred: Any) -> None:
    message = binary_message(b"only text\r\n\xff")
    append(fred, message)
    fred.ok(b"SELECT INBOX")
    assert fetch(fred, b"BODY.PEEK[]") == b"BODY[] {%d}\r\n%s" % (len(message), message)


def test_nul_in_a_header_is_refused(fred: Any) -> None:
    assert b"p NO [UNKNOWN-CTE] " in append(fred, b"Subject: \0\r\n\r\n")


def test_literal8_among_several_messages(fred: Any) -> None:
    one = b"Subject: x\r\n\r\n"
    answer = fred.feed(b"p APPEND INBOX {%d+}\r\n%s (a) ~{%d+}\r\n%s\r\n" % (len(one), one, len(one), one))
    assert b" 1:2] " in answer
    answer = fred.feed(b"q APPEND INBOX ~{3+}\r\n\r\n\0 {%d+}\r\n%s\r\n" % (len(one), one))
    assert answer.startswith(b"q OK ")


@pytest.mark.parametrize(
    "command",
    [b"APPEND INBOX ~{3", b"APPEND INBOX ~(a) {3}", b"SELECT ~{5}", b"APPEND ~{5} {3}", b"LOGIN ~{4} secret"],
)
def test_literal8_only_for_messages(fred: Any, command: bytes) -> None:
    assert fred.run(command)[-1].startswith(b"BAD ")


def test_a_literal_must_not_hold_nul(fred: Any) -> None:
    assert fred.feed(b"a APPEND INBOX {3+}\r\na\0b\r\n").startswith(b"a BAD ")


def test_a_literal8_that_is_too_long_is_discarded(fred: Any) -> None:
    answer = fred.feed(b"a SELECT ~{9+}\r\nb NOOP\r\n\0\r\nc NOOP\r\n")
    assert [line.split()[:2] for line in answer.splitlines()] == [[b"a", b"BAD"], [b"c", b"OK"]]


# What is stored.


@given(st.binary(max_size=200).filter(lambda data: b"\n--b" not in data))
def test_nothing_is_lost_by_encoding(data: bytes) -> None:
    kept = storable(binary_message(data))
    assert b"\0" not in kept
    assert not re.search(rb"(?<!\r)\n", kept)
    assert binary_section(Entity(kept), (2,)) == data
    assert binary_section(Entity(kept), (1,)) == b"text"
    assert storable(kept) == kept


@given(st.binary(max_size=200), st.sampled_from([b"binary", b"7bit", b"8BIT"]))
def test_a_message_that_is_one_part(data: bytes, label: bytes) -> None:
    kept = storable(b"Content-Transfer-Encoding: " + label + b"\r\n\r\n" + data)
    if label == b"binary" or b"\0" in data:
        assert binary_section(Entity(kept), (1,)) == data


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: \0\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n\0",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n\0\r\n--b\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_nul_where_no_encoding_helps(message: bytes) -> None:
    with pytest.raises(UnstorableBinary):
        storable(message)


def test_parts_without_a_label_or_a_header() -> None:
    assert storable(b"\r\na\0") == b"Content-Transfer-Encoding: base64\r\n\r\nYQA=\r\n"
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n\0"
    assert binary_section(Entity(storable(inner)), (1, 1)) == b"\0"


def test_bare_lf_in_text_is_a_line_end_and_no_binary() -> None:
    assert storable(b"Subject: x\n\ntext\n") == b"Subject: x\n\ntext\n"


@given(st.binary())
def test_any_octets_can_be_asked(octets: bytes) -> None:
    message = Entity(octets)
    for path in ((), (1,), (1, 1), (2,)):
        try:
            binary_section(message, path)
        except UnknownEncoding:
            continue
    try:
        assert b"\0" not in storable(octets)
    except UnstorableBinary:
        assert b"\0" in octets


def test_long_white_space_takes_no_long_time() -> None:
    begun = time.process_time()
    binary_section(Entity(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b" " * 200_000 + b"x"), (1,))
    assert time.process_time() - begun < 5
