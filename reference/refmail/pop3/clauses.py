"""Which requirement decides a reply: ids of the conformance ledger, for the journal.

A `Refusal` may name its own; what stands here is for replies that follow from the command alone.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CODES", "DONE", "GREETING", "REFUSED", "TOO_LONG", "UNKNOWN", "WRONG_STATE"]

GREETING = "1939/4/greeting"
UNKNOWN = "1939/3/unknown-command"
TOO_LONG = "2449/4/command-255"

#: A command outside its state, by keyword; `WRONG_STATE[b""]` where nothing more special is known.
WRONG_STATE: Mapping[bytes, str] = {
    b"": "1939/3/wrong-state",
    b"PASS": "1939/7/pass-needs-user",
    b"STLS": "2595/4/only-authorization",
    b"AUTH": "5034/4/only-authorization",
    b"UTF8": "6856/2/only-authorization",
}

#: A positive reply, by keyword.
DONE: Mapping[bytes, str] = {
    b"USER": "1939/7/user-pass",
    b"PASS": "1939/7/user-pass",
    b"APOP": "1939/7/apop",
    b"AUTH": "5034/4/success",
    b"CAPA": "2449/5/capa",
    b"STLS": "2595/4/stls",
    b"UTF8": "6856/2/utf8",
    b"LANG": "6856/3.2/lang-chosen",
    b"STAT": "1939/5/stat",
    b"LIST": "1939/5/list",
    b"RETR": "1939/5/retr",
    b"TOP": "1939/7/top",
    b"UIDL": "1939/7/uidl",
    b"DELE": "1939/5/dele-marks",
    b"RSET": "1939/5/rset",
    b"NOOP": "1939/5/noop",
    b"QUIT": "1939/6/quit-closes",
}

#: A negative reply with a response code.
CODES: Mapping[str, str] = {
    "AUTH": "3206/6/on-wrong-password",
    "IN-USE": "1939/4/exclusive-lock",
    "LOGIN-DELAY": "2449/6.5/enforced",
    "SYS/TEMP": "3206/4/sys-levels",
    "SYS/PERM": "3206/4/sys-levels",
    "UTF8": "6856/5/utf8-code",
}

#: A negative reply without one, by keyword: what the command asks for cannot be had.
REFUSED: Mapping[bytes, str] = {
    b"USER": "6856/2.2/prohibited-refused",
    b"AUTH": "5034/4/failure",
    b"LANG": "6856/3.2/lang-unknown",
    b"LIST": "1939/5/no-such-message",
    b"RETR": "1939/5/no-such-message",
    b"DELE": "1939/5/no-such-message",
    b"TOP": "1939/7/top-no-such-message",
    b"UIDL": "1939/7/uidl-no-such-message",
    b"STLS": "2595/4/active-refused",
    b"QUIT": "1939/6/removal-failure",
}
