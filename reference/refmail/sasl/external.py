"""EXTERNAL (RFC 4422 appendix A): who the client is stands in the certificate that TLS has verified."""

from __future__ import annotations

import functools

from refmail.machine import TlsInfo
from refmail.sasl.exchange import Challenge, Exchange, Failed, Malformed, Mechanism
from refmail.services import NamedUsers, Services, Users

__all__ = ["external_for"]


def external_for(users: Users, tls: TlsInfo | None) -> Mechanism | None:
    """Return the mechanism for a connection whose client certificate names a user, else None.

    Args:
        users: who can be named.
        tls: what is known of the TLS layer; None where there is none.
    """
    if tls is None or not isinstance(users, NamedUsers):
        return None
    found = (users.user_named(identity) for identity in tls.client_identities)
    named = tuple(dict.fromkeys(user for user in found if user is not None))
    if not named:
        return None
    return Mechanism(b"EXTERNAL", functools.partial(_external, named), client_first=True, plaintext=False)


def _external(named: tuple[str, ...], services: Services) -> Exchange:
    # initial-response = [authzid] ; authzid = 1*( UTF-8 character but NUL )
    response: bytes = yield Challenge(b"")
    if b"\0" in response:
        msg = "an authorization identity holds no NUL"
        raise Malformed(msg)
    if not response:
        return named[0]
    users = services.users
    assert isinstance(users, NamedUsers)
    user = users.user_named(response)
    # The certificate speaks for those whom it names, and for nobody else.
    if user not in named:
        raise Failed
    assert user is not None
    return user
