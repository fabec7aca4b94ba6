"""What every command is: arguments read by `parse`, an effect in `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap import names
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import mailbox
from refmail.imap.status import Refused, Status, no
from refmail.machine import Steps
from refmail.services import Policy

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Command", "mailbox_argument", "new_mailbox_argument", "space_and_mailbox"]


class Command:
    """A command with its arguments; subclasses are frozen values.

    The name is the key in the table of commands and stands nowhere else, so one
    type can serve under several names.
    """

    __slots__ = ()

    #: Whether EXPUNGE may be sent while it is in progress (RFC 3501 section 7.4.1).
    may_expunge: ClassVar[bool] = True
    #: Whether FETCH responses that it causes carry the UID (RFC 3501 section 6.4.8).
    by_uid: ClassVar[bool] = False
    #: Whether new messages and flags are taken in before it runs, because it works on messages.
    looks_first: ClassVar[bool] = False

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """Read the arguments, from the space before the first; here there are none.

        Raises:
            ParseError, LiteralWanted
        """
        del cursor
        return cls()

    @classmethod
    def literal_limit(cls, policy: Policy) -> int:
        """Return the longest literal, in octets, that an argument may be."""
        return policy.imap_line

    def lets_expunge(self) -> bool:
        """Whether EXPUNGE may be sent before it is concluded; some arguments forbid it."""
        return self.may_expunge

    def before(self, session: ImapSession) -> Steps[None]:
        """Send what must come before the news that are told to a command that `looks_first`.

        Raises:
            Refused: with the tagged response.
        """
        del session
        yield from ()

    def run(self, session: ImapSession) -> Steps[Status]:
        """Do it, send untagged data, and return what the tagged response says.

        Raises:
            Refused: with the tagged response.
            StoreError: the store could not.
        """
        raise NotImplementedError

    def afterwards(self, session: ImapSession) -> Steps[None]:
        """Go on after the tagged response of a success was queued."""
        del session
        yield from ()


def mailbox_argument(octets: bytes) -> str:
    """Return the store's name of a mailbox argument.

    Raises:
        Refused: it can be no mailbox.
    """
    try:
        return names.mailbox_name(octets)
    except names.BadName:
        raise Refused(no(b"That is not a mailbox name in modified UTF-7")) from None


def new_mailbox_argument(octets: bytes) -> str:
    """Return the store's name of a mailbox to be made.

    Raises:
        Refused: no mailbox can be made with that name.
    """
    try:
        return names.new_mailbox_name(octets)
    except names.BadName:
        raise Refused(no(b"No mailbox can have that name")) from None


def space_and_mailbox(cursor: Cursor) -> bytes:
    """ABNF: SP mailbox."""
    cursor.space("mailbox")
    return mailbox(cursor)
