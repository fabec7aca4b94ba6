"""Eight-bit and binary content on its way to the next host: RFC 6152 section 3 and RFC 3030."""

from __future__ import annotations

import re
from email import message_from_bytes

import pytest

from mailspec.lab import ALL, Behaviour, Delivery, Reply, Stage
from mailspec.requirement import requirement
from mailspec.suite.inbox import body_of, fields
from mailspec.suite.reports import Post
from mailspec.suite.smtp.chunks import bdat
from mailspec.suite.smtp.test_8bitmime import HIGH, MIME
from mailspec.suite.smtp.test_binarymime import BINARY, MULTIPART, content_of, decoded, parts
from mailspec.verdict import Inconclusive, NotOffered, Violation
from mailspec.wire.poll import until

EIGHT = ("smtp 8BITMIME",)
CHUNKS = ("smtp CHUNKING",)
BINARIES = ("smtp BINARYMIME", "smtp CHUNKING")

#: A host that takes text of seven bits alone, and one that takes all but binary content.
SEVEN_BIT: tuple[str, ...] = ("DSN",)
NO_BINARY = ("8BITMIME", "SMTPUTF8", "CHUNKING")

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def send_eight_bit(post: Post, domain: str, body: bytes = HIGH) -> bytes:
    """Submit 8-bit text for a domain."""
    message = post.outgoing.make_message(body=body, extra=MIME)
    return post.send((f"x@{domain}",), mail=("BODY=8BITMIME",), message=message)


def send_binary(post: Post, domain: str, body: bytes, *parameters: str) -> bytes:
    """Submit a multipart message for a domain in one chunk."""
    client = post.outgoing.client
    message = post.outgoing.make_message(body=body, extra=MULTIPART)
    client.mail(post.sender.encode(), *(each.encode() for each in parameters)).require(250)
    client.rcpt(f"x@{domain}".encode()).require(250, 251)
    client.send(bdat(message, last=True))
    client.reply().require(250)
    return message


def arrived_or_returned(post: Post, domain: str) -> Delivery | None:
    """Return what arrived for a domain, None where a report came instead.

    Raises:
        Inconclusive: neither in time.
    """
    look = lambda: post.lab.deliveries(domain) or post.lab.deliveries(post.home)  # noqa: E731  a condition to wait for
    if not until(look, post.outgoing.deadline):
        msg = f"neither delivered nor returned in {post.outgoing.deadline:g} seconds"
        raise Inconclusive(msg)
    found = post.lab.deliveries(domain)
    return found[0] if found else None


def converted(post: Post, domain: str) -> bytes:
    """Return what the message was turned into.

    Raises:
        NotOffered: it was returned.
    """
    found = arrived_or_returned(post, domain)
    if found is None:
        msg = "what the next host does not take is returned, and not converted"
        raise NotOffered(msg)
    return found.octets


def in_seven_bits(post: Post) -> bytes:
    """Send 8-bit text to a host without 8BITMIME and return what it was turned into.

    Raises:
        NotOffered: it was returned, or went as it was, which is judged elsewhere.
    """
    send_eight_bit(post, domain := post.host(*SEVEN_BIT))
    octets = converted(post, domain)
    if not octets.isascii():
        msg = "8-bit text is sent on as it is, and not converted"
        raise NotOffered(msg)
    return octets


def body_parameters(delivery: Delivery) -> list[str]:
    """Return the values of BODY in MAIL."""
    return [each.upper()[5:] for each in delivery.parameters if each.upper().startswith("BODY=")]


# 8-bit text.


@requirement("6152/3/body-parameter", needs=EIGHT)
def test_body_of_eight_bit_text(post: Post) -> None:
    """A host with 8BITMIME is told of 8-bit text, once."""
    send_eight_bit(post, domain := post.host("8BITMIME"))
    if (found := body_parameters(post.outgoing.arrived(domain))) != ["8BITMIME"]:
        raise Violation(["BODY=8BITMIME"], repr(found))


