"""DNS records as values, and zone files (RFC 1035 section 5) as tuples of them."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# dnslib ships no types; what leaves this module is typed.
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dnslib import QTYPE, RR

__all__ = ["Record", "ZoneError", "fold", "parse_zone"]

#: Seconds a record may be cached unless it says otherwise; short, because checks change zones.
DEFAULT_TTL = 1


class ZoneError(ValueError):
    """A record or a zone file cannot be read."""


def fold(name: str) -> str:
    """Return the name as names are compared: lower case, without the final dot (RFC 4343)."""
    return name.rstrip(".").lower()


@dataclass(frozen=True, slots=True)
class Record:
    """One resource record.

    `data` is in the presentation form of a zone file: "10 mx1.example.test." for an MX.
    """

    name: str
    type: str
    data: str
    #: Seconds.
    ttl: int = DEFAULT_TTL

    def to_rr(self) -> Any:
        """Return the record as dnslib has it.

        Raises:
            ZoneError: the data do not fit the type.
        """
        line = f"{fold(self.name)}. {self.ttl} IN {self.type} {self.data}\n"
        parsed = _parse(line, "")
        if len(parsed) != 1:
            msg = f"one record expected, found {len(parsed)}: {line!r}"
            raise ZoneError(msg)
        return parsed[0]


def parse_zone(text: str, origin: str) -> tuple[Record, ...]:
    """Read a zone file.

    Args:
        text: the file's text.
        origin: the domain that relative names are below, unless the file has $ORIGIN.

    Raises:
        ZoneError: it is malformed.
    """
    return tuple(
        Record(fold(str(rr.rname)), str(QTYPE[rr.rtype]), _data(rr), int(rr.ttl)) for rr in _parse(text, origin)
    )


def _data(rr: Any) -> str:
    # dnslib expands "@" before the type only; after it, it is left as a label of its own.
    return " ".join(word.removeprefix("@.") for word in str(rr.rdata.toZone()).split(" "))


def _parse(text: str, origin: str) -> list[Any]:
    try:
        return list(RR.fromZone(text, origin=f"{fold(origin)}." if origin else "", ttl=DEFAULT_TTL))
    except Exception as error:
        # dnslib raises whatever its int(), dict lookups and labels raise.
        msg = f"this zone text cannot be read ({error}): {text.strip()[:200]!r}"
        raise ZoneError(msg) from error
