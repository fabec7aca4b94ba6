"""SASL mechanisms on the server's side (RFC 4422), free of any one protocol.

    user = yield from converse(mechanism, services, initial, ask)

`ask(challenge)` is the protocol's own: it sends the challenge its way (base64 in
all three), reads a line and returns the decoded response; it raises
`Cancelled` where the client sent `*`.
"""

from __future__ import annotations

from refmail.sasl.exchange import (
    Cancelled,
    Challenge,
    Exchange,
    Failed,
    Malformed,
    Mechanism,
    SaslError,
    converse,
    from_base64,
    to_base64,
)
from refmail.sasl.external import external_for
from refmail.sasl.registry import MECHANISMS, usable_mechanisms

__all__ = [
    "MECHANISMS",
    "Cancelled",
    "Challenge",
    "Exchange",
    "Failed",
    "Malformed",
    "Mechanism",
    "SaslError",
    "converse",
    "external_for",
    "from_base64",
    "to_base64",
    "usable_mechanisms",
]