@requirement("6152/3/relayed-whole", needs=EIGHT)
@pytest.mark.parametrize("body", [HIGH, "Grüße\r\n".encode(), b"\xe9" * 998 + b"\r\n"], ids=["all", "utf-8", "long"])
def test_eight_bit_text(body: bytes, post: Post) -> None:
    """A host with 8BITMIME gets 8-bit text octet by octet."""
    send_eight_bit(post, domain := post.host("8BITMIME"), body)
    if (found := body_of(post.outgoing.arrived(domain).octets)) != body:
        raise Violation([repr(body[:60])], repr(found[:60]))


@requirement("6152/3/not-to-seven-bit", needs=EIGHT)
def test_no_eight_bits_for_seven_bit_hosts(post: Post) -> None:
    """A host without 8BITMIME gets no octet above 127."""
    send_eight_bit(post, domain := post.host(*SEVEN_BIT))
    found = arrived_or_returned(post, domain)
    if found is not None and not found.octets.isascii():
        raise Violation(["7-bit MIME", "a report"], repr(found.octets[-60:]))


@requirement("6152/3/converted-or-returned", needs=EIGHT)
def test_seven_bit_host(post: Post) -> None:
    """8-bit text for a host without 8BITMIME is converted or returned."""
    send_eight_bit(post, domain := post.host(*SEVEN_BIT))
    look = lambda: post.lab.deliveries(domain) or post.lab.deliveries(post.home)  # noqa: E731  as above
    if not until(look, post.outgoing.deadline):
        raise Violation(["a delivery", "a report"], f"neither in {post.outgoing.deadline:g} seconds")


@requirement("6152/3/conversion-lossless", needs=EIGHT)
def test_conversion(post: Post) -> None:
    """8-bit text that was converted can be decoded to what it was."""
    octets = in_seven_bits(post)
    encoding = dict(fields(octets)).get(b"content-transfer-encoding", b"").strip().lower()
    if decoded(encoding, body_of(octets)).strip() != HIGH.strip():
        raise Violation(["the same text in an encoding"], repr(octets[-80:]))


@requirement("6152/3/conversion-valid", needs=EIGHT)
def test_converted_message(post: Post) -> None:
    """8-bit text that was converted is MIME that says of itself what it is."""
    octets = in_seven_bits(post)
    message = message_from_bytes(octets)
    encodings = message.get_all("Content-Transfer-Encoding", [])
    if len(encodings) != 1 or encodings[0].strip().lower() == "8bit":
        raise Violation(["one encoding of 7 bits"], f"{encodings}: {octets[-60:]!r}")


# Chunks and binary messages.


@requirement("3030/2/text-lines", needs=CHUNKS)
def test_lines_in_chunks(post: Post) -> None:
    """Text for a host with CHUNKING has lines that end in CRLF, whether it comes in chunks or not."""
    domain = post.host(*ALL)
    post.send((f"x@{domain}",), message=post.outgoing.make_message(body=b"one\r\n.two\r\n\r\nthree\r\n"))
    found = post.outgoing.arrived(domain).raw
    if BARE.search(found) is not None or not found.endswith(b"three\r\n"):
        raise Violation(["lines that end in CRLF"], repr(found[-60:]))


@requirement("3030/2/no-chunk-after-failure", needs=BINARIES)
def test_refused_chunk(post: Post) -> None:
    """After a chunk was refused no other follows."""
    domain = post.lab.domain()
    (host,) = post.lab.hosts(1)
    post.lab.behave(host, Behaviour({Stage.BDAT: Reply(554)}, offers=ALL))
    post.lab.set_mx(domain, [(10, host)])
    send_binary(post, domain, parts(BINARY["long"]), "BODY=BINARYMIME")
    post.report()
    chunks = [each for each in post.lab.attempts(domain) if each.stage is Stage.BDAT]
    if len(chunks) > 1:
        raise Violation(["one BDAT"], f"{len(chunks)}: {', '.join(each.argument for each in chunks)}")


@requirement("3030/3/body-parameter", needs=BINARIES)
def test_body_of_binary_message(post: Post) -> None:
    """A host with BINARYMIME is told of binary content."""
    send_binary(post, domain := post.host(*ALL), parts(BINARY["all-octets"]), "BODY=BINARYMIME")
    delivery = post.outgoing.arrived(domain)
    if delivery.chunks and b"\0" in delivery.octets and body_parameters(delivery) != ["BINARYMIME"]:
        raise Violation(["BODY=BINARYMIME"], repr(delivery.parameters))


