"""The response of SASL PLAIN."""

from __future__ import annotations

import base64

from mailspec.wire.endpoint import Login

__all__ = ["plain_response"]


def plain_response(login: Login) -> bytes:
    """Return the SASL PLAIN response in base64 (RFC 4616)."""
    return base64.b64encode(b"\0" + login.login + b"\0" + login.secret)
