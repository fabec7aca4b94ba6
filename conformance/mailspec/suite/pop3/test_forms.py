"""The forms of drop listings, scan listings and unique-id listings: RFC 1939 sections 5 and 7."""

from __future__ import annotations

import re

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.verdict import Blocked, Violation
from mailspec.wire.pop3 import OK, Pop3Client

# drop-listing = 1*DIGIT SP 1*DIGIT [SP more] (RFC 1939 section 5, STAT)
DROP_LISTING = re.compile(rb"[0-9]+ [0-9]+( .*)?")

# scan-listing = 1*DIGIT SP 1*DIGIT [SP more] (RFC 1939 section 5, LIST)
SCAN_LISTING = DROP_LISTING

# unique-id-listing = 1*DIGIT SP unique-id, and nothing else (RFC 1939 section 7, UIDL)
UNIQUE_ID_LISTING = re.compile(rb"[0-9]+ [^ ]+")


def listing(text: bytes) -> list[bytes]:
    """Return the words of a drop listing or scan listing; Blocked where there are not even two."""
    words = text.split()
    if len(words) < 2:
        msg = f"no listing: {text!r}"
        raise Blocked(msg)
    return words


def listings(session: Pop3Client, keyword: bytes) -> list[bytes]:
    """Return the lines of a command about all messages, and the text about message 1 if it is there."""
    lines = session.multi(keyword).require(OK).lines
    alone = session.command(keyword + b" 1").require(OK).text
    return [*lines, *([alone] if alone[:1].isdigit() else [])]


@requirement("1939/5/stat-form")
def test_stat(stocked: Pop3Client) -> None:
    """STAT gives two decimal numbers behind single spaces."""
    reply = stocked.command(b"STAT").expect(OK)
    if not DROP_LISTING.fullmatch(reply.text):
        raise Violation(["+OK, one space, number, one space, number"], repr(reply.octets))


@requirement("1939/5/stat-plain")
def test_stat_says_no_more(stocked: Pop3Client) -> None:
    """Nothing follows the octets in the reply to STAT."""
    words = listing(stocked.command(b"STAT").require(OK).text)
    if len(words) > 2:
        raise Violation(["two numbers"], repr(words))


@requirement("1939/5/stat-extra")
def test_stat_may_say_more(stocked: Pop3Client, census: Census) -> None:
    """Whether more follows the octets in the reply to STAT."""
    words = listing(stocked.command(b"STAT").require(OK).text)
    census("drop listing", b" ".join(words))


@requirement("1939/5/scan-listing-form")
def test_list(stocked: Pop3Client) -> None:
    """Each scan listing of LIST, and that of LIST 1, is two decimal numbers with one space between."""
    found = listings(stocked, b"LIST")
    if wrong := [line for line in found if not SCAN_LISTING.fullmatch(line)]:
        raise Violation(["number, one space, number"], repr(wrong))


@requirement("1939/5/list-plain")
def test_list_says_no_more(stocked: Pop3Client) -> None:
    """Nothing follows the octets in a scan listing."""
    found = listings(stocked, b"LIST")
    if wrong := [line for line in found if len(listing(line)) > 2]:
        raise Violation(["two numbers"], repr(wrong))


@requirement("1939/5/list-extra")
def test_list_may_say_more(stocked: Pop3Client, census: Census) -> None:
    """Whether more follows the octets in a scan listing."""
    words = listing(stocked.command(b"LIST 1").require(OK).text)
    census("scan listing", b" ".join(words))


@requirement("1939/7/uidl-listing-form", needs=("pop3 UIDL",))
def test_uidl(stocked: Pop3Client) -> None:
    """Each unique-id listing of UIDL, and that of UIDL 1, is a number, one space and a word, and nothing more."""
    found = listings(stocked, b"UIDL")
    if wrong := [line for line in found if not UNIQUE_ID_LISTING.fullmatch(line)]:
        raise Violation(["number, one space, unique-id"], repr(wrong))
