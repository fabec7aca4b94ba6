"""Structure of messages: parts, offsets, ENVELOPE, BODYSTRUCTURE, tricky and broken ones."""

from __future__ import annotations

import email
import email.policy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.imap.mime.addresses import Address, addresses
from refmail.imap.mime.bodystructure import body, bodystructure
from refmail.imap.mime.decode import body_texts, header_text
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.mime.parameters import content_type
from refmail.imap.mime.section import find_part, section_octets
from refmail.imap.parsing.fetch import Section

INNER = (
    b"From: in@example\r\nSubject: inner\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n"
    b"--in\r\n\r\nplain\r\n--in\r\nContent-Type: text/html\r\n\r\n<p>\r\n--in--\r\n"
)
MESSAGE = (
    b'From: a@example\r\nContent-Type: multipart/mixed; boundary="out"\r\n\r\npreamble\r\n'
    b"--out  \r\nContent-Type: text/plain\r\n\r\none\r\n"
    b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + INNER + b"\r\n"
    b"--out\r\nContent-Type: multipart/digest; boundary=outer\r\n\r\n"
    b"--outer\r\n\r\nSubject: digested\r\n\r\nd\r\n--outer--\r\n\r\n"
    b"--out--\r\nepilogue\r\n--out\r\nnot a part\r\n"
)


EMPTY = b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)'


def part(message: Entity, *path: int) -> bytes | None:
    found = find_part(message, path)
    return None if found is None else found.body


def test_part_numbers() -> None:
    message = Entity(MESSAGE)
    assert part(message, 1) == b"one"
    assert part(message, 2) == INNER
    assert part(message, 2, 1) == b"plain"
    assert part(message, 2, 2) == b"<p>"
    assert part(message, 3, 1) == b"Subject: digested\r\n\r\nd"
    assert part(message, 3, 1, 1) == b"d"
    assert part(message, 4) is None
    assert part(message, 1, 1) is None
    assert part(message, 3, 1, 1, 1) is None


def test_sections_of_a_message_within() -> None:
    message = Entity(MESSAGE)
    assert section_octets(message, Section((2,), b"HEADER")) == INNER.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert section_octets(message, Section((2,), b"TEXT")) == INNER.split(b"\r\n\r\n", 1)[1]
    assert section_octets(message, Section((2,), b"HEADER.FIELDS", (b"SUBJECT",))) == b"Subject: inner\r\n\r\n"
    assert section_octets(message, Section((2,), b"MIME")) == b"Content-Type: message/rfc822\r\n\r\n"
    assert section_octets(message, Section((1,), b"TEXT")) is None


def test_structure() -> None:
    shown = body(Entity(MESSAGE))
    assert shown.startswith(
        b'(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 0)("MESSAGE" "RFC822" NIL NIL NIL "7BIT" %d (' % len(INNER)
    )
    assert shown.endswith(b' "DIGEST") "MIXED")')
    assert b'("BOUNDARY" "out") NIL NIL NIL)' in bodystructure(Entity(MESSAGE))


def test_extension_data() -> None:
    message = Entity(
        b'Content-Type: text/plain; charset=UTF-8 (really); format="flowed"\r\nContent-ID: <i@x>\r\n'
        b"Content-Description: some\r\n\tthing\r\nContent-Transfer-Encoding: base64 (c)\r\nContent-MD5: Q2h=\r\n"
        b'Content-Disposition: attachment; filename="a\\"b.txt"\r\nContent-Language: de, en\r\n'
        b"Content-Location: http://x/\r\n\r\naGk=\r\n"
    )
    assert bodystructure(message) == (
        b'("TEXT" "PLAIN" ("CHARSET" "UTF-8" "FORMAT" "flowed") "<i@x>" "some\tthing" "BASE64" 6 1 "Q2h=" '
        b'("attachment" ("FILENAME" "a\\"b.txt")) ("de" "en") "http://x/")'
    )


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"", b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)'),
        (b"\r\nbody", b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 0)'),
        (b"Subject: no body", b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)'),
        (b"Content-Type: multipart/mixed\r\n\r\nx\r\n", b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)'),
        (b"Content-Type: text\r\n\r\nx\r\n", b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1)'),
        (b"Content-Type: image/gif\n\nGIF\n", b'("IMAGE" "GIF" NIL NIL NIL "7BIT" 4)'),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\nno delimiter\r\n",
            b'(%s "MIXED")' % EMPTY,
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
            b'(%s "MIXED")' % EMPTY,
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\nlast",
            b'(%s%s "MIXED")' % (EMPTY, EMPTY.replace(b" 0 0)", b" 4 0)")),
        ),
        (
            b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 18 (NIL "in"%s) %s 3)'
            % (b" NIL" * 8, EMPTY.replace(b"0 0", b"3 1")),
        ),
    ],
)
def test_tricky_structures(octets: bytes, shown: bytes) -> None:
    assert body(Entity(octets)) == shown


