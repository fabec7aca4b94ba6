"""ID (RFC 2971): client and server say who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap.commands.base import Command
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import string
from refmail.imap.states import ANY
from refmail.imap.status import Status, ok
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["ID", "Id"]

#: Pairs in one ID (RFC 2971 section 3.3).
_MOST_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Id(Command):
    """Answer with a name only; what the client says is not used (RFC 2971 section 2)."""

    fields: tuple[tuple[bytes, bytes | None], ...]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: id_params_list = "(" #(string SPACE nstring) ")" / nil."""
        cursor.space("id")
        if cursor.skip(b"NIL"):
            return cls(())
        cursor.expect(b"(", "id_params_list")
        fields: list[tuple[bytes, bytes | None]] = []
        while not cursor.skip(b")"):
            if fields:
                cursor.space("id_params_list")
            if len(fields) == _MOST_FIELDS:
                cursor.fail("id_params_list", "more than 30 fields")
            name = string(cursor)
            cursor.space("id_params_list")
            fields.append((name, None if cursor.skip(b"NIL") else string(cursor)))
        return cls(tuple(fields))

    def run(self, session: ImapSession) -> Steps[Status]:
        session.send(b'* ID ("name" "refmail")\r\n')
        yield from ()
        return ok(b"ID completed")


ID = Extension(b"ID", {b"ID": Id}, {b"ID": ANY}, offered=ANY)
