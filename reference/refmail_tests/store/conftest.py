"""All stores, so that every contract test runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refmail.store.api import MailStore, QuotaLimits
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
from refmail.store.memory import MemoryStore


@pytest.fixture(params=["memory", "maildir", "mbox"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MailStore]:
    """A fresh store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    kind = MaildirStore if request.param == "maildir" else MboxStore
    on_disk = kind(tmp_path / "mail", sync=False, poll=0.01)
    yield on_disk
    on_disk.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the mail of `maildir_store` or `mbox_store` is."""
    return tmp_path / "mail"


@pytest.fixture
def maildir_store(root: Path) -> Iterator[MaildirStore]:
    """A fresh Maildir store."""
    maildir = MaildirStore(root, sync=False, poll=0.01)
    yield maildir
    maildir.close()


@pytest.fixture
def mbox_store(root: Path) -> Iterator[MboxStore]:
    """A fresh mbox store that waits a moment only for other programs' locks."""
    store = MboxStore(root, sync=False, poll=0.01, lock_seconds=0.2)
    yield store
    store.close()


@pytest.fixture(params=["memory", "maildir", "mbox"])
def quota_store(request: pytest.FixtureRequest, tmp_path: Path) -> MailStore:
    """A store of each kind with room for 100 octets a user."""
    limits = QuotaLimits(octets=100)
    if request.param == "memory":
        return MemoryStore(quota=lambda _user: limits)
    kind = MaildirStore if request.param == "maildir" else MboxStore
    return kind(tmp_path / "mail", sync=False, quota=lambda _user: limits)
