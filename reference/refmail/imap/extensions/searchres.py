"""SEARCHRES (RFC 5182): "$" stands for what the last search with SAVE found.

The sets of messages know "$" themselves (`parsing.sequences`, `view`, `search.keys`);
a view begins with nothing saved, which is the reset that SELECT and EXAMINE cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from refmail.imap.commands.search import uid_of
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.esearch import RESULT_OPTIONS, ExtendedSearch, reported
from refmail.imap.status import Refused, Status, ok
from refmail.machine import Steps
from refmail.store.api import StoreError

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["SEARCHRES", "SavingSearch", "UidSavingSearch"]

_SAVE = b"SAVE"


@dataclass(frozen=True, slots=True)
class SavingSearch(ExtendedSearch):
    """SEARCH that can keep what it found."""

    known: ClassVar[frozenset[bytes]] = RESULT_OPTIONS | {_SAVE}

    def run(self, session: ImapSession) -> Steps[Status]:
        if self.returns is None or _SAVE not in self.returns:
            return (yield from ExtendedSearch.run(self, session))
        view = session.view
        try:
            found = yield from self.find(session, uid_of)
        except (Refused, StoreError) as error:
            if not isinstance(error, Refused) or error.status.condition == b"NO":
                view.saved = ()
            raise
        others = self.returns - {_SAVE}
        view.saved = reported(others, found)
        if others:
            self.respond(session, found)
        return ok(b"SEARCH completed")


@dataclass(frozen=True, slots=True)
class UidSavingSearch(SavingSearch):
    """UID SEARCH likewise."""

    may_expunge: ClassVar[bool] = True
    by_uid: ClassVar[bool] = True


SEARCHRES = Extension(b"SEARCHRES", {b"SEARCH": SavingSearch, b"UID SEARCH": UidSavingSearch})
