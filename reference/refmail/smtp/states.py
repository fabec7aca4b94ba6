"""Which command is legal when: everything that decides it stands in this file.

A session is in one of five states (RFC 5321 section 4.1.4, RFC 3030 section 2):

    START   no EHLO or HELO yet, or TLS has just begun and everything is forgotten
    READY   greeted; no transaction
    MAIL    a transaction is open, without an accepted recipient
    RCPT    a transaction with at least one recipient
    BDAT    a transaction that has begun to send its message by BDAT

The data after 354 is no state of this table: while it is read no command can
arrive. Who is logged in and whether TLS is on are not states either; the commands
concerned ask for them.

EHLO, HELO, RSET, NOOP, HELP, VRFY, EXPN and QUIT are legal always. AUTH is not
allowed within a transaction (RFC 4954 section 4); STARTTLS is, since RFC 3207
section 4.2 forgets the transaction anyway. A command out of its state gets 503 and
changes nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

__all__ = ["LEGAL", "State"]


class State(enum.Enum):
    """How far the session has come."""

    START = "start"
    READY = "ready"
    MAIL = "mail"
    RCPT = "rcpt"
    BDAT = "bdat"

    # Each is one object; the hash of an Enum is computed in Python, from its name.
    __hash__ = object.__hash__


_ALWAYS = frozenset({b"EHLO", b"HELO", b"RSET", b"NOOP", b"HELP", b"VRFY", b"EXPN", b"QUIT"})

#: Legal verbs by state.
LEGAL: Mapping[State, frozenset[bytes]] = {
    State.START: _ALWAYS,
    State.READY: _ALWAYS | {b"MAIL", b"STARTTLS", b"AUTH"},
    State.MAIL: _ALWAYS | {b"RCPT", b"STARTTLS"},
    State.RCPT: _ALWAYS | {b"RCPT", b"DATA", b"BDAT", b"STARTTLS"},
    State.BDAT: _ALWAYS | {b"BDAT", b"STARTTLS"},
}