def test_nesting_has_an_end() -> None:
    octets = b"Content-Type: message/rfc822\r\n\r\n" * 5000
    assert bodystructure(Entity(octets)).count(b'"RFC822"') == 100
    boundaries = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300))
    assert bodystructure(Entity(boundaries)).count(b'"MIXED"') == 100


def test_a_boundary_may_begin_like_another() -> None:
    message = Entity(
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n"
        b"--ab\r\n\r\nx\r\n--ab--\r\n--a--\r\n"
    )
    assert [len(message.parts), part(message, 1, 1)] == [1, b"x"]


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        (b"a@b", [Address(None, None, b"a", b"b")]),
        (b'"Q, \\"T\\"" <"a b"@b.c>', [Address(b'Q, "T"', None, b"a b", b"b.c")]),
        (b"a @ b (The Name)", [Address(b"The Name", None, b"a", b"b")]),
        (b"John Q. Public <j@x>, <k@[1.2.3.4]>", [Address(b"John Q. Public", None, b"j", b"x"), Address(None, None, b"k", b"[1.2.3.4]")]),
        (b"<@r,@s:u@h>", [Address(None, b"@r,@s", b"u", b"h")]),
        (b"G: a@b, c@d;", [Address(mailbox=b"G"), Address(None, None, b"a", b"b"), Address(None, None, b"c", b"d"), Address()]),
        (b"none:;", [Address(mailbox=b"none"), Address()]),
        (b"lonely", [Address(None, None, b"lonely", b"")]),
        (b",, ,", []),
        (b"=?utf-8?q?=C3=A4?= <a@b>", [Address(b"=?utf-8?q?=C3=A4?=", None, b"a", b"b")]),
    ],
)  # fmt: skip
def test_addresses(value: bytes, parsed: list[Address]) -> None:
    assert addresses(value) == parsed


def test_envelope_defaults() -> None:
    shown = envelope(Entity(b"From: a@b\r\nSubject:\r\nSender:\r\nDate: today\r\n\r\n"))
    address = b'((NIL NIL "a" "b"))'
    assert shown == b'("today" "" %s %s %s NIL NIL NIL NIL NIL)' % (address, address, address)


def test_header_without_an_empty_line() -> None:
    message = Entity(b"A: 1\r\nB: 2")
    assert section_octets(message, Section((), b"HEADER")) == b"A: 1\r\nB: 2"
    assert section_octets(message, Section((), b"HEADER.FIELDS", (b"a",))) == b"A: 1\r\n"
    assert section_octets(message, Section((), b"TEXT")) == b""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?ISO-8859-1?Q?a_=E4?= x", "a ä x"),
        (b"=?utf-8?B?w6Q=?= =?utf-8*de?b?w7Y?=", "äö"),
        (b"=?x-none?q?=E4b?=", "\ufffdb"),
        (b"=?zlib?b?eJw=?= =?", "x\ufffd =?"),
    ],
)
def test_header_text(value: bytes, text: str) -> None:
    assert header_text(value) == text


def test_body_texts_are_decoded() -> None:
    message = Entity(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=\r\n=DFe\r\n--b--\r\n"
    )
    assert list(body_texts(message)) == ["Grüße"]


def test_parameters_that_should_have_been_quoted() -> None:
    found = content_type(b"text/plain; name=a/b.txt ; x; =y; charset = utf-8")
    assert found is not None
    assert found.parameters == ((b"NAME", b"a/b.txt"), (b"CHARSET", b"utf-8"))


PIECES = st.sampled_from(
    [b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"--b", b"--b--", b"--", b"\r\n", b"\r\n\r\n",
     b"\n", b"From: <@", b'To: a:;,"(', b"x", b":", b"=?", b"\\", b"\x00\xff", b'Content-Type: text/plain; a="']
)  # fmt: skip


@given(st.lists(PIECES | st.binary(max_size=8), max_size=40).map(b"".join))
def test_any_octets_have_a_structure(octets: bytes) -> None:
    message = Entity(octets)
    assert envelope(message).count(b"\0") == 0
    assert body(message)
    assert bodystructure(message)
    assert message.header + message.body == octets
    list(body_texts(message))
    for first, second in pairwise(message.parts):
        assert first.start <= first.body_start <= first.end <= second.start


LINES = st.lists(st.text("abc -", max_size=6), max_size=4).map("\r\n".join)


@given(st.lists(LINES, min_size=1, max_size=4), LINES)
def test_parts_are_where_the_standard_library_finds_them(texts: list[str], preamble: str) -> None:
    octets = b"Content-Type: multipart/mixed; boundary=XX\r\n\r\n" + preamble.encode()
    octets += (
        b"".join(b"\r\n--XX\r\nContent-Type: text/plain\r\n\r\n" + text.encode() for text in texts) + b"\r\n--XX--\r\n"
    )
    parsed = email.message_from_bytes(octets, policy=email.policy.SMTP)
    theirs = [str(found.get_payload()).replace("\r\n", "\n").encode() for found in parsed.iter_parts()]
    assert [found.body.replace(b"\r\n", b"\n") for found in Entity(octets).parts] == theirs
