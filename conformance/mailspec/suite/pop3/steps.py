"""What several POP3 checks ask of a maildrop in preparation, and judgements that they share."""

from __future__ import annotations

import re

from mailspec.verdict import Blocked, Violation
from mailspec.wire.pop3 import ERR, OK, Pop3Client

__all__ = ["SCAN_LISTING", "judge_dots", "messages_of", "sizes", "unique_ids"]

# scan-listing = message-number 1*SP octets [SP more]: what follows the size is left to the server, and how many spaces
# there are is a check's own question (RFC 1939 section 5).
SCAN_LISTING = re.compile(rb"([0-9]+) +([0-9]+)( .*)?")

#: The messages that checks put into a maildrop, and one more.
FEW = 4


def sizes(session: Pop3Client) -> dict[int, int]:
    """Return what LIST says: message number to octets.

    Raises:
        Blocked: LIST is refused, or has lines that are no scan listings.
    """
    lines = session.multi(b"LIST").require(OK).lines
    found = [SCAN_LISTING.fullmatch(line) for line in lines]
    if not all(found):
        msg = f"LIST has lines that are no scan listings: {lines!r}"
        raise Blocked(msg)
    return {int(match[1]): int(match[2]) for match in found if match}


def unique_ids(session: Pop3Client) -> dict[int, bytes]:
    """Return what UIDL says: message number to unique-id.

    Raises:
        Blocked: UIDL is refused, or has lines that do not begin with a number.
    """
    lines = session.multi(b"UIDL").require(OK).lines
    parts = [line.partition(b" ") for line in lines]
    if not all(number.isdigit() and unique_id for number, _, unique_id in parts):
        msg = f"UIDL has lines that are no unique-id listings: {lines!r}"
        raise Blocked(msg)
    return {int(number): unique_id.lstrip() for number, _, unique_id in parts}


def messages_of(session: Pop3Client) -> set[bytes]:
    """Return the messages that RETR gives, by trying the first numbers."""
    replies = (session.retr(number).require(OK, ERR) for number in range(1, FEW + 1))
    return {reply.body for reply in replies if reply.ok}


def without_dots(body: bytes) -> bytes:
    """Return a body without the dots at the beginnings of its lines."""
    return re.sub(rb"^\.+", b"", body, flags=re.MULTILINE)


def judge_dots(bodies: list[bytes], wanted: frozenset[bytes]) -> None:
    """Judge the dots at the beginnings of lines in the one body that has the lines wanted, apart from them."""
    found = [body for body in bodies if without_dots(body) in {without_dots(each) for each in wanted}]
    if not found:
        msg = f"RETR gives no message with the lines that were sent: {bodies!r}"
        raise Blocked(msg)
    if found[0] not in wanted:
        raise Violation([repr(body) for body in sorted(wanted)], repr(found[0]))
