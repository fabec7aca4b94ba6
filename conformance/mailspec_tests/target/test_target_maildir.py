"""The INBOX as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.target.dialogue import StepFailed
from mailspec.target.maildir import MaildirInbox


def test_an_account_without_mail_has_no_folder_and_no_messages(tmp_path: Path) -> None:
    assert MaildirInbox(tmp_path / "absent").keys() == frozenset()


def test_messages_come_and_go(tmp_path: Path) -> None:
    inbox = MaildirInbox(tmp_path / "Maildir")
    inbox.add(b"Subject: one\r\n\r\nbody\r\n")
    inbox.add(b"Subject: two\r\n\r\n")
    first, second = sorted(inbox.keys())

    assert {inbox.octets(first), inbox.octets(second)} == {b"Subject: one\r\n\r\nbody\r\n", b"Subject: two\r\n\r\n"}
    inbox.remove([first])
    inbox.remove([first, "never there"])

    assert inbox.keys() == {second}
    assert inbox.octets(first) == b""


def test_a_message_keeps_its_key_when_it_is_read(tmp_path: Path) -> None:
    inbox = MaildirInbox(tmp_path)
    inbox.add(b"Subject: one\r\n\r\n")
    (key,) = inbox.keys()

    (tmp_path / "new" / key).rename(tmp_path / "cur" / f"{key}:2,S")

    assert inbox.keys() == {key}
    assert not list((tmp_path / "tmp").iterdir())


def test_what_cannot_be_read_or_written_is_said_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inbox = MaildirInbox(tmp_path / "file")

    with pytest.raises(StepFailed, match="Not a directory") as reading:
        inbox.keys()
    with pytest.raises(StepFailed, match=r"Not a directory|exists"):
        inbox.add(b"Subject: one\r\n\r\n")

    assert "store.path" in reading.value.remedy
