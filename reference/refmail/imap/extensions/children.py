r"""CHILDREN (RFC 3348): \HasChildren and \HasNoChildren in LIST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from refmail.imap.commands.list import List
from refmail.imap.extensions.base import Extension
from refmail.store.api import MailboxInfo

__all__ = ["CHILDREN", "ListWithChildren"]


@dataclass(frozen=True, slots=True)
class ListWithChildren(List):
    """LIST that says which names have others below them."""

    def attributes(self, info: MailboxInfo) -> Sequence[bytes]:
        return (*List.attributes(self, info), rb"\HasChildren" if info.has_children else rb"\HasNoChildren")


CHILDREN = Extension(b"CHILDREN", {b"LIST": ListWithChildren})
