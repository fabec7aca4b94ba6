r"""LIST-STATUS (RFC 5819): STATUS of every mailbox that LIST answers with; STATUS=SIZE (RFC 8438)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from refmail.imap.commands.status import status_line
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.list_extended import Argument, ListExtended
from refmail.imap.extensions.list_match import Listed
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.status_items import status_atts
from refmail.machine import Steps
from refmail.store.api import NoSuchMailbox, StoreError

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["LIST_STATUS", "STATUS_SIZE", "ListWithStatus"]


def _items(cursor: Cursor) -> tuple[bytes, ...]:
    """ABNF: status-option = "STATUS" SP "(" status-att *(SP status-att) ")"."""
    cursor.space("status-option")
    return status_atts(cursor)


@dataclass(frozen=True, slots=True)
class ListWithStatus(ListExtended):
    """LIST that counts as well."""

    returns: ClassVar[Mapping[bytes, Argument]] = {**ListExtended.returns, b"STATUS": _items}

    def show(self, session: ImapSession, listed: Listed) -> Steps[None]:
        attributes = self.extended_attributes(listed.info)
        items = self.asked.get(b"STATUS")
        if items is None or not (listed.info.selectable and listed.meets):
            session.send(self.response(session, listed, attributes))
            return
        counts = b""
        try:
            counts = yield from status_line(session, listed.info.name, items)
        except NoSuchMailbox:
            # Gone since it was listed: it cannot be selected, and there is nothing to count.
            attributes = (rb"\NonExistent", *attributes)
        except StoreError:
            # RFC 5819 section 2 lets a server drop a STATUS that it cannot find out.
            pass
        session.send(self.response(session, listed, attributes) + counts)


LIST_STATUS = Extension(b"LIST-STATUS", {b"LIST": ListWithStatus})

#: The item itself stands in `status_items`.
STATUS_SIZE = Extension(b"STATUS=SIZE")
