"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), without channel binding: the library does the protocol.

The server keeps a salted key for each user, from which neither the password nor
what a client proves itself with can be computed. Nobody may act for someone else,
so an authorization identity other than the user's own is refused.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# scramp ships no types; what leaves this module is typed here.
from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

from scramp import ScramException, ScramMechanism

from refmail.sasl.exchange import Challenge, Exchange, Failed, Malformed, Mechanism
from refmail.services import ScramUsers, Services, Users

__all__ = ["SCRAM_SHA_1", "SCRAM_SHA_256"]

_BAD_ESCAPE = re.compile("=(?!2C|3D)")

#: What RFC 5802 section 7 calls the errors that are no mistake in a message.
_REFUSALS = frozenset({"invalid-proof", "channel-bindings-dont-match"})


def _scram(name: bytes, services: Services) -> Exchange:
    users = services.users
    assert isinstance(users, ScramUsers)
    names: list[tuple[str | None, str]] = []

    def keys_of(login: str) -> tuple[bytes, bytes, bytes, int]:
        user, keys = users.scram_keys(name, login.encode())
        names.append((user, login))
        return keys.salt, keys.stored_key, keys.server_key, keys.iterations

    nonce = f"{services.random.getrandbits(144):036x}"
    server = ScramMechanism(name.decode("ascii")).make_server(keys_of, s_nonce=nonce)
    with _errors():
        # client-first-message = gs2-cbind-flag "," [authzid] "," username "," nonce ["," extensions]
        first = (yield Challenge(b"")).decode()
        acts_for = _authzid(first)
        if acts_for:
            # The library knows no authorization identity; that the client repeats it is seen to by the header.
            flag, named, bare = first.split(",", 2)
            server.set_client_first(f"{flag},,{bare}")
            server.gs2_header = cast("Any", _NamingHeader(f"{flag},{named},".encode()))
        else:
            server.set_client_first(first)
        server_first: str = server.get_server_first()
        # client-final-message = channel-binding "," nonce ["," extensions] "," proof
        server.set_client_final((yield Challenge(server_first.encode())).decode())
        server_final: str = server.get_server_final()
    # None of our protocols carries data with success, so the server's proof is a challenge of its own.
    if (yield Challenge(server_final.encode())) != b"":
        msg = "the response to the server's proof is empty"
        raise Malformed(msg)
    if not names:
        raise Failed
    user, login = names[0]
    # Cyrus SASL always names the user a second time.
    if user is None or acts_for not in {"", login, user}:
        raise Failed
    return user


@dataclass(frozen=True, slots=True)
class _NamingHeader:
    """A GS2 header with an authorization identity, in the place of the library's own."""

    octets: bytes

    def make_cbind_input(self, binding: object) -> bytes:
        """Return what the client's final message has to repeat; there is never a channel binding."""
        del binding
        return self.octets


def _authzid(first: str) -> str:
    """Return the authorization identity of a client's first message; empty where there is none.

    Raises:
        Malformed: it is not written as RFC 5802 section 5.1 wants it.
    """
    # authzid = "a=" saslname; "," and "=" are =2C and =3D in it
    field = first.split(",")[1:2]
    if field in ([], [""]):
        return ""
    if not field[0].startswith("a=") or _BAD_ESCAPE.search(field[0], 2):
        msg = "that is no authorization identity"
        raise Malformed(msg)
    return field[0][2:].replace("=2C", ",").replace("=3D", "=")


@contextlib.contextmanager
def _errors() -> Generator[None]:
    """Turn what the library says into our own errors."""
    try:
        yield
    except UnicodeDecodeError as error:
        msg = "the message is not UTF-8"
        raise Malformed(msg) from error
    except ScramException as error:
        kind = error.server_error
        if kind is not None and kind.value in _REFUSALS:
            raise Failed from error
        msg = "that is no SCRAM message"
        raise Malformed(msg) from error


def _usable(name: bytes, users: Users) -> bool:
    return isinstance(users, ScramUsers) and name in users.scram_mechanisms


def _mechanism(name: bytes) -> Mechanism:
    return Mechanism(
        name,
        functools.partial(_scram, name),
        client_first=True,
        plaintext=False,
        usable=functools.partial(_usable, name),
    )


SCRAM_SHA_1 = _mechanism(b"SCRAM-SHA-1")
SCRAM_SHA_256 = _mechanism(b"SCRAM-SHA-256")
