"""STORE, EXPUNGE, CLOSE, COPY and what UIDs promise: RFC 3501 sections 2.3.1.1, 5.2, 6.4 and 7.4.1."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.imap.conftest import Filled
from mailspec.suite.imap.test_append import instant
from mailspec.suite.steps import MessageMaker
from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.grammar.imap.values import Exists, Expunge
from mailspec.wire.imap import ImapClient
from mailspec.wire.poll import until

Maker = Callable[[], bytes]
Opener = Callable[[], ImapClient]


@requirement("3501/6.4.6/store-replaces")
def test_store_replaces_adds_and_removes(filled: Filled) -> None:
    """FLAGS replaces the flags of a message, +FLAGS adds to them, -FLAGS takes from them."""
    steps = (
        (b"FLAGS", (rb"\Seen",), {rb"\seen"}),
        (b"+FLAGS", (rb"\Flagged",), {rb"\seen", rb"\flagged"}),
        (b"-FLAGS", (rb"\Seen",), {rb"\flagged"}),
        (b"FLAGS", (rb"\Answered", rb"\Draft"), {rb"\answered", rb"\draft"}),
    )
    for item, flags, wanted in steps:
        filled.imap.store(b"2", item, flags).expect("OK")
        if filled.flags(2) != wanted:
            raise Violation([repr(wanted)], repr(filled.flags(2)))


@requirement("3501/6.4.6/store-echo")
def test_store_shows_the_new_flags(filled: Filled) -> None:
    """STORE sends a FETCH with the flags of each message of the set."""
    reply = filled.imap.store(b"1:2", b"+FLAGS", (rb"\Flagged",)).expect("OK")
    shown = {number for number, one in reply.fetched.items() if rb"\flagged" in {f.lower() for f in one.flags or ()}}
    if shown != {1, 2}:
        raise Violation(["FETCH responses for 1 and 2"], repr(reply.fetched))


@requirement("3501/6.4.3/expunge")
def test_expunge_removes_what_is_marked(filled: Filled) -> None:
    """EXPUNGE reports and removes the message marked deleted, and leaves the others."""
    uids = filled.uids()
    filled.imap.store(b"2", b"+FLAGS.SILENT", (rb"\Deleted",)).require("OK")
    told = filled.imap.command(b"EXPUNGE").expect("OK").all(Expunge)
    left = filled.uids()
    if left != (uids[0], uids[2]) or [expunge.number for expunge in told] != [2]:
        raise Violation([f"2 EXPUNGE, and UIDs {uids[0]} and {uids[2]} left"], f"{told}, and {left}")


@requirement("3501/7.4.1/expunge-numbers")
def test_each_expunge_renumbers_at_once(filled: Filled) -> None:
    """The numbers of the EXPUNGE responses, applied one by one, take away just the two marked messages."""
    filled.imap.store(b"1,2", b"+FLAGS.SILENT", (rb"\Deleted",)).require("OK")
    numbers = [one.number for one in filled.imap.command(b"EXPUNGE").require("OK").all(Expunge)]
    if len(numbers) != 2:
        msg = f"EXPUNGE of two messages brought {len(numbers)} responses"
        raise Blocked(msg)
    view = [1, 2, 3]
    for number in numbers:
        del view[number - 1 : number]
    if view != [3]:
        raise Violation(["EXPUNGE responses that take away 1 and 2"], repr(numbers))


@requirement("3501/7.4.1/no-expunge-in-fetch")
def test_no_expunge_during_fetch_store_and_search(filled: Filled, imap_login: Opener) -> None:
    """After another session's EXPUNGE, FETCH, STORE and SEARCH bring no EXPUNGE."""
    other = imap_login()
    other.select(filled.name)
    other.store(b"1", b"+FLAGS.SILENT", (rb"\Deleted",)).require("OK")
    other.command(b"EXPUNGE").require("OK")
    for command in (b"FETCH 2:3 (FLAGS)", rb"STORE 3 +FLAGS (\Flagged)", b"SEARCH ALL"):
        if filled.imap.command(command).require("OK", "NO", "BAD").all(Expunge):
            raise Violation(["no EXPUNGE"], f"EXPUNGE during {command.decode()}")


@requirement("3501/6.4.2/close-expunges")
def test_close_removes_silently(filled: Filled) -> None:
    """CLOSE removes what is marked deleted and sends no EXPUNGE."""
    filled.imap.store(b"1", b"+FLAGS.SILENT", (rb"\Deleted",)).require("OK")
    reply = filled.imap.command(b"CLOSE").expect("OK")
    exists = filled.imap.select(filled.name).exists
    if reply.all(Expunge) or exists != 2:
        raise Violation(["2 messages and no EXPUNGE"], f"{exists} messages, {len(reply.all(Expunge))} EXPUNGE")


@requirement("3501/6.4.7/copy")
def test_copy_keeps_flags_and_date(filled: Filled, new_mailbox: Maker) -> None:
    """A copy has the flags and the internal date of the original."""
    target = new_mailbox()
    filled.imap.store(b"2", b"FLAGS.SILENT", (rb"\Flagged", rb"\Answered")).require("OK")
    before = filled.imap.fetch(b"2", b"(INTERNALDATE)").require("OK").fetched[2].internal_date
    filled.imap.command(b"COPY 2 " + target).require("OK")
    filled.imap.select(target)
    after = filled.imap.fetch(b"1", b"(INTERNALDATE)").require("OK").fetched[1].internal_date
    if filled.flags(1) != {rb"\flagged", rb"\answered"} or instant(before or b"") != instant(after or b""):
        raise Violation([rf"\Flagged \Answered, {before!r}"], f"{filled.flags(1)}, {after!r}")


