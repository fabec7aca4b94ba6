"""Wrong SMTP servers: what they say of themselves in SCRAM, and what they overlook (RFC 5802 sections 5.1 and 6).

The library that refmail uses is too careful to be wrong here, so these have a SCRAM of their own.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from refmail import mutants
from refmail.sasl import Challenge, Exchange, Failed, Malformed, Mechanism, from_base64, to_base64
from refmail.services import ClearUsers, Services
from refmail.smtp.session import SmtpSession

_DIGESTS: Mapping[bytes, str] = {b"SCRAM-SHA-1": "sha1", b"SCRAM-SHA-256": "sha256"}


#: What the client's messages are looked at for.
_LOOKED_AT = frozenset({"flag", "nonce", "header", "binding", "escape", "mandatory"})

_BAD_ESCAPE = re.compile(rb"=(?!2C|3D)")


@dataclass(frozen=True, slots=True)
class _Habits:
    """What a server says of itself, and what it does with the client's messages."""

    #: What it adds to the client's nonce.
    nonce: bytes = b"and-more"
    #: What comes before the client's nonce.
    before: bytes = b""
    rounds: int = 4096
    looks_at: frozenset[str] = _LOOKED_AT
    #: An attribute that stands where others may, and has it refuse the client.
    refuses: bytes = b""
    #: What becomes of the user's name before it is looked up.
    name: Callable[[bytes], bytes] = bytes
    #: The first message, from nonce, salt and count.
    first: bytes = b"r=%(nonce)b,s=%(salt)b,i=%(rounds)d"
    #: What its signature is called.
    signature: bytes = b"v="
    #: Whether it signs for a client that fails as well.
    always_signs: bool = False
    flags: tuple[bytes, ...] = (b"n", b"y")


def _overlooking(what: str) -> _Habits:
    return _Habits(looks_at=_LOOKED_AT - {what})


def _attributes(message: bytes) -> Mapping[bytes, bytes]:
    return {name: value for name, _, value in (part.partition(b"=") for part in message.split(b","))}


def _look_at_first(flag: bytes, fields: Mapping[bytes, bytes], habits: _Habits) -> None:
    """Look whether the client may go on.

    Raises:
        Failed: it may not.
    """
    known = flag in habits.flags or ("binding" if flag.startswith(b"p=") else "flag") not in habits.looks_at
    wrong = {
        "mandatory": b"m" in fields,
        "escape": _BAD_ESCAPE.search(fields[b"n"]) is not None,
    }
    if not known or any(wrong[what] for what in wrong.keys() & habits.looks_at) or habits.refuses in fields:
        raise Failed


def _look_at_final(header: bytes, nonce: bytes, fields: Mapping[bytes, bytes], habits: _Habits) -> None:
    """Look whether the client's proof counts.

    Raises:
        Failed: it does not.
    """
    wrong = {
        "nonce": fields.get(b"r") != nonce,
        "header": fields.get(b"c") != to_base64(header),
        "mandatory": b"m" in fields,
    }
    if any(wrong[what] for what in wrong.keys() & habits.looks_at) or habits.refuses in fields:
        raise Failed


def _unescaped(name: bytes, users: ClearUsers) -> tuple[str | None, bytes]:
    """Return whose name it is; one that is not written as it must be stands for the only other way to write it."""
    plain = name.replace(b"=2C", b",").replace(b"=3D", b"=")
    user, secret = users.clear_secret(plain)
    if user is not None:
        return user, secret
    # A lax server takes =41 for A, and drops an equals sign that nothing follows.
    return users.clear_secret(re.sub(rb"=([0-9A-Fa-f]{2})", _octet, plain).rstrip(b"="))


