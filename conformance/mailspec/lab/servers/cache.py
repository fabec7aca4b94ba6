"""The cache of root file systems and layers: complete or not there, and never removed under a running server.

base-bookworm-amd64-<hash>/root      a minimal Debian
layer-<server>-<hash>/root           what installing the server changed
locks/<either>.lock                  held, shared, by whoever uses it
locks/build.lock                     held by the one builder
running/<unique>/                    scratch folders of running servers and builds, each with a lock
logs/
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import msgspec

from mailspec.lab.servers.locks import claimed, held
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["Cache", "Stamp", "recipe_hash"]

#: Changes when the way of building changes, so that everything is built anew.
FORMAT = 1
STAMP = "complete.json"
#: Seconds for a folder to become removable, and between two attempts.
REMOVE_SECONDS = 5.0
POLL_SECONDS = 0.05


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of something complete."""

    #: Version by package, of the packages that the recipe names.
    versions: dict[str, str] = msgspec.field(default_factory=dict[str, str])


def recipe_hash(*parts: object) -> str:
    """Return a short name for everything that decides what is built."""
    return hashlib.sha256(msgspec.json.encode([FORMAT, *parts])).hexdigest()[:12]


class Cache:
    """One cache folder.

    Args:
        folder: made where it does not exist; its file system must have room for some 300 MB a server.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            for name in ("locks", "running", "logs"):
                (folder / name).mkdir(parents=True, exist_ok=True, mode=0o755)
        except OSError as error:
            msg = f"{folder} cannot be used as a cache: {error.strerror}"
            raise ServerTrouble(msg, "set XDG_CACHE_HOME to a writable folder") from error

    def stamp(self, name: str) -> Stamp | None:
        """Return the stamp of `name`, or None where it is not complete."""
        try:
            return msgspec.json.decode((self.folder / name / STAMP).read_bytes(), type=Stamp)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def root(self, name: str) -> Path:
        """Return the files of `name`."""
        return self.folder / name / "root"

    def log(self, name: str) -> Path:
        """Return an empty log file for building `name`."""
        path = self.folder / "logs" / f"{name}.log"
        path.write_bytes(b"")
        return path

    def used(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Keep others from removing `name` while the block runs; to be entered before looking whether it is there."""
        return held(self._lock(name), shared=True)

    def building(self) -> contextlib.AbstractContextManager[None]:
        """Be the only builder while the block runs."""
        return held(self._lock("build"))

    @contextlib.contextmanager
    def construction(self, name: str) -> Generator[Path]:
        """Give a folder in which `name` is built; when the block ends well, `finish` has made it complete.

        What an earlier builder left half done is removed first. To be used inside `building`.
        """
        site = self.folder / f"{name}.building"
        _remove(site)
        _remove(self.folder / name)
        site.mkdir()
        try:
            yield site
        finally:
            _remove(site)

    def finish(self, name: str, site: Path, stamp: Stamp) -> None:
        """Make the building complete: stamped first, then put in its place in one step."""
        (site / STAMP).write_bytes(msgspec.json.encode(stamp))
        site.rename(self.folder / name)

    def forget_older(self, name: str) -> None:
        """Remove what has the same name with another hash, except what is in use."""
        stem = name.rpartition("-")[0]
        for other in self.folder.glob(f"{stem}-*"):
            if other.name == name or other.name.rpartition("-")[0] != stem:
                continue
            with claimed(self._lock(other.name)) as free:
                if free:
                    _remove(other)

    @contextlib.contextmanager
    def scratch(self) -> Generator[Path]:
        """Give a scratch folder that is removed at the end; those of processes that were killed go first."""
        with held(self._lock("running")):
            for old in (self.folder / "running").iterdir():
                with claimed(old / "lock") if old.is_dir() else contextlib.nullcontext(enter_result=True) as free:
                    if free:
                        _remove(old)
            folder = Path(tempfile.mkdtemp(dir=self.folder / "running", prefix="mailspec-"))
            lock = contextlib.ExitStack()
            lock.enter_context(held(folder / "lock"))
        with lock:
            try:
                yield folder
            finally:
                _remove(folder)

    def _lock(self, name: str) -> Path:
        return self.folder / "locks" / f"{name}.lock"


def _remove(folder: Path) -> None:
    """Remove a folder; processes that were killed a moment ago may still put files into it."""
    deadline = time.monotonic() + REMOVE_SECONDS
    while folder.exists():
        try:
            shutil.rmtree(folder)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
