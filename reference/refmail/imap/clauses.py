"""Which requirement decides a tagged response: ids of the conformance ledger, for the journal."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["GREETING", "MALFORMED", "WRONG_STATE", "requirement_of"]

GREETING = "3501/7.1/greeting-state"
MALFORMED = "3501/6/unknown-command-bad"
WRONG_STATE = "3501/3/wrong-state"

#: (command, condition, response code or "") -> id.
_DECIDED: Mapping[tuple[bytes, bytes, bytes], str] = {
    (b"CAPABILITY", b"OK", b""): "3501/6.1.1/capability",
    (b"NOOP", b"OK", b""): "3501/6.1.2/noop",
    (b"LOGOUT", b"OK", b""): "3501/6.1.3/logout-bye",
    (b"STARTTLS", b"OK", b""): "3501/6.2.1/starttls",
    (b"LOGIN", b"OK", b""): "3501/6.2.3/login",
    (b"LOGIN", b"NO", b""): "3501/6.2.3/login-failure-no",
    (b"SELECT", b"OK", b""): "3501/6.3.1/select-data",
    (b"SELECT", b"NO", b""): "3501/6.3.1/failed-select",
    (b"EXAMINE", b"OK", b""): "3501/6.3.2/examine-read-only",
    (b"EXAMINE", b"NO", b""): "3501/6.3.1/failed-select",
    (b"CREATE", b"OK", b""): "3501/6.3.3/create",
    (b"CREATE", b"NO", b""): "3501/6.3.3/create",
    (b"DELETE", b"OK", b""): "3501/6.3.4/delete",
    (b"DELETE", b"NO", b""): "3501/6.3.4/delete-missing",
    (b"RENAME", b"OK", b""): "3501/6.3.5/rename",
    (b"LIST", b"OK", b""): "3501/6.3.8/list-wildcard",
    (b"STATUS", b"OK", b""): "3501/6.3.10/status-items",
    (b"APPEND", b"OK", b""): "3501/6.3.11/append-octets",
    (b"APPEND", b"NO", b"TRYCREATE"): "3501/6.3.11/append-trycreate",
    (b"CLOSE", b"OK", b""): "3501/6.4.2/close-expunges",
    (b"EXPUNGE", b"OK", b""): "3501/6.4.3/expunge",
    (b"SEARCH", b"OK", b""): "3501/6.4.4/search-keys",
    (b"SEARCH", b"NO", b"BADCHARSET"): "3501/6.4.4/search-charset",
    (b"FETCH", b"OK", b""): "3501/6.4.5/fetch-body",
    (b"STORE", b"OK", b""): "3501/6.4.6/store-replaces",
    (b"COPY", b"OK", b""): "3501/6.4.7/copy",
    (b"COPY", b"NO", b"TRYCREATE"): "3501/6.4.7/copy-trycreate",
    (b"UID FETCH", b"OK", b""): "3501/6.4.8/uid-fetch-includes-uid",
    (b"UID STORE", b"OK", b""): "3501/6.4.6/store-replaces",
    (b"UID COPY", b"OK", b""): "3501/6.4.7/copy",
    (b"UID COPY", b"NO", b"TRYCREATE"): "3501/6.4.7/copy-trycreate",
    (b"UID SEARCH", b"OK", b""): "3501/6.4.4/search-keys",
    (b"UID SEARCH", b"NO", b"BADCHARSET"): "3501/6.4.4/search-charset",
}


def requirement_of(command: bytes, condition: bytes, code: bytes | None) -> str:
    """Return the id of what decided a tagged response, "" where the ledger has nothing to say about it."""
    word = (code or b"").partition(b" ")[0]
    special = _DECIDED.get((command, condition, word))
    return special or _DECIDED.get((command, condition, b""), "")
