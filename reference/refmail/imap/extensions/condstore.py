"""CONDSTORE and QRESYNC (RFC 7162): mod-sequences, and what went while a client was away.

What they change is where it belongs: SELECT, FETCH, STORE, SEARCH, STATUS and EXPUNGE
in `commands`, the arguments in `parsing.modifiers`, what is told when in `view` and `resync`.
"""

from __future__ import annotations

from refmail.imap.extensions.base import Extension

__all__ = ["CONDSTORE", "QRESYNC"]

CONDSTORE = Extension(b"CONDSTORE", enables=frozenset({b"CONDSTORE"}))

QRESYNC = Extension(b"QRESYNC", enables=frozenset({b"CONDSTORE", b"QRESYNC"}))
