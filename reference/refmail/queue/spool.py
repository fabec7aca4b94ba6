"""The durable spool: what a 250 promised survives a crash (RFC 5321 section 6.1).

    tmp/        files being written; whatever is there at a start is a crash's leftover
    data/ID     the message's octets, written once
    control/ID  envelope and state as JSON; its rename into place is the commit

A message exists while its control file does. Data are there before it and go after
it, so a crash leaves at most data that nothing refers to, and they are removed at
the next start. A message that lost a part in another way is set aside. Every file is fsynced before its rename, every folder after it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from refmail.message.envelope import Address, Envelope, Parameters, Recipient

__all__ = ["Spool", "SpoolEntry", "rest_of"]

#: What the name of a control file ends in that was set aside.
_ASIDE = ".damaged"


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """One message in the spool; its envelope has only the recipients still to be served."""

    id: str
    envelope: Envelope
    #: Seconds since the epoch.
    arrived: float
    #: Attempts made so far.
    attempts: int
    #: Seconds since the epoch of the next attempt.
    due: float
    #: Whether its sender has been told of the delay.
    warned: bool = False
    #: Octets of the message; -1 where an older version has not written it down.
    size: int = -1


class _StoredRecipient(msgspec.Struct):
    local_part: str
    domain: str
    parameters: dict[str, str | None]
    user: str | None


class _Stored(msgspec.Struct):
    """The control file; octets are written as Latin-1 text, which keeps each of them."""

    reverse_path: tuple[str, str] | None
    recipients: list[_StoredRecipient]
    parameters: dict[str, str | None]
    trace_id: str
    arrived: float
    attempts: int
    due: float
    warned: bool = False
    size: int = -1


class Spool:
    """Messages on disk; all methods block and may be called from any thread.

    Args:
        path: the spool's folder; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tmp = path / "tmp"
        self._data = path / "data"
        self._control = path / "control"
        #: Id and reason of each message that was set aside since the start.
        self.aside: list[tuple[str, str]] = []

    def open(self) -> tuple[SpoolEntry, ...]:
        """Clean up after a crash and return what is spooled, oldest first.

        A message whose control file cannot be read, or whose data are gone or not whole, is set aside.
        """
        for folder in (self._tmp, self._data, self._control):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._tmp.iterdir():
            leftover.unlink()
        entries = [entry for control in list(self._control.iterdir()) if (entry := self._opened(control)) is not None]
        known = {entry.id for entry in entries} | {aside.stem for aside in self._control.glob(f"*{_ASIDE}")}
        for data in self._data.iterdir():
            if data.name not in known:
                data.unlink()
        return tuple(sorted(entries, key=lambda entry: (entry.arrived, entry.id)))

    def _opened(self, control: Path) -> SpoolEntry | None:
        """Return the entry of a control file, or None for one that is or has to be set aside."""
        if control.suffix == _ASIDE:
            return None
        try:
            entry = _from_stored(control.name, msgspec.json.decode(control.read_bytes(), type=_Stored))
        except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as error:
            self.set_aside(control.name, f"its control file cannot be read: {error}")
            return None
        try:
            size = (self._data / entry.id).stat().st_size
        except OSError as error:
            self.set_aside(entry.id, f"its data cannot be read: {error}")
            return None
        if entry.size not in {-1, size}:
            self.set_aside(entry.id, f"its data have {size} octets instead of {entry.size}")
            return None
        return entry

    def set_aside(self, entry_id: str, reason: str) -> None:
        """Take a message out of the queue for somebody to look at: nothing of it is deleted, and nothing is tried.

        Its control file becomes `ID.damaged`; once that is mended it can be renamed back before a start.
        """
        (self._control / entry_id).rename(self._control / f"{entry_id}{_ASIDE}")
        _sync_folder(self._control)
        self.aside.append((entry_id, reason))

    def add(self, envelope: Envelope, octets: bytes, *, now: float) -> SpoolEntry:
        """Store a message durably at `now`, in seconds since the epoch; nothing is left behind on failure.

        Raises:
            OSError: it could not be stored.
        """
        entry = SpoolEntry(f"{int(now * 1000):x}-{secrets.token_hex(6)}", envelope, now, 0, now, size=len(octets))
        try:
            self._write(self._data / entry.id, octets)
            self._write(self._control / entry.id, _to_stored(entry))
        except OSError:
            (self._data / entry.id).unlink(missing_ok=True)
            raise
        return entry

    def update(self, entry: SpoolEntry) -> None:
        """Replace a message's envelope and state durably."""
        self._write(self._control / entry.id, _to_stored(entry))

    def remove(self, entry_id: str) -> None:
        """Forget a message."""
        (self._control / entry_id).unlink(missing_ok=True)
        _sync_folder(self._control)
        (self._data / entry_id).unlink(missing_ok=True)

    def read(self, entry_id: str) -> bytes:
        """Return a message's octets."""
        return (self._data / entry_id).read_bytes()

    def _write(self, target: Path, octets: bytes) -> None:
        temporary = self._tmp / secrets.token_hex(8)
        try:
            with temporary.open("xb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(parameters: Parameters) -> dict[str, str | None]:
    return {
        name.decode("latin-1"): None if value is None else value.decode("latin-1") for name, value in parameters.items()
    }


def _octets(parameters: dict[str, str | None]) -> Parameters:
    return {
        name.encode("latin-1"): None if value is None else value.encode("latin-1") for name, value in parameters.items()
    }


def _to_stored(entry: SpoolEntry) -> bytes:
    envelope = entry.envelope
    path = envelope.reverse_path
    return msgspec.json.encode(
        _Stored(
            reverse_path=None if path is None else (path.local_part.decode("latin-1"), path.domain.decode("latin-1")),
            recipients=[
                _StoredRecipient(
                    recipient.address.local_part.decode("latin-1"),
                    recipient.address.domain.decode("latin-1"),
                    _text(recipient.parameters),
                    recipient.user,
                )
                for recipient in envelope.recipients
            ],
            parameters=_text(envelope.parameters),
            trace_id=envelope.trace_id,
            arrived=entry.arrived,
            attempts=entry.attempts,
            due=entry.due,
            warned=entry.warned,
            size=entry.size,
        )
    )


def _from_stored(entry_id: str, stored: _Stored) -> SpoolEntry:
    path = stored.reverse_path
    envelope = Envelope(
        None if path is None else _address(*path),
        tuple(
            Recipient(_address(item.local_part, item.domain), _octets(item.parameters), item.user)
            for item in stored.recipients
        ),
        _octets(stored.parameters),
        datetime.fromtimestamp(stored.arrived, UTC),
        stored.trace_id,
    )
    return SpoolEntry(
        entry_id, envelope, stored.arrived, stored.attempts, stored.due, warned=stored.warned, size=stored.size
    )


def _address(local_part: str, domain: str) -> Address:
    return Address(local_part.encode("latin-1"), domain.encode("latin-1"))


def rest_of(entry: SpoolEntry, recipients: tuple[Recipient, ...]) -> SpoolEntry:
    """Return an entry with only these recipients left."""
    return replace(entry, envelope=replace(entry.envelope, recipients=recipients))
