"""Adding several messages at once: all or none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from refmail.store import maildir_mailbox
from refmail.store.api import MailStore, NewMessage, StoreError, StoreFull
from refmail.store.delivery import stage
from refmail.store.maildir import MaildirStore

WHEN = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def test_each_message_has_its_own(store: MailStore) -> None:
    inbox = store.open("fred", "INBOX")
    before = inbox.modseq
    uids = inbox.add_all([NewMessage(b"one\r\n", [rb"\Seen"], WHEN), NewMessage(b"two\r\n", [b"Work"])])
    assert list(uids) == sorted(set(uids))
    first, second = inbox.messages()
    assert [first.uid, second.uid] == list(uids)
    assert (first.flags, second.flags) == (frozenset({rb"\Seen"}), frozenset({b"Work"}))
    assert first.internal_date == WHEN
    assert [inbox.read(uid) for uid in uids] == [b"one\r\n", b"two\r\n"]
    assert first.modseq == second.modseq > before


def test_no_messages_are_nothing(store: MailStore) -> None:
    inbox = store.open("fred", "INBOX")
    assert list(inbox.add_all([])) == []
    assert not inbox.messages()


def test_none_where_there_is_no_room_for_all(quota_store: MailStore) -> None:
    inbox = quota_store.open("fred", "INBOX")
    with pytest.raises(StoreFull):
        inbox.add_all([NewMessage(b"x" * 60), NewMessage(b"y" * 60)])
    assert not inbox.messages()
    assert inbox.uid_next == 1
    inbox.add_all([NewMessage(b"x" * 40), NewMessage(b"y" * 40)])


def test_nothing_is_left_where_the_disk_fails(
    maildir_store: MaildirStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = maildir_store.open("fred", "INBOX")
    honest, calls = stage, 0

    def fails_second(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError
        return honest(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(maildir_mailbox, "stage", fails_second)
    with pytest.raises(StoreError):
        inbox.add_all([NewMessage(b"one\r\n"), NewMessage(b"two\r\n")])
    assert not inbox.messages()
    assert not [path for sub in ("tmp", "new", "cur") for path in (root / "fred" / "Maildir" / sub).iterdir()]
