"""SELECT, EXAMINE, CREATE, DELETE, RENAME, LIST and STATUS: RFC 3501 sections 5.1 and 6.3."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.imap.conftest import Filled
from mailspec.suite.steps import require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.grammar.imap.values import Exists, Flags, ListEntry, Recent, Status
from mailspec.wire.imap import ImapClient, ImapReply

Maker = Callable[[], bytes]


def names(reply: ImapReply) -> set[bytes]:
    """Return the mailbox names of LIST responses."""
    return {entry.mailbox for entry in reply.all(ListEntry)}


def delimiter(imap: ImapClient) -> bytes:
    """Return the hierarchy delimiter; *not run* where names have no hierarchy."""
    found = imap.command(b'LIST "" ""').require("OK").one(ListEntry).delimiter
    if found is None:
        msg = "mailbox names of this target have no hierarchy"
        raise NotRun(msg)
    return found


@requirement("3501/5.1/inbox-any-case")
def test_inbox_in_any_case(imap_auth: ImapClient) -> None:
    """SELECT of inbox in lower and mixed case opens it."""
    imap_auth.command(b"SELECT inbox").expect("OK")
    imap_auth.command(b"SELECT iNbOx").expect("OK")
    require_refusals(imap_auth)


@requirement("3501/6.3.1/select-data")
def test_select_sends_the_required_data(imap_auth: ImapClient, mailbox: bytes) -> None:
    """SELECT sends FLAGS, EXISTS and RECENT."""
    reply = imap_auth.command(b"SELECT " + mailbox).expect("OK")
    missing = [kind.__name__.upper() for kind in (Flags, Exists, Recent) if not reply.all(kind)]
    if missing:
        raise Violation(["FLAGS, EXISTS and RECENT"], f"no {', '.join(missing)}")


@requirement("3501/6.3.1/select-uid-codes")
def test_select_sends_the_uid_codes(imap_auth: ImapClient, mailbox: bytes) -> None:
    """SELECT sends UIDVALIDITY and UIDNEXT."""
    selected = imap_auth.select(mailbox)
    if selected.uidvalidity is None or selected.uidnext is None:
        raise Violation(["UIDVALIDITY and UIDNEXT"], f"{selected.uidvalidity} and {selected.uidnext}")


@requirement("3501/6.3.1/read-write")
def test_select_says_read_write(imap_auth: ImapClient, mailbox: bytes) -> None:
    """SELECT of a mailbox of our own does not say READ-ONLY."""
    code = imap_auth.command(b"SELECT " + mailbox).expect("OK").code
    if code is not None and code.name == b"READ-ONLY":
        raise Violation(["READ-WRITE, or nothing"], "READ-ONLY")


@requirement("3501/6.3.1/failed-select")
def test_failed_select_leaves_nothing_selected(imap_selected: ImapClient, free_name: Maker) -> None:
    """After SELECT of a mailbox that does not exist, FETCH and CLOSE are out of state."""
    imap_selected.command(b"SELECT " + free_name()).require("NO", "BAD")
    imap_selected.command(b"FETCH 1 FLAGS").expect("BAD", "NO")
    imap_selected.command(b"CLOSE").expect("BAD", "NO")


@requirement("3501/6.3.2/examine-read-only")
def test_examine_changes_nothing(filled: Filled) -> None:
    r"""In an examined mailbox BODY[] does not set \Seen, and READ-ONLY is said."""
    selected = filled.imap.select(filled.name, b"EXAMINE")
    filled.imap.fetch(b"1", b"(BODY[])").require("OK")
    filled.imap.select(filled.name)
    if not selected.read_only or rb"\seen" in filled.flags(1):
        raise Violation([r"READ-ONLY, and no \Seen afterwards"], f"{selected.read_only=}, {filled.flags(1)}")


@requirement("3501/6.3.3/create")
def test_created_mailbox_exists_once(imap_auth: ImapClient, new_mailbox: Maker) -> None:
    """A created mailbox can be selected, and created no second time."""
    name = new_mailbox()
    imap_auth.command(b"SELECT " + name).expect("OK")
    imap_auth.command(b"CREATE " + name).expect("NO", "BAD")


@requirement("3501/6.3.3/create-inbox")
def test_create_inbox_is_refused(imap_auth: ImapClient) -> None:
    """CREATE INBOX is an error in any case."""
    imap_auth.command(b"CREATE INBOX").expect("NO", "BAD")
    imap_auth.command(b"CREATE inbox").expect("NO", "BAD")


@requirement("3501/6.3.4/delete")
def test_deleted_mailbox_is_gone(imap_auth: ImapClient, new_mailbox: Maker) -> None:
    """After DELETE, SELECT of the name fails."""
    name = new_mailbox()
    imap_auth.command(b"DELETE " + name).expect("OK")
    imap_auth.command(b"SELECT " + name).expect("NO", "BAD")


@requirement("3501/6.3.4/delete-inbox", tier="destructive")
def test_delete_inbox_is_refused(imap_auth: ImapClient) -> None:
    """DELETE INBOX is an error."""
    imap_auth.command(b"DELETE INBOX").expect("NO", "BAD")


@requirement("3501/6.3.4/delete-missing")
def test_delete_of_nothing_is_refused(imap_auth: ImapClient, free_name: Maker) -> None:
    """DELETE of a name that does not exist is an error."""
    imap_auth.command(b"DELETE " + free_name()).expect("NO", "BAD")


@requirement("3501/6.3.5/rename")
def test_rename_moves_the_messages(filled: Filled, free_name: Maker) -> None:
    """After RENAME the messages are under the new name, and the old one cannot be selected."""
    target = free_name()
    filled.imap.command(b"CLOSE").require("OK")
    filled.imap.command(b"RENAME %s %s" % (filled.name, target)).expect("OK")
    filled.imap.command(b"SELECT " + filled.name).expect("NO", "BAD")
    exists = filled.imap.select(target).exists
    if exists != len(filled.messages):
        raise Violation([f"{len(filled.messages)} messages"], f"{exists} messages under the new name")


@requirement("3501/6.3.8/list-wildcard")
def test_star_matches_all_levels(imap_auth: ImapClient, new_mailbox: Maker) -> None:
    """LIST of name* shows a mailbox and the one below it."""
    top = new_mailbox()
    below = top + delimiter(imap_auth) + b"below"
    imap_auth.command(b"CREATE " + below).require("OK")
    found = names(imap_auth.command(b'LIST "" "%s*"' % top).expect("OK"))
    if not {top, below} <= found:
        raise Violation([repr({top, below})], repr(found))


@requirement("3501/6.3.8/list-percent")
def test_percent_stops_at_the_delimiter(imap_auth: ImapClient, new_mailbox: Maker) -> None:
    """LIST of name% shows the mailbox and not the one below it."""
    top = new_mailbox()
    below = top + delimiter(imap_auth) + b"below"
    imap_auth.command(b"CREATE " + below).require("OK")
    found = names(imap_auth.command(b'LIST "" "%s%%"' % top).expect("OK"))
    if top not in found or below in found:
        raise Violation([f"{top.decode()} alone"], repr(found))


@requirement("3501/6.3.8/list-delimiter")
def test_empty_name_asks_for_the_delimiter(imap_auth: ImapClient) -> None:
    """LIST "" "" gives one entry, whose name is the root."""
    entries = imap_auth.command(b'LIST "" ""').expect("OK").all(ListEntry)
    if len(entries) != 1:
        raise Violation(["one LIST response"], f"{len(entries)} of them")


@requirement("3501/6.3.10/status-items")
def test_status_agrees_with_select(filled: Filled) -> None:
    """STATUS of a mailbox not selected gives the numbers that SELECT then gives."""
    filled.imap.command(b"SELECT INBOX").require("OK")
    items = b"(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"
    status = filled.imap.command(b"STATUS %s %s" % (filled.name, items)).expect("OK").one(Status).items
    selected = filled.imap.select(filled.name)
    # Where SELECT says no UIDNEXT or UIDVALIDITY, there is nothing to agree with.
    wanted = {
        b"MESSAGES": selected.exists,
        b"UIDNEXT": selected.uidnext or status.get(b"UIDNEXT"),
        b"UIDVALIDITY": selected.uidvalidity or status.get(b"UIDVALIDITY"),
        b"UNSEEN": 3,
    }
    if dict(status) != wanted:
        raise Violation([repr(wanted)], repr(dict(status)))


@requirement("3501/6.3.10/status-keeps-selection")
def test_status_keeps_the_selection(filled: Filled) -> None:
    """After STATUS of another mailbox, the selected one still is."""
    filled.imap.command(b"STATUS INBOX (MESSAGES)").require("OK")
    filled.imap.fetch(b"3", b"(UID)").expect("OK")
