"""Who may log in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from refmail.credentials import SCRAM_HASHES, ScramKeys

__all__ = ["PasswordHash", "UserTable"]

#: Highest cost taken from a file: 1 GiB of memory for each login.
_HIGHEST_COST = 2**20


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password at rest: scrypt with its own salt and cost (RFC 7914)."""

    #: CPU and memory cost (128 * cost * 8 octets of memory: 16 MiB).
    cost: int
    salt: bytes
    key: bytes

    @classmethod
    def of(cls, password: bytes, cost: int = 2**14) -> PasswordHash:
        """Hash a password with a fresh salt; takes tens of milliseconds."""
        salt = secrets.token_bytes(16)
        return cls(cost, salt, _scrypt(password, salt, cost))

    @classmethod
    def from_text(cls, text: str) -> PasswordHash:
        """Read the form that `to_text` writes.

        Raises:
            ValueError: it is not of that form.
        """
        try:
            scheme, cost, salt, key = text.split("$")
            parsed = cls(int(cost), base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True))
        except (ValueError, binascii.Error):
            scheme, parsed = "", cls(0, b"", b"")
        power_of_two = parsed.cost & (parsed.cost - 1) == 0 and 2 <= parsed.cost <= _HIGHEST_COST
        if scheme != "scrypt" or not power_of_two or len(parsed.key) != 32:
            msg = "a password hash is written scrypt$COST$SALT$KEY (`refmail hash` makes one)"
            raise ValueError(msg)
        return parsed

    def to_text(self) -> str:
        """Return `scrypt$COST$SALT$KEY`, salt and key in base64."""
        salt, key = (base64.b64encode(octets).decode("ascii") for octets in (self.salt, self.key))
        return f"scrypt${self.cost}${salt}${key}"

    def matches(self, password: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.cost), self.key)


def _scrypt(password: bytes, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=cost, r=8, p=1, maxmem=256 * cost * 8 + 2**16, dklen=32)


class UserTable:
    """The users of a server, by login: the name alone or any of their addresses.

    A login that succeeded is remembered as a MAC under a key that exists only in this
    process, so that the next one costs microseconds. What is at rest stays scrypt, and
    every wrong secret costs the full scrypt again.

    Args:
        passwords: scrypt hashes by user.
        domains: our domains: a login may also be an address.
        scram: SCRAM keys by user, as many as are stored.
        clear: passwords by user, of those for whom the configuration keeps them in the clear.
    """

    #: Password checks take long: they are run in a thread.
    blocking = True

    def __init__(
        self,
        passwords: Mapping[str, PasswordHash],
        domains: Iterable[str],
        *,
        scram: Mapping[str, Iterable[ScramKeys]] = MappingProxyType({}),
        clear: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self._passwords = dict(passwords)
        self._scram = {(keys.mechanism, user): keys for user, stored in scram.items() for keys in stored}
        self._clear = dict(clear)
        self._logins = {name.lower().encode(): name for name in passwords}
        for domain in domains:
            self._logins |= {f"{name}@{domain}".lower().encode(): name for name in passwords}
        # Compared where the login is unknown, so that both take the same time.
        self._nobody = PasswordHash(2**14, secrets.token_bytes(16), secrets.token_bytes(32))
        self._key = secrets.token_bytes(32)
        self._remembered: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        """Return the user's name where login and secret fit, else None."""
        user = self._logins.get(login.lower())
        if user is None:
            self._nobody.matches(secret)
            return None
        mac = hmac.digest(self._key, user.encode() + b"\0" + secret, "sha256")
        with self._lock:
            remembered = self._remembered.get(user, b"")
        if hmac.compare_digest(remembered, mac):
            return user
        if not self._passwords[user].matches(secret):
            return None
        with self._lock:
            self._remembered[user] = mac
        return user

    @property
    def scram_mechanisms(self) -> frozenset[bytes]:
        """The SCRAM mechanisms for which every user has keys."""
        return frozenset(name for name in SCRAM_HASHES if all((name, user) in self._scram for user in self._passwords))

    def scram_keys(self, mechanism: bytes, login: bytes) -> tuple[str | None, ScramKeys]:
        """Return the user's name and keys; for an unknown login None and keys that fit no password."""
        user = self._logins.get(login.lower())
        known = self._scram.get((mechanism, user or ""))
        if known is not None:
            return user, known
        size = SCRAM_HASHES[mechanism]
        # The same at every attempt, as a salt that changed would tell that nobody has that name.
        made_up = hmac.digest(self._key, mechanism + b"\0" + login.lower(), "sha512")
        counts = [keys.iterations for (name, _), keys in self._scram.items() if name == mechanism]
        salt_size = len(next(iter(self._scram.values())).salt) if self._scram else 32
        salt = hmac.digest(self._key, made_up, "sha512")[:salt_size]
        return None, ScramKeys(mechanism, max(counts, default=4096), salt, made_up[:size], made_up[-size:])

    @property
    def has_clear_secrets(self) -> bool:
        """Whether every user's password is stored in the clear."""
        return self._clear.keys() == self._passwords.keys()

    def clear_secret(self, login: bytes) -> tuple[str | None, bytes]:
        """Return the user's name and password; for an unknown login None and octets that nobody knows."""
        user = self._logins.get(login.lower())
        secret = self._clear.get(user or "")
        return (None, self._key) if user is None or secret is None else (user, secret)
