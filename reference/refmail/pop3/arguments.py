"""Command lines and their arguments.

    command = keyword *(SP param) CRLF    ; 255 octets maximum
    keyword = 3*4VCHAR
    param   = 1*VCHAR

(RFC 2449 section 3.) PASS takes the rest of its line as one argument, spaces and all (RFC 1939 section 7).
"""

from __future__ import annotations

import re

from refmail.pop3.clauses import UNKNOWN
from refmail.pop3.replies import Refusal
from refmail.saslprep import Unpreparable, saslprep

__all__ = ["login", "login_and_word", "none", "number", "one", "optional_number", "params", "two_numbers"]

_PARAMS = re.compile(rb"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
#: Decimal; ten digits are more messages or lines than there can be.
_NUMBER = re.compile(rb"[0-9]{1,10}")


def params(argument: bytes | None, least: int, most: int) -> list[bytes]:
    """Split what follows the keyword.

    Args:
        argument: the octets after the first space, or None where there was none.
        least: how many parameters are needed.
        most: how many are allowed.

    Raises:
        Refusal: too few, too many, or not set apart by single spaces.
    """
    if argument is not None and _PARAMS.fullmatch(argument) is None:
        text = "arguments are printable ASCII, set apart by single spaces"
        raise Refusal(text, because=UNKNOWN)
    words = [] if argument is None else argument.split(b" ")
    if not least <= len(words) <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        text = f"this command takes {wanted} argument(s), not {len(words)}"
        raise Refusal(text, because=UNKNOWN)
    return words


def none(argument: bytes | None) -> None:
    """Check that there is no argument; raises Refusal."""
    params(argument, 0, 0)


def one(argument: bytes | None) -> bytes:
    """Return the only argument; raises Refusal."""
    return params(argument, 1, 1)[0]


def login(argument: bytes | None) -> bytes:
    """Return the only argument, a login; beyond ASCII it is prepared UTF-8 (RFC 6856 section 2.2).

    Raises:
        Refusal: there is not exactly one word, or it cannot be prepared.
    """
    try:
        prepared = saslprep(argument or b"")
    except Unpreparable as error:
        text = "a login is UTF-8 without control characters"
        raise Refusal(text) from error
    if not prepared or b" " in prepared:
        text = "this command takes one argument, without spaces"
        raise Refusal(text, because=UNKNOWN)
    return prepared


def login_and_word(argument: bytes | None) -> tuple[bytes, bytes]:
    """Return a login and the one word after it; raises Refusal."""
    name, _, word = (argument or b"").partition(b" ")
    return login(name), one(word)


def _decimal(word: bytes) -> int:
    if _NUMBER.fullmatch(word) is None:
        text = "a number is decimal digits"
        raise Refusal(text, because=UNKNOWN)
    return int(word)


def number(argument: bytes | None) -> int:
    """Return the only argument as a number; raises Refusal."""
    return _decimal(one(argument))


def optional_number(argument: bytes | None) -> int | None:
    """Return the argument as a number, or None where there is none; raises Refusal."""
    words = params(argument, 0, 1)
    return _decimal(words[0]) if words else None


def two_numbers(argument: bytes | None) -> tuple[int, int]:
    """Return both arguments as numbers; raises Refusal."""
    first, second = params(argument, 2, 2)
    return _decimal(first), _decimal(second)
