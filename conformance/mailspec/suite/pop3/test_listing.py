"""STAT, LIST and UIDL: RFC 1939 sections 5, 7 and 11."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.pop3.conftest import Stock
from mailspec.suite.pop3.steps import SCAN_LISTING, sizes, unique_ids
from mailspec.verdict import Blocked, Violation
from mailspec.wire.pop3 import ERR, OK, Pop3Client

#: unique-id: 1 to 70 octets in the range 0x21 to 0x7E (RFC 1939 section 7).
UNIQUE_ID = re.compile(rb"[\x21-\x7e]{1,70}")


@requirement("1939/5/stat")
def test_stat_counts_messages_and_octets(stocked: Pop3Client) -> None:
    """STAT gives two numbers: three messages, and more than no octets."""
    reply = stocked.command(b"STAT").expect(OK)
    if not re.match(rb"3 +[1-9][0-9]*( |\Z)", reply.text):
        raise Violation(["+OK 3 and the octets"], repr(reply.text))


@requirement("1939/5/stat-without-deleted")
def test_stat_leaves_out_deleted_messages(stocked: Pop3Client) -> None:
    """Each message counts in neither number after DELE; in the end both are 0."""
    for number in (2, 1, 3):
        count, octets = stocked.stat()
        stocked.dele(number).require(OK)
        left = stocked.stat()
        if left[0] >= count or left[1] >= octets:
            raise Violation([f"less than {count} messages of {octets} octets"], repr(left))
    if stocked.stat() != (0, 0):
        raise Violation(["0 0"], repr(stocked.stat()))


@requirement("1939/5/list")
def test_list_has_a_line_for_each_message(stocked: Pop3Client) -> None:
    """Three messages are three lines, each a number and octets."""
    lines = stocked.multi(b"LIST").expect(OK).lines
    if len(lines) != 3 or not all(SCAN_LISTING.fullmatch(line) for line in lines):
        raise Violation(["three scan listings"], repr(lines))


@requirement("1939/5/number-from-one")
def test_messages_are_numbered_from_one(stocked: Pop3Client) -> None:
    """The lowest number in LIST is 1, and none is left out."""
    numbers = sorted(sizes(stocked))
    if numbers != list(range(1, len(numbers) + 1)):
        raise Violation(["1, 2, 3"], repr(numbers))


@requirement("1939/5/list-one")
def test_list_of_one_message_is_one_line(stocked: Pop3Client) -> None:
    """LIST 2 gives in its first line what the second line of LIST gives, and nothing more."""
    listed = sizes(stocked)
    if len(listed) < 2:
        msg = f"LIST of three messages has {len(listed)} lines"
        raise Blocked(msg)
    second = list(listed.items())[1]
    reply = stocked.command(b"LIST 2").expect(OK)
    if not re.match(rb"%d +%d( |\Z)" % second, reply.text):
        raise Violation([f"+OK {second[0]} {second[1]}"], repr(reply.text))


@requirement("1939/5/list-without-deleted")
def test_list_leaves_out_deleted_messages(stocked: Pop3Client) -> None:
    """After DELE 2, LIST has the lines of the others only; after DELE of all it has none."""
    before = stocked.multi(b"LIST").require(OK).lines
    if len(before) < 2:
        msg = f"LIST of three messages has {len(before)} lines"
        raise Blocked(msg)
    stocked.dele(2).require(OK)
    after = stocked.multi(b"LIST").expect(OK).lines
    if before[1] in after:
        raise Violation([f"{before!r} without the second"], repr(after))
    stocked.dele(1).require(OK)
    stocked.dele(3).require(OK)
    if left := stocked.multi(b"LIST").expect(OK).lines:
        raise Violation(["no lines"], repr(left))


@requirement("1939/5/no-such-message")
def test_number_of_no_message_gets_err(stocked: Pop3Client) -> None:
    """LIST, RETR and DELE of messages 0 and 4 of 3 get -ERR."""
    for command in (b"LIST 4", b"RETR 4", b"DELE 4", b"LIST 0", b"RETR 0", b"DELE 0"):
        stocked.command(command).expect(ERR)


@requirement("1939/11/size-is-octets")
def test_sizes_are_the_octets_of_retr(stocked: Pop3Client, stock: Stock) -> None:
    """What LIST says of a message is what RETR sends, dots unstuffed."""
    listed = [octets for _, octets in sorted(sizes(stocked).items())]
    sent = [len(message) for message in stock.retrieved(stocked)]
    if len(listed) == len(sent) and listed != sent:
        raise Violation([repr(sent)], repr(listed))


@requirement("1939/11/size-is-octets")
def test_stat_gives_the_octets_of_all_messages(stocked: Pop3Client, stock: Stock) -> None:
    """The octets of STAT are those that RETR sends of the three messages."""
    sent = sum(map(len, stock.retrieved(stocked)))
    octets = stocked.stat()[1]
    if octets != sent:
        raise Violation([f"{sent} octets"], f"{octets} octets")


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
    """Behind each number stands a unique-id of 1 to 70 printable octets."""
    found = unique_ids(stocked).values()
    if wrong := [unique_id for unique_id in found if not UNIQUE_ID.fullmatch(unique_id.split(b" ")[0])]:
        raise Violation(["1 to 70 printable octets"], repr(wrong))


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


@requirement("1939/7/uidl-persists", needs=("pop3 UIDL",))
def test_unique_ids_persist_without_quit(stocked: Pop3Client, open_again: Callable[[], Pop3Client]) -> None:
    """After a session that ended without UPDATE the unique-ids are the same."""
    before = unique_ids(stocked)
    if not before:
        msg = "UIDL lists no messages"
        raise Blocked(msg)
    stocked.close()
    after = unique_ids(open_again())
    if set(after.values()) != set(before.values()):
        raise Violation([repr(before)], repr(after))