def _octet(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def _scram(digest: str, habits: _Habits, services: Services) -> Exchange:
    users = services.users
    assert isinstance(users, ClearUsers)
    first: bytes = yield Challenge(b"")
    flag, authzid, bare = (*first.split(b",", 2), b"", b"")[:3]
    fields = _attributes(bare)
    if authzid or not {b"n", b"r"} <= fields.keys():
        msg = "that is no SCRAM message"
        raise Malformed(msg)
    _look_at_first(flag, fields, habits)
    user, secret = _unescaped(habits.name(fields[b"n"]), users)
    salt = bytes(range(16))
    nonce = habits.before + fields[b"r"] + habits.nonce
    server_first = habits.first % {b"nonce": nonce, b"salt": to_base64(salt), b"rounds": habits.rounds}
    without_proof, _, proof = (yield Challenge(server_first)).rpartition(b",p=")
    _look_at_final(first.removesuffix(bare), nonce, _attributes(without_proof), habits)
    salted = hashlib.pbkdf2_hmac(digest, secret, salt, habits.rounds)
    stored = hashlib.new(digest, hmac.digest(salted, b"Client Key", digest)).digest()
    signed = b",".join((bare, server_first, without_proof))
    signature = hmac.digest(stored, signed, digest)
    key = bytes(a ^ b for a, b in zip(from_base64(proof), signature, strict=True))
    failed = user is None or hashlib.new(digest, key).digest() != stored
    if not failed or habits.always_signs:
        server_key = hmac.digest(salted, b"Server Key", digest)
        yield Challenge(habits.signature + to_base64(hmac.digest(server_key, signed, digest)))
    if failed or user is None:
        raise Failed
    return user


class _OwnScram(SmtpSession):
    """Has a SCRAM of its own."""

    habits: ClassVar[_Habits]
    #: For which mechanisms; the others are the reference's.
    digests: ClassVar[Mapping[bytes, str]] = _DIGESTS

    def mechanism(self, name: bytes) -> Mechanism:
        found = super().mechanism(name)
        digest = self.digests.get(name)
        return found if digest is None else replace(found, start=functools.partial(_scram, digest, self.habits))


@mutants.smtp("5802/5.1/nonce-extended")
class ScramNonceRepeated(_OwnScram):
    """In SCRAM the server adds nothing to the client's nonce."""

    habits = _Habits(nonce=b"")


@mutants.smtp("5802/5.1/nonce-extended")
class ScramNonceTurned(_OwnScram):
    """In SCRAM the server puts its own nonce before the client's."""

    habits = _Habits(nonce=b"", before=b"and-more")


@mutants.smtp("5802/5.1/iteration-count")
class ScramOfFewRounds(_OwnScram):
    """SCRAM has 1000 rounds."""

    habits = _Habits(rounds=1000)


@mutants.smtp("5802/5.1/nonce-verified")
class ScramNonceOverlooked(_OwnScram):
    """In SCRAM the nonce of the final message may be another one."""

    habits = _overlooking("nonce")


@mutants.smtp("5802/6/header-verified")
class ScramHeaderOverlooked(_OwnScram):
    """In SCRAM the attribute c may hold anything."""

    habits = _overlooking("header")


@mutants.smtp("5802/6/unknown-binding-fails")
class ScramBindingOverlooked(_OwnScram):
    """In SCRAM a client gets in that asks for a channel binding nobody knows."""

    habits = _overlooking("binding")


@mutants.smtp("5802/5.1/bad-escape-fails")
class ScramEscapesOverlooked(_OwnScram):
    """In SCRAM an equals sign in a user name may begin any octet, or nothing."""

    habits = _overlooking("escape")


@mutants.smtp("5802/5.1/mandatory-extension-fails", "5802/5.1/mandatory-in-final-fails")
class ScramMandatoryOverlooked(_OwnScram):
    """In SCRAM the attribute m is passed over."""

    habits = _overlooking("mandatory")


@mutants.smtp("5802/5.1/optional-ignored")
class ScramExtensionsRefused(_OwnScram):
    """In SCRAM the attribute x is refused."""

    habits = _Habits(refuses=b"x")


@mutants.smtp("5802/6/flag-y")
class ScramFlagYRefused(_OwnScram):
    """In SCRAM the flag y is refused, although there is no channel binding."""

    habits = _Habits(flags=(b"n",))


@mutants.smtp("5802/5/unknown-flag-fails")
class ScramFlagOverlooked(_OwnScram):
    """In SCRAM the first message may begin with any letter."""

    habits = _overlooking("flag")


@mutants.smtp("5802/5.1/name-prepared")
class ScramNamesCompared(_OwnScram):
    """In SCRAM user names are compared octet by octet."""

    habits = _Habits(name=lambda name: name if name.isascii() else b"")


@mutants.smtp("5802/5.1/unprepared-name-fails")
class ScramControlsDropped(_OwnScram):
    """In SCRAM control characters in user names count for nothing."""

    habits = _Habits(name=lambda name: re.sub(rb"[\x00-\x1f]", b"", name))


@mutants.smtp("5802/5.1/error-attribute")
class ScramSignsFailures(_OwnScram):
    """In SCRAM the server shows its signature to clients that fail."""

    habits = _Habits(always_signs=True)


class _OwnSha1(_OwnScram):
    """Has an SCRAM-SHA-1 of its own, so that clients with SCRAM-SHA-256 get in."""

    digests: ClassVar[Mapping[bytes, str]] = {b"SCRAM-SHA-1": "sha1"}


@mutants.smtp("5802/7/server-first")
class ScramSaltFirst(_OwnSha1):
    """In SCRAM-SHA-1 the salt comes before the nonce."""

    habits = _Habits(first=b"s=%(salt)b,r=%(nonce)b,i=%(rounds)d")


@mutants.smtp("5802/7/server-final")
class ScramSignatureInCapitals(_OwnSha1):
    """In SCRAM-SHA-1 the signature is called V."""

    habits = _Habits(signature=b"V=")


@mutants.smtp("5802/6/flag-y-fails")
class ScramDowngraded(_OwnScram):
    """SCRAM-SHA-256-PLUS is listed, and the flag y is taken all the same."""

    habits = _Habits()

    def offers(self) -> dict[bytes, bytes]:
        offers = super().offers()
        listed = offers.get(b"AUTH", b"")
        return {**offers, b"AUTH": b"SCRAM-SHA-256-PLUS " + listed} if listed else offers