@requirement("3030/3/octets-kept", needs=BINARIES)
@pytest.mark.parametrize("kind", sorted(BINARY))
def test_binary_content(kind: str, post: Post) -> None:
    """The content of a binary part arrives at a host with BINARYMIME, in whatever encoding."""
    send_binary(post, domain := post.host(*ALL), parts(BINARY[kind]), "BODY=BINARYMIME")
    if (found := content_of(post.outgoing.arrived(domain).octets)) != BINARY[kind]:
        raise Violation([repr(BINARY[kind][:40])], repr(found[:40]))


@requirement("3030/3/storage-undone", needs=BINARIES)
def test_text_of_a_binary_message(post: Post) -> None:
    """The text of a binary message has its CRLF at a host with BINARYMIME."""
    send_binary(post, domain := post.host(*ALL), parts(BINARY["nul"]), "BODY=BINARYMIME")
    octets = post.outgoing.arrived(domain).octets
    if b"\r\nContent-Type: text/plain\r\n\r\nA text.\r\n--=_cut\r\n" not in octets or BARE.search(octets):
        raise Violation(["text whose lines end in CRLF"], repr(octets[-200:]))


@requirement("3030/3/not-unasked", needs=BINARIES)
@pytest.mark.parametrize("offers", [NO_BINARY, SEVEN_BIT], ids=["8bit", "7bit"])
def test_no_binary_content_for_others(offers: tuple[str, ...], post: Post) -> None:
    """A host without BINARYMIME gets no binary content."""
    send_binary(post, domain := post.host(*offers), parts(BINARY["all-octets"]), "BODY=BINARYMIME")
    found = arrived_or_returned(post, domain)
    if found is not None and (b"\0" in found.octets or "BINARYMIME" in body_parameters(found)):
        raise Violation(["another encoding", "a report"], repr(found.octets[-60:]))


@requirement("3030/3/conversion-lossless", needs=BINARIES)
@pytest.mark.parametrize("kind", sorted(BINARY))
def test_binary_converted(kind: str, post: Post) -> None:
    """Binary content that was encoded can be decoded to what it was."""
    send_binary(post, domain := post.host(*NO_BINARY), parts(BINARY[kind]), "BODY=BINARYMIME")
    if (found := content_of(converted(post, domain))) != BINARY[kind]:
        raise Violation([repr(BINARY[kind][:40])], repr(found[:40]))


@requirement("3030/3/conversion-valid", needs=BINARIES)
def test_binary_made_text(post: Post) -> None:
    """What binary content was turned into has lines of text and says how it is encoded."""
    send_binary(post, domain := post.host(*NO_BINARY), parts(BINARY["all-octets"]), "BODY=BINARYMIME")
    octets = converted(post, domain)
    labels = re.findall(rb"(?im)^content-transfer-encoding:\s*([^\s;]+)", octets)
    longest = max(len(line) for line in octets.split(b"\r\n"))
    if BARE.search(octets) or b"\0" in octets or longest > 998 or b"binary" in labels:
        raise Violation(["7-bit or 8-bit MIME"], f"{labels!r}, lines of {longest}")


@requirement("3030/3/no-nested-encoding", needs=BINARIES)
def test_encoded_part(post: Post) -> None:
    """A part that is in base64 already is not encoded again."""
    inner = parts(BINARY["nul"]).removesuffix(b"--=_cut--\r\n")
    encoded = b"--=_cut\r\nContent-Type: text/x-b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--=_cut--\r\n"
    send_binary(post, domain := post.host(*NO_BINARY), inner + encoded, "BODY=BINARYMIME")
    octets = converted(post, domain)
    header = dict(fields(octets)).get(b"content-transfer-encoding", b"7bit").strip().lower()
    if b"\r\naGVsbG8=\r\n" not in octets or header not in {b"7bit", b"8bit", b"binary"}:
        raise Violation(["the part as it was"], repr(octets[-120:]))
