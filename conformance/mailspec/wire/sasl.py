"""The client's side of SASL mechanisms: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), SCRAM (RFC 5802, RFC 7677).

responder = MECHANISMS[b"SCRAM-SHA-256"].responder(login)
response = responder.respond(challenge)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mailspec.wire.endpoint import Login

__all__ = ["MECHANISMS", "Mechanism", "Responder", "SaslError", "Scram", "decoded", "encoded"]


class SaslError(Exception):
    """A challenge is none that the mechanism has."""


class Responder(Protocol):
    """One exchange, as the client sees it."""

    def respond(self, challenge: bytes) -> bytes:
        """Return the response to a challenge; the first one is empty where the client begins.

        Raises:
            SaslError: the challenge makes no sense.
        """
        ...


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism by its registered name.

    Args:
        name: as AUTH says it.
        client_first: whether the first challenge is empty, so that an initial response can stand for it.
        responder: begins an exchange.
    """

    name: bytes
    client_first: bool
    responder: Callable[[Login], Responder]

    @property
    def needs(self) -> tuple[str, ...]:
        """What a submission service offers that has it."""
        return (f"submission AUTH {self.name.decode()}",)


@dataclass(slots=True)
class _Fixed:
    """Responses that do not depend on the challenges."""

    responses: list[bytes]

    def respond(self, challenge: bytes) -> bytes:
        del challenge
        if not self.responses:
            msg = "more challenges than the mechanism has"
            raise SaslError(msg)
        return self.responses.pop(0)


def _plain(login: Login) -> Responder:
    # message = [authzid] UTF8NUL authcid UTF8NUL passwd
    return _Fixed([b"\0%s\0%s" % (login.login, login.secret)])


def _login(login: Login) -> Responder:
    return _Fixed([login.login, login.secret])


@dataclass(slots=True)
class _CramMd5:
    login: Login

    def respond(self, challenge: bytes) -> bytes:
        digest = hmac.new(self.login.secret, challenge, hashlib.md5).hexdigest().encode()
        return self.login.login + b" " + digest


# server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]  (RFC 5802 section 7)
_SERVER_FIRST = re.compile(rb"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]*)(?:,.*)?", re.DOTALL)

#: The most rounds that a server can make this client work.
ITERATIONS = 1_000_000


@dataclass(slots=True)
class Scram:
    """One exchange of SCRAM without channel binding; whatever a check makes it say, the proof is the right one for that.

    Attributes:
        nonce: of the client.
        header: the GS2 header.
        repeated: the header as the final message repeats it; None for the same.
        name: the user name as it is written; None for the account's.
        before: attributes that stand before the name, with their comma.
        behind: attributes that stand behind the nonce in the first message, with their comma.
        behind_final: attributes that stand behind the nonce in the final message, with their comma.
        nonce_suffix: what the final message has behind the nonce that the server named.
        server_nonce: the whole nonce that the server named.
        iterations: as the server named them.
        verified: whether the server's signature is right; None where none was seen.
    """

    login: Login
    digest: str
    nonce: bytes = field(default_factory=lambda: secrets.token_hex(12).encode())
    header: bytes = b"n,,"
    repeated: bytes | None = None
    name: bytes | None = None
    before: bytes = b""
    behind: bytes = b""
    behind_final: bytes = b""
    nonce_suffix: bytes = b""
    server_nonce: bytes = b""
    iterations: int = 0
    verified: bool | None = None
    _step: int = 0
    _signature: bytes = b""

    def respond(self, challenge: bytes) -> bytes:
        self._step += 1
        if challenge.startswith(b"e="):
            # server-error = "e=" server-error-value: there is nothing to say to that.
            return b""
        if self._step == 1:
            return self.header + self._bare
        if self._step == 2:
            return self._final(challenge)
        if not challenge.startswith(b"v="):
            msg = f"no server-final-message: {challenge!r}"
            raise SaslError(msg)
        self.verified = challenge[2:].partition(b",")[0] == base64.b64encode(self._signature)
        return b""

    @property
    def _bare(self) -> bytes:
        name = self.login.login.replace(b"=", b"=3D").replace(b",", b"=2C") if self.name is None else self.name
        return self.before + b"n=" + name + b",r=" + self.nonce + self.behind

    def _final(self, server_first: bytes) -> bytes:
        found = _SERVER_FIRST.fullmatch(server_first)
        if found is None:
            msg = f"no server-first-message: {server_first!r}"
            raise SaslError(msg)
        self.server_nonce, self.iterations = found[1], int(found[3])
        if self.iterations > ITERATIONS:
            msg = f"{self.iterations} rounds are more than anyone means"
            raise SaslError(msg)
        salted = hashlib.pbkdf2_hmac(self.digest, self.login.secret, base64.b64decode(found[2]), self.iterations)
        client_key = hmac.digest(salted, b"Client Key", self.digest)
        stored_key = hashlib.new(self.digest, client_key).digest()
        header = self.header if self.repeated is None else self.repeated
        without_proof = b"c=%b,r=%b" % (base64.b64encode(header), self.server_nonce + self.nonce_suffix)
        without_proof += self.behind_final
        signed = b",".join((self._bare, server_first, without_proof))
        client_signature = hmac.digest(stored_key, signed, self.digest)
        proof = bytes(a ^ b for a, b in zip(client_key, client_signature, strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", self.digest), signed, self.digest)
        return without_proof + b",p=" + base64.b64encode(proof)


#: By name, those that a client should prefer first.
MECHANISMS: Mapping[bytes, Mechanism] = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism(b"SCRAM-SHA-256", True, lambda login: Scram(login, "sha256")),
        Mechanism(b"SCRAM-SHA-1", True, lambda login: Scram(login, "sha1")),
        Mechanism(b"CRAM-MD5", False, _CramMd5),
        Mechanism(b"PLAIN", True, _plain),
        Mechanism(b"LOGIN", False, _login),
    )
}


def encoded(response: bytes) -> bytes:
    """Return a response in base64."""
    return base64.b64encode(response)


def decoded(text: bytes) -> bytes | None:
    """Return what base64 stands for, None where it is none in the strict sense."""
    # base64-terminal = 2base64-char "==" / 3base64-char "="  (RFC 4954 section 8)
    if re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text) is None:
        return None
    return binascii.a2b_base64(text)
