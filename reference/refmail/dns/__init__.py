"""DNS on both sides: a fake authoritative server for tests, and the MTA's resolver.

The names below are imported when they are asked for: an MTA that does not play DNS server starts sooner.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refmail.dns.fake import FakeDns, Query
    from refmail.dns.faults import Fault, FaultKind
    from refmail.dns.records import Record, ZoneError, parse_zone

__all__ = ["FakeDns", "Fault", "FaultKind", "Query", "Record", "ZoneError", "parse_zone"]

_HOMES = {
    "FakeDns": "fake",
    "Query": "fake",
    "Fault": "faults",
    "FaultKind": "faults",
    "Record": "records",
    "ZoneError": "records",
    "parse_zone": "records",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
