"""APOP (RFC 1939 section 7; for logins beyond ASCII RFC 6856 section 2.2)."""

from __future__ import annotations

import hashlib
import hmac
import re

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal, ok
from refmail.services import ClearUsers

__all__ = ["ApopCommand"]

# digest = 32 lower case hexadecimal digits
_DIGEST = re.compile(rb"[0-9a-f]{32}")


class ApopCommand(SessionBase):
    """Logs a user in by a digest over the greeting's timestamp and a secret that the server can read."""

    def greeting(self) -> bytes:
        """Return the first line, with a timestamp where APOP can be used by anybody."""
        if not self.apop_possible:
            return super().greeting()
        self.timestamp = self.new_timestamp()
        return ok(f"{self.services.hostname} POP3 server ready {self.timestamp.decode('ascii')}")

    @property
    def apop_possible(self) -> bool:
        """Whether the secret of at least one user is stored in a form that APOP can use."""
        users = self.services.users
        return isinstance(users, ClearUsers) and users.has_some_clear_secret

    def new_timestamp(self) -> bytes:
        """Return a message identifier that no other greeting has (RFC 1939 section 7)."""
        services = self.services
        hostname = services.hostname.encode("ascii").strip(b"[]")
        return b"<%d.%d@%b>" % (services.random.getrandbits(64), services.now().timestamp() * 1000, hostname)

    def do_apop(self, argument: bytes | None) -> Steps[bytes]:
        name, digest = arguments.login_and_word(argument)
        if not self.timestamp:
            text = "APOP is not offered: the greeting had no timestamp"
            raise Refusal(text, because="1939/3/unknown-command")
        if _DIGEST.fullmatch(digest) is None:
            text = "a digest is 32 hexadecimal digits in lower case"
            raise Refusal(text, because="1939/7/apop-lower-case-digest")
        return (yield from self.log_in(self.fits(name, digest)))

    def fits(self, name: bytes, digest: bytes) -> str | None:
        """Return the user whose digest it is; compared in constant time, for an unknown name as well."""
        users = self.services.users
        assert isinstance(users, ClearUsers)
        user, secret = users.clear_secret(name)
        right = hashlib.md5(self.timestamp + secret, usedforsecurity=False).hexdigest().encode("ascii")
        return user if hmac.compare_digest(right, digest) else None
