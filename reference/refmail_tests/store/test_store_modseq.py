"""Mod-sequences, conditional changes, MOVE and the log of removals, on every store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refmail.store.api import Mailbox, MailStore, MessageMeta, NoSuchMessage, StoreError
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore

MESSAGE = b"Subject: one\r\n\r\ntext\r\n"
SEEN, FLAGGED, DRAFT = rb"\Seen", rb"\Flagged", rb"\Draft"

OnDisk = Callable[[Path], MailStore]


@pytest.fixture
def inbox(store: MailStore) -> Mailbox:
    """An INBOX of three messages."""
    mailbox = store.open("ada", "INBOX")
    for _ in range(3):
        mailbox.add(MESSAGE)
    return mailbox


@pytest.fixture
def shelf(store: MailStore) -> Mailbox:
    store.create("ada", "shelf")
    return store.open("ada", "shelf")


@pytest.fixture(params=[MaildirStore, MboxStore])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Mailbox]:
    """Return a function that opens an INBOX on disk as a server does that was started anew."""

    def opened() -> Mailbox:
        mailbox: Mailbox = request.param(tmp_path / "mail", sync=False).open("ada", "INBOX")
        return mailbox

    return opened


def uids(mailbox: Mailbox) -> list[int]:
    return [meta.uid for meta in mailbox.messages()]


def meta_of(mailbox: Mailbox, uid: int) -> MessageMeta:
    return next(meta for meta in mailbox.messages() if meta.uid == uid)


# Conditional changes.


def test_condition_spares_what_has_changed(inbox: Mailbox) -> None:
    point = inbox.modseq
    inbox.change_flags([2], "add", [FLAGGED])

    outcome = inbox.change_flags_unless_modified([3, 2, 1, 9], "replace", [SEEN], point)
    assert outcome.modified == {2}
    assert [(meta.uid, meta.flags) for meta in outcome.messages] == [
        (1, frozenset({SEEN})),
        (2, frozenset({FLAGGED})),
        (3, frozenset({SEEN})),
    ]
    assert {meta.modseq for meta in outcome.messages if meta.uid != 2} == {inbox.modseq}


def test_condition_tells_flags_apart(inbox: Mailbox) -> None:
    point = inbox.modseq
    inbox.change_flags([1], "add", [FLAGGED, b"$Work"])

    assert not inbox.change_flags_unless_modified([1], "add", [SEEN], point).modified
    assert inbox.change_flags_unless_modified([1], "remove", [FLAGGED], point).modified == {1}
    assert inbox.change_flags_unless_modified([1], "add", [b"$Work"], point).modified == {1}
    assert inbox.change_flags_unless_modified([1, 2], "add", [b"$Work"], 0).modified == {1}
    assert inbox.change_flags_unless_modified([1, 3], "add", [DRAFT], 0).modified == {1, 3}


def test_condition_and_change_are_one_step(inbox: Mailbox) -> None:
    point = inbox.modseq
    winners: list[int] = []
    start = threading.Barrier(4)

    def claim(number: int) -> None:
        start.wait()
        if not inbox.change_flags_unless_modified([1], "add", [b"$Claimed%d" % number, FLAGGED], point).modified:
            winners.append(number)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    assert inbox.messages()[0].flags == {b"$Claimed%d" % winners[0], FLAGGED}


def test_no_change_leaves_the_mod_sequence(inbox: Mailbox) -> None:
    inbox.change_flags([1], "add", [SEEN])
    before = inbox.modseq
    inbox.change_flags([1], "add", [SEEN])
    inbox.change_flags_unless_modified([1, 2], "remove", [DRAFT], before)
    assert inbox.modseq == before


# MOVE.


def test_move_takes_everything_along(inbox: Mailbox, shelf: Mailbox) -> None:
    date = datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC)
    uid = inbox.add(b"Subject: four\r\n\r\n", [FLAGGED, b"$Work"], date)
    octets = inbox.read(uid)
    shelf.add(MESSAGE)
    source, target = inbox.modseq, shelf.modseq

    assert list(inbox.move_to(shelf, [1, uid])) == [2, 3]
    assert uids(inbox) == [2, 3]
    assert shelf.read(3) == octets
    meta = meta_of(shelf, 3)
    assert (meta.flags, meta.internal_date) == (frozenset({FLAGGED, b"$Work"}), date)
    assert min(meta_of(shelf, 2).modseq, meta.modseq) > target
    assert list(inbox.changes_since(source).expunged) == [1, uid]


def test_move_within_a_mailbox(inbox: Mailbox) -> None:
    assert list(inbox.move_to(inbox, [1, 3])) == [4, 5]
    assert uids(inbox) == [2, 4, 5]
    assert inbox.read(5) == MESSAGE


def test_move_is_all_or_none(inbox: Mailbox, shelf: Mailbox) -> None:
    with pytest.raises(NoSuchMessage):
        inbox.move_to(shelf, [1, 9])
    assert (uids(inbox), uids(shelf)) == ([1, 2, 3], [])
    assert inbox.read(1) == MESSAGE


def test_move_to_another_store_is_refused(inbox: Mailbox, tmp_path: Path) -> None:
    class Foreign:
        pass

    with pytest.raises(StoreError):
        inbox.move_to(Foreign(), [1])  # type: ignore[arg-type]  # on purpose: a mailbox of another kind
    assert uids(inbox) == [1, 2, 3]
    assert tmp_path.exists()


def test_moves_that_cross_each_other_end(store: MailStore, inbox: Mailbox, shelf: Mailbox) -> None:
    for _ in range(3):
        shelf.add(MESSAGE)
    failures: list[BaseException] = []

    def move(source: Mailbox, target: Mailbox) -> None:
        try:
            for _ in range(5):
                source.move_to(target, [source.messages()[0].uid])
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=move, args=pair) for pair in ((inbox, shelf), (shelf, inbox))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    # One that found its source empty is no matter; no message is lost or there twice.
    assert all(isinstance(failure, IndexError | NoSuchMessage) for failure in failures), failures
    assert len(inbox.messages()) + len(shelf.messages()) == 6
    store.close()


def test_one_message_is_moved_once(store: MailStore, inbox: Mailbox, shelf: Mailbox) -> None:
    store.create("ada", "other")
    other = store.open("ada", "other")
    start = threading.Barrier(2)
    done: list[Mailbox] = []

    def move(target: Mailbox) -> None:
        start.wait()
        try:
            inbox.move_to(target, [2])
        except NoSuchMessage:
            return
        done.append(target)

    threads = [threading.Thread(target=move, args=(target,)) for target in (shelf, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert len(shelf.messages()) + len(other.messages()) == 1


# The log of removals, and what outlives a server.


def test_removals_are_forgotten_in_order(inbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refmail.store.index._REMEMBERED", 1)
    start = inbox.modseq
    for uid in (1, 2, 3):
        inbox.expunge([uid])
    assert not inbox.changes_since(start).complete
    late = inbox.changes_since(inbox.modseq - 1)
    assert (list(late.expunged), late.complete) == ([3], True)


def test_a_new_server_knows_what_went(reopen: Callable[[], Mailbox]) -> None:
    inbox = reopen()
    for _ in range(4):
        inbox.add(MESSAGE)
    point = inbox.modseq
    inbox.expunge([2])
    inbox.change_flags([3], "add", [FLAGGED])
    inbox.expunge([4])

    again = reopen()
    assert (again.modseq, again.uid_validity) == (inbox.modseq, inbox.uid_validity)
    changes = again.changes_since(point)
    assert (list(changes.expunged), [meta.uid for meta in changes.changed], changes.complete) == ([2, 4], [3], True)
    assert again.change_flags_unless_modified([3], "remove", [FLAGGED], point).modified == {3}
    assert not again.change_flags_unless_modified([3], "add", [SEEN], point).modified


def test_the_log_survives_compaction(reopen: Callable[[], Mailbox], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refmail.store.uidlist._SLACK", 2)
    monkeypatch.setattr("refmail.store.uidlist._KEPT_REMOVALS", 2)
    inbox = reopen()
    points: list[int] = []
    for _ in range(20):
        uid = inbox.add(MESSAGE)
        points.append(inbox.modseq)
        inbox.expunge([uid])
    inbox.add(MESSAGE)
    inbox.messages()

    again = reopen()
    assert again.modseq == inbox.modseq
    late = again.changes_since(points[-2])
    assert (list(late.expunged), late.complete) == ([19, 20], True)
    assert not again.changes_since(points[0]).complete


def test_what_other_programs_do_meanwhile_counts(tmp_path: Path) -> None:
    store = MaildirStore(tmp_path / "mail", sync=False)
    inbox = store.open("ada", "INBOX")
    for _ in range(3):
        inbox.add(MESSAGE)
    inbox.claim_recent()
    point = inbox.modseq
    store.close()
    first, second, _ = sorted((tmp_path / "mail" / "ada" / "Maildir" / "cur").iterdir())
    first.unlink()
    second.rename(second.with_name(second.name + "F"))

    again = MaildirStore(tmp_path / "mail", sync=False).open("ada", "INBOX")
    changes = again.changes_since(point)
    assert changes.modseq > point
    assert (list(changes.expunged), [meta.uid for meta in changes.changed]) == ([1], [2])


def test_a_journal_of_the_first_form_does_not_claim_to_know_all(tmp_path: Path) -> None:
    store = MaildirStore(tmp_path / "mail", sync=False)
    inbox = store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    journal = tmp_path / "mail" / "ada" / "Maildir" / "refmail-uidlist"
    head, _, rest = journal.read_bytes().partition(b"\n")
    words = head.replace(b"refmail-uidlist 2", b"refmail-uidlist 1").split(b" ")[:-1]
    words[5] = b"7"
    journal.write_bytes(b" ".join(words) + b"\n" + rest.replace(b"a 2 ", b"a 8 "))

    again = MaildirStore(tmp_path / "mail", sync=False).open("ada", "INBOX")
    assert again.uid_validity == inbox.uid_validity
    assert (again.modseq, again.changes_since(6).complete, again.changes_since(7).complete) == (8, False, True)


def test_a_move_that_fails_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MaildirStore(tmp_path / "mail", sync=False)
    inbox = store.open("ada", "INBOX")
    store.create("ada", "shelf")
    shelf = store.open("ada", "shelf")
    for _ in range(3):
        inbox.add(MESSAGE, [FLAGGED])
    rename, calls = Path.rename, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        if target.parent.name == "tmp":
            calls += 1
            if calls == 2:
                raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StoreError):
        inbox.move_to(shelf, [1, 2, 3])
    assert (uids(inbox), uids(shelf)) == ([1, 2, 3], [])
    assert [inbox.read(uid) for uid in (1, 2, 3)] == [MESSAGE] * 3
    assert not list((tmp_path / "mail").glob("**/tmp/*"))
