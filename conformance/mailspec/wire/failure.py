"""Failures of the wire are values: what they mean is decided when a check judges the reply."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ConnectionClosed",
    "ConnectionReset",
    "Failure",
    "HandshakeFailed",
    "TimedOut",
    "TooLong",
    "Unparsable",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no reply.

    Args:
        reason: one clause for people.
        octets: what had arrived until then, cut to a few kilobytes.
    """

    reason: str
    octets: bytes = b""


@dataclass(frozen=True, slots=True)
class TimedOut(Failure):
    """The reply was not complete at its deadline."""


@dataclass(frozen=True, slots=True)
class ConnectionClosed(Failure):
    """The target closed the connection in an orderly way."""


@dataclass(frozen=True, slots=True)
class ConnectionReset(Failure):
    """The target, or the network, broke the connection."""


@dataclass(frozen=True, slots=True)
class HandshakeFailed(Failure):
    """TLS could not be established."""


@dataclass(frozen=True, slots=True)
class TooLong(Failure):
    """More octets came than a reply may have; `requirement_id` says to what that was charged, if to anything."""

    requirement_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unparsable(Failure):
    """No reply could be read from the octets; `requirement_id` says to what that was charged."""

    requirement_id: str | None = None
