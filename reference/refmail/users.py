"""Who may log in."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from refmail.credentials import SCRAM_HASHES, ScramKeys
from refmail.message.idn import folded
from refmail.saslprep import Unpreparable, saslprep

__all__ = ["LateHash", "PasswordHash", "UserTable", "Verifier"]

#: Highest cost taken from a file: 1 GiB of memory for each login.
_HIGHEST_COST = 2**20


class Verifier(Protocol):
    """What can tell whether a password is right."""

    def matches(self, password: bytes) -> bool:
        """Compare in constant time; takes tens of milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password at rest: scrypt with its own salt and cost (RFC 7914)."""

    #: CPU and memory cost (128 * cost * 8 octets of memory: 16 MiB).
    cost: int
    salt: bytes
    key: bytes

    @classmethod
    def of(cls, password: bytes, cost: int = 2**14) -> PasswordHash:
        """Hash a password, prepared by SASLprep, with a fresh salt; takes tens of milliseconds.

        Raises:
            Unpreparable: it holds characters that SASLprep forbids, or is not UTF-8.
        """
        password = saslprep(password)
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


class LateHash:
    """The hash of a password that the configuration gives, made at the first login: a server that starts need not wait.

    Raises:
        Unpreparable: the password holds characters that SASLprep forbids.
    """

    def __init__(self, password: bytes) -> None:
        self._password = saslprep(password)

    @functools.cached_property
    def _hash(self) -> PasswordHash:
        return PasswordHash.of(self._password)

    def matches(self, password: bytes) -> bool:
        return self._hash.matches(password)


#: SCRAM keys by user.
ScramTable = Mapping[str, Iterable[ScramKeys]]


class UserTable:
    """The users of a server, by login: the name alone or any of their addresses.

    A login that succeeded is remembered as a MAC under a key that exists only in this
    process, so that the next one costs microseconds. What is at rest stays scrypt, and
    every wrong secret costs the full scrypt again.

    Args:
        passwords: scrypt hashes by user, or what makes them.
        domains: our domains: a login may also be an address.
        scram: SCRAM keys by user, as many as are stored; or what derives them, called when they are first needed.
        clear: passwords by user, of those for whom the configuration keeps them in the clear.
    """

    #: Password checks take long: they are run in a thread.
    blocking = True

    def __init__(
        self,
        passwords: Mapping[str, Verifier],
        domains: Iterable[str],
        *,
        scram: ScramTable | Callable[[], ScramTable] = MappingProxyType({}),
        clear: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self._passwords = dict(passwords)
        self._scram_table = scram
        self._clear = {user: saslprep(secret) for user, secret in clear.items()}
        self._domains = tuple(domains)
        # Compared where the login is unknown, so that both take the same time.
        self._nobody = PasswordHash(2**14, secrets.token_bytes(16), secrets.token_bytes(32))
        self._key = secrets.token_bytes(32)
        self._remembered: dict[str, bytes] = {}
        self._lock = threading.Lock()

    @functools.cached_property
    def _logins(self) -> dict[bytes, str]:
        # Made for the first login: to prepare each name takes time that the start need not wait for.
        logins = {_spelling(name.encode()): name for name in self._passwords}
        for domain in self._domains:
            logins |= {_spelling(f"{name}@{domain}".encode()): name for name in self._passwords}
        logins.pop(b"", None)
        return logins

    @functools.cached_property
    def _scram(self) -> dict[tuple[bytes, str], ScramKeys]:
        table = self._scram_table() if callable(self._scram_table) else self._scram_table
        return {(keys.mechanism, user): keys for user, stored in table.items() for keys in stored}

    def authenticate(self, login: bytes, secret: bytes) -> str | None:
        """Return the user's name where login and secret fit, else None."""
        user = self.user_named(login)
        try:
            secret = saslprep(secret)
        except Unpreparable:
            user = None
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

    def user_named(self, login: bytes) -> str | None:
        """Return the name of the user with that login, or None."""
        return self._logins.get(_spelling(login))

    @functools.cached_property
    def scram_mechanisms(self) -> frozenset[bytes]:
        """The SCRAM mechanisms for which every user has keys."""
        return frozenset(name for name in SCRAM_HASHES if all((name, user) in self._scram for user in self._passwords))

    def scram_keys(self, mechanism: bytes, login: bytes) -> tuple[str | None, ScramKeys]:
        """Return the user's name and keys; for an unknown login None and keys that fit no password."""
        spelling = _spelling(login)
        user = self._logins.get(spelling)
        known = self._scram.get((mechanism, user or ""))
        if known is not None:
            return user, known
        size = SCRAM_HASHES[mechanism]
        # The same at every attempt, as a salt that changed would tell that nobody has that name.
        made_up = hmac.digest(self._key, mechanism + b"\0" + spelling, "sha512")
        counts = [keys.iterations for (name, _), keys in self._scram.items() if name == mechanism]
        salt_size = len(next(iter(self._scram.values())).salt) if self._scram else 32
        salt = hmac.digest(self._key, made_up, "sha512")[:salt_size]
        return None, ScramKeys(mechanism, max(counts, default=4096), salt, made_up[:size], made_up[-size:])

    @property
    def has_clear_secrets(self) -> bool:
        """Whether every user's password is stored in the clear."""
        return self._clear.keys() == self._passwords.keys()

    @property
    def has_some_clear_secret(self) -> bool:
        """Whether some user's password is stored in the clear."""
        return bool(self._clear)

    def clear_secret(self, login: bytes) -> tuple[str | None, bytes]:
        """Return the user's name and password; for an unknown login None and octets that nobody knows."""
        user = self.user_named(login)
        secret = self._clear.get(user or "")
        return (None, self._key) if user is None or secret is None else (user, secret)


def _spelling(login: bytes) -> bytes:
    """Return a login in the form in which logins are compared: prepared by SASLprep, and in lower case.

    One that cannot be prepared has none (RFC 5802 section 5.1, RFC 4616 section 2), so that it is nobody's.
    """
    try:
        return folded(saslprep(login))
    except Unpreparable:
        return b""
