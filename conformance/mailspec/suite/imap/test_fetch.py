"""FETCH: RFC 3501 sections 6.4.5 and 7.4.2."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.imap.conftest import Filled
from mailspec.suite.steps import MessageMaker
from mailspec.verdict import Blocked, Violation
from mailspec.wire.grammar.imap.values import Address, Fetch, Multipart, Part
from mailspec.wire.imap import ImapClient

MIXED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n",
    (
        b"preamble\r\n--cut\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\none\r\ntwo\r\n"
        b"--cut\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
        b"--cut--\r\n"
    ),
)


def fetch_one(imap: ImapClient, number: int, items: bytes) -> Fetch:
    """Fetch items of one message; the reply is judged to be OK."""
    fetched = imap.fetch(b"%d" % number, items).expect("OK").fetched
    if number not in fetched:
        msg = f"FETCH {number} {items!r} brought no FETCH response for it"
        raise Blocked(msg)
    return fetched[number]


def content(imap: ImapClient, number: int, asked: bytes, answered: bytes | None = None) -> bytes:
    """Fetch one body section and return its octets, which are there."""
    octets = fetch_one(imap, number, b"(%s)" % asked).content(answered or asked.replace(b".PEEK", b""))
    if octets is None:
        msg = f"{asked!r} brought no octets"
        raise Blocked(msg)
    return octets


@requirement("3501/6.4.5/fetch-body")
def test_body_is_the_whole_message(filled: Filled) -> None:
    """BODY.PEEK[] of each message is what was appended."""
    for number, message in enumerate(filled.messages, 1):
        octets = content(filled.imap, number, b"BODY.PEEK[]")
        if octets != message:
            raise Violation([repr(message[-30:])], repr(octets[-30:]))


@requirement("3501/6.4.5/fetch-sections")
def test_header_and_text_are_the_halves(filled: Filled) -> None:
    """HEADER ends with the empty line, and TEXT is what follows it."""
    header, separator, text = filled.messages[1].partition(b"\r\n\r\n")
    found = content(filled.imap, 2, b"BODY.PEEK[HEADER]"), content(filled.imap, 2, b"BODY.PEEK[TEXT]")
    if found != (header + separator, text):
        raise Violation([repr((separator, text))], repr((found[0][-6:], found[1])))


@requirement("3501/6.4.5/fetch-partial")
def test_partial_fetch_gives_the_octets_asked_for(filled: Filled) -> None:
    """A part from the middle, one that runs over the end, and one beyond it."""
    text = content(filled.imap, 2, b"BODY.PEEK[TEXT]")
    for origin, count in ((3, 5), (len(text) - 2, 100), (len(text) + 10, 5)):
        octets = content(filled.imap, 2, b"BODY.PEEK[TEXT]<%d.%d>" % (origin, count), b"BODY[TEXT]<%d>" % origin)
        if octets != text[origin : origin + count]:
            raise Violation([repr(text[origin : origin + count])], repr(octets))


@requirement("3501/6.4.5/fetch-header-fields")
def test_header_fields_are_found_in_any_case(filled: Filled) -> None:
    """HEADER.FIELDS (SUBJECT x-none) gives the Subject field and the empty line."""
    fetched = fetch_one(filled.imap, 1, b"(BODY.PEEK[HEADER.FIELDS (SUBJECT X-None)])")
    found = [value for name, value in fetched.items.items() if name.startswith(b"BODY[HEADER.FIELDS")]
    subject = next(line for line in filled.messages[0].split(b"\r\n") if line.startswith(b"Subject:"))
    if found != [subject + b"\r\n\r\n"]:
        raise Violation([repr(subject + b"\r\n\r\n")], repr(found))


@requirement("3501/6.4.5/rfc822-size")
def test_size_is_the_octets_of_the_message(filled: Filled) -> None:
    """RFC822.SIZE of each message is the number of octets appended."""
    sizes = [fetch_one(filled.imap, number, b"(RFC822.SIZE)").size for number in (1, 2, 3)]
    if sizes != [len(message) for message in filled.messages]:
        raise Violation([repr([len(message) for message in filled.messages])], repr(sizes))


@requirement("3501/6.4.5/body-sets-seen")
def test_body_sets_seen_and_peek_does_not(filled: Filled) -> None:
    r"""After BODY.PEEK[TEXT] a message is not \Seen, after BODY[TEXT] it is."""
    content(filled.imap, 1, b"BODY.PEEK[TEXT]")
    if rb"\seen" in filled.flags(1):
        raise Violation([r"no \Seen after BODY.PEEK"], repr(filled.flags(1)))
    content(filled.imap, 1, b"BODY[TEXT]")
    if rb"\seen" not in filled.flags(1):
        raise Violation([r"\Seen after BODY"], repr(filled.flags(1)))


@requirement("3501/6.4.5/envelope")
def test_envelope_repeats_the_header(imap_auth: ImapClient, mailbox: bytes, make_message: MessageMaker) -> None:
    """Date, a subject with quotes, Message-ID, Cc and In-Reply-To are in the envelope as the header has them."""
    message = make_message(extra=b"Cc: Carol C <carol@client.test>\r\nIn-Reply-To: <before@client.test>\r\n")
    message = message.replace(b"Subject: mailspec", b'Subject: "mailspec" \\', 1)
    imap_auth.append(mailbox, message).require("OK")
    imap_auth.select(mailbox)
    envelope = fetch_one(imap_auth, 1, b"(ENVELOPE)").envelope
    lines = dict(line.split(b": ", 1) for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n"))
    wanted = (lines[b"Date"], lines[b"Subject"], lines[b"Message-ID"], lines[b"In-Reply-To"])
    cc = (Address(b"Carol C", None, b"carol", b"client.test"),)
    if envelope is None:
        raise Violation(["an envelope"], "none")
    found = (envelope.date, envelope.subject, envelope.message_id, envelope.in_reply_to)
    if found != wanted or envelope.cc != cc:
        raise Violation([repr((wanted, cc))], repr((found, envelope.cc)))


@requirement("3501/7.4.2/envelope-defaults")
def test_envelope_fills_in_sender_and_reply_to(filled: Filled) -> None:
    """Without Sender and Reply-To the envelope gives the address of From in both places."""
    envelope = fetch_one(filled.imap, 1, b"(ENVELOPE)").envelope
    if envelope is None or not envelope.from_ or {envelope.sender, envelope.reply_to} != {envelope.from_}:
        raise Violation(["sender and reply-to like from"], repr(envelope))


@pytest.fixture
def mixed(imap_auth: ImapClient, mailbox: bytes, make_message: MessageMaker) -> ImapClient:
    """A session in a mailbox with one message of two parts."""
    extra, body = MIXED
    imap_auth.append(mailbox, make_message(extra=extra, body=body)).require("OK")
    imap_auth.select(mailbox)
    return imap_auth


@requirement("3501/6.4.5/bodystructure")
def test_bodystructure_describes_the_parts(mixed: ImapClient) -> None:
    """Types, encodings, octets and lines of both parts are right."""
    structure = fetch_one(mixed, 1, b"(BODYSTRUCTURE)").structure
    if not isinstance(structure, Multipart) or structure.subtype.lower() != b"mixed":
        raise Violation(["multipart/mixed"], repr(structure))
    found = [
        (part.kind.lower(), part.subtype.lower(), part.encoding.lower(), part.octets, part.lines)
        for part in structure.parts
        if isinstance(part, Part)
    ]
    wanted = [(b"text", b"plain", b"7bit", 8, 1), (b"application", b"octet-stream", b"base64", 4, None)]
    if found not in (wanted, [(*wanted[0][:4], 2), wanted[1]]):
        raise Violation([repr(wanted)], repr(found))


@requirement("3501/6.4.5/part-text")
def test_part_number_addresses_the_content(mixed: ImapClient) -> None:
    """BODY[1] and BODY[2] are the contents of the parts, without the line end before the boundary."""
    found = content(mixed, 1, b"BODY.PEEK[1]"), content(mixed, 1, b"BODY.PEEK[2]")
    if found != (b"one\r\ntwo", b"AAEC"):
        raise Violation([repr((b"one\r\ntwo", b"AAEC"))], repr(found))
