"""STAT, LIST and UIDL: RFC 1939 sections 5, 7 and 11."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.verdict import Violation
from mailspec.wire.pop3 import ERR, OK, Pop3Client

SCAN_LISTING = re.compile(rb"([1-9][0-9]*) ([0-9]+)( .*)?")
#: unique-id: 1 to 70 octets in the range 0x21 to 0x7E (RFC 1939 section 7).
UNIQUE_ID_LISTING = re.compile(rb"([1-9][0-9]*) ([\x21-\x7e]{1,70})")


def scan(session: Pop3Client) -> dict[int, int]:
    """Return what LIST says: message number to octets."""
    found = [SCAN_LISTING.fullmatch(line) for line in session.multi(b"LIST").require(OK).lines]
    return {int(match[1]): int(match[2]) for match in found if match}


def unique_ids(session: Pop3Client) -> dict[int, bytes]:
    """Return what UIDL says: message number to unique-id."""
    lines = session.multi(b"UIDL").require(OK).lines
    return {int(number): unique_id for number, _, unique_id in (line.partition(b" ") for line in lines)}


@requirement("1939/5/stat")
def test_stat_counts_messages_and_octets(stocked: Pop3Client) -> None:
    """STAT gives two numbers: three messages, and more than no octets."""
    reply = stocked.command(b"STAT").expect(OK)
    if not re.match(rb"3 [1-9][0-9]*( |$)", reply.text):
        raise Violation(["+OK 3 and the octets"], repr(reply.text))


@requirement("1939/5/stat-without-deleted")
def test_stat_leaves_out_deleted_messages(stocked: Pop3Client) -> None:
    """After DELE the message counts in neither number."""
    octets = scan(stocked)
    stocked.dele(2).require(OK)
    if stocked.stat() != (2, octets[1] + octets[3]):
        raise Violation([f"2 messages, {octets[1] + octets[3]} octets"], repr(stocked.stat()))


@requirement("1939/5/list")
def test_list_has_a_line_for_each_message(stocked: Pop3Client) -> None:
    """Each line of LIST is a number and octets, and the octets add up to what STAT says."""
    lines = stocked.multi(b"LIST").expect(OK).lines
    wrong = [line for line in lines if not SCAN_LISTING.fullmatch(line)]
    if wrong or len(lines) != 3:
        raise Violation(["three scan listings"], repr(lines))
    if sum(scan(stocked).values()) != stocked.stat()[1]:
        raise Violation(["octets that add up to those of STAT"], repr(lines))


@requirement("1939/5/number-from-one")
def test_messages_are_numbered_from_one(stocked: Pop3Client) -> None:
    """The numbers of LIST are 1, 2 and 3."""
    if sorted(scan(stocked)) != [1, 2, 3]:
        raise Violation(["1, 2, 3"], repr(sorted(scan(stocked))))


@requirement("1939/5/list-one")
def test_list_of_one_message_is_one_line(stocked: Pop3Client) -> None:
    """LIST 2 gives the same as the second line of LIST."""
    octets = scan(stocked)[2]
    reply = stocked.command(b"LIST 2").expect(OK)
    if not re.match(rb"2 %d( |$)" % octets, reply.text):
        raise Violation([f"+OK 2 {octets}"], repr(reply.text))
    stocked.command(b"NOOP").expect(OK)


@requirement("1939/5/list-without-deleted")
def test_list_leaves_out_deleted_messages(stocked: Pop3Client) -> None:
    """After DELE 2, LIST has lines for the others only, and LIST 2 gets -ERR."""
    stocked.dele(2).require(OK)
    numbers = sorted(scan(stocked))
    if numbers != [1, 3]:
        raise Violation(["1, 3"], repr(numbers))
    stocked.command(b"LIST 2").expect(ERR)


@requirement("1939/5/no-such-message")
def test_number_of_no_message_gets_err(stocked: Pop3Client) -> None:
    """LIST, RETR and DELE of messages 0 and 4 of 3 get -ERR."""
    for command in (b"LIST 4", b"RETR 4", b"DELE 4", b"LIST 0", b"RETR 0", b"DELE 0"):
        stocked.command(command).expect(ERR)


@requirement("1939/11/size-is-octets")
def test_sizes_are_the_octets_of_retr(stocked: Pop3Client) -> None:
    """What LIST says of a message is what RETR sends, dots unstuffed."""
    for number, octets in scan(stocked).items():
        sent = len(stocked.retr(number).require(OK).body)
        if sent != octets:
            raise Violation([f"{octets} octets of message {number}"], f"{sent} octets")


@requirement("1939/7/uidl", needs=("pop3 UIDL",))
def test_uidl_has_a_line_for_each_message(stocked: Pop3Client) -> None:
    """UIDL lists all messages, and UIDL 2 gives the second line alone."""
    lines = stocked.multi(b"UIDL").expect(OK).lines
    if [line.partition(b" ")[0] for line in lines] != [b"1", b"2", b"3"]:
        raise Violation(["lines for 1, 2 and 3"], repr(lines))
    reply = stocked.command(b"UIDL 2").expect(OK)
    if reply.text.rstrip() != lines[1].rstrip():
        raise Violation([repr(lines[1])], repr(reply.text))


@requirement("1939/7/uidl-form", needs=("pop3 UIDL",))
def test_unique_ids_have_their_form(stocked: Pop3Client) -> None:
    """Each unique-id has 1 to 70 printable octets."""
    lines = stocked.multi(b"UIDL").require(OK).lines
    if wrong := [line for line in lines if not UNIQUE_ID_LISTING.fullmatch(line)]:
        raise Violation(["number, space, unique-id"], repr(wrong))


@requirement("1939/7/uidl-differs", needs=("pop3 UIDL",))
def test_different_messages_have_different_unique_ids(stocked: Pop3Client) -> None:
    """Three different messages have three unique-ids."""
    found = unique_ids(stocked)
    if len(set(found.values())) != len(found):
        raise Violation(["different unique-ids"], repr(found))


@requirement("1939/7/uidl-persists", needs=("pop3 UIDL",))
def test_unique_ids_persist(stocked: Pop3Client, open_maildrop: Callable[[], Pop3Client]) -> None:
    """The next session sees the same unique-ids."""
    before = set(unique_ids(stocked).values())
    stocked.quit().require(OK)
    after = set(unique_ids(open_maildrop()).values())
    if after != before:
        raise Violation([repr(before)], repr(after))
