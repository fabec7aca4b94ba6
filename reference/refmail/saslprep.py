"""SASLprep (RFC 4013): one spelling for what people type as the same login or password."""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Callable

__all__ = ["Unpreparable", "saslprep"]

#: Characters that no prepared string may hold (RFC 4013 section 2.3).
_PROHIBITED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Unpreparable(ValueError):
    """The octets are not UTF-8, or hold characters that SASLprep forbids."""


def saslprep(octets: bytes) -> bytes:
    """Return the prepared form of a login or password, as a query: unassigned code points stay (RFC 3454 section 7).

    Raises:
        Unpreparable: it has none.
    """
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = "not UTF-8"
        raise Unpreparable(msg) from error
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    # RFC 3454 is about Unicode 3.2.
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if any(forbidden(character) for character in prepared for forbidden in _PROHIBITED):
        msg = "a character that is forbidden in logins and passwords"
        raise Unpreparable(msg)
    _check_direction(prepared)
    return prepared.encode("utf-8")


def _check_direction(text: str) -> None:
    """Refuse texts that would read differently in two directions (RFC 3454 section 6)."""
    rightward = [stringprep.in_table_d1(character) for character in text]
    if any(rightward) and not (
        rightward[0] and rightward[-1] and not any(stringprep.in_table_d2(character) for character in text)
    ):
        msg = "characters of both writing directions"
        raise Unpreparable(msg)
