"""What other programs see of a Maildir, what the store makes of what they do, and what it refuses."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from refmail.store import mirror
from refmail.store.api import InvalidName, NoSuchMailbox, NoSuchMessage, StoreError, StoreFull
from refmail.store.locks import FileLock
from refmail.store.maildir import MaildirStore
from refmail.store.places import Places
from refmail.store.scan import Sighting, measure, scan

MESSAGE = b"Subject: one\r\n\r\nbody\r\n"
DISK = b"Subject: one\n\nbody\n"
SEEN = rb"\Seen"


@pytest.fixture
def folder(root: Path) -> Path:
    """The INBOX of ada."""
    return root / "ada" / "Maildir"


def files(folder: Path, sub: str) -> list[str]:
    return sorted(path.name for path in (folder / sub).iterdir())


def drop(folder: Path, name: str, octets: bytes = DISK, sub: str = "new") -> Path:
    """Deliver as another program does."""
    temporary = folder / "tmp" / name
    temporary.write_bytes(octets)
    return temporary.rename(folder / sub / name)


def test_delivery_is_one_file_in_new(maildir_store: MaildirStore, folder: Path) -> None:
    maildir_store.deliver("ada", MESSAGE)

    (name,) = files(folder, "new")
    assert (folder / "new" / name).read_bytes() == DISK
    assert (folder / "new" / name).stat().st_nlink == 1
    assert (folder / "new" / name).stat().st_mode & 0o077 == 0
    assert name.endswith(f",S={len(DISK)},W={len(MESSAGE)}")
    assert ":" not in name
    assert files(folder, "tmp") == files(folder, "cur") == []


def test_reader_moves_to_cur_and_writes_flags_in_order(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    uid = inbox.add(MESSAGE)
    base = files(folder, "new")[0]

    inbox.claim_recent()
    assert (files(folder, "new"), files(folder, "cur")) == ([], [f"{base}:2,"])
    inbox.change_flags([uid], "add", [SEEN, rb"\Flagged", rb"\Answered", rb"\Deleted", rb"\Draft", b"$Forwarded"])
    assert files(folder, "cur") == [f"{base}:2,DFPRST"]
    inbox.change_flags([uid], "replace", [b"other"])
    assert files(folder, "cur") == [f"{base}:2,"]
    inbox.expunge([uid])
    assert files(folder, "cur") == []


def test_foreign_letters_are_kept(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    drop(folder, "1.x.host:2,SZa", sub="cur")

    assert inbox.messages()[0].flags == {SEEN}
    inbox.change_flags([1], "add", [rb"\Flagged"])
    assert files(folder, "cur") == ["1.x.host:2,FSZa"]


def test_file_dropped_into_new_is_found_at_once(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    for number in range(20):
        before = inbox.changes_since(0).modseq
        path = drop(folder, f"{number}.x.host")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        (found,) = inbox.changes_since(before).changed
        assert (found.uid, found.size) == (number + 1, len(MESSAGE))
        assert inbox.read(found.uid) == MESSAGE


def test_foreign_file_is_dated_by_its_time(maildir_store: MaildirStore, folder: Path) -> None:
    maildir_store.open("ada", "INBOX")
    os.utime(drop(folder, "1.x.host"), (1_000_000_000, 1_000_000_000))

    assert maildir_store.open("ada", "INBOX").messages()[0].internal_date == datetime.fromtimestamp(10**9, UTC)


def test_foreign_files_get_uids_by_their_time(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    for name, when in (("a.1.h", 300), ("b.1.h", 100), ("c.1.h", 200)):
        os.utime(drop(folder, name, name.encode()), (when, when))

    inbox.messages()
    assert [inbox.read(uid) for uid in (1, 2, 3)] == [b"b.1.h", b"c.1.h", b"a.1.h"]


def test_the_index_of_very_many_foreign_files_is_opened_anew(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_VERY_MANY", 2)
    inbox = maildir_store.open("ada", "INBOX")
    for name in ("a.1.h", "b.1.h", "c.1.h", "d.1.h"):
        drop(folder, name, name.encode())
    found = [meta.uid for meta in inbox.messages()]
    assert found == [1, 2, 3, 4]
    assert sorted(inbox.read(uid) for uid in found) == [b"a.1.h", b"b.1.h", b"c.1.h", b"d.1.h"]
    inbox.change_flags([2], "add", [SEEN])
    inbox.expunge([3])
    drop(folder, "e.1.h")
    assert [(meta.uid, meta.flags) for meta in inbox.messages()] == [
        (1, frozenset()),
        (2, frozenset({SEEN})),
        (4, frozenset()),
        (5, frozenset()),
    ]


def test_foreign_crlf_file_is_read_as_it_is(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    drop(folder, "1.x.host", b"a\r\nb\nc")

    assert inbox.read(inbox.messages()[0].uid) == b"a\r\nb\r\nc"
    assert inbox.messages()[0].size == 7
    assert not inbox.messages()[0].ends_in_crlf


def test_size_hints_of_others_are_not_believed(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    drop(folder, "1.x.host,S=1,W=1")

    assert inbox.messages()[0].size == len(MESSAGE)


def test_foreign_renames_and_removals_are_noticed(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    for name in ("1.x.host", "2.x.host"):
        drop(folder, name)
    before = inbox.changes_since(0).modseq

    (folder / "new" / "1.x.host").rename(folder / "cur" / "1.x.host:2,RS")
    (folder / "new" / "2.x.host").unlink()
    changes = inbox.changes_since(before)

    assert [(meta.uid, meta.flags) for meta in changes.changed] == [(1, frozenset({SEEN, rb"\Answered"}))]
    assert list(changes.expunged) == [2]
    with pytest.raises(NoSuchMessage):
        inbox.read(2)


def test_rename_behind_our_back_does_not_hide_a_message(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    path = drop(folder, "1.x.host")
    inbox.messages()
    path.rename(folder / "cur" / "1.x.host:2,S")

    assert inbox.read(1) == MESSAGE
    (folder / "cur" / "1.x.host:2,S").rename(folder / "cur" / "1.x.host:2,FS")
    assert inbox.change_flags([1], "add", [rb"\Draft"])[0].flags == {SEEN, rb"\Flagged", rb"\Draft"}
    (folder / "cur" / "1.x.host:2,DFS").rename(folder / "cur" / "1.x.host:2,T")
    assert list(inbox.expunge([1])) == [1]
    assert files(folder, "cur") == []


def test_one_missing_sighting_expunges_nothing(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    before = inbox.changes_since(0)
    honest = scan
    blind = [True]

    def look(path: Path, known: Places) -> Places:
        return Places() if blind and blind.pop() else honest(path, known)

    monkeypatch.setattr("refmail.store.mirror.scan", look)
    drop(folder, "9.x.host")

    assert list(inbox.changes_since(before.modseq).expunged) == []
    assert [meta.uid for meta in inbox.messages()] == [1, 2]


@pytest.mark.parametrize("settle", [0.0, 0.08])
def test_drop_right_after_our_own_flag_change_is_seen(maildir_store: MaildirStore, folder: Path, settle: float) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    uid = inbox.add(MESSAGE)
    inbox.claim_recent()
    inbox.messages()
    time.sleep(settle)
    inbox.messages()
    inbox.change_flags([uid], "add", [SEEN])
    drop(folder, "1.x.host")

    assert len(inbox.messages()) == 2


def test_unknown_files_are_left_alone(maildir_store: MaildirStore, folder: Path, tmp_path: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    (folder / "new" / ".hidden").write_bytes(b"x")
    (folder / "new" / "folder").mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"not mail")
    (folder / "new" / "1.link.host").symlink_to(secret)

    assert list(inbox.messages()) == []
    assert files(folder, "new") == [".hidden", "1.link.host", "folder"]


def test_file_swapped_for_a_link_is_not_followed(maildir_store: MaildirStore, folder: Path, tmp_path: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    path = drop(folder, "1.x.host")
    inbox.messages()
    secret = tmp_path / "secret"
    secret.write_bytes(b"not mail")
    path.unlink()
    path.symlink_to(secret)

    with pytest.raises(StoreError):
        inbox.read(1)


def test_linked_folders_are_refused(maildir_store: MaildirStore, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for sub in ("tmp", "new", "cur"):
        (elsewhere / sub).mkdir(parents=True)
    maildir_store.open("ada", "INBOX")
    (root / "ada" / "Maildir" / ".linked").symlink_to(elsewhere)
    (root / "eve").symlink_to(root / "ada")

    with pytest.raises(NoSuchMailbox):
        maildir_store.open("ada", "linked")
    assert [info.name for info in maildir_store.list("ada")] == ["INBOX"]
    with pytest.raises(StoreError):
        maildir_store.deliver("eve", MESSAGE)


def test_folders_are_named_as_maildir_plus_plus_has_them(maildir_store: MaildirStore, folder: Path) -> None:
    for name in ("Sent/2026", "Entw\u00fcrfe", "a.b", "R&D"):
        maildir_store.create("ada", name)

    assert sorted(path.name for path in folder.glob(".*")) == [
        ".Entw&APw-rfe",
        ".R&-D",
        ".Sent",
        ".Sent.2026",
        ".a&AC4-b",
    ]
    assert (folder / ".Sent" / "maildirfolder").exists()


def test_name_too_long_for_a_folder_is_refused(maildir_store: MaildirStore) -> None:
    with pytest.raises(InvalidName):
        maildir_store.create("ada", "." + "x." * 49 + "/" + "x." * 40)


def test_another_store_on_the_same_folder_sees_all(maildir_store: MaildirStore, root: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    other = MaildirStore(root, sync=False).open("ada", "INBOX")
    date = datetime(2020, 5, 17, 10, 0, 0, tzinfo=UTC)
    inbox.add(b"no end", [SEEN, b"$Work", b"odd\x7fflag"], date)
    inbox.add(MESSAGE)

    assert other.messages() == inbox.messages()
    assert (other.uid_validity, other.uid_next, other.modseq) == (inbox.uid_validity, inbox.uid_next, inbox.modseq)
    other.change_flags([2], "add", [b"$Two"])
    other.expunge([1])
    assert inbox.messages() == other.messages()
    assert list(inbox.changes_since(2).expunged) == [1]
    assert other.add(MESSAGE) == 3
    assert inbox.add(MESSAGE) == 4
    assert inbox.claim_recent() == {2, 3, 4}
    assert other.recent_count() == 0


def test_mailbox_replaced_by_another_process_is_not_mistaken(maildir_store: MaildirStore, root: Path) -> None:
    other = MaildirStore(root, sync=False)
    other.create("ada", "box")
    box = maildir_store.open("ada", "box")
    box.add(MESSAGE)
    other.delete("ada", "box")
    with pytest.raises(NoSuchMailbox):
        box.messages()
    other.create("ada", "box")
    other.open("ada", "box").add(MESSAGE)

    with pytest.raises(NoSuchMailbox):
        box.messages()
    assert len(maildir_store.open("ada", "box").messages()) == 1


def test_pop3_lock_holds_across_stores(maildir_store: MaildirStore, root: Path) -> None:
    other = MaildirStore(root, sync=False)
    maildir_store.lock_maildrop("ada")
    with pytest.raises(StoreError):
        other.lock_maildrop("ada")

    maildir_store.close()
    other.lock_maildrop("ada")
    other.close()


def test_compaction_keeps_everything(
    maildir_store: MaildirStore, root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refmail.store.uidlist._SLACK", 10)
    # Fewer than are needed: a process that fell behind must find out by itself.
    monkeypatch.setattr("refmail.store.uidlist._KEPT_REMOVALS", 1)
    inbox = maildir_store.open("ada", "INBOX")
    other = MaildirStore(root, sync=False).open("ada", "INBOX")
    for octets in (MESSAGE, b"x", MESSAGE):
        inbox.add(octets, [b"$Work"])
    start = other.changes_since(0).modseq
    inbox.expunge([1])
    inbox.expunge([3])
    for number in range(100):
        inbox.change_flags([2], "add" if number % 2 else "remove", [b"$Odd"])

    # A delivery is looked at, and looking compacts.
    inbox.add(MESSAGE)
    inbox.messages()
    assert len((folder / "refmail-uidlist").read_bytes().splitlines()) < 20
    assert not list(folder.glob("*.tmp"))
    assert list(other.changes_since(start).expunged) == [1, 3]
    assert list(inbox.changes_since(start).expunged) == [1, 3]
    assert other.messages() == inbox.messages()
    again = MaildirStore(root, sync=False).open("ada", "INBOX")
    assert again.messages() == inbox.messages()
    assert (again.uid_next, again.modseq) == (inbox.uid_next, inbox.modseq) == (5, inbox.modseq)


def test_removals_that_are_kept_do_not_make_it_compact_each_time(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refmail.store.uidlist._SLACK", 4)
    inbox = maildir_store.open("ada", "INBOX")
    generations: set[bytes] = set()
    for _ in range(20):
        uids = [inbox.add(MESSAGE) for _ in range(5)]
        inbox.change_flags(uids, "add", [b"\\Deleted"])
        inbox.expunge(uids)
        generations.add((folder / "refmail-uidlist").read_bytes().split(b" ", 3)[2])

    # Each time half of the file at the least was history.
    assert 2 <= len(generations) < 10


def test_compaction_never_gives_a_uid_twice(
    maildir_store: MaildirStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refmail.store.uidlist._SLACK", 0)
    monkeypatch.setattr("refmail.store.uidlist._KEPT_REMOVALS", 0)
    inbox = maildir_store.open("ada", "INBOX")
    for uid in range(1, 6):
        assert inbox.add(MESSAGE) == uid
        inbox.expunge([uid])
        inbox._mirror.rescan(inbox._mirror.refresh())
    assert MaildirStore(root, sync=False).open("ada", "INBOX").uid_next == 6


def test_cut_short_record_counts_for_nothing(maildir_store: MaildirStore, root: Path, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    with (folder / "refmail-uidlist").open("ab") as file:
        file.write(b"f 99 1 \\Se")

    other = MaildirStore(root, sync=False).open("ada", "INBOX")
    assert other.messages() == inbox.messages()
    assert other.add(MESSAGE) == 2
    assert inbox.messages() == other.messages()


def test_damaged_journal_gives_a_new_uid_validity(maildir_store: MaildirStore, root: Path, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    before = inbox.uid_validity
    (folder / "refmail-uidlist").write_bytes(b"garbage\n")

    other = MaildirStore(root, sync=False).open("ada", "INBOX")
    assert other.uid_validity > before
    assert other.read(other.messages()[0].uid) == MESSAGE
    assert (folder / "refmail-uidlist.damaged").exists()


Break = Callable[[pytest.MonkeyPatch], None]


def _full(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _short_then_full() -> Callable[[int, bytes], int]:
    honest = os.write
    calls = [0]

    def write(descriptor: int, octets: bytes) -> int:
        calls[0] += 1
        return honest(descriptor, octets[:5]) if calls[0] == 1 else _full()

    return write


@pytest.mark.parametrize("step", ["os.write", "short write", "os.fsync", "os.link", "sync_folder", "append"])
def test_full_disk_leaves_nothing_behind(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    store = MaildirStore(root)
    inbox = store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    inbox.claim_recent()
    before = inbox.messages(), inbox.modseq
    target, fault = {
        "os.write": ("refmail.store.files.os.write", _full),
        "short write": ("refmail.store.files.os.write", _short_then_full()),
        "os.fsync": ("refmail.store.files.os.fsync", _full),
        "os.link": ("refmail.store.delivery.os.link", _full),
        "sync_folder": ("refmail.store.maildir_mailbox.sync_folder", _full),
        "append": ("refmail.store.uidlist.write_all", _full),
    }[step]

    with monkeypatch.context() as patch:
        patch.setattr(target, fault)
        with pytest.raises(StoreFull):
            store.deliver("ada", MESSAGE)
        with pytest.raises(StoreFull):
            inbox.add(MESSAGE, [SEEN])
        with pytest.raises(StoreFull):
            inbox.copy_to(inbox, [1]) if step != "short write" else _full_store()
        assert files(folder, "tmp") == files(folder, "new") == []
        assert len(files(folder, "cur")) == 1

    assert (inbox.messages(), inbox.modseq) == before
    assert MaildirStore(root).open("ada", "INBOX").messages() == before[0]
    assert inbox.add(MESSAGE) == 2


def _full_store() -> None:
    raise StoreFull


def test_file_without_its_record_gets_a_uid(maildir_store: MaildirStore, folder: Path) -> None:
    """A crash between the link and the journal loses no message."""
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    lines = (folder / "refmail-uidlist").read_bytes().splitlines(keepends=True)
    (folder / "refmail-uidlist").write_bytes(b"".join(lines[:-1]))

    again = MaildirStore(folder.parent.parent, sync=False).open("ada", "INBOX")
    assert [again.read(meta.uid) for meta in again.messages()] == [MESSAGE]


def test_leftovers_in_tmp_are_swept_after_36_hours(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir_store.open("ada", "INBOX").messages()
    (folder / "tmp" / "1.crashed.host").write_bytes(b"half a mess")
    store = MaildirStore(folder.parent.parent, sync=False)
    store.open("ada", "INBOX").messages()
    assert files(folder, "tmp") == ["1.crashed.host"]

    later = time.time() + 37 * 3600
    monkeypatch.setattr("refmail.store.scan.time.time", lambda: later)
    MaildirStore(folder.parent.parent, sync=False).open("ada", "INBOX").messages()
    assert files(folder, "tmp") == []


def test_watcher_hears_of_a_file_that_another_program_drops(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.messages()
    heard = Event()

    def look() -> None:
        if inbox.messages():
            heard.set()

    stop = maildir_store.watch("ada", look)
    drop(folder, "1.x.host")
    assert heard.wait(10)
    stop()


def test_maildir_removed_behind_our_back_is_made_again(maildir_store: MaildirStore, root: Path) -> None:
    maildir_store.deliver("ada", MESSAGE)
    shutil.rmtree(root / "ada")

    maildir_store.deliver("ada", MESSAGE)
    assert len(maildir_store.open("ada", "INBOX").messages()) == 1


FILE_LIMIT = """
import resource, sys
from pathlib import Path
from refmail.store.api import StoreFull
from refmail.store.maildir import MaildirStore
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
store = MaildirStore(Path(sys.argv[1]))
try:
    store.deliver("ada", b"x" * 50_000)
