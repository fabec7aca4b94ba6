"""CRAM-MD5 (RFC 2195): a challenge, and its HMAC under the password, which the server must be able to read."""

from __future__ import annotations

import hmac
import re

from refmail.sasl.exchange import Challenge, Exchange, Failed, Malformed, Mechanism
from refmail.services import ClearUsers, Services, Users

__all__ = ["CRAM_MD5"]

# response = user SP digest ; digest = 32 lower case hexadecimal digits (section 2); the user may hold spaces.
_RESPONSE = re.compile(rb"(.+) ([0-9a-f]{32})", re.DOTALL)


def _cram_md5(services: Services) -> Exchange:
    users = services.users
    assert isinstance(users, ClearUsers)
    # challenge = "<" random "." timestamp "@" hostname ">"
    hostname = services.hostname.encode("ascii")
    challenge = b"<%d.%d@%b>" % (services.random.getrandbits(64), services.now().timestamp(), hostname)
    response: bytes = yield Challenge(challenge)
    match = _RESPONSE.fullmatch(response)
    if match is None:
        msg = "expected a login, a space and 32 hexadecimal digits"
        raise Malformed(msg)
    user, secret = users.clear_secret(match[1])
    digest = hmac.digest(secret, challenge, "md5").hex().encode("ascii")
    if not hmac.compare_digest(digest, match[2]) or user is None:
        raise Failed
    return user


def _usable(users: Users) -> bool:
    return isinstance(users, ClearUsers) and users.has_clear_secrets


CRAM_MD5 = Mechanism(b"CRAM-MD5", _cram_md5, client_first=False, plaintext=False, usable=_usable)
