"""Internationalized names: domains as A-labels, and names of mailboxes in one form (RFC 5890, RFC 6531 section 3.3).

Everything here takes and returns octets that are, or should be, UTF-8.
"""

from __future__ import annotations

import unicodedata

__all__ = ["folded", "is_u_label", "is_utf8", "to_a_labels", "to_u_labels"]


def is_utf8(octets: bytes) -> bool:
    """Say whether the octets are valid UTF-8: no overlong forms, no surrogates (RFC 3629 section 3)."""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_u_label(label: bytes) -> bool:
    """Say whether a label with characters outside ASCII is one that IDNA allows (RFC 5890 section 2.3.2.1)."""
    import idna  # where it is needed: its tables take their time, and most mail is ASCII

    try:
        text = label.decode()
        # Also normal form, lower case, bidirectional and contextual rules; the length is that of the A-label.
        idna.check_label(text)
        idna.alabel(text)
    except (idna.IDNAError, UnicodeError):
        return False
    return True


def to_a_labels(domain: bytes) -> bytes:
    """Return a domain in lower case with A-labels instead of U-labels; other octets stay as they are."""
    lower = domain.lower()
    return lower if lower.isascii() else b".".join(_a_label(label) for label in lower.split(b"."))


def _a_label(label: bytes) -> bytes:
    if label.isascii():
        return label
    if not is_u_label(label):
        return label
    import idna

    return idna.alabel(label.decode())


def to_u_labels(domain: bytes) -> bytes:
    """Return a domain with U-labels instead of A-labels; what is none stays as it is."""
    if b"xn--" not in domain.lower():
        return domain
    return b".".join(_u_label(label) for label in domain.split(b"."))


def _u_label(label: bytes) -> bytes:
    if label[:4].lower() != b"xn--":
        return label
    import idna

    try:
        return idna.ulabel(label).encode()
    except (idna.IDNAError, UnicodeError):
        return label


def folded(name: bytes) -> bytes:
    """Return a name in the form in which ours are compared: lower case, normalized (RFC 6530 section 10.1)."""
    if name.isascii():
        return name.lower()
    try:
        return unicodedata.normalize("NFC", name.decode().lower()).encode()
    except UnicodeDecodeError:
        return name.lower()
