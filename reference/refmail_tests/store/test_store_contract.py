"""What `refmail.store.api` promises, on every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from refmail.store.api import (
    InvalidName,
    Mailbox,
    MailboxExists,
    MaildropBusy,
    MailStore,
    NoSuchMailbox,
    NoSuchMessage,
    StoreError,
    StoreFull,
)

MESSAGE = b"Subject: one\r\n\r\n.dot\r\n"
SEEN = rb"\Seen"


@pytest.fixture
def inbox(store: MailStore) -> Mailbox:
    return store.open("ada", "INBOX")


def uids(mailbox: Mailbox) -> list[int]:
    return [meta.uid for meta in mailbox.messages()]


def names(store: MailStore) -> list[str]:
    return [info.name for info in store.list("ada")]


def test_delivered_message_is_read_back_octet_for_octet(store: MailStore, inbox: Mailbox) -> None:
    store.deliver("ada", MESSAGE)

    (meta,) = inbox.messages()
    assert inbox.read(meta.uid) == MESSAGE
    assert (meta.uid, meta.size, meta.flags) == (1, len(MESSAGE), frozenset())


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n",
        b"no end",
        b"a\r\r\nb\r\n",
        b"bare\rcr\r\n",
        b"\r\n.\r\n\r\n",
        b"\x00\xff\r\n",
        b"\r\r\r\n\r",
        b"\r",
    ],
)
def test_octets_and_size_survive(inbox: Mailbox, octets: bytes) -> None:
    uid = inbox.add(octets)

    assert inbox.read(uid) == octets
    assert inbox.messages()[0].size == len(octets)


def test_bare_lf_comes_back_as_crlf(inbox: Mailbox) -> None:
    uid = inbox.add(b"a\nb\r\nc\n")

    assert inbox.read(uid) == b"a\r\nb\r\nc\r\n"
    assert inbox.messages()[0].size == 9


def test_uids_ascend_and_are_not_used_again(inbox: Mailbox) -> None:
    assert [inbox.add(MESSAGE) for _ in range(3)] == [1, 2, 3]
    inbox.expunge([3])

    assert inbox.uid_next == 4
    assert inbox.add(MESSAGE) == 4
    assert uids(inbox) == [1, 2, 4]


def test_flags_are_added_removed_and_replaced(inbox: Mailbox) -> None:
    uid = inbox.add(MESSAGE, [rb"\SEEN", rb"\Recent", b"$Work"])

    assert inbox.messages()[0].flags == {SEEN, b"$Work"}
    (meta,) = inbox.change_flags([uid, 99], "add", [rb"\Flagged"])
    assert meta.flags == {SEEN, b"$Work", rb"\Flagged"}
    (meta,) = inbox.change_flags([uid], "remove", [SEEN])
    assert meta.flags == {b"$Work", rb"\Flagged"}
    (meta,) = inbox.change_flags([uid], "replace", [b"other", rb"\Deleted"])
    assert meta.flags == {b"other", rb"\Deleted"}
    assert inbox.messages()[0] == meta


def test_flag_change_without_effect_is_no_change(inbox: Mailbox) -> None:
    uid = inbox.add(MESSAGE, [SEEN])
    before = inbox.modseq

    inbox.change_flags([uid], "add", [SEEN])

    assert inbox.modseq == before


def test_changes_since_tells_each_kind_of_change(inbox: Mailbox) -> None:
    first, second, third = (inbox.add(MESSAGE) for _ in range(3))
    before = inbox.changes_since(0)
    assert [meta.uid for meta in before.changed] == [first, second, third]

    inbox.change_flags([second], "add", [SEEN])
    inbox.expunge([first, 99])
    fourth = inbox.add(MESSAGE)

    after = inbox.changes_since(before.modseq)
    assert [(meta.uid, meta.flags) for meta in after.changed] == [(second, {SEEN}), (fourth, frozenset())]
    assert list(after.expunged) == [first]
    assert after.modseq > before.modseq
    assert inbox.changes_since(after.modseq) == type(after)(after.modseq, (), ())


def test_expunge_says_what_this_call_removed(inbox: Mailbox) -> None:
    inbox.add(MESSAGE)

    assert list(inbox.expunge([1, 7])) == [1]
    assert list(inbox.expunge([1])) == []
    with pytest.raises(NoSuchMessage):
        inbox.read(1)


def test_recent_is_claimed_once(store: MailStore, inbox: Mailbox) -> None:
    store.deliver("ada", MESSAGE)
    inbox.add(MESSAGE, [SEEN])
    other = store.open("ada", "INBOX")

    assert inbox.recent_count() == 2
    assert inbox.claim_recent() == {1, 2}
    assert other.claim_recent() == frozenset()
    store.deliver("ada", MESSAGE)
    assert other.claim_recent() == {3}
    assert inbox.recent_count() == 0
    assert [meta.flags for meta in inbox.messages()] == [frozenset(), {SEEN}, frozenset()]


def test_internal_date_is_kept_to_the_second(inbox: Mailbox) -> None:
    date = datetime(1996, 7, 17, 2, 44, 25, 123, tzinfo=timezone(timedelta(hours=-7)))

    inbox.add(MESSAGE, internal_date=date)

    assert inbox.messages()[0].internal_date == date.replace(microsecond=0)
    assert inbox.messages()[0].internal_date.utcoffset() == date.utcoffset()


def test_delivery_is_dated_now(store: MailStore, inbox: Mailbox) -> None:
    store.deliver("ada", MESSAGE)

    assert abs(inbox.messages()[0].internal_date - datetime.now(UTC)) < timedelta(minutes=1)


def test_copy_keeps_flags_date_and_octets(store: MailStore, inbox: Mailbox) -> None:
    store.create("ada", "Archive")
    archive = store.open("ada", "Archive")
    archive.add(b"older")
    date = datetime(2001, 1, 1, tzinfo=UTC)
    inbox.add(MESSAGE, [SEEN, b"$Work"], date)
    inbox.add(b"second\r\n")

    assert list(inbox.copy_to(archive, [2, 1])) == [2, 3]

    _, second, first = archive.messages()
    assert (first.internal_date, first.size) == (date, len(MESSAGE))
    assert first.flags == {SEEN, b"$Work"}
    assert archive.read(3) == MESSAGE
    assert archive.read(second.uid) == b"second\r\n"
    assert uids(inbox) == [1, 2]


def test_copy_to_the_same_mailbox(inbox: Mailbox) -> None:
    inbox.add(MESSAGE)

    assert list(inbox.copy_to(inbox, [1])) == [2]
    assert inbox.read(2) == MESSAGE


def test_copy_of_a_message_that_is_gone_copies_nothing(store: MailStore, inbox: Mailbox) -> None:
    store.create("ada", "Archive")
    archive = store.open("ada", "Archive")
    inbox.add(MESSAGE)

    with pytest.raises(NoSuchMessage):
        inbox.copy_to(archive, [1, 2])
    assert uids(archive) == []


def test_two_openings_show_the_same_mailbox(store: MailStore, inbox: Mailbox) -> None:
    inbox.add(MESSAGE)

    assert store.open("ada", "inbox").messages() == inbox.messages()
    assert store.open("bob", "INBOX").messages() != inbox.messages()


def test_uid_validity_is_an_unsigned_32_bit_number(inbox: Mailbox) -> None:
    assert 0 < inbox.uid_validity < 2**32


def test_create_makes_the_levels_above(store: MailStore) -> None:
    store.create("ada", "a/b/c")

    assert [(i.name, i.selectable, i.has_children) for i in store.list("ada")] == [
        ("INBOX", True, False),
        ("a", True, True),
        ("a/b", True, True),
        ("a/b/c", True, False),
    ]
    with pytest.raises(MailboxExists):
        store.create("ada", "a/b")
    with pytest.raises(MailboxExists):
        store.create("ada", "inbox")


@pytest.mark.parametrize(
    "name",
    ["", "/", "a//b", "/a", "a/", "..", "a/../b", ".", "a\x00b", "a\nb", "x" * 300, "\ud800", "../../etc", "a/./b"],
)
def test_names_that_lead_elsewhere_are_refused(store: MailStore, name: str) -> None:
    for act in (store.create, store.open, store.delete, store.subscribe):
        with pytest.raises(InvalidName):
            act("ada", name)
    with pytest.raises(InvalidName):
        store.rename("ada", "INBOX", name)
    assert names(store) == ["INBOX"]


@pytest.mark.parametrize("user", ["", ".", "..", "a/b", "../x", "a\x00", ".hidden"])
def test_users_that_lead_elsewhere_are_refused(store: MailStore, user: str) -> None:
    with pytest.raises(InvalidName):
        store.deliver(user, MESSAGE)


@pytest.mark.parametrize(
    "name",
    ["Entw\u00fcrfe", "a.b/c.d", "R&D", "~peter/mail/\u53f0\u5317", "#news", "a b", "&-", "\U0001f600", "INBOX/x"],
)
def test_unusual_names_are_kept(store: MailStore, name: str) -> None:
    store.create("ada", name)
    store.open("ada", name).add(MESSAGE)

    assert name in names(store)
    assert store.open("ada", name).read(1) == MESSAGE


def test_deleted_mailbox_is_gone_for_those_who_have_it_open(store: MailStore) -> None:
    store.create("ada", "box")
    box = store.open("ada", "box")
    box.add(MESSAGE)

    store.delete("ada", "box")

    for act in (box.messages, lambda: box.read(1), lambda: box.add(MESSAGE), lambda: store.open("ada", "box")):
        with pytest.raises(NoSuchMailbox):
            act()
    with pytest.raises(NoSuchMailbox):
        store.delete("ada", "box")


def test_mailbox_made_again_has_a_greater_uid_validity(store: MailStore) -> None:
    store.create("ada", "box")
    first = store.open("ada", "box").uid_validity
    store.delete("ada", "box")
    store.create("ada", "box")

    assert store.open("ada", "box").uid_validity > first
    assert uids(store.open("ada", "box")) == []


def test_renamed_mailbox_never_lowers_the_uid_validity_of_a_name(store: MailStore) -> None:
    store.create("ada", "old")
    store.create("ada", "name")
    before = store.open("ada", "old").uid_validity
    given_up = store.open("ada", "name").uid_validity
    store.delete("ada", "name")

    store.rename("ada", "old", "fresh")
    assert store.open("ada", "fresh").uid_validity == before
    store.rename("ada", "fresh", "name")
    assert store.open("ada", "name").uid_validity > given_up


def test_deleting_a_parent_leaves_its_children(store: MailStore) -> None:
    store.create("ada", "a/b")
    store.open("ada", "a/b").add(MESSAGE)
    store.delete("ada", "a")

    assert [(i.name, i.selectable) for i in store.list("ada")] == [("INBOX", True), ("a", False), ("a/b", True)]
    assert uids(store.open("ada", "a/b")) == [1]
    with pytest.raises(NoSuchMailbox):
        store.open("ada", "a")
    store.create("ada", "a")
    assert store.list("ada")[1].selectable


def test_inbox_cannot_be_deleted(store: MailStore) -> None:
    with pytest.raises(StoreError):
        store.delete("ada", "InBox")


def test_rename_moves_children_and_makes_levels_above(store: MailStore) -> None:
    store.create("ada", "a/b")
    box = store.open("ada", "a/b")
    box.add(MESSAGE, [SEEN])

    store.rename("ada", "a", "x/y")

    assert names(store) == ["INBOX", "x", "x/y", "x/y/b"]
    assert store.open("ada", "x/y/b").read(1) == MESSAGE
    assert box.read(1) == MESSAGE


def test_rename_below_itself(store: MailStore) -> None:
    store.create("ada", "a/c")

    store.rename("ada", "a", "a/b")

    assert names(store) == ["INBOX", "a", "a/b", "a/b/c"]


def test_rename_refuses_what_is_not_there_and_what_is(store: MailStore) -> None:
    store.create("ada", "a")
    store.create("ada", "b")

    with pytest.raises(NoSuchMailbox):
        store.rename("ada", "c", "d")
    with pytest.raises(MailboxExists):
        store.rename("ada", "a", "b")
    with pytest.raises(MailboxExists):
        store.rename("ada", "a", "INBOX")


def test_rename_of_inbox_gives_its_messages(store: MailStore, inbox: Mailbox) -> None:
    inbox.add(MESSAGE, [SEEN])
    store.create("ada", "INBOX/child")

    store.rename("ada", "INBOX", "old mail")

    assert uids(inbox) == []
    assert store.open("ada", "old mail").messages()[0].flags == {SEEN}
    assert names(store) == ["INBOX", "INBOX/child", "old mail"]
    assert inbox.add(MESSAGE) == 2


def test_subscriptions_outlive_their_mailboxes(store: MailStore) -> None:
    store.create("ada", "b")
    store.subscribe("ada", "b")
    store.subscribe("ada", "a/\u00e9")
    store.subscribe("ada", "inbox")

    assert [i.subscribed for i in store.list("ada")] == [True, True]
    store.delete("ada", "b")
    assert list(store.subscriptions("ada")) == ["INBOX", "a/\u00e9", "b"]
    store.unsubscribe("ada", "b")
    store.unsubscribe("ada", "b")
    assert list(store.subscriptions("ada")) == ["INBOX", "a/\u00e9"]


def test_maildrop_lock_is_exclusive_per_user(store: MailStore) -> None:
    store.lock_maildrop("ada")
    with pytest.raises(MaildropBusy):
        store.lock_maildrop("ada")
    store.lock_maildrop("bob")

    store.unlock_maildrop("ada")
    store.unlock_maildrop("ada")
    store.lock_maildrop("ada")
    store.unlock_maildrop("ada")
    store.unlock_maildrop("bob")


def test_watchers_hear_of_changes_until_they_stop(store: MailStore, inbox: Mailbox) -> None:
    inbox.messages()
    seen: list[int] = []
    stop = store.watch("ada", lambda: seen.append(inbox.modseq))
    uid = inbox.add(MESSAGE)
    heard = len(seen)
    assert heard >= 1
    inbox.change_flags([uid], "add", [SEEN])
    assert len(seen) > heard
    heard = len(seen)
    inbox.expunge([uid])
    assert len(seen) > heard

    stop()
    stop()
    heard = len(seen)
    inbox.add(MESSAGE)
    assert len(seen) == heard


@pytest.mark.parametrize(
    ("octets", "ends"),
    [(b"", True), (b"a\r\n", True), (b"a", False), (b"a\r", False), (b"a\n", True), (b"\r\r\n", True)],
)
def test_store_knows_whether_the_last_line_ends(inbox: Mailbox, octets: bytes, ends: bool) -> None:
    inbox.add(octets)
    inbox.copy_to(inbox, [1])

    assert [meta.ends_in_crlf for meta in inbox.messages()] == [ends, ends]


def test_quota_counts_all_mailboxes_and_refuses_whole_messages(quota_store: MailStore) -> None:
    """The store has room for 100 octets."""
    quota_store.create("ada", "box")
    inbox, box = quota_store.open("ada", "INBOX"), quota_store.open("ada", "box")
    box.add(b"x" * 60)
    inbox.add(b"x" * 30)

    for act in (
        lambda: quota_store.deliver("ada", b"x" * 11),
        lambda: box.add(b"x" * 11),
        lambda: inbox.copy_to(box, [1]),
    ):
        with pytest.raises(StoreFull):
            act()
    assert (uids(inbox), uids(box)) == ([1], [1])
    quota_store.deliver("ada", b"x" * 10)
    quota_store.deliver("bob", b"x" * 100)
    box.expunge([1])
    quota_store.deliver("ada", b"x" * 60)
