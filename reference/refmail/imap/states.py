"""The four states of a connection and which command is legal in which (RFC 3501 sections 3 and 6).

    NOT_AUTHENTICATED --LOGIN, AUTHENTICATE--> AUTHENTICATED --SELECT, EXAMINE--> SELECTED
    SELECTED --CLOSE, a SELECT or EXAMINE that fails--> AUTHENTICATED
    any --LOGOUT--> LOGOUT, after which the connection closes

Everything that decides on legality is the table below; a command that a state
does not list is answered with a tagged BAD and changes nothing. Commands by UID
are entries of their own, named as on the wire. Extensions add rows (see
`extensions`), they do not change these.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

__all__ = ["ANY", "AUTHENTICATED_OR_SELECTED", "LEGAL", "NOT_AUTHENTICATED_ONLY", "SELECTED_ONLY", "State"]


class State(enum.Enum):
    """Where a connection stands."""

    #: The client has shown no credentials (section 3.1).
    NOT_AUTHENTICATED = "not authenticated"
    #: The client is logged in and has no mailbox open (section 3.2).
    AUTHENTICATED = "authenticated"
    #: A mailbox is open (section 3.3).
    SELECTED = "selected"
    #: The connection is about to close (section 3.4).
    LOGOUT = "logout"


ANY = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
NOT_AUTHENTICATED_ONLY = frozenset({State.NOT_AUTHENTICATED})
AUTHENTICATED_OR_SELECTED = frozenset({State.AUTHENTICATED, State.SELECTED})
SELECTED_ONLY = frozenset({State.SELECTED})

#: Command name, upper case -> the states in which it is legal.
LEGAL: Mapping[bytes, frozenset[State]] = {
    # Section 6.1
    b"CAPABILITY": ANY,
    b"NOOP": ANY,
    b"LOGOUT": ANY,
    # Section 6.2
    b"STARTTLS": NOT_AUTHENTICATED_ONLY,
    b"AUTHENTICATE": NOT_AUTHENTICATED_ONLY,
    b"LOGIN": NOT_AUTHENTICATED_ONLY,
    # Section 6.3
    b"SELECT": AUTHENTICATED_OR_SELECTED,
    b"EXAMINE": AUTHENTICATED_OR_SELECTED,
    b"CREATE": AUTHENTICATED_OR_SELECTED,
    b"DELETE": AUTHENTICATED_OR_SELECTED,
    b"RENAME": AUTHENTICATED_OR_SELECTED,
    b"SUBSCRIBE": AUTHENTICATED_OR_SELECTED,
    b"UNSUBSCRIBE": AUTHENTICATED_OR_SELECTED,
    b"LIST": AUTHENTICATED_OR_SELECTED,
    b"LSUB": AUTHENTICATED_OR_SELECTED,
    b"STATUS": AUTHENTICATED_OR_SELECTED,
    b"APPEND": AUTHENTICATED_OR_SELECTED,
    # Section 6.4
    b"CHECK": SELECTED_ONLY,
    b"CLOSE": SELECTED_ONLY,
    b"EXPUNGE": SELECTED_ONLY,
    b"SEARCH": SELECTED_ONLY,
    b"FETCH": SELECTED_ONLY,
    b"STORE": SELECTED_ONLY,
    b"COPY": SELECTED_ONLY,
    b"UID SEARCH": SELECTED_ONLY,
    b"UID FETCH": SELECTED_ONLY,
    b"UID STORE": SELECTED_ONLY,
    b"UID COPY": SELECTED_ONLY,
}
