"""The extensions that a session has, in the order in which CAPABILITY lists them."""

from __future__ import annotations

from collections.abc import Sequence

from refmail.imap.extensions.base import Extension

__all__ = ["EXTENSIONS"]

EXTENSIONS: Sequence[Extension] = ()
