"""A Maildir as files, seen from beside the server: what is there, put there, taken away."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import time
from collections.abc import Generator, Iterable
from pathlib import Path

from mailspec.target.dialogue import Step, StepFailed

__all__ = ["MaildirInbox"]

_NUMBERS = itertools.count(1)


class MaildirInbox:
    """The INBOX of one account in its Maildir; keys are file names without flags.

    Every method raises StepFailed where this user may not do what it needs.

    Args:
        folder: the Maildir, with new, cur and tmp in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self) -> frozenset[str]:
        """Return the keys of all messages; a folder that is not there yet has none."""
        return frozenset(self._files())

    def octets(self, key: str) -> bytes:
        """Return a message's octets with CRLF line ends, b"" where it is gone."""
        path = self._files().get(key)
        with self._allowed(), contextlib.suppress(FileNotFoundError):
            if path is not None:
                return Path(path).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return b""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove messages; those that are gone are passed over."""
        files = self._files()
        with self._allowed():
            for key in keys:
                if key in files:
                    Path(files[key]).unlink(missing_ok=True)

    def add(self, message: bytes) -> None:
        """Put a message into new, by way of tmp, owned as the folder is."""
        name = f"{int(time.time())}.M{time.time_ns() % 10**9}P{os.getpid()}Q{next(_NUMBERS)}.{socket.gethostname()}"
        with self._allowed():
            for part in ("tmp", "new", "cur"):
                self._own(self.folder / part, make=True)
            path = self.folder / "tmp" / name
            path.write_bytes(message.replace(b"\r\n", b"\n"))
            self._own(path)
            path.rename(self.folder / "new" / name)

    def close(self) -> None:
        """Nothing is held open."""

    @contextlib.contextmanager
    def _allowed(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            reason = f"{error.filename or self.folder}: {error.strerror}"
            raise StepFailed(
                Step.INBOX, reason, "is store.path right, and may this user read and write there?"
            ) from error

    def _files(self) -> dict[str, str]:
        """Return the path of each message by its key; as text, for checks look here often."""
        found: dict[str, str] = {}
        for part in ("new", "cur"):
            with (
                self._allowed(),
                contextlib.suppress(FileNotFoundError),
                os.scandir(f"{self.folder}/{part}") as entries,
            ):
                found.update((entry.name.partition(":2,")[0], entry.path) for entry in entries)
        return found

    def _own(self, path: Path, *, make: bool = False) -> None:
        if make:
            if path.is_dir():
                return
            path.mkdir(mode=0o700, parents=True)
        owner = next(parent for parent in path.parents if parent.exists()).stat()
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
