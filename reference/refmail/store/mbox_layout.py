"""Where the mboxes of one user are.

INBOX is <root>/<user>/mbox; mailbox "A/B" is folders/A/B.mbox beside it, each level in
modified UTF-7 with the dot encoded as well, so that a level never is what another
file is called and leads nowhere else. The store's own files of a mailbox have its
name with `.refmail-` behind it; those of the user begin with `refmail-`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from refmail.store.api import InvalidName, StoreError
from refmail.store.files import real_folder, sync_folder
from refmail.store.mbox_mirror import INDEX_SUFFIX
from refmail.store.mbox_rewrite import UNDO_SUFFIX
from refmail.store.names import INBOX, canonical_name, check_user
from refmail.store.utf7 import decode, encode

__all__ = ["LOCK_SUFFIX", "MboxLayout"]

LOCK_SUFFIX = ".refmail-lock"
_MBOX = ".mbox"
#: Longest level in octets: the longest name that file systems take, less what our own files have behind it.
_LONGEST = 255 - len(_MBOX + INDEX_SUFFIX) - 32


def _is_mbox(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


class MboxLayout:
    """Names and files of one user's mboxes."""

    def __init__(self, root: Path, user: str, *, sync: bool) -> None:
        self.home = root / check_user(user)
        self._folders = self.home / "folders"
        self._sync = sync
        for folder in (self.home, self._folders):
            if folder.is_symlink():
                msg = f"{folder} is a symbolic link; the store works in real folders only: move the mail there"
                raise StoreError(msg)

    def file(self, name: str) -> Path:
        """Return the path of one of our own files beside the INBOX."""
        return self.home / name

    def folder(self, name: str) -> Path:
        """Return the mbox of a mailbox, which need not exist.

        Raises:
            InvalidName: a level would be too long a file name.
        """
        if name == INBOX:
            return self.home / "mbox"
        *above, last = [encode(level, also=".") for level in name.split("/")]
        if any(len(level) > _LONGEST for level in (*above, last)):
            msg = f"mailbox name {name!r}: a level is too long for a file name (at most {_LONGEST} octets as UTF-7)"
            raise InvalidName(msg)
        return self._folders.joinpath(*above, last + _MBOX)

    def exists(self, name: str) -> bool:
        """Whether a mailbox is there, in a real file in real folders."""
        path = self.folder(name)
        if not _is_mbox(path):
            return False
        return name == INBOX or all(
            real_folder(folder) for folder in path.parents if folder.is_relative_to(self._folders)
        )

    def names(self) -> list[str]:
        """Return the mailboxes; files whose names we would not have written are passed over."""
        found = [INBOX] if self.exists(INBOX) else []
        found += [name for name in self._below(self._folders, ()) if self.exists(name)]
        return found

    def _below(self, folder: Path, levels: tuple[str, ...]) -> Iterator[str]:
        if not real_folder(folder):
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                level = decode(entry.name if is_folder else entry.name.removesuffix(_MBOX))
                if level is None:
                    continue
                name = self._name_of(Path(entry.path), (*levels, level), is_folder=is_folder)
                if name is not None and is_folder:
                    yield from self._below(Path(entry.path), (*levels, level))
                elif name is not None:
                    yield name

    def _name_of(self, path: Path, levels: tuple[str, ...], *, is_folder: bool) -> str | None:
        """Return the name of a file or folder, if it is the one that the name leads to."""
        try:
            name = canonical_name("/".join(levels))
            ours = self.folder(name)
            if name == INBOX:
                return name if is_folder else None
            return name if path == (ours.with_suffix("") if is_folder else ours) else None
        except InvalidName:
            return None

    def make(self, name: str) -> None:
        """Create an empty mbox; what is left of the index of another one is removed."""
        path = self.folder(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if name != INBOX:
            self._remove_own_files(path)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        if self._sync:
            sync_folder(path.parent)

    def remove(self, name: str) -> None:
        """Remove a mailbox, and the folders above it that are empty then."""
        path = self.folder(name)
        path.unlink()
        self._remove_own_files(path)
        with suppress(OSError):
            for folder in path.parents:
                if folder == self.home:
                    break
                folder.rmdir()

    @staticmethod
    def _remove_own_files(path: Path) -> None:
        for suffix in (INDEX_SUFFIX, f"{INDEX_SUFFIX}.damaged", UNDO_SUFFIX, LOCK_SUFFIX):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
