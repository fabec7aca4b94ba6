"""The spool: durable, and clean after a crash at any step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.spool import Spool, rest_of

A = Recipient(Address(b"a", b"d.test"), {b"NOTIFY": b"NEVER", b"ORCPT": None})
B = Recipient(Address(b'odd "\\ \xff', b"[127.0.0.1]"), user="bob")
ENVELOPE = Envelope(Address(b"s", b"c.test"), (A, B), {b"BODY": b"8BITMIME"}, trace_id="t1")


def opened(path: Path) -> Spool:
    spool = Spool(path)
    spool.open()
    return spool


def test_a_restart_finds_everything_once(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    first = spool.add(ENVELOPE, b"one\xff\r\n", now=1000.5)
    spool.add(Envelope(None, (A,)), b"", now=2000.0)

    one, two = Spool(tmp_path).open()

    assert (one.id, one.arrived, one.due, one.attempts) == (first.id, 1000.5, 1000.5, 0)
    assert one.envelope.reverse_path == ENVELOPE.reverse_path
    assert one.envelope.recipients == ENVELOPE.recipients
    assert (one.envelope.parameters, one.envelope.trace_id) == (ENVELOPE.parameters, "t1")
    assert two.envelope.reverse_path is None
    assert (spool.read(one.id), spool.read(two.id)) == (b"one\xff\r\n", b"")


def test_updates_and_removals_last(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    entry = spool.add(ENVELOPE, b"x", now=1.0)
    gone = spool.add(ENVELOPE, b"y", now=2.0)
    spool.update(rest_of(entry, (B,)))
    spool.remove(gone.id)

    (left,) = Spool(tmp_path).open()

    assert left.envelope.recipients == (B,)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [entry.id, entry.id]


@pytest.mark.parametrize("crash_at", range(6))
def test_a_crash_before_the_commit_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    """Every fsync and rename up to the commit is the last thing done in one of the runs."""
    spool = opened(tmp_path)
    steps = iter(range(100))
    for name, owner in (("fsync", os), ("rename", Path)):
        real = getattr(owner, name)

        def crash(*args: object, real: object = real) -> object:
            if next(steps) == crash_at:
                raise KeyboardInterrupt
            return real(*args)  # type: ignore[operator]  # fsync or rename

        monkeypatch.setattr(owner, name, crash)
    with pytest.raises(KeyboardInterrupt):
        spool.add(ENVELOPE, b"x", now=1.0)
    monkeypatch.undo()

    entries = Spool(tmp_path).open()

    # After the control file's rename (step 5 is the sync of its folder) it may be there, whole.
    assert len(entries) <= (1 if crash_at == 5 else 0)
    for entry in entries:
        assert spool.read(entry.id) == b"x"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2 * len(entries)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = opened(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        spool.add(ENVELOPE, b"x", now=1.0)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_damage_is_put_aside_and_not_lost(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    entry = spool.add(ENVELOPE, b"x", now=1.0)
    (tmp_path / "control" / entry.id).write_bytes(b"{")

    assert Spool(tmp_path).open() == ()
    assert Spool(tmp_path).open() == ()
    assert spool.read(entry.id) == b"x"


@given(st.binary(max_size=20), st.binary(min_size=1, max_size=20), st.binary(max_size=50))
def test_any_octets_survive(tmp_path_factory: pytest.TempPathFactory, local: bytes, domain: bytes, body: bytes) -> None:
    spool = opened(tmp_path_factory.mktemp("spool"))
    recipient = Recipient(Address(local, domain))
    spool.add(Envelope(Address(local, domain), (recipient,)), body, now=0.0)

    (entry,) = Spool(spool.path).open()

    assert entry.envelope.recipients == (recipient,)
    assert spool.read(entry.id) == body
