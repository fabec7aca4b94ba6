"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), without channel binding: the library does the protocol.

The server keeps a salted key for each user, from which neither the password nor
what a client proves itself with can be computed. Nobody may act for someone else,
so an authorization identity is refused.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# scramp ships no types; what leaves this module is typed here.
from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator

from scramp import ScramException, ScramMechanism

from refmail.sasl.exchange import Challenge, Exchange, Failed, Malformed, Mechanism
from refmail.services import ScramUsers, Services, Users

__all__ = ["SCRAM_SHA_1", "SCRAM_SHA_256"]

#: What RFC 5802 section 7 calls the errors that are no mistake in a message.
_REFUSALS = frozenset({"invalid-proof", "channel-bindings-dont-match"})


def _scram(name: bytes, services: Services) -> Exchange:
    users = services.users
    assert isinstance(users, ScramUsers)
    names: list[str | None] = []

    def keys_of(login: str) -> tuple[bytes, bytes, bytes, int]:
        user, keys = users.scram_keys(name, login.encode())
        names.append(user)
        return keys.salt, keys.stored_key, keys.server_key, keys.iterations

    nonce = f"{services.random.getrandbits(144):036x}"
    server = ScramMechanism(name.decode("ascii")).make_server(keys_of, s_nonce=nonce)
    with _errors():
        # client-first-message = gs2-cbind-flag "," [authzid] "," username "," nonce ["," extensions]
        first = (yield Challenge(b"")).decode()
        if first.split(",")[1:2] not in ([], [""]):
            raise Failed
        server.set_client_first(first)
        server_first: str = server.get_server_first()
        # client-final-message = channel-binding "," nonce ["," extensions] "," proof
        server.set_client_final((yield Challenge(server_first.encode())).decode())
        server_final: str = server.get_server_final()
    # None of our protocols carries data with success, so the server's proof is a challenge of its own.
    if (yield Challenge(server_final.encode())) != b"":
        msg = "the response to the server's proof is empty"
        raise Malformed(msg)
    if not names or names[0] is None:
        raise Failed
    return names[0]


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
