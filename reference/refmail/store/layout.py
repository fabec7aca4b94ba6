"""Maildir++: the folders of one user.

INBOX is <root>/<user>/Maildir itself; mailbox "A/B" is its folder ".A.B", each
level in modified UTF-7 with the dot encoded as well, so that every name is one
file name and leads nowhere else. Files of ours begin with "refmail-".
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from refmail.store.api import InvalidName, StoreError
from refmail.store.files import real_folder, sync_folder
from refmail.store.names import INBOX, canonical_name, check_user
from refmail.store.scan import SUBFOLDERS
from refmail.store.utf7 import decode, encode

__all__ = ["Layout"]

#: Longest file name in octets that file systems take.
_LONGEST = 255


class Layout:
    """Names and folders of one user's Maildir."""

    def __init__(self, root: Path, user: str, *, sync: bool) -> None:
        self.user = check_user(user)
        self._sync = sync
        self.maildir = root / user / "Maildir"
        for folder in (root / user, self.maildir):
            if folder.is_symlink():
                msg = f"{folder} is a symbolic link; the store works in real folders only: move the mail there"
                raise StoreError(msg)

    def file(self, name: str) -> Path:
        """Return the path of one of our own files beside the INBOX."""
        return self.maildir / name

    def folder(self, name: str) -> Path:
        """Return the folder of a mailbox, which need not exist.

        Raises:
            InvalidName: it would be too long a file name.
        """
        if name == INBOX:
            return self.maildir
        encoded = "".join("." + encode(level, also=".") for level in name.split("/"))
        if len(encoded) > _LONGEST:
            msg = (
                f"mailbox name {name!r} is too long for a folder name ({len(encoded)} octets, {_LONGEST} are possible)"
            )
            raise InvalidName(msg)
        return self.maildir / encoded

    def exists(self, name: str) -> bool:
        """Whether a mailbox is there, in real folders."""
        folder = self.folder(name)
        return real_folder(folder) and all(real_folder(folder / sub) for sub in SUBFOLDERS)

    def names(self) -> list[str]:
        """Return the mailboxes; folders whose names we would not have written are passed over."""
        found = [INBOX] if self.exists(INBOX) else []
        with os.scandir(self.maildir) as entries:
            for entry in entries:
                if entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    name = self._name_of(entry.name)
                    if name is not None and self.exists(name):
                        found.append(name)
        return found

    def _name_of(self, folder: str) -> str | None:
        levels = [decode(part) for part in folder[1:].split(".")]
        if None in levels:
            return None
        try:
            name = canonical_name("/".join(filter(None, levels)))
            return name if name != INBOX and self.folder(name).name == folder else None
        except InvalidName:
            return None

    def make(self, name: str) -> None:
        """Create the folders of a mailbox; cur/ comes last and completes it."""
        folder = self.folder(name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for sub in SUBFOLDERS:
            (folder / sub).mkdir(mode=0o700, exist_ok=True)
        if name != INBOX:
            # Maildir++ marks folders so that delivery agents find the way up.
            (folder / "maildirfolder").touch(mode=0o600)
        if self._sync:
            sync_folder(folder)
            sync_folder(folder.parent)

    def remove(self, name: str) -> None:
        """Remove a mailbox: out of sight at once, then for good."""
        trash = self.maildir / f"refmail-trash-{secrets.token_hex(8)}"
        self.folder(name).rename(trash)
        shutil.rmtree(trash)
