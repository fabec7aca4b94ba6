"""What QUOTA and QUOTAROOT say (RFC 9208 section 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Quota", "QuotaRoot", "Resource"]


@dataclass(frozen=True, slots=True)
class Resource:
    """Usage and limit of one resource, in its unit."""

    usage: int
    limit: int


@dataclass(frozen=True, slots=True)
class Quota:
    """QUOTA: the limited resources of a quota root, by upper-cased name."""

    root: bytes
    resources: Mapping[bytes, Resource]


@dataclass(frozen=True, slots=True)
class QuotaRoot:
    """QUOTAROOT: the quota roots of a mailbox."""

    mailbox: bytes
    roots: tuple[bytes, ...]
