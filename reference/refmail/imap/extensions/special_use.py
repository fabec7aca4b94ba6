r"""SPECIAL-USE and CREATE-SPECIAL-USE (RFC 6154): what mailboxes are for.

    create-param = "USE" SP "(" [use-attr *(SP use-attr)] ")"
    use-attr     = "\All" / "\Archive" / "\Drafts" / "\Flagged" / "\Junk" / "\Sent" / "\Trash" / use-attr-ext

A use is that of one mailbox here, and a second CREATE with it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import names
from refmail.imap.commands.base import new_mailbox_argument, space_and_mailbox
from refmail.imap.commands.create import Create
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.list_extended import Argument, Criterion, no_argument
from refmail.imap.extensions.list_status import ListWithStatus
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import atom
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import MailboxExists, MailboxInfo, UseTaken
from refmail.store.uses import SPECIAL_USES

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["CREATE_SPECIAL_USE", "SPECIAL_USE", "CreateWithUse", "ListWithUses"]

#: Upper case -> as we spell it.
_SPELLING = {use.upper(): use for use in SPECIAL_USES}


@dataclass(frozen=True, slots=True)
class ListWithUses(ListWithStatus):
    """LIST that says what mailboxes are for, asked or not (RFC 6154 section 2)."""

    selections: ClassVar[Mapping[bytes, Criterion]] = {
        **ListWithStatus.selections,
        b"SPECIAL-USE": lambda info: bool(info.uses),
    }
    returns: ClassVar[Mapping[bytes, Argument]] = {**ListWithStatus.returns, b"SPECIAL-USE": no_argument}

    def attributes(self, info: MailboxInfo) -> Sequence[bytes]:
        return (*ListWithStatus.attributes(self, info), *sorted(info.uses))


@dataclass(frozen=True, slots=True)
class CreateWithUse(Create):
    """CREATE with the parameter USE."""

    #: In upper case.
    uses: Collection[bytes] = ()

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: create = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"] (RFC 4466 section 2.2)."""
        mailbox = space_and_mailbox(cursor)
        uses: Collection[bytes] = ()
        if cursor.skip(b" "):
            cursor.expect(b"(", "create-params")
            # There is no other parameter, and none may come twice.
            cursor.expect(b"USE", "create-param")
            cursor.space("create-param")
            uses = _use_attrs(cursor)
            cursor.expect(b")", "create-params")
        return cls(mailbox, uses)

    def run(self, session: ImapSession) -> Steps[Status]:
        name = new_mailbox_argument(self.mailbox.removesuffix(names.DELIMITER.encode()))
        if not _SPELLING.keys() >= set(self.uses):
            raise Refused(no(b"That is no special use of mailboxes here", b"USEATTR"))
        uses = [_SPELLING[use] for use in self.uses]
        try:
            yield from session.call(session.services.store.create, session.user, name, uses)
        except MailboxExists:
            raise Refused(no(b"There is already a mailbox of that name")) from None
        except UseTaken:
            raise Refused(no(b"Another mailbox has that use", b"USEATTR")) from None
        return ok(b"CREATE completed")


def _use_attrs(cursor: Cursor) -> tuple[bytes, ...]:
    """ABNF: "(" [use-attr *(SP use-attr)] ")"; in upper case, each once."""
    cursor.expect(b"(", "special-use")
    found: list[bytes] = []
    while not cursor.skip(b")"):
        if found:
            cursor.space("special-use")
        cursor.expect(b"\\", "use-attr")
        found.append(b"\\" + atom(cursor).upper())
    return tuple(dict.fromkeys(found))


SPECIAL_USE = Extension(b"SPECIAL-USE", {b"LIST": ListWithUses})
CREATE_SPECIAL_USE = Extension(b"CREATE-SPECIAL-USE", {b"CREATE": CreateWithUse})
