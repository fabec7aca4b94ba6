"""TLS as a client of mail servers uses it (RFC 3207, RFC 2595, RFC 8314)."""

from __future__ import annotations

import ssl

from mailspec.wire.endpoint import Endpoint

__all__ = ["client_context"]


def client_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Return a context that trusts what the endpoint says.

    Raises:
        OSError: the file of authorities cannot be read.
        ssl.SSLError: it holds no certificate.
    """
    context = ssl.create_default_context(cafile=str(endpoint.ca) if endpoint.ca else None)
    if not endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
