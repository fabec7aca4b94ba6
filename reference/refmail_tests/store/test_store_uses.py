"""Special uses of mailboxes (RFC 6154), on every store and across restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from refmail.store.api import MailboxExists, MailStore, UseTaken
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
from refmail.store.memory import MemoryStore

DEFAULTS = {rb"\Sent": "Sent", rb"\Trash": "Bin/Trash"}


def uses(store: MailStore) -> dict[str, frozenset[bytes]]:
    return {info.name: info.uses for info in store.list("ada") if info.uses}


def test_a_use_stays_with_its_mailbox(store: MailStore) -> None:
    store.create("ada", "Letters", [rb"\Drafts", rb"\Sent"])
    assert uses(store) == {"Letters": {rb"\Drafts", rb"\Sent"}}
    store.rename("ada", "Letters", "Post/Out")
    assert uses(store) == {"Post/Out": {rb"\Drafts", rb"\Sent"}}
    store.delete("ada", "Post/Out")
    assert uses(store) == {}
    store.create("ada", "Post/Out")
    assert uses(store) == {}


def test_children_keep_theirs_when_the_level_above_is_renamed(store: MailStore) -> None:
    store.create("ada", "a/b", [rb"\Junk"])
    store.rename("ada", "a", "c")
    assert uses(store) == {"c/b": {rb"\Junk"}}


def test_a_use_is_that_of_one_mailbox(store: MailStore) -> None:
    store.create("ada", "one", [rb"\Sent"])
    with pytest.raises(UseTaken):
        store.create("ada", "two", [rb"\Drafts", rb"\Sent"])
    assert [info.name for info in store.list("ada")] == ["INBOX", "one"]
    with pytest.raises(MailboxExists):
        store.create("ada", "one", [rb"\Junk"])
    assert uses(store) == {"one": {rb"\Sent"}}
    store.create("bob", "mine", [rb"\Sent"])
    store.delete("ada", "one")
    store.create("ada", "two", [rb"\Drafts", rb"\Sent"])


@pytest.mark.parametrize("kind", [MaildirStore, MboxStore])
def test_uses_outlive_the_store(kind: type[MaildirStore | MboxStore], root: Path) -> None:
    kind(root, sync=False).create("ada", "Entwürfe &", [rb"\Drafts"])
    assert uses(kind(root, sync=False)) == {"Entwürfe &": {rb"\Drafts"}}


@pytest.mark.parametrize("kind", [MaildirStore, MboxStore])
def test_defaults_are_given_once(kind: type[MaildirStore | MboxStore], root: Path) -> None:
    first = kind(root, sync=False)
    first.create("ada", "Ausgang", [rb"\Drafts"])
    first.create("ada", "Sent")
    second = kind(root, sync=False, defaults=DEFAULTS | {rb"\Drafts": "Drafts"})
    expected = {"Ausgang": {rb"\Drafts"}, "Sent": {rb"\Sent"}, "Bin/Trash": {rb"\Trash"}}
    assert uses(second) == expected
    second.delete("ada", "Bin/Trash")
    third = kind(root, sync=False, defaults=DEFAULTS | {rb"\Junk": "Junk"})
    del expected["Bin/Trash"]
    assert uses(third) == expected | {"Junk": {rb"\Junk"}}


def test_defaults_in_memory() -> None:
    assert uses(MemoryStore(defaults=DEFAULTS)) == {"Sent": {rb"\Sent"}, "Bin/Trash": {rb"\Trash"}}


def test_a_damaged_table_is_an_empty_one(root: Path) -> None:
    store = MaildirStore(root, sync=False)
    store.create("ada", "a", [rb"\Sent"])
    (root / "ada" / "Maildir" / "refmail-uses").write_bytes(b"[1]")
    assert uses(store) == {}
    store.create("ada", "b", [rb"\Sent"])
    assert uses(store) == {"b": {rb"\Sent"}}


def test_a_name_that_leaves_no_room_below(store: MailStore) -> None:
    store.create("ada", "a" * 100 + "/" + "b" * 98)
    assert [info.no_inferiors for info in store.list("ada")] == [False, False, True]


def test_a_folder_name_that_leaves_no_room_below(maildir_store: MaildirStore) -> None:
    name = "ü" * 94
    maildir_store.create("ada", name)
    assert [info.no_inferiors for info in maildir_store.list("ada")] == [False, True]