except StoreFull:
    store.deliver("ada", b"small")
"""


def test_write_that_the_kernel_cuts_short_leaves_nothing(root: Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", FILE_LIMIT, str(root)], check=True, timeout=60)

    inbox = MaildirStore(root, sync=False).open("ada", "INBOX")
    assert [inbox.read(meta.uid) for meta in inbox.messages()] == [b"small"]
    assert files(folder, "tmp") == []


def test_folder_without_changes_is_not_read_again(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    for _ in range(3):
        inbox.add(MESSAGE)
    inbox.claim_recent()
    for sub in ("new", "cur"):
        os.utime(folder / sub, (1_000_000_000, 1_000_000_000))
    inbox.messages()
    scans: list[Path] = []

    def counted(path: Path, known: Places) -> Places:
        scans.append(path)
        return scan(path, known)

    monkeypatch.setattr("refmail.store.mirror.scan", counted)
    for _ in range(3):
        inbox.messages()
        inbox.changes_since(0)
        inbox.recent_count()
        inbox.read(1)
    assert scans == []
    drop(folder, "1.x.host")
    inbox.messages()
    assert scans != []


def test_unreadable_file_does_not_hide_the_others(
    maildir_store: MaildirStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    locked = drop(folder, "1.x.host")

    def refuse(path: Path) -> Sighting:
        if path == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return measure(path)

    with monkeypatch.context() as patch:
        patch.setattr("refmail.store.mirror.measure", refuse)
        assert len(inbox.messages()) == 1
    assert len(inbox.messages()) == 2


def test_change_that_the_clock_hides_is_seen_a_moment_later(maildir_store: MaildirStore, folder: Path) -> None:
    """Another program renames in the same tick as we do, so that the folder's time does not tell."""
    inbox = maildir_store.open("ada", "INBOX")
    uids = [inbox.add(MESSAGE) for _ in range(2)]
    inbox.claim_recent()
    os.utime(folder / "new", (1_000_000_000, 1_000_000_000))
    inbox.change_flags(uids[:1], "add", [SEEN])
    ours = (folder / "cur").stat().st_mtime_ns
    other = next(path for path in (folder / "cur").iterdir() if path.name.endswith(":2,"))
    other.rename(f"{other}F")
    os.utime(folder / "cur", ns=(ours, ours))

    deadline = time.monotonic() + 10
    while rb"\Flagged" not in inbox.messages()[1].flags:
        assert time.monotonic() < deadline


def test_mailbox_deleted_while_another_waits_for_its_lock(
    maildir_store: MaildirStore, root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir_store.create("ada", "box")
    waiting = MaildirStore(root, sync=False).open("ada", "box")
    waits = Event()
    honest = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        waits.set()
        honest(descriptor, operation)

    with ThreadPoolExecutor(1) as pool:
        with FileLock(folder / ".box" / "refmail-lock"):
            monkeypatch.setattr("refmail.store.locks.fcntl.flock", flock)
            outcome = pool.submit(waiting.messages)
            assert waits.wait(10)
            shutil.rmtree(folder / ".box")
        with pytest.raises(NoSuchMailbox):
            outcome.result()


def test_delivery_that_the_clock_hides_is_seen(maildir_store: MaildirStore, folder: Path) -> None:
    inbox = maildir_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    os.utime(folder / "cur", (1_000_000_000, 1_000_000_000))
    inbox.messages()
    ours = (folder / "new").stat().st_mtime_ns
    drop(folder, "1.x.host")
    os.utime(folder / "new", ns=(ours, ours))

    deadline = time.monotonic() + 10
    while len(inbox.messages()) != 2:
        assert time.monotonic() < deadline
