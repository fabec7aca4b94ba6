"""DNS on both sides: a fake authoritative server for tests, and the MTA's resolver."""

from __future__ import annotations

from refmail.dns.fake import FakeDns, Query
from refmail.dns.faults import Fault, FaultKind
from refmail.dns.records import Record, ZoneError, parse_zone

__all__ = ["FakeDns", "Fault", "FaultKind", "Query", "Record", "ZoneError", "parse_zone"]
