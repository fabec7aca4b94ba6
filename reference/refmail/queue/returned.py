"""What of a message goes back with a report about it, as a body part (RFC 6522 section 3, RFC 6533 section 5)."""

from __future__ import annotations

import binascii

from refmail.message.envelope import Envelope
from refmail.message.header import fields

__all__ = ["RETURN_LIMIT", "returned_part"]

#: Octets of the returned message above which only its header section is returned.
RETURN_LIMIT = 64 * 1024


def returned_part(envelope: Envelope, octets: bytes, *, whole: bool, utf8: bool) -> bytes:
    """Return the third part of a report, its header section included.

    Args:
        envelope: of the message; RET says how much of it the sender wants (RFC 3461 section 4.3).
        octets: the message.
        whole: it is about a failure; the header section says enough of anything else.
        utf8: whether the report may need SMTPUTF8. Where it may not, UTF-8 header fields go back in base64.
    """
    end = max((field.end for field in fields(octets)), default=0)
    international = b"SMTPUTF8" in envelope.parameters and not octets[:end].isascii()
    if whole and len(octets) <= RETURN_LIMIT and (envelope.parameters.get(b"RET") or b"FULL").upper() == b"FULL":
        returned, kind = octets, b"message/global" if international else b"message/rfc822"
    else:
        returned, kind = octets[:end], b"message/global-headers" if international else b"text/rfc822-headers"
    encoding = b""
    if international and not utf8:
        # RFC 6532 section 3.7 lets message/global be encoded, which nothing else of type message is.
        encoding, returned = b"Content-Transfer-Encoding: base64\r\n", _base64(returned)
    elif not returned.isascii():
        encoding = b"Content-Transfer-Encoding: 8bit\r\n"
    return b"Content-Type: %b\r\n%b\r\n" % (kind, encoding) + returned


def _base64(octets: bytes) -> bytes:
    # 57 octets make a line of 76 (RFC 2045 section 6.8).
    lines = (binascii.b2a_base64(octets[at : at + 57], newline=False) for at in range(0, len(octets), 57))
    return b"\r\n".join(lines) + b"\r\n"
