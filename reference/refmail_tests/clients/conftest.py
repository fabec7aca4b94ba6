"""What the tests with real clients have in common; run them all by `python -m refmail_tests.clients`."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from refmail_tests.clients.desk import ROOT_VARIABLE, Desk
from refmail_tests.clients.room import Room

_NUMBERS = itertools.count(1)


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    """A fresh server; at the end it must have had no fault and refused nothing unforeseen."""
    room = Room(tmp_path / "mail")
    room.start()
    try:
        yield room
    finally:
        room.stop()


@pytest.fixture
def desk(room: Room) -> Generator[Desk]:
    """A fresh folder for Debian's clients."""
    root = os.environ.get(ROOT_VARIABLE)
    if root is None:
        pytest.skip("not run: Debian's clients need the root that `python -m refmail_tests.clients` makes (as root)")
    desk = Desk(Path(root), f"desk{os.getpid()}-{next(_NUMBERS)}", room.authority)
    yield desk
    desk.remove()
