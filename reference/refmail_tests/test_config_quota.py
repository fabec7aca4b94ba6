"""Quotas and special-use mailboxes in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from refmail.blueprint import Blueprint
from refmail.config import ConfigError, load_config
from refmail.parts import Parts
from refmail.store.api import OverQuota, QuotaLimits

GOOD = """\
[[users]]
name = "alice"
password = "x"
quota = { octets = 2000, messages = 3 }

[[users]]
name = "bob"
password = "x"

[listeners.imap]

[store]
kind = "KIND"
path = "PATH"

[store.quota]
octets = 5000

[store.special_use]
drafts = "Drafts"
junk = "Mail/Junk"
"""


def write(folder: Path, text: str, kind: str = "maildir") -> Path:
    path = folder / "refmail.toml"
    text = text.replace("KIND", kind).replace("PATH", str(folder / "mail"))
    path.write_text(text.replace(f'path = "{folder / "mail"}"\n', "") if kind == "memory" else text)
    return path


@pytest.mark.parametrize("kind", ["maildir", "mbox", "memory"])
def test_each_user_has_a_quota_and_special_mailboxes(tmp_path: Path, kind: str) -> None:
    store = Parts(Blueprint(), load_config(write(tmp_path, GOOD, kind))).store()
    assert store.quota("alice").limits == QuotaLimits(2000, 3)
    assert store.quota("bob").limits == QuotaLimits(octets=5000)
    assert {info.name: info.uses for info in store.list("bob") if info.uses} == {
        "Drafts": {rb"\Drafts"},
        "Mail/Junk": {rb"\Junk"},
    }
    with pytest.raises(OverQuota):
        store.deliver("alice", b"x" * 2001)
    store.close()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("octets = 2000", "octets = -1", ["line 4", "users.0.quota.octets", ">= 0"]),
        ("octets = 2000", "octet = 1", ["line 4", "users.0.quota.octet", "accepted: octets, messages"]),
        ("octets = 5000", 'octets = "big"', ["line 17", "store.quota.octets", "accepted: int"]),
        ("drafts =", "draft =", ["line 20", "store.special_use.draft", '"drafts", "junk", "sent", "trash"']),
        ('"Drafts"', '"Inbox"', ["special_use.drafts", "'Inbox'", "not INBOX"]),
        ('"Drafts"', '"../x"', ["special_use.drafts", "'../x'"]),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    for words in (str(path), *said):
        assert words in str(caught.value)
