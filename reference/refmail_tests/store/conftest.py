"""Both stores, so that every contract test runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refmail.store.api import MailStore
from refmail.store.maildir import MaildirStore
from refmail.store.memory import MemoryStore


@pytest.fixture(params=["memory", "maildir"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MailStore]:
    """A fresh store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    maildir = MaildirStore(tmp_path / "mail", sync=False, poll=0.01)
    yield maildir
    maildir.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the Maildirs of `maildir_store` are."""
    return tmp_path / "mail"


@pytest.fixture
def maildir_store(root: Path) -> Iterator[MaildirStore]:
    """A fresh Maildir store."""
    maildir = MaildirStore(root, sync=False, poll=0.01)
    yield maildir
    maildir.close()


@pytest.fixture(params=["memory", "maildir"])
def quota_store(request: pytest.FixtureRequest, tmp_path: Path) -> MailStore:
    """A store of each kind with room for 100 octets a user."""
    if request.param == "memory":
        return MemoryStore(quota=100)
    return MaildirStore(tmp_path / "mail", sync=False, quota=100)
