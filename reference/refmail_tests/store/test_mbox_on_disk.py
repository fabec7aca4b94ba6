"""What other programs see of an mbox, what the store makes of what they do, and what it refuses."""

from __future__ import annotations

import contextlib
import errno
import mailbox
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refmail.store.api import InvalidName, NoSuchMailbox, StoreError, StoreFull
from refmail.store.lineends import normalised
from refmail.store.mbox import MboxStore
from refmail.store.mbox_scan import scan

MESSAGE = b"Return-Path: <ada@example.test>\r\nSubject: one\r\n\r\nFrom here\r\n>From there\r\n"
DISK = b"Return-Path: <ada@example.test>\nSubject: one\n\n>From here\n>>From there\n"
SEEN = rb"\Seen"
DATE = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
HEAD = b"From ada@example.test Sat Feb  3 04:05:06 2024\n"
FOREIGN = b"From bob@example.test Sun Feb  4 00:00:00 2024\nStatus: RO\nSubject: two\nX-Keywords: $Work\n\nbody\n\n"
FOREIGN_READ = b"Subject: two\r\n\r\nbody\r\n"


@pytest.fixture
def mbox(root: Path) -> Path:
    """The INBOX of ada."""
    return root / "ada" / "mbox"


def append(path: Path, octets: bytes) -> None:
    with path.open("ab") as file:
        file.write(octets)


def rewrite(path: Path, octets: bytes) -> None:
    """Write as a mail reader does that holds the file open; the time is never the same again."""
    before = path.stat().st_mtime_ns
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(octets)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def subjects(store: MboxStore) -> dict[int, bytes]:
    inbox = store.open("ada", "INBOX")
    return {meta.uid: inbox.read(meta.uid) for meta in inbox.messages()}


def test_file_is_as_mboxrd_has_it(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE, [SEEN], DATE)
    inbox.add(b"no end", (), DATE)
    inbox.add(b"", (), DATE)

    odd = HEAD.replace(b"ada@example.test", b"MAILER-DAEMON")
    assert mbox.read_bytes() == HEAD + DISK + b"\n" + odd + b"no end\n\n" + odd + b"\n"
    assert mbox.stat().st_mode & 0o077 == 0
    assert subjects(mbox_store) == {1: MESSAGE, 2: b"no end", 3: b""}
    assert not list(mbox.parent.glob("*.lock"))


def test_hierarchy_is_folders(mbox_store: MboxStore, mbox: Path) -> None:
    for name in ("Sent/2026", "Entw\u00fcrfe", "a.mbox", "INBOX/x"):
        mbox_store.create("ada", name)
    folders = mbox.parent / "folders"

    assert sorted(str(path.relative_to(folders)) for path in folders.rglob("*.mbox")) == [
        "Entw&APw-rfe.mbox",
        "INBOX/x.mbox",
        "Sent.mbox",
        "Sent/2026.mbox",
        "a&AC4-mbox.mbox",
    ]
    for name in ("Sent/2026", "Sent", "Entw\u00fcrfe", "a.mbox", "INBOX/x"):
        mbox_store.delete("ada", name)
    assert not folders.exists()
    with pytest.raises(InvalidName):
        mbox_store.create("ada", "\u00fc" * 100)


