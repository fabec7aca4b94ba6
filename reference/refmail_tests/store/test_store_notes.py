"""Notes beside the mail: right whatever happens to their file, and made once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.store.api import MailStore
from refmail.store.maildir import MaildirStore
from refmail.store.maildir_mailbox import MaildirMailbox
from refmail.store.notes import PAGE, NoteBook, Recipe, Suspects, page_of
from refmail.store.notes_file import FileKeeper
from refmail.store.noting import BulkMailbox, noted, read_many


class Counted:
    """A recipe's function that notes subject and size, nothing of the second part of short messages."""

    def __init__(self) -> None:
        self.made: list[bytes] = []

    def __call__(self, octets: bytes) -> list[bytes | None]:
        self.made.append(octets)
        return [octets.partition(b"\r\n")[0], None if len(octets) < 30 else b"%d" % len(octets)]


@pytest.fixture
def make() -> Counted:
    return Counted()


@pytest.fixture
def recipe(make: Counted) -> Recipe:
    return Recipe("test-1", 2, make)


@pytest.fixture
def reopen(root: Path) -> Iterator[Callable[[], MaildirMailbox]]:
    """Open the INBOX as another process would."""
    stores: list[MaildirStore] = []

    def opened() -> MaildirMailbox:
        stores.append(MaildirStore(root, sync=False))
        return stores[-1].open("ada", "INBOX")

    yield opened
    for store in stores:
        store.close()


def fill(mailbox: MaildirMailbox, count: int) -> list[int]:
    return [mailbox.add(b"Subject: number %d\r\n\r\n%s\r\n" % (n, b"x" * n)) for n in range(count)]


def subjects(mailbox: MaildirMailbox, recipe: Recipe, uids: list[int]) -> list[bytes | None]:
    found = mailbox.noted(recipe, uids)
    return [found[uid][0] if uid in found else None for uid in uids]


def expected(count: int) -> list[bytes]:
    return [b"Subject: number %d" % n for n in range(count)]


def notes_file(root: Path) -> Path:
    return root / "ada" / "Maildir" / "refmail-notes"


def test_notes_of_every_bulk_store(store: MailStore, recipe: Recipe) -> None:
    inbox = store.open("ada", "INBOX")
    uids = [inbox.add(b"Subject: %d\r\n\r\nlong enough to have both parts\r\n" % n) for n in range(3)]
    inbox.expunge([uids[1]])

    found = noted(inbox, recipe, uids)

    if isinstance(inbox, BulkMailbox):
        assert {uid: note[0] for uid, note in found.items()} == {uids[0]: b"Subject: 0", uids[2]: b"Subject: 2"}
        suspects = inbox.noted_containing(recipe, uids, 0, b": 2")
        assert uids[2] in suspects.surely
        assert uids[0] not in suspects.surely | suspects.perhaps
    else:
        assert found == {}
    assert [uid for uid, _ in read_many(inbox, uids)] == [uids[0], uids[2]]


def test_notes_are_made_once_and_found_by_the_next_process(
    reopen: Callable[[], MaildirMailbox], recipe: Recipe, make: Counted
) -> None:
    count = PAGE + 10
    first = reopen()
    uids = fill(first, count)
    assert subjects(first, recipe, uids) == expected(count)
    assert len(make.made) == count

    assert subjects(first, recipe, uids) == expected(count)
    assert subjects(reopen(), recipe, uids) == expected(count)
    assert len(make.made) == count


def test_part_that_was_not_noted_is_none(reopen: Callable[[], MaildirMailbox], recipe: Recipe) -> None:
    inbox = reopen()
    uids = fill(inbox, 20)
    found = inbox.noted(recipe, uids)
    assert (found[uids[0]][1], found[uids[19]][1]) == (None, b"43")
    # Where nothing was noted, anything may be.
    suspects = inbox.noted_containing(recipe, uids, 1, b"43")
    assert (uids[0] in suspects.perhaps, uids[19] in suspects.surely) == (True, True)


def test_lost_file_is_made_again(
    reopen: Callable[[], MaildirMailbox], root: Path, recipe: Recipe, make: Counted
) -> None:
    inbox = reopen()
    uids = fill(inbox, 3)
    subjects(inbox, recipe, uids)
    notes_file(root).unlink()
    assert subjects(inbox, recipe, uids) == expected(3)
    assert subjects(reopen(), recipe, uids) == expected(3)
    assert len(make.made) == 6


@pytest.mark.parametrize("where", [0, 20, 45, 60, 80, -40, -3, -1])
def test_damaged_file_gives_no_wrong_answer(
    reopen: Callable[[], MaildirMailbox], root: Path, recipe: Recipe, where: int
) -> None:
    uids = fill(inbox := reopen(), 5)
    subjects(inbox, recipe, uids)
    path = notes_file(root)
    octets = bytearray(path.read_bytes())
    octets[where] ^= 0x41
    path.write_bytes(octets)

    again = reopen()
    for _ in range(2):
        answers = again.noted(recipe, uids)
        for uid, right in zip(uids, expected(5), strict=True):
            if uid in answers:
                assert answers[uid][0] in {right, None}
                assert answers[uid][1] in {None, b"%d" % len(again.read(uid))}
            found = again.noted_containing(recipe, uids, 0, right)
            assert uid in found.surely | found.perhaps
    assert subjects(again, recipe, uids) == expected(5)
    assert subjects(reopen(), recipe, uids) == expected(5)


