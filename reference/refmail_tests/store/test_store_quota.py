"""Quotas: one rule on every store, and the file maildirsize that Maildir++ keeps."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from refmail.store.api import MailStore, OverQuota, QuotaLimits, QuotaUsage
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
from refmail.store.memory import MemoryStore

Make = Callable[[QuotaLimits], MailStore]


@pytest.fixture(params=["memory", "maildir", "mbox"])
def make(request: pytest.FixtureRequest, root: Path) -> Make:
    """Make a store of each kind with the same limits for each user."""
    if request.param == "memory":
        return lambda limits: MemoryStore(quota=lambda _user: limits)
    kind = MaildirStore if request.param == "maildir" else MboxStore
    return lambda limits: kind(root, sync=False, quota=lambda _user: limits)


@pytest.fixture
def size_file(root: Path) -> Path:
    """The file maildirsize of ada."""
    return root / "ada" / "Maildir" / "maildirsize"


def maildir(root: Path, octets: int | None = None, messages: int | None = None) -> MaildirStore:
    return MaildirStore(root, sync=False, quota=lambda _user: QuotaLimits(octets, messages))


def test_messages_are_limited(make: Make) -> None:
    store = make(QuotaLimits(messages=2))
    store.deliver("ada", b"")
    inbox = store.open("ada", "INBOX")
    inbox.copy_to(inbox, [1])
    for act in (
        lambda: store.deliver("ada", b""),
        lambda: inbox.add(b"x\r\n"),
        lambda: inbox.copy_to(inbox, [1]),
    ):
        with pytest.raises(OverQuota):
            act()
    assert store.quota("ada").usage == QuotaUsage(0, 2)
    inbox.expunge([2])
    inbox.add(b"")


def test_a_copy_of_several_is_all_or_none(make: Make) -> None:
    store = make(QuotaLimits(messages=3))
    inbox = store.open("ada", "INBOX")
    inbox.add(b"a")
    inbox.add(b"b")
    with pytest.raises(OverQuota):
        inbox.copy_to(inbox, [1, 2])
    assert len(inbox.messages()) == 2


def test_nothing_is_allowed_by_zero(make: Make) -> None:
    store = make(QuotaLimits(octets=0))
    store.deliver("ada", b"")
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x")


def test_limits_can_be_set_and_removed(make: Make) -> None:
    store = make(QuotaLimits(octets=10))
    store.deliver("ada", b"x" * 10)
    store.set_quota("ada", QuotaLimits(messages=2))
    store.deliver("ada", b"x" * 100)
    with pytest.raises(OverQuota):
        store.deliver("ada", b"")
    assert store.quota("bob").limits == QuotaLimits(octets=10)
    store.set_quota("ada", QuotaLimits())
    store.deliver("ada", b"")
    assert store.quota("ada").usage == QuotaUsage(110, 3)


@pytest.mark.parametrize("kind", [MaildirStore, MboxStore])
def test_limits_that_were_set_outlive_the_store(kind: type[MaildirStore | MboxStore], root: Path) -> None:
    kind(root, sync=False).set_quota("ada", QuotaLimits(100, 7))
    again = kind(root, sync=False, quota=lambda _user: QuotaLimits(octets=1))
    assert again.quota("ada").limits == QuotaLimits(100, 7)


def test_a_deleted_mailbox_makes_room(make: Make) -> None:
    store = make(QuotaLimits(octets=10))
    store.create("ada", "box")
    store.open("ada", "box").add(b"x" * 10)
    store.delete("ada", "box")
    store.deliver("ada", b"x" * 10)


def test_moving_needs_no_room(make: Make) -> None:
    store = make(QuotaLimits(octets=10))
    store.deliver("ada", b"x" * 10)
    store.rename("ada", "INBOX", "old")
    assert store.quota("ada").usage == QuotaUsage(10, 1)
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x")


def test_two_deliveries_at_once_cannot_both_take_the_last_room(make: Make) -> None:
    store = make(QuotaLimits(messages=5))
    refused: list[OverQuota] = []

    def deliver() -> None:
        for _ in range(5):
            try:
                store.deliver("ada", b"x\r\n")
            except OverQuota as error:
                refused.append(error)

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(store.open("ada", "INBOX").messages()), len(refused)) == (5, 10)


# maildirsize


def test_the_file_is_appended_to(root: Path, size_file: Path) -> None:
    store = maildir(root, 1000, 10)
    for octets in (b"x" * 5, b"y" * 6):
        store.deliver("ada", octets)
    store.open("ada", "INBOX").expunge([1])
    assert size_file.read_bytes() == b"1000S,10C\n0 0          \n5 1          \n6 1          \n-5 -1        \n"
    assert {len(line) for line in size_file.read_bytes().splitlines(keepends=True)[1:]} == {14}


def test_without_a_quota_there_is_no_file(root: Path, size_file: Path) -> None:
    store = maildir(root)
    store.deliver("ada", b"x")
    assert store.quota("ada").usage == QuotaUsage(1, 1)
    assert not size_file.exists()


def test_files_count_as_they_are_on_the_disk(root: Path) -> None:
    store = maildir(root, 1000)
    store.deliver("ada", b"a\r\nb\r\n")
    assert store.quota("ada").usage == QuotaUsage(4, 1)


@pytest.mark.parametrize(
    "content",
    [b"", b"20S\n", b"20S\n5 1", b"20S\nfive 1\n", b"9999S\n0 0\n", b"20S\n-1 0\n", b"20S\n" + b"0 0\n" * 2000],
    ids=["empty", "no-lines", "cut", "damaged", "other-quota", "less-than-nothing", "long"],
)
def test_what_cannot_be_used_is_counted_again(root: Path, size_file: Path, content: bytes) -> None:
    store = maildir(root, 20)
    store.deliver("ada", b"x" * 15)
    size_file.write_bytes(content)
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x" * 6)
    assert size_file.read_bytes().splitlines()[:2] == [b"20S", b"15 1         "]


def test_what_others_noted_counts(root: Path, size_file: Path) -> None:
    store = maildir(root, 20)
    store.deliver("ada", b"x" * 10)
    assert size_file.read_bytes().startswith(b"20S\n")
    (root / "ada" / "Maildir" / "new" / "1.other.host,S=8").write_bytes(b"y" * 8)
    with size_file.open("ab") as file:
        file.write(b"8 1\n")
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x" * 3)
    store.deliver("ada", b"x" * 2)


def test_what_others_removed_without_a_note_is_found_before_mail_is_refused(root: Path) -> None:
    store = maildir(root, 20)
    store.deliver("ada", b"x" * 20)
    (next((root / "ada" / "Maildir" / "new").iterdir())).unlink()
    store.deliver("ada", b"x" * 20)


def test_a_fresh_count_is_believed_for_a_while(root: Path, size_file: Path) -> None:
    store = maildir(root, 20)
    store.deliver("ada", b"x" * 20)
    size_file.unlink()
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x")
    next((root / "ada" / "Maildir" / "new").iterdir()).unlink()
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x")
    old = time.time() - 16 * 60
    os.utime(size_file, (old, old))
    store.deliver("ada", b"x")


def test_a_size_without_a_hint_is_that_of_the_file(root: Path, size_file: Path) -> None:
    store = maildir(root, 1000)
    inbox = store.open("ada", "INBOX")
    (root / "ada" / "Maildir" / "new" / "1.other.host").write_bytes(b"y" * 30)
    assert store.quota("ada").usage == QuotaUsage(30, 1)
    inbox.expunge([meta.uid for meta in inbox.messages()])
    assert size_file.read_bytes().splitlines()[1:] == [b"30 1         ", b"-30 -1       "]


def test_the_exact_usage_mends_the_file(root: Path, size_file: Path) -> None:
    store = maildir(root, 1000)
    store.deliver("ada", b"x" * 10)
    (root / "ada" / "Maildir" / "cur" / "1.other.host:2,S").write_bytes(b"y" * 5)
    assert store.quota("ada").usage == QuotaUsage(15, 2)
    assert size_file.read_bytes() == b"1000S\n15 2         \n"


def test_what_cannot_be_noted_undoes_no_delivery(root: Path, size_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = maildir(root, 20)
    store.deliver("ada", b"x" * 5)

    def full(_descriptor: int, _octets: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("refmail.store.maildirsize.write_all", full)
        store.deliver("ada", b"x" * 6)
    assert not size_file.exists()
    assert store.quota("ada").usage == QuotaUsage(11, 2)


def test_a_folder_in_the_place_of_the_file(root: Path, size_file: Path) -> None:
    store = maildir(root, 20)
    store.quota("ada")
    size_file.unlink(missing_ok=True)
    (size_file / "in the way").mkdir(parents=True)
    store.deliver("ada", b"x" * 15)
    with pytest.raises(OverQuota):
        store.deliver("ada", b"x" * 6)
    store.open("ada", "INBOX").expunge([1])
    assert store.quota("ada").usage == QuotaUsage(0, 0)


def test_the_total_size_follows_every_change(make: Make) -> None:
    store = make(QuotaLimits())
    inbox = store.open("ada", "INBOX")
    for octets in (b"a\r\nb\r\n", b"c", b"\r\n"):
        inbox.add(octets)
        assert inbox.total_size() == sum(meta.size for meta in inbox.messages())
    inbox.copy_to(inbox, [1, 2])
    inbox.change_flags([1], "add", [rb"\Seen"])
    assert inbox.total_size() == 16
    inbox.expunge([1, 3])
    assert inbox.total_size() == sum(meta.size for meta in inbox.messages()) == 8