def test_linked_files_are_refused(mbox_store: MboxStore, root: Path, mbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(FOREIGN)
    mbox_store.create("ada", "a/b")
    (mbox.parent / "folders" / "x.mbox").symlink_to(secret)
    (mbox.parent / "folders" / "linked").symlink_to(mbox.parent / "folders" / "a")
    (root / "eve").symlink_to(root / "ada")

    assert [info.name for info in mbox_store.list("ada")] == ["INBOX", "a", "a/b"]
    for name in ("x", "linked/b"):
        with pytest.raises(NoSuchMailbox):
            mbox_store.open("ada", name)
    with pytest.raises(StoreError):
        mbox_store.deliver("eve", MESSAGE)
    mbox.unlink()
    mbox.symlink_to(secret)
    with pytest.raises(StoreError):
        mbox_store.deliver("ada", MESSAGE)
    assert secret.read_bytes() == FOREIGN


# What other programs do.


def test_foreign_delivery_is_found_with_its_flags(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    before = inbox.changes_since(0).modseq
    append(mbox, FOREIGN)

    (found,) = inbox.changes_since(before).changed
    assert (found.uid, found.flags, found.size) == (2, frozenset({SEEN, b"$Work"}), len(FOREIGN_READ))
    assert found.internal_date == datetime(2024, 2, 4, tzinfo=UTC)
    assert subjects(mbox_store) == {1: MESSAGE, 2: FOREIGN_READ}


def test_marks_that_came_through_the_store_are_the_senders(mbox_store: MboxStore) -> None:
    octets = b"Status: RO\r\nX-UID: 7\r\n\r\n"
    inbox = mbox_store.open("ada", "INBOX")
    uid = inbox.add(octets)

    assert inbox.read(uid) == octets
    assert inbox.messages()[0].flags == frozenset()


def test_growth_reads_only_what_grew(mbox_store: MboxStore, mbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(b"x" * 100_000 + b"\r\n")
    size = mbox.stat().st_size
    starts: list[int] = []

    def noted(descriptor: int, start: int, end: int) -> object:
        starts.append(start)
        return scan(descriptor, start, end)

    monkeypatch.setattr("refmail.store.mbox_mirror.scan", noted)
    append(mbox, FOREIGN)
    assert len(inbox.messages()) == 2
    inbox.messages()
    assert starts == [size]


def test_known_file_is_not_read_again_by_another_process(
    mbox_store: MboxStore, root: Path, mbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mbox_store.open("ada", "INBOX").add(MESSAGE)
    append(mbox, FOREIGN)
    known = mbox_store.open("ada", "INBOX").messages()

    def refuse(*arguments: int) -> object:
        pytest.fail(f"the file is scanned: {arguments}")

    monkeypatch.setattr("refmail.store.mbox_mirror.scan", refuse)
    other = MboxStore(root, sync=False).open("ada", "INBOX")
    assert other.messages() == known
    assert other.read(2) == FOREIGN_READ


def test_message_marked_by_a_reader_keeps_its_uid(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE, [rb"\Draft", b"$Work"], DATE)
    inbox.add(b"no end", (), DATE)
    text = mbox.read_bytes()
    before = inbox.changes_since(0).modseq
    rewrite(mbox, text.replace(b"Subject: one\n", b"Subject: one\nStatus: RO\nX-Status: F\n"))

    (changed,) = inbox.changes_since(before).changed
    assert (changed.uid, changed.flags) == (1, frozenset({SEEN, rb"\Flagged", rb"\Draft", b"$Work"}))
    assert subjects(mbox_store) == {1: MESSAGE, 2: b"no end"}
    rewrite(mbox, mbox.read_bytes().replace(b"X-Status: F\n", b"X-Status: A\n"))
    assert inbox.messages()[0].flags == {SEEN, rb"\Answered", rb"\Draft", b"$Work"}


def test_message_removed_by_another_program_is_expunged(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    pieces: list[bytes] = []
    for text in (b"one", b"two", b"three"):
        size = len(b"".join(pieces))
        inbox.add(text, (), DATE)
        pieces.append(mbox.read_bytes()[size:])
    validity = inbox.uid_validity
    rewrite(mbox, pieces[0] + pieces[2] + FOREIGN)

    assert list(inbox.changes_since(inbox.modseq - 1).expunged) == [2]
    assert subjects(mbox_store) == {1: b"one", 3: b"three", 4: FOREIGN_READ}
    assert inbox.uid_validity == validity
    rewrite(mbox, b"")
    assert subjects(mbox_store) == {}
    assert inbox.add(b"five") == 5


@pytest.mark.parametrize("order", ["new before old", "nothing old"])
def test_other_mail_in_its_place_is_another_mailbox(mbox_store: MboxStore, mbox: Path, order: str) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE, [rb"\Draft"], DATE)
    validity = inbox.uid_validity
    rewrite(mbox, FOREIGN + (mbox.read_bytes() if order == "new before old" else b""))

    with pytest.raises(NoSuchMailbox):
        inbox.messages()
    with pytest.raises(NoSuchMailbox):
        inbox.add(MESSAGE)
    again = mbox_store.open("ada", "INBOX")
    assert again.uid_validity > validity
    assert [meta.uid for meta in again.messages()] == ([1, 2] if order == "new before old" else [1])
    if order == "new before old":
        assert again.read(2) == MESSAGE
        assert again.messages()[1].flags == {rb"\Draft"}


def test_delivery_goes_into_the_mailbox_that_is_there_now(mbox_store: MboxStore, mbox: Path) -> None:
    mbox_store.deliver("ada", MESSAGE)
    rewrite(mbox, FOREIGN)

    mbox_store.deliver("ada", MESSAGE)

    assert subjects(mbox_store) == {1: FOREIGN_READ, 2: MESSAGE}


def test_index_that_is_lost_or_damaged_is_built_anew(mbox_store: MboxStore, root: Path, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE, [SEEN], DATE)
    append(mbox, FOREIGN)
    validity = inbox.uid_validity
    index = mbox.with_name("mbox.refmail-index")
    for damage in (b"", b"not ours\n", index.read_bytes().replace(b"a 2 1", b"a x 1"), b"\xff\n"):
        index.write_bytes(damage)
        fresh = MboxStore(root, sync=False)
        assert subjects(fresh) == {1: MESSAGE, 2: FOREIGN_READ}
        assert fresh.open("ada", "INBOX").uid_validity > validity
        validity = fresh.open("ada", "INBOX").uid_validity
        assert [meta.flags for meta in fresh.open("ada", "INBOX").messages()] == [frozenset(), {SEEN, b"$Work"}]
    index.unlink()
    assert subjects(MboxStore(root, sync=False)) == {1: MESSAGE, 2: FOREIGN_READ}


def test_removed_inbox_is_empty_and_removed_folder_is_gone(mbox_store: MboxStore, mbox: Path) -> None:
    mbox_store.create("ada", "box")
    box, inbox = mbox_store.open("ada", "box"), mbox_store.open("ada", "INBOX")
    box.add(MESSAGE)
    inbox.add(MESSAGE)
    mbox.unlink()
    (mbox.parent / "folders" / "box.mbox").unlink()

    assert list(inbox.messages()) == []
    assert inbox.add(MESSAGE) == 2
    with pytest.raises(NoSuchMailbox):
        box.messages()
    mbox_store.create("ada", "box")
    assert list(mbox_store.open("ada", "box").messages()) == []


OTHER_PROGRAM = """
import mailbox, sys, time
box = mailbox.mbox(sys.argv[1])
for number in range(15):
    while True:
        try:
            box.lock()
        except mailbox.ExternalClashError:
            time.sleep(0.001)
            continue
        break
    try:
        message = mailbox.mboxMessage(b"Subject: foreign %d\\n\\nbody\\n" % number)
        message.set_flags("RO")
        box.add(message)
        box.flush()
    finally:
        box.unlock()
print(len(mailbox.mbox(sys.argv[1])))
"""


def test_another_program_delivers_at_the_same_time(root: Path, mbox: Path) -> None:
    """It is Python's own, with its own locks, and takes them in the same way."""
    store = MboxStore(root, sync=False)
    inbox = store.open("ada", "INBOX")
    with subprocess.Popen([sys.executable, "-c", OTHER_PROGRAM, str(mbox)], stdout=subprocess.PIPE) as other:
        for number in range(30):
            uid = inbox.add(b"Subject: ours %d\r\n\r\nFrom us\r\n" % number)
            if number % 3 == 0:
                assert list(inbox.expunge([uid])) == [uid]
        other.wait(60)
    assert other.returncode == 0

    read = list(subjects(store).values())
    assert [octets for octets in read if b"foreign" in octets] == [
        b"Subject: foreign %d\r\n\r\nbody\r\n" % number for number in range(15)
    ]
    assert len(read) == 15 + 20
    assert sum(SEEN in meta.flags for meta in inbox.messages()) == 15
    with contextlib.closing(mailbox.mbox(mbox)) as theirs:
        assert len(theirs) == len(read)


# Files that are not as they should be.


@pytest.mark.parametrize(
    ("octets", "read"),
    [
        (b"", []),
        (b"\n", []),
        (b"rubbish", []),
        (b"\x00" * 5000 + b"\n", []),
        (b"rubbish\n" + FOREIGN, [FOREIGN_READ]),
        (FOREIGN[:-1], [FOREIGN_READ]),
        (FOREIGN[:-2], [FOREIGN_READ[:-2]]),
        (FOREIGN[:20], []),
        (b"From a Sat Feb  3 04:05:06 2024", [b""]),
        (FOREIGN.replace(b"\n", b"\r\n"), [FOREIGN_READ]),
        (FOREIGN + b"From me to you\n", [FOREIGN_READ + b"\r\nFrom me to you\r\n"]),
    ],
)
def test_odd_files_are_tolerated(
    mbox_store: MboxStore, root: Path, mbox: Path, octets: bytes, read: list[bytes]
) -> None:
    mbox_store.open("ada", "INBOX")
    mbox.write_bytes(octets)

    assert list(subjects(mbox_store).values()) == read
    mbox_store.deliver("ada", MESSAGE)
    assert list(subjects(mbox_store).values()) == [*read, MESSAGE]
    assert mbox.read_bytes().startswith(octets)
    mbox.with_name("mbox.refmail-index").unlink()
    again = list(subjects(MboxStore(root, sync=False)).values())
    assert [each.removesuffix(b"\r\n") for each in again] == [each.removesuffix(b"\r\n") for each in [*read, MESSAGE]]


def test_state_of_other_programs_is_no_message(mbox_store: MboxStore, mbox: Path) -> None:
    mbox_store.open("ada", "INBOX")
    internal = (
        b"From MAILER-DAEMON Sat Feb  3 04:05:06 2024\nSubject: FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nkeep this\n\n"
    )
    mbox.write_bytes(internal + FOREIGN)

    assert subjects(mbox_store) == {1: FOREIGN_READ}
    mbox_store.open("ada", "INBOX").expunge([1])
    assert mbox.read_bytes() == internal


def test_file_that_nobody_may_write_is_read(mbox_store: MboxStore, mbox: Path) -> None:
    mbox_store.open("ada", "INBOX")
    mbox.write_bytes(FOREIGN)
    mbox.chmod(0o400)
    inbox = mbox_store.open("ada", "INBOX")

    assert inbox.read(1) == FOREIGN_READ
    assert inbox.change_flags([1], "add", [rb"\Flagged"])[0].flags == {SEEN, b"$Work", rb"\Flagged"}
    for act in (lambda: inbox.add(MESSAGE), lambda: inbox.expunge([1])):
        with pytest.raises(StoreError):
            act()
    assert mbox.read_bytes() == FOREIGN


# Locks.

HOLD = """
import fcntl, os, sys
path, how = sys.argv[1:]
if how == "dot":
    os.close(os.open(path + ".lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
else:
    file = open(path, "r+b")
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
if how == "dot":
    os.unlink(path + ".lock")
"""


@pytest.mark.parametrize("how", ["dot", "fcntl"])
def test_lock_of_another_program_is_respected(mbox_store: MboxStore, mbox: Path, how: str) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    before = mbox.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(mbox), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        for act in (lambda: mbox_store.deliver("ada", MESSAGE), lambda: inbox.expunge([1])):
            with pytest.raises(StoreError, match="locked"):
                act()
        assert mbox.read_bytes() == before
        assert [meta.uid for meta in inbox.messages()] == [1]
        holder.stdin.close()
    assert holder.returncode == 0

    assert inbox.add(MESSAGE) == 2
    assert list(inbox.expunge([1])) == [1]


def test_lock_file_that_was_left_behind_is_removed(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    lock = mbox.with_name("mbox.lock")
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    lock.write_text(f"{gone.pid}:{os.uname().nodename}\n")
    inbox.add(MESSAGE)
    lock.touch()
    os.utime(lock, (1, 1))
    inbox.add(MESSAGE)
    assert not lock.exists()
    lock.write_text(f"{os.getpid()}:{os.uname().nodename}\n")
    with pytest.raises(StoreError):
        inbox.add(MESSAGE)
    assert lock.exists()


# Full disks and sudden ends.


def _full(*_arguments: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "step",
    ["mbox_mirror.write_all", "mbox_mirror.os.fsync", "uidlist.write_all", "mbox_locks.write_all"],
)
def test_full_disk_leaves_no_fragment(root: Path, mbox: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    store = MboxStore(root)
    inbox = store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    octets, known = mbox.read_bytes(), inbox.messages()
    with monkeypatch.context() as patch:
        patch.setattr(f"refmail.store.{step}", _full)
        for act in (lambda: store.deliver("ada", MESSAGE), lambda: inbox.copy_to(inbox, [1])):
            with pytest.raises(StoreFull):
                act()
        assert mbox.read_bytes() == octets
    assert inbox.messages() == known
    assert inbox.add(MESSAGE) == 2
    assert sorted(path.name for path in mbox.parent.iterdir() if path.name.startswith("mbox")) == [
        "mbox",
        "mbox.refmail-index",
        "mbox.refmail-lock",
    ]


def test_short_write_leaves_no_fragment(root: Path, mbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MboxStore(root)
    inbox = store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    octets = mbox.read_bytes()
    honest = os.write

    def half(descriptor: int, data: bytes) -> int:
        honest(descriptor, bytes(data)[:20])
        return _full()

    with monkeypatch.context() as patch:
        patch.setattr("refmail.store.mbox_mirror.write_all", half)
        with pytest.raises(StoreFull):
            inbox.add(MESSAGE)
    assert mbox.read_bytes() == octets


@pytest.mark.parametrize("step", ["write_all", "os.pwrite", "os.ftruncate"])
def test_removal_that_fails_removes_nothing(
    mbox_store: MboxStore, mbox: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    for text in (b"one" * 100, b"two" * 200, b"three" * 300):
        inbox.add(text, (), DATE)
    octets = mbox.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(f"refmail.store.mbox_rewrite.{step}", _full)
        with pytest.raises(StoreFull):
            inbox.expunge([1])
    assert len(inbox.messages()) == 3
    assert mbox.read_bytes() == octets
    assert not list(mbox.parent.glob("mbox.refmail-undo*"))
    assert list(inbox.expunge([1, 3])) == [1, 3]
    assert subjects(mbox_store) == {2: b"two" * 200}


CRASH = """
import os, sys
from pathlib import Path
import refmail.store.mbox_mirror, refmail.store.mbox_rewrite, refmail.store.uidlist
from refmail.store.mbox import MboxStore
from refmail.store.mbox_scan import scan
inbox = MboxStore(Path(sys.argv[1]), sync=False).open("ada", "INBOX")
refmail.store.mbox_rewrite._CHUNK = 100
module, name, count = sys.argv[2].split()
module = sys.modules["refmail.store." + module]
owner = module.os if name.startswith("os.") else module
name = name.removeprefix("os.")
honest = getattr(owner, name)
left = int(count)
def crash(*arguments, **keywords):
    global left
    left -= 1
    if left < 0:
        if name in ("write_all", "pwrite"):
            (honest if name == "write_all" else os.pwrite)
            honest(arguments[0], bytes(arguments[1])[:7], *arguments[2:])
        os._exit(9)
    return honest(*arguments, **keywords)
setattr(owner, name, crash)
getattr(inbox, sys.argv[3])(*eval(sys.argv[4]))
"""


@pytest.mark.parametrize(
    "step",
    ["mbox_rewrite write_all 0", "mbox_rewrite write_all 3", "mbox_rewrite os.pwrite 0", "mbox_rewrite os.pwrite 4",
     "mbox_rewrite os.ftruncate 0", "uidlist write_all 0"],
)  # fmt: skip
@pytest.mark.parametrize("appended", [b"", FOREIGN])
def test_crash_while_removing(mbox_store: MboxStore, root: Path, mbox: Path, step: str, appended: bytes) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    texts = [b"%d" % number * 700 + b"\r\n" for number in range(4)]
    for text in texts:
        inbox.add(text)
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(root), step, "expunge", "([1, 3],)"], check=False, timeout=60
    )
    assert ended.returncode == 9
    append(mbox, appended)

    left = list(subjects(mbox_store).values())
    known = [text for text in left if text != FOREIGN_READ]
    # What nobody was told of is undone, unless somebody else has gone on from it.
    assert known == ([texts[1], texts[3]] if step.startswith("uidlist") and appended else texts)
    assert (FOREIGN_READ in left) == bool(appended)
    assert not list(mbox.parent.glob("mbox.refmail-undo"))
    assert mbox_store.open("ada", "INBOX").add(MESSAGE) == (6 if appended else 5)
    assert subjects(MboxStore(root, sync=False)) == subjects(mbox_store)


def test_crash_before_it_is_known_which_of_two_alike_is_gone(mbox_store: MboxStore, root: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    for _ in range(3):
        inbox.add(MESSAGE, (), DATE)
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(root), "uidlist _line 0", "expunge", "([2],)"], check=False, timeout=60
    )
    assert ended.returncode == 9
    assert list(inbox.expunge([2])) == [2]
    assert subjects(MboxStore(root, sync=False)) == {1: MESSAGE, 3: MESSAGE}


@pytest.mark.parametrize("writes", [0, 1, 4, 9, 20])
def test_crash_while_putting_back(mbox_store: MboxStore, root: Path, mbox: Path, writes: int) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    texts = [b"%d" % number * 700 + b"\r\n" for number in range(4)]
    for text in texts:
        inbox.add(text)
    octets = mbox.read_bytes()
    for step, method, arguments in (
        ("uidlist write_all 0", "expunge", "([1, 3],)"),
        (f"mbox_rewrite os.pwrite {writes}", "messages", "()"),
    ):
        ended = subprocess.run(
            [sys.executable, "-c", CRASH, str(root), step, method, arguments], check=False, timeout=60
        )
        assert ended.returncode == 9
    assert subjects(mbox_store) == dict(enumerate(texts, 1))
    assert mbox.read_bytes() == octets
    assert not list(mbox.parent.glob("mbox.refmail-undo"))


@pytest.mark.parametrize("step", ["mbox_mirror write_all 0", "uidlist write_all 0"])
def test_crash_while_appending(mbox_store: MboxStore, root: Path, step: str) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(root), step, "add", "(b'second\\r\\n',)"], check=False, timeout=60
    )
    assert ended.returncode == 9

    assert inbox.read(1).startswith(MESSAGE)
    uid = inbox.add(MESSAGE)
    assert inbox.read(uid) == MESSAGE
    if step.startswith("uidlist"):
        assert list(subjects(mbox_store).values()) == [MESSAGE, b"second\r\n", MESSAGE]


def test_undo_file_of_a_file_that_was_rewritten_since_is_not_believed(mbox_store: MboxStore, mbox: Path) -> None:
    inbox = mbox_store.open("ada", "INBOX")
    inbox.add(MESSAGE)
    octets = mbox.read_bytes()
    undo = mbox.with_name("mbox.refmail-undo")
    for text in (
        b"refmail-undo 1 0 20 5-20\n" + b"x" * 20,
        b"",
        b"refmail-undo 1 a b\n",
        b"refmail-undo 1 0 99999 0-5\n",
    ):
        undo.write_bytes(text)
        assert subjects(mbox_store) == {1: MESSAGE}
        assert not undo.exists()
        assert mbox.read_bytes() == octets


# Any octets.


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from([b"From ", b">", b"\r\n", b"\n", b"\r", HEAD, b"a", b"\xff"]), max_size=8).map(
            b"".join
        ),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_any_octets_survive(
    tmp_path_factory: pytest.TempPathFactory, messages: list[bytes], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("any")
    inbox = MboxStore(root, sync=False).open("ada", "INBOX")
    wanted = {inbox.add(octets): normalised(octets) for octets in messages}
    for uid in data.draw(st.sets(st.sampled_from(sorted(wanted)))):
        inbox.expunge([uid])
        del wanted[uid]
    for box in (inbox, MboxStore(root, sync=False).open("ada", "INBOX")):
        assert {meta.uid: box.read(meta.uid) for meta in box.messages()} == wanted
        assert [meta.size for meta in box.messages()] == [len(octets) for octets in wanted.values()]
    os.utime(root / "ada" / "mbox", (1, 1))
    assert {meta.uid: inbox.read(meta.uid) for meta in inbox.messages()} == wanted
