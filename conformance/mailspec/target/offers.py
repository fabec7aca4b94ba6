"""What a target offers, by service and stage: the value that probing makes and `needs=` is answered from."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["STAGES", "Offers", "ServiceOffers", "Stage", "normal", "spread"]

#: When the capabilities were read: in the clear, inside TLS, logged in.
Stage = Literal["plain", "tls", "login"]
STAGES: tuple[Stage, ...] = ("plain", "tls", "login")


def normal(capability: str) -> str:
    """Return a capability as it is compared: upper case, words apart by one space, IMAP's "AUTH=X" as "AUTH X"."""
    return " ".join(capability.upper().replace("AUTH=", "AUTH ").split())


def spread(line: str) -> tuple[str, ...]:
    """Return the names under which an advertised line can be asked for: "AUTH PLAIN LOGIN" also as "AUTH PLAIN"."""
    name, *parameters = normal(line).split() or [""]
    return tuple(dict.fromkeys((name, normal(line), *(f"{name} {parameter}" for parameter in parameters))))


class ServiceOffers(msgspec.Struct, frozen=True, kw_only=True):
    """What one service said.

    Capabilities stand there under all the names of `spread`.
    """

    #: First line of the greeting, unprintable octets escaped.
    greeting: str = ""
    #: Capabilities by stage; a stage that was not reached is missing.
    stages: dict[Stage, tuple[str, ...]] = msgspec.field(default_factory=dict[Stage, tuple[str, ...]])
    #: Why probing did not get further, or "".
    problem: str = ""
    #: What may be done about it.
    remedy: str = ""
    #: Whether the account was refused: running on could get it locked.
    login_refused: bool = False

    def offers(self, capability: str, stage: str = "") -> bool:
        """Say whether the capability was seen at the stage, or without one at any stage."""
        wanted = normal(capability)
        return any(wanted in found for name, found in self.stages.items() if stage in ("", name))


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What every service of the profile said."""

    services: dict[str, ServiceOffers] = msgspec.field(default_factory=dict[str, ServiceOffers])

    def offers(self, need: str) -> bool:
        """Say whether a need of a check is met: "service CAPABILITY", or "service/stage CAPABILITY".

        A service that could not be probed offers nothing.
        """
        where, _, capability = need.partition(" ")
        service, _, stage = where.partition("/")
        found = self.services.get(service)
        return found is not None and found.offers(capability, stage)

    @property
    def reachable(self) -> bool:
        """Whether at least one service greeted us."""
        return any(service.greeting for service in self.services.values())

    def problems(self) -> dict[str, str]:
        """Return, by service, why probing did not get further."""
        return {name: service.problem for name, service in self.services.items() if service.problem}

    def to_json(self) -> str:
        """Return the value as JSON, for workers and results."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Offers:
        """Return the value that `to_json` wrote."""
        return msgspec.json.decode(text, type=cls)
