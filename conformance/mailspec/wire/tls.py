"""TLS as a client of mail servers uses it (RFC 3207, RFC 2595, RFC 8314)."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path

from mailspec.wire.endpoint import Endpoint

__all__ = ["client_context"]


def client_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return a context that trusts what the endpoint says.

    Raises:
        OSError: the file of authorities cannot be read.
        ssl.SSLError: it holds no certificate.
    """
    changed = endpoint.ca.stat().st_mtime_ns if endpoint.ca else 0
    return _context(endpoint.ca, changed, verify=endpoint.verify)


@functools.lru_cache(maxsize=16)
def _context(ca: Path | None, _changed: int, *, verify: bool) -> ssl.SSLContext:
    """Make a context, once for each content of a file: reading the authorities takes longer than a handshake."""
    context = ssl.create_default_context(cafile=str(ca) if ca else None)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
