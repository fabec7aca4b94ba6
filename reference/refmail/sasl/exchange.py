"""What a mechanism is, and the loop that drives one inside a protocol machine."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from refmail.machine import Call, Steps
from refmail.services import Services, Users

__all__ = [
    "Cancelled",
    "Challenge",
    "Exchange",
    "Failed",
    "Malformed",
    "Mechanism",
    "SaslError",
    "converse",
    "from_base64",
    "to_base64",
]


class SaslError(Exception):
    """The exchange did not succeed."""


class Failed(SaslError):
    """The credentials are not accepted; says nothing about why."""


class Malformed(SaslError):
    """A response is not base64, or not what the mechanism allows."""


class Cancelled(SaslError):
    """The client gave up with `*`."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """Send these octets and come back with the client's response."""

    octets: bytes


#: The server's side of one exchange: yields a Challenge (gets the response) or a Call (gets its result),
#: returns the user's name.
Exchange = Generator[Challenge | Call, Any, str]


def _always(users: Users) -> bool:
    del users
    return True


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A named mechanism and how a new exchange begins."""

    name: bytes
    start: Callable[[Services], Exchange]
    #: Whether the client speaks first, so that an initial response is allowed (RFC 4422 section 5).
    client_first: bool
    #: Whether an eavesdropper learns the password.
    plaintext: bool
    #: Whether what is stored of every user is enough for it.
    usable: Callable[[Users], bool] = _always


def converse(
    mechanism: Mechanism, services: Services, initial: bytes | None, ask: Callable[[bytes], Steps[bytes]]
) -> Steps[str]:
    """Run one exchange and return the name of the user who logged in.

    Args:
        mechanism: the mechanism to run.
        services: who may log in, and what challenges are made of.
        initial: the decoded initial response, or None where the client sent none.
        ask: sends a challenge and returns the decoded response.

    Raises:
        Failed, Malformed, Cancelled
    """
    if initial is not None and not mechanism.client_first:
        msg = "the mechanism begins with a challenge"
        raise Malformed(msg)
    exchange = mechanism.start(services)
    answer: object = None
    try:
        while True:
            step = exchange.send(answer)
            if isinstance(step, Call):
                answer = yield step
            elif initial is not None:
                answer, initial = initial, None
            else:
                answer = yield from ask(step.octets)
    except StopIteration as stop:
        return str(stop.value)


def to_base64(octets: bytes) -> bytes:
    """Encode a challenge as one line without its end."""
    return binascii.b2a_base64(octets, newline=False)


_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def from_base64(line: bytes) -> bytes:
    """Decode a response; `=` alone is the empty one (RFC 4954 section 4).

    Raises:
        Malformed: this is not base64; nothing is skipped or guessed.
    """
    if line == b"=":
        return b""
    if _BASE64.fullmatch(line) is None:
        msg = "not base64"
        raise Malformed(msg)
    return binascii.a2b_base64(line)