@requirement("3501/6.4.7/copy-trycreate")
def test_copy_to_no_mailbox_says_trycreate(filled: Filled, free_name: Maker) -> None:
    """COPY to a mailbox that does not exist gets NO with TRYCREATE."""
    reply = filled.imap.command(b"COPY 1 " + free_name()).expect("NO")
    if reply.code is None or reply.code.name != b"TRYCREATE":
        raise Violation(["NO [TRYCREATE]"], f"NO with {reply.code}")


@requirement("3501/6.4.8/uid-fetch-includes-uid")
def test_uid_fetch_includes_the_uid(filled: Filled) -> None:
    """UID FETCH of FLAGS alone brings UIDs too."""
    uids = filled.uids()
    reply = filled.imap.fetch(b"%d:%d" % (uids[0], uids[-1]), b"(FLAGS)", uid=True).expect("OK")
    shown = tuple(one.uid for _, one in sorted(reply.fetched.items()))
    if shown != uids:
        raise Violation([repr(uids)], repr(shown))


@requirement("3501/6.4.8/uid-nonexistent-ok")
def test_uid_of_nothing_is_no_error(filled: Filled) -> None:
    """UID FETCH of a UID that no message has gets OK and no data of it; news of other messages may come."""
    nobodys = filled.uids()[-1] + 1000
    reply = filled.imap.fetch(b"%d" % nobodys, b"(FLAGS)", uid=True).expect("OK")
    if nobodys in {one.uid for one in reply.fetched.values()}:
        raise Violation([f"no FETCH response with UID {nobodys}"], repr(reply.fetched))


@requirement("3501/6.4.8/uid-star")
def test_star_is_at_least_the_last_message(filled: Filled) -> None:
    """UID FETCH from beyond the end to * brings the last message."""
    uids = filled.uids()
    reply = filled.imap.fetch(b"%d:*" % (uids[-1] + 1000), b"(UID)", uid=True).expect("OK")
    shown = {one.uid for one in reply.fetched.values()}
    if uids[-1] not in shown:
        raise Violation([f"UID {uids[-1]}"], repr(shown))


@requirement("3501/2.3.1.1/uids-ascend")
def test_uids_ascend(filled: Filled, make_message: MessageMaker) -> None:
    """UIDs grow with the numbers, also for a message that is appended after the last one was removed."""
    before = filled.uids()
    filled.imap.store(b"3", b"+FLAGS.SILENT", (rb"\Deleted",)).require("OK")
    filled.imap.command(b"EXPUNGE").require("OK")
    filled.imap.append(filled.name, make_message()).require("OK")
    filled.imap.select(filled.name)
    after = filled.uids()
    if list(before) != sorted(set(before)) or list(after) != sorted(set(after)) or after[-1] <= before[-1]:
        raise Violation(["UIDs that only grow"], f"{before}, then {after}")


@requirement("3501/2.3.1.1/uidnext-not-below")
def test_new_uid_is_not_below_uidnext(filled: Filled, make_message: MessageMaker) -> None:
    """The next message has at least the UID that UIDNEXT announced."""
    uidnext = filled.imap.select(filled.name).uidnext
    if uidnext is None:
        msg = "SELECT did not say UIDNEXT"
        raise Inconclusive(msg)
    filled.imap.append(filled.name, make_message()).require("OK")
    filled.imap.select(filled.name)
    if filled.uids()[-1] < uidnext:
        raise Violation([f"a UID of {uidnext} or more"], repr(filled.uids()[-1]))


@requirement("3501/2.3.1.1/uids-persist")
def test_uids_persist(filled: Filled, imap_login: Opener) -> None:
    """Another session sees the same UIDs under the same UIDVALIDITY."""
    uids, validity = filled.uids(), filled.imap.select(filled.name).uidvalidity
    filled.imap.logout().require("OK")
    session = imap_login()
    if session.select(filled.name).uidvalidity != validity:
        msg = "UIDVALIDITY changed between two sessions"
        raise Inconclusive(msg)
    again = Filled(session, filled.name, filled.messages).uids()
    if again != uids:
        raise Violation([repr(uids)], repr(again))


@requirement("3501/5.2/new-mail-noticed")
def test_new_message_is_announced(filled: Filled, imap_login: Opener, make_message: MessageMaker) -> None:
    """After another session's APPEND, NOOP brings EXISTS with the new number."""
    imap_login().append(filled.name, make_message()).require("OK")
    seen: list[int] = []

    def announced() -> bool:
        seen.extend(one.number for one in filled.imap.command(b"NOOP").require("OK").all(Exists))
        return bool(seen)

    if not until(announced, filled.imap.recorder.deadline):
        msg = "the target did not announce a new message within the deadline"
        raise Inconclusive(msg)
    if seen[-1] != len(filled.messages) + 1:
        raise Violation([f"{len(filled.messages) + 1} EXISTS"], repr(seen))
