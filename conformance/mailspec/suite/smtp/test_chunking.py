"""BDAT on the wire: RFC 3030 section 2, where CHUNKING is offered."""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, body_of
from mailspec.suite.smtp.chunks import CHUNKING, bdat, cut, give, in_chunks
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: A chunk that would end the session if it were taken for commands.
LOOKS_LIKE_COMMANDS = b"NOOP\r\nQUIT\r\n"


def open_transaction(smtp: SmtpClient, envelope: Envelope, *recipients: bytes) -> None:
    """Begin a transaction with these recipients, all of which are taken."""
    smtp.mail(envelope.sender).require(250)
    for recipient in recipients or (envelope.recipient,):
        smtp.rcpt(recipient).require(250, 251)


def expect_in_order(smtp: SmtpClient) -> None:
    """Judge that nothing but what comes now is answered next."""
    smtp.command(b"NOOP").expect(SUCCESS, 503)
    smtp.command(b"X-NOBODYS").expect(PERMANENT)


@requirement("3030/2/data-still-works", needs=CHUNKING)
@pytest.mark.parametrize("before", ["nothing", "message-in-chunks", "chunk-and-rset"])
def test_data(before: str, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> None:
    """DATA works in a session whatever came in chunks before it."""
    if before != "nothing":
        open_transaction(smtp, envelope)
        give(smtp, make_message(), last=before == "message-in-chunks").require(250)
        smtp.command(b"RSET").require(250)
    message = make_message()
    open_transaction(smtp, envelope)
    smtp.command(b"DATA").expect(354)
    smtp.content(message).expect(250)
    inbox.wait(message)


@requirement("3030/2/empty-last", needs=CHUNKING)
@pytest.mark.parametrize("pieces", [1, 3])
def test_empty_last(pieces: int, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """A message whose last chunk is empty is taken and arrives."""
    message = make_message(body=b"before the last\r\n")
    for chunk in cut(message, range(40, 40 * pieces, 40)):
        give(smtp_rcpt, chunk).require(250)
    give(smtp_rcpt, b"", last=True).expect(250)
    if body_of(arrived := inbox.wait(message)) != b"before the last\r\n":
        raise Violation(["the body as it was sent"], repr(body_of(arrived)))


@requirement("3030/2/after-last-503", needs=CHUNKING)
@pytest.mark.parametrize(
    "chunk",
    [bdat(b"", last=True), bdat(b"more\r\n", last=True), bdat(b"more\r\n")],
    ids=["empty-last", "last", "chunk"],
)
def test_after_last(chunk: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """BDAT after the last chunk is out of order."""
    give(smtp_rcpt, make_message(), last=True).require(250)
    smtp_rcpt.send(chunk)
    smtp_rcpt.reply().expect(503)


@requirement("3030/2/each-chunk-250", needs=CHUNKING)
@pytest.mark.parametrize("size", [1, 2, 17, 100_000])
def test_chunks_of_a_size(size: int, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Each of several chunks gets a 250."""
    message = make_message(body=b"a line of text that is nothing special\r\n" * (5 if size < 100 else 10_000))
    if size < 17:
        message = message[:60]
    for chunk in cut(message, range(size, len(message), size)):
        give(smtp_rcpt, chunk).expect(250)
    give(smtp_rcpt, b"\r\n", last=True).expect(250)


@requirement("3030/2/each-chunk-250", needs=CHUNKING)
@pytest.mark.parametrize("command", [b"bdat %d last", b"Bdat %d Last"], ids=["lower", "mixed"])
def test_case(command: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """BDAT and LAST are taken in any case."""
    message = make_message()
    smtp_rcpt.send(command % len(message) + b"\r\n" + message)
    smtp_rcpt.reply().expect(250)
    require_refusals(smtp_rcpt)


@requirement("3030/2/each-chunk-250", needs=("smtp CHUNKING", "smtp PIPELINING"))
def test_chunks_in_a_group(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker) -> None:
    """MAIL, RCPT and all chunks in one group get a reply each."""
    commands = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\n" % (envelope.sender, envelope.recipient)
    chunks = cut(make_message(), (10, 11, 60))
    smtp.send(commands + b"".join(map(bdat, chunks[:-1])) + bdat(chunks[-1], last=True))
    smtp.reply().require(250)
    smtp.reply().require(250, 251)
    for _ in chunks:
        smtp.reply().expect(250)
    require_refusals(smtp)


@pytest.mark.parametrize("last", [False, True], ids=["chunk", "last"])
@pytest.mark.parametrize("state", ["ready", "after-mail", "after-refused-rcpt", "after-last"])
@requirement("3030/2/failed-chunk-swallowed", needs=CHUNKING)
def test_refused_chunk(
    state: str, last: bool, smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker
) -> None:
    """The octets of a chunk that is refused are not taken for commands."""
    if state == "after-last":
        open_transaction(smtp, envelope)
        give(smtp, make_message(), last=True).require(250)
    elif state != "ready":
        smtp.mail(envelope.sender).require(250)
    if state == "after-refused-rcpt":
        smtp.rcpt(envelope.unknown).require(PERMANENT, TRANSIENT)
    give(smtp, LOOKS_LIKE_COMMANDS, last=last).require(PERMANENT, TRANSIENT)
    expect_in_order(smtp)


@requirement("3030/2/failed-chunk-swallowed", needs=CHUNKING)
def test_refused_large_chunk(smtp: SmtpClient) -> None:
    """A refused chunk of 300 000 octets is read to its end as well."""
    give(smtp, LOOKS_LIKE_COMMANDS * 25_000, last=True).require(PERMANENT, TRANSIENT)
    expect_in_order(smtp)


@requirement("3030/2/pipelined-chunks-swallowed", needs=("smtp CHUNKING", "smtp PIPELINING"))
@pytest.mark.parametrize("count", [2, 4])
def test_refused_chunks_in_a_group(count: int, smtp: SmtpClient, envelope: Envelope) -> None:
    """Chunks that were sent ahead behind a refused one are swallowed, with a refusal for each."""
    commands = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\n" % (envelope.sender, envelope.unknown)
    chunks = bdat(LOOKS_LIKE_COMMANDS) * (count - 1) + bdat(LOOKS_LIKE_COMMANDS, last=True)
    smtp.send(commands + chunks)
    smtp.reply().require(250)
    smtp.reply().require(PERMANENT, TRANSIENT)
    smtp.reply().require(PERMANENT, TRANSIENT)
    for _ in range(count - 1):
        smtp.reply().expect(PERMANENT, TRANSIENT)
    expect_in_order(smtp)


@requirement("3030/2/data-after-chunk-503", needs=CHUNKING)
@pytest.mark.parametrize("chunk", [b"S", b"Subject: x\r\n\r\nx\r\n"], ids=["one-octet", "message"])
def test_data_after_chunk(chunk: bytes, smtp_rcpt: SmtpClient) -> None:
    """DATA in a transaction that has a chunk is out of order."""
    give(smtp_rcpt, chunk).require(250)
    smtp_rcpt.command(b"DATA").expect(503)


@requirement("3030/2/any-lines", needs=CHUNKING)
@pytest.mark.parametrize(
    "body",
    [b"x" * 5000 + b"\r\n", b"no end", b"a\rb\r\n", b"a\nb\r\n", b"a\0b\r\n", bytes(range(256)), b"\r\n.\r\nQUIT\r\n"],
    ids=["long", "no-end", "bare-cr", "bare-lf", "nul", "all-octets", "end-of-data"],
)
def test_odd_lines(body: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker) -> None:
    """Whatever a chunk holds, it is taken or refused as one, and the session goes on."""
    give(smtp_rcpt, make_message(body=body), last=True).expect(250, PERMANENT)
    smtp_rcpt.command(b"RSET").expect(SUCCESS)
    smtp_rcpt.command(b"X-NOBODYS").expect(PERMANENT)


@requirement("3030/2/bad-count-501", needs=CHUNKING)
@pytest.mark.parametrize(
    "argument",
    [b"", b" LAST", b" -1 LAST", b" x", b" 0x10", b" 0 FIRST", b" 0 LAST LAST"],
    ids=["none", "only-last", "negative", "letter", "hexadecimal", "other-word", "two-words"],
)
def test_bad_count(argument: bytes, smtp_rcpt: SmtpClient) -> None:
    """BDAT with a wrong argument is refused."""
    smtp_rcpt.command(b"BDAT" + argument).expect(PERMANENT)


@requirement("5321/4.1.1.5/rset-clears", needs=CHUNKING)
@pytest.mark.parametrize("command", [b"RSET", b"EHLO client.test"], ids=["rset", "ehlo"])
def test_reset_between_chunks(
    command: bytes, smtp_rcpt: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox
) -> None:
    """What came in chunks before RSET or EHLO is no part of the next message."""
    give(smtp_rcpt, b"X-Before: 1\r\nSubject: dropped\r\n\r\ndropped\r\n").require(250)
    if (reply := smtp_rcpt.command(command)).code == 503 and command != b"RSET":
        msg = "the target takes no EHLO between chunks"
        raise NotRun(msg)
    reply.require(250)
    message = make_message()
    open_transaction(smtp_rcpt, envelope)
    give(smtp_rcpt, message, last=True).require(250)
    if b"dropped" in (arrived := inbox.wait(message)):
        raise Violation(["the second message alone"], repr(arrived[-120:]))


# What arrives.


@pytest.mark.parametrize(
    ("body", "at"),
    [
        case("3030/2/octets-as-they-are", b".a\r\n..b\r\n...c\r\n.\r\nafter\r\n", (), name="dots", needs=CHUNKING),
        case("3030/2/octets-as-they-are", b"a\r\n.b\r\n.\r\nc\r\n", (1, 3, 4, 7), name="dots-cut", needs=CHUNKING),
        case("3030/2/octets-as-they-are", b".\r\n", (0,), name="one-dot", needs=CHUNKING),
        case("3030/2/chunks-joined", b"one\r\ntwo\r\n\r\nthree\r\n", (2, 7, 8), name="in-words", needs=CHUNKING),
        case("3030/2/chunks-joined", b"one\r\ntwo\r\n", (4, 9), name="in-crlf", needs=CHUNKING),
        case("3030/2/chunks-joined", b"octets\r\n", range(8), name="octet-by-octet", needs=CHUNKING),
        case("3030/2/chunks-joined", b"\r\n\r\na\r\n\r\n", (0, 2, 4, 7), name="empty-lines", needs=CHUNKING),
    ],
)
def test_body(
    body: bytes, at: tuple[int, ...], smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A body in chunks arrives octet by octet, wherever it is cut."""
    message = make_message(body=body)
    start = len(message) - len(body)
    in_chunks(smtp_rcpt, cut(message, (start + offset for offset in at))).require(250)
    if (arrived := body_of(inbox.wait(message))) != body:
        raise Violation([repr(body)], repr(arrived))


@requirement("3030/2/exact-count", needs=("smtp CHUNKING", "smtp PIPELINING"))
@pytest.mark.parametrize(
    "end",
    [b"half a line", b"a line\r\n", b"a line and half of its end\r"],
    ids=["in-a-line", "at-its-end", "in-its-end"],
)
def test_count(end: bytes, smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox) -> None:
    """The octet behind a chunk begins the next command, wherever the chunk ends."""
    rest = b"\n" if end.endswith(b"\r") else b" and the rest\r\n"
    message = make_message(body=end + rest)
    smtp_rcpt.send(bdat(message[: -len(rest)]) + bdat(rest, last=True) + b"NOOP\r\n")
    for _ in range(2):
        smtp_rcpt.reply().expect(250)
    smtp_rcpt.reply().expect(SUCCESS, 503)
    if (arrived := body_of(inbox.wait(message))) != end + rest:
        raise Violation([repr(end + rest)], repr(arrived))


# Not said by RFC 3030: noted, not judged.


@requirement("3030/2/without-recipient", needs=CHUNKING)
@pytest.mark.parametrize("state", ["no-mail", "no-rcpt", "refused-rcpt"])
def test_without_recipient(state: str, smtp: SmtpClient, envelope: Envelope, census: Census) -> None:
    """The code of BDAT without a recipient is noted."""
    if state != "no-mail":
        smtp.mail(envelope.sender).require(250)
    if state == "refused-rcpt":
        smtp.rcpt(envelope.unknown).require(PERMANENT)
    census("reply to BDAT", give(smtp, b"Subject: x\r\n\r\n", last=True).code)


@requirement("3030/2/final-line-end", needs=CHUNKING)
def test_without_final_line_end(
    smtp_rcpt: SmtpClient, make_message: MessageMaker, inbox: Inbox, census: Census
) -> None:
    """What becomes of a message whose last line has no end is noted."""
    message = make_message(body=b"no end")
    reply = give(smtp_rcpt, message, last=True)
    census("reply", reply.code)
    if reply.require(SUCCESS, PERMANENT).code == 250:
        census("last octets", body_of(inbox.wait(message))[-4:])


@requirement("3030/2/empty-chunk", needs=CHUNKING)
def test_empty_chunk(smtp_rcpt: SmtpClient, census: Census) -> None:
    """The code of a chunk without octets that is not the last is noted."""
    census("reply to BDAT 0", give(smtp_rcpt, b"").code)
