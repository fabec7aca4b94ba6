"""BINARY (RFC 3516): `parsing.fetch` and `commands.append` know the syntax, `mime.binary` does the work."""

from __future__ import annotations

from refmail.imap.extensions.base import Extension

__all__ = ["BINARY"]

BINARY = Extension(b"BINARY")