@pytest.mark.parametrize("cut", [0, 1, 20, 40, 70, 100])
def test_file_that_was_cut_short_is_completed(
    reopen: Callable[[], MaildirMailbox], root: Path, recipe: Recipe, cut: int
) -> None:
    uids = fill(inbox := reopen(), 5)
    subjects(inbox, recipe, uids)
    path = notes_file(root)
    path.write_bytes(path.read_bytes()[:cut])
    again = reopen()
    assert subjects(again, recipe, uids) == expected(5)
    assert subjects(reopen(), recipe, uids) == expected(5)
    assert subjects(inbox, recipe, uids) == expected(5)


def test_notes_of_another_recipe_are_not_taken(
    reopen: Callable[[], MaildirMailbox], recipe: Recipe, make: Counted
) -> None:
    uids = fill(inbox := reopen(), 3)
    subjects(inbox, Recipe("test-0", 2, lambda _: [b"old", b"old"]), uids)
    assert subjects(reopen(), recipe, uids) == expected(3)
    assert len(make.made) == 3


def test_notes_of_another_uidvalidity_are_not_taken(
    reopen: Callable[[], MaildirMailbox], root: Path, recipe: Recipe
) -> None:
    inbox = reopen()
    uids = fill(inbox, 4)
    subjects(inbox, recipe, uids)
    # Without its journal the mailbox begins anew, and UID 1 is another message.
    (root / "ada" / "Maildir" / "refmail-uidlist").unlink()
    next((root / "ada" / "Maildir" / "new").glob("*Q1R*")).unlink()

    again = reopen()
    new = [meta.uid for meta in again.messages()]
    texts = [again.read(uid).partition(b"\r\n")[0] for uid in new]
    assert len(new) == 3
    assert subjects(again, recipe, new) == texts


def test_renamed_mailbox_keeps_its_notes(maildir_store: MaildirStore, recipe: Recipe, make: Counted) -> None:
    maildir_store.create("ada", "one")
    mailbox = maildir_store.open("ada", "one")
    uids = fill(mailbox, 3)
    subjects(mailbox, recipe, uids)
    maildir_store.rename("ada", "one", "two")
    assert subjects(maildir_store.open("ada", "two"), recipe, uids) == expected(3)
    maildir_store.create("ada", "one")
    assert maildir_store.open("ada", "one").noted(recipe, uids) == {}


def test_several_writers_at_once(reopen: Callable[[], MaildirMailbox], recipe: Recipe) -> None:
    count = 60
    uids = fill(reopen(), count)
    mailboxes = [reopen() for _ in range(4)]
    wrong: list[object] = []

    def work(mailbox: MaildirMailbox, step: int) -> None:
        for start in range(0, count, step):
            some = uids[start : start + step]
            if subjects(mailbox, recipe, some) != expected(count)[start : start + step]:
                wrong.append((step, start))

    threads = [
        threading.Thread(target=work, args=(each, step)) for each, step in zip(mailboxes, (1, 3, 7, 10), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for mailbox in (*mailboxes, reopen()):
        assert subjects(mailbox, recipe, uids) == expected(count)


def test_many_small_pages_and_dead_notes_are_rewritten(
    reopen: Callable[[], MaildirMailbox],
    root: Path,
    recipe: Recipe,
    make: Counted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("refmail.store.notes_file._SLACK_PAGES", 3)
    inbox = reopen()
    behind = reopen()
    uids = fill(inbox, 12)
    for uid in uids[:6]:
        subjects(inbox, recipe, [uid])
        subjects(behind, recipe, [uid])
    inbox.expunge(uids[:5])
    for uid in uids[6:]:
        subjects(inbox, recipe, [uid])
    assert b"number 0" not in notes_file(root).read_bytes()
    for mailbox in (inbox, behind, reopen()):
        assert subjects(mailbox, recipe, uids[5:]) == expected(12)[5:]
    assert len(make.made) == 12


def test_full_disk_takes_no_answer_away(
    reopen: Callable[[], MaildirMailbox], recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = reopen()
    uids = fill(inbox, 3)

    def full(_descriptor: int, _octets: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("refmail.store.notes_file.write_all", full)
        assert inbox.noted(recipe, uids) == {}
        assert inbox.noted_containing(recipe, uids, 0, b"number 1") == Suspects(set(), set(uids))
    assert subjects(inbox, recipe, uids) == expected(3)


@given(
    st.dictionaries(
        st.integers(1, 50), st.tuples(st.none() | st.binary(max_size=6), st.binary(max_size=3)), min_size=1
    ),
    st.binary(max_size=3),
)
def test_column_finds_what_each_part_has(notes: dict[int, tuple[bytes | None, bytes]], text: bytes) -> None:
    page, _ = page_of(notes, 2)

    class Keeper:
        pages = (page,)

        def refresh(self, uid_validity: int) -> None: ...
        def keep(self, notes: object, known: object) -> None: ...

    book = NoteBook(Keeper())
    for part in range(2):
        surely = {uid for uid, parts in notes.items() if (octets := parts[part]) is not None and text in octets}
        perhaps = {uid for uid, parts in notes.items() if parts[part] is None}
        assert book.containing(part, text) == Suspects(surely, perhaps)
    found = book.lookup(notes)
    assert {uid: (note[0], note[1]) for uid, note in found.items()} == notes


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"refmail-notes 1 test-1 7\n")
    (tmp_path / "refmail-notes").symlink_to(target)
    keeper = FileKeeper(lambda: tmp_path / "refmail-notes", "test-1", 2)
    keeper.refresh(7)
    keeper.keep({1: [b"a", b"b"]}, lambda _: True)
    assert target.read_bytes() == b"refmail-notes 1 test-1 7\n"
