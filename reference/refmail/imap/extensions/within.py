"""WITHIN (RFC 5032): the search keys OLDER and YOUNGER, which `search.parse` knows."""

from __future__ import annotations

from refmail.imap.extensions.base import Extension

__all__ = ["WITHIN"]

WITHIN = Extension(b"WITHIN")
