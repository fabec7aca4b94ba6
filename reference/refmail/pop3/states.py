"""Which command is legal when: everything that decides it stands in this file.

RFC 1939 names three states. AUTHORIZATION is two here, because PASS may only come
after a successful USER (section 7):

    AUTHORIZATION   nobody has logged in
    NAMED           USER was accepted; PASS may follow
    TRANSACTION     logged in, the maildrop is locked and open

UPDATE (section 6) is no state in which commands arrive: QUIT passes through it.

USER is legal after the greeting and after a USER or PASS that failed, so not in
NAMED. CAPA is legal always (RFC 2449 section 5) and disturbs nothing. STLS is
for both halves of AUTHORIZATION (RFC 2595 section 4) and begins them anew; so is
UTF8. LANG is legal always (RFC 6856 sections 2 and 3).

    AUTHORIZATION --USER +OK--> NAMED --PASS +OK--> TRANSACTION --QUIT--> end
    NAMED --PASS -ERR--> AUTHORIZATION
    AUTHORIZATION --AUTH or APOP +OK--> TRANSACTION

A command out of its state gets -ERR and changes nothing (section 3).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

__all__ = ["LEGAL", "State"]


class State(enum.Enum):
    """How far the session has come."""

    AUTHORIZATION = "authorization"
    NAMED = "named"
    TRANSACTION = "transaction"


#: Legal keywords by state.
LEGAL: Mapping[State, frozenset[bytes]] = {
    State.AUTHORIZATION: frozenset({b"USER", b"APOP", b"AUTH", b"STLS", b"UTF8", b"LANG", b"CAPA", b"QUIT"}),
    State.NAMED: frozenset({b"PASS", b"AUTH", b"STLS", b"UTF8", b"LANG", b"CAPA", b"QUIT"}),
    State.TRANSACTION: frozenset(
        {b"STAT", b"LIST", b"RETR", b"DELE", b"NOOP", b"RSET", b"TOP", b"UIDL", b"LANG", b"CAPA", b"QUIT"}
    ),
}
