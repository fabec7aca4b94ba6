"""Modified UTF-7 (RFC 3501 section 5.1.3) for folder names on disk, as Maildir++ programs expect it."""

from __future__ import annotations

import base64
import binascii

__all__ = ["decode", "encode"]


def _base64(text: str) -> str:
    packed = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=")
    return f"&{packed.decode('ascii').replace('/', ',')}-"


def encode(text: str, also: str = "") -> str:
    """Encode a name.

    Args:
        text: the name.
        also: printable characters that are encoded too, because they mean something on disk.
    """
    out: list[str] = []
    shifted = ""
    for character in text:
        plain = " " <= character <= "~" and character not in also
        if not plain:
            shifted += character
            continue
        if shifted:
            out.append(_base64(shifted))
            shifted = ""
        out.append("&-" if character == "&" else character)
    if shifted:
        out.append(_base64(shifted))
    return "".join(out)


def decode(text: str) -> str | None:
    """Decode a name, or return None where it is not well formed."""
    first, *rest = text.split("&")
    out = [first]
    for part in rest:
        packed, dash, plain = part.partition("-")
        if not dash:
            return None
        if packed:
            octets = packed.replace(",", "/").encode("ascii", "replace")
            try:
                raw = base64.b64decode(octets + b"=" * (-len(octets) % 4), validate=True)
                out.append(raw.decode("utf-16-be"))
            except (binascii.Error, UnicodeDecodeError):
                return None
        else:
            out.append("&")
        out.append(plain)
    return "".join(out)
