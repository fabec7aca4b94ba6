"""What the checks of AUTH share (RFC 4954): rows for each mechanism, and responses that are right or nearly so."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from mailspec.requirement import Tier, case
from mailspec.verdict import Blocked
from mailspec.wire.endpoint import Login
from mailspec.wire.sasl import MECHANISMS, Mechanism
from mailspec.wire.smtp import SmtpClient

__all__ = ["CLIENT_FIRST", "KNOWN", "PLAIN", "listed", "offered", "plain_response", "rows"]

PLAIN = ("submission AUTH PLAIN",)

#: Every mechanism that the clients here can do, and those in which the client begins.
KNOWN: tuple[Mechanism, ...] = tuple(MECHANISMS.values())
CLIENT_FIRST = tuple(mechanism for mechanism in KNOWN if mechanism.client_first)


def rows(requirement_id: str, mechanisms: Iterable[Mechanism] = KNOWN, *, tier: Tier = "normal") -> Iterator[object]:
    """Yield a row for each mechanism, named after it, for targets that offer it."""
    for mechanism in mechanisms:
        name = mechanism.name.decode().lower()
        yield case(requirement_id, mechanism, name=name, needs=mechanism.needs, tier=tier)


def listed(client: SmtpClient) -> list[bytes]:
    """Return the mechanisms that the last EHLO listed, as they were written."""
    return client.capabilities.get(b"AUTH", b"").split()


def offered(client: SmtpClient) -> Mechanism:
    """Return a mechanism that the last EHLO listed and the clients here can do.

    Raises:
        Blocked: there is none.
    """
    names = {name.upper() for name in listed(client)}
    for mechanism in KNOWN:
        if mechanism.name in names:
            return mechanism
    msg = f"AUTH lists nothing that is known here: {b' '.join(sorted(names)).decode('latin-1')}"
    raise Blocked(msg)


def plain_response(client: SmtpClient, login: Login, *, authzid: bytes = b"", secret: bytes | None = None) -> bytes:
    """Return the response of PLAIN in base64, its password out of sight in transcripts."""
    client.recorder.transcript.secrets.add(login.secret)
    return base64.b64encode(b"\0".join((authzid, login.login, login.secret if secret is None else secret)))
