"""The parameters of delivery status notifications (RFC 3461 section 4); the queue acts on them."""

from __future__ import annotations

import re

from refmail.message.utf8_address import is_utf8_address
from refmail.smtp.parameters import decode_xtext
from refmail.smtp.replies import Rejection
from refmail.smtp.utf8 import Utf8Addresses

__all__ = ["DsnParameters"]

# notify-esmtp-value = "NEVER" / 1#notify-list-element ; notify-list-element = "SUCCESS" / "FAILURE" / "DELAY"
_ELEMENT = rb"(?:SUCCESS|FAILURE|DELAY)"
_NOTIFY = re.compile(rb"NEVER|%b(?:,%b)*" % (_ELEMENT, _ELEMENT), re.IGNORECASE)

# original-recipient-address = addr-type ";" xtext ; addr-type = atom
_ORCPT = re.compile(rb"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+);(.*)")

#: What ENVID and ORCPT hold once decoded: they are copied into a report (sections 4.2 and 4.4).
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]*")


class DsnParameters(Utf8Addresses):
    """Checks the four parameters; a valid one never changes a reply (section 5.1)."""

    def check_ret(self, value: bytes | None) -> None:
        """Check RET (section 4.3).

        Raises:
            Rejection: 501.
        """
        if value is None or value.upper() not in {b"FULL", b"HDRS"}:
            raise Rejection(501, "5.5.4", "RET is FULL or HDRS")

    def check_envid(self, value: bytes | None) -> None:
        """Check ENVID (section 4.4).

        Raises:
            Rejection: 501.
        """
        if value is None or not _printable_xtext(value):
            raise Rejection(501, "5.5.4", "ENVID wants printable characters as xtext")

    def check_notify(self, value: bytes | None) -> None:
        """Check NOTIFY (section 4.1).

        Raises:
            Rejection: 501.
        """
        if value is None or _NOTIFY.fullmatch(value) is None:
            raise Rejection(501, "5.5.4", "NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY with commas")

    def check_orcpt(self, value: bytes | None) -> None:
        """Check ORCPT (section 4.2).

        Raises:
            Rejection: 501.
        """
        match = _ORCPT.fullmatch(value or b"")
        if match is not None and match[1].lower() == b"utf-8":
            if not is_utf8_address(match[2]):
                raise Rejection(501, "5.5.4", "ORCPT of type utf-8 wants UTF-8 or \\x{HEX} for what is no ASCII")
        elif match is None or not _printable_xtext(match[2]):
            raise Rejection(501, "5.5.4", "ORCPT wants an address type, a semicolon and the address as xtext")


def _printable_xtext(octets: bytes) -> bool:
    decoded = decode_xtext(octets)
    return decoded is not None and _PRINTABLE.fullmatch(decoded) is not None
