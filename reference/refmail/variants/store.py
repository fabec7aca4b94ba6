"""Other choices that Maildir leaves to those who deliver into it and read from it."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path

from refmail import variants
from refmail.config import Config
from refmail.store.api import Changes, MessageMeta
from refmail.store.filenames import Namer
from refmail.store.maildir import MaildirStore
from refmail.store.maildir_mailbox import MaildirMailbox


class _CrlfStore(MaildirStore):
    """Rewrites each delivered file."""

    def deliver(self, user: str, octets: bytes) -> None:
        super().deliver(user, octets)
        maildir = self.root / user / "Maildir"
        for path in (maildir / "new").iterdir():
            text = path.read_bytes()
            if b"\r\n" not in text:
                temporary = maildir / "tmp" / f"{path.name}.crlf"
                temporary.write_bytes(text.replace(b"\n", b"\r\n"))
                os.utime(temporary, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
                temporary.replace(path)


@variants.part("store")
def store_keeps_crlf(config: Config) -> MaildirStore:
    """Lines of delivered files end in CRLF."""
    return _CrlfStore(Path(config.store.path or ""))


class _OldNamer(Namer):
    """Names files as the first Maildir did: time, process and counter, host."""

    _numbers = itertools.count(1)

    def unique(self) -> str:
        return f"{int(time.time())}.{os.getpid()}_{next(self._numbers)}.mail-host"


class _OldNames(MaildirStore):
    """Names files in another way."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._namer = _OldNamer(self._now)


@variants.part("store")
def store_with_old_names(config: Config) -> MaildirStore:
    """Unique names have the old form."""
    return _OldNames(Path(config.store.path or ""))


class _Tidy(MaildirMailbox):
    """Moves what it finds in new to cur whenever it looks, as many readers do."""

    def messages(self) -> list[MessageMeta]:
        found = list(super().messages())
        self._tidy(found)
        return found

    def changes_since(self, modseq: int) -> Changes:
        changes = super().changes_since(modseq)
        self._tidy(changes.changed)
        return changes

    def _tidy(self, found: Sequence[MessageMeta]) -> None:
        with self._transaction() as index:
            for meta in found:
                if meta.uid in index.entries:
                    self._mirror.show(index, meta.uid, index.entries[meta.uid].flags, seen_by_reader=True)


@variants.part("store")
def store_tidies_at_once(config: Config) -> MaildirStore:
    """The first reader of any kind moves messages from new to cur."""
    return MaildirStore(Path(config.store.path or ""), mailbox=_Tidy)
