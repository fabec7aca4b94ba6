"""i;unicode-casemap (RFC 5051): how strings are compared, found and ordered."""

from __future__ import annotations

import unicodedata

__all__ = ["casemap", "collation_key"]


class _Casemap(dict[int, str]):
    """Code point -> its titlecase, decomposed; filled as code points are met."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        title = character.title()
        # More than one character comes of SpecialCasing.txt, which the RFC does not use.
        mapped = unicodedata.normalize("NFKD", title if len(title) == 1 else character)
        self[point] = mapped
        return mapped


_CASEMAP = _Casemap()


def casemap(text: str) -> str:
    """Return the text in titlecase, canonical (RFC 5051 section 2); equal texts are the same to a user."""
    return text.upper() if text.isascii() else text.translate(_CASEMAP)


def collation_key(text: str) -> bytes:
    """Return octets that are in the order of the collation.

    Args:
        text: with surrogates (the error handler "surrogateescape") where octets were of no known charset;
            such a text comes after all others, as the octets that it was made of (RFC 5255 section 4.6).
    """
    try:
        return casemap(text).encode()
    except UnicodeEncodeError:
        # UTF-8 has no such octet.
        return b"\xff" + text.encode("utf-8", "surrogateescape")
