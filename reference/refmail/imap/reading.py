"""Reading one command with its literals (RFC 3501 sections 2.2.1 and 4.3).

A command is parsed anew whenever a literal begins, so that an error before the
literal is answered instead of "+", line by line as section 7.5 has it. Octets that
a client sends without waiting (RFC 7888) are read and discarded even then: a
literal of a refused command must never be taken for commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from refmail.imap.clauses import MALFORMED, WRONG_STATE
from refmail.imap.commands.base import Command
from refmail.imap.parsing.cursor import Cursor, LiteralTooLong, LiteralWanted, ParseError
from refmail.imap.parsing.strings import keyword, tag
from refmail.imap.status import Refused, Status, bad, no
from refmail.machine import LineTooLong, Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["Request", "parse_command", "read_request"]

_NON_SYNCHRONISING = re.compile(rb"\{([0-9]{1,10})\+\}\r\n\Z")

#: Literals in one command.
_MOST_LITERALS = 200
#: Octets that are read only to be discarded; beyond this the connection is closed (RFC 7888 section 4).
_MOST_DISCARDED = 0x1000_0000


class Hopeless(Exception):
    """The client is about to send more than will be discarded."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command and its tag."""

    tag: bytes
    command: Command


def read_request(session: ImapSession) -> Steps[Request | None]:
    """Read a command; answer one that cannot be parsed, and return None then.

    Raises:
        Hopeless: after BYE; close the connection.
        Disconnected, Expired
    """
    limit = session.services.policy.imap_line
    session.command_name = b""
    try:
        octets = line = yield from session.read_line(limit)
    except LineTooLong:
        session.answer(b"*", bad(b"The line is too long"), "")
        return None
    name = b"*"
    for _ in range(_MOST_LITERALS):
        cursor = Cursor(octets, utf8=session.revision.utf8)
        try:
            name = tag(cursor)
            return Request(name, parse_command(session, cursor))
        except LiteralWanted as wanted:
            literal = yield from _read_literal(session, wanted)
            try:
                line = yield from session.read_line(limit)
            except LineTooLong:
                session.answer(name, bad(b"The line is too long"), "")
                return None
            octets = b"".join((octets, literal, line))
        except (ParseError, Refused) as error:
            yield from _discard_rest(session, line, limit)
            session.answer(name, _status_of(error), _requirement_of(error))
            return None
    yield from _discard_rest(session, line, limit)
    # A MULTIAPPEND (RFC 3502) of so many messages is no error of its client: RFC 5530 has a code for it.
    session.answer(name, no(b"Too many literals in one command", b"LIMIT"), "")
    return None


def parse_command(session: ImapSession, cursor: Cursor) -> Command:
    """Parse what follows the tag: command = tag SP (command-any / command-auth / ...) CRLF.

    Raises:
        Refused: no such command, or not in this state.
        ParseError, LiteralWanted
    """
    cursor.space("command")
    name = keyword(cursor, "command")
    if name == b"UID":
        cursor.space("uid")
        name = b"UID " + keyword(cursor, "uid")
    kind = session.revision.command(name, session.commands)
    if kind is None:
        raise Refused(bad(b"There is no such command"), MALFORMED)
    session.command_name = name
    if session.state not in session.legal[name]:
        raise Refused(bad(b"Not in this state"), WRONG_STATE)
    cursor.literal_limit = kind.literal_limit(session.services.policy)
    command = kind.parse(cursor)
    cursor.end()
    return command


def _read_literal(session: ImapSession, wanted: LiteralWanted) -> Steps[bytes]:
    if wanted.synchronising:
        session.send(b"+ Ready for literal data\r\n")
    return (yield from session.read_exact(wanted.count))


def _status_of(error: ParseError | Refused) -> Status:
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, LiteralTooLong):
        return no(b"The literal is too long")
    return bad(b"Syntax error in %s at octet %d" % (error.production.encode("ascii"), error.position))


def _requirement_of(error: ParseError | Refused) -> str:
    return error.requirement if isinstance(error, Refused) else MALFORMED


def _discard_rest(session: ImapSession, line: bytes, limit: int) -> Steps[None]:
    """Read what the client sends of a refused command without waiting."""
    discarded = 0
    while found := _NON_SYNCHRONISING.search(line):
        left = int(found[1])
        discarded += left
        if discarded > _MOST_DISCARDED:
            session.send(b"* BYE That is more than this server reads\r\n")
            raise Hopeless
        while left:
            octets = yield from session.read_exact(min(left, limit))
            left -= len(octets)
        try:
            line = yield from session.read_line(limit)
        except LineTooLong:
            return
