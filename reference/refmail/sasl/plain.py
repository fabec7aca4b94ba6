"""PLAIN (RFC 4616): login and password in one response."""

from __future__ import annotations

from refmail.machine import Call
from refmail.sasl.exchange import Challenge, Exchange, Failed, Malformed, Mechanism
from refmail.services import Services

__all__ = ["PLAIN"]


def _plain(services: Services) -> Exchange:
    # message = [authzid] UTF8NUL authcid UTF8NUL passwd
    response: bytes = yield Challenge(b"")
    parts = response.split(b"\0")
    if len(parts) != 3 or not parts[1] or not parts[2]:
        msg = "expected [authzid] NUL login NUL password"
        raise Malformed(msg)
    authzid, login, secret = parts
    user: str | None = yield Call(services.users.authenticate, (login, secret))
    # Nobody here may act for someone else.
    if user is None or authzid not in {b"", login, user.encode()}:
        raise Failed
    return user


PLAIN = Mechanism(b"PLAIN", _plain, client_first=True, plaintext=True)
