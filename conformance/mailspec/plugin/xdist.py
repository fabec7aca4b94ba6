"""What controller and workers of pytest-xdist tell each other; without xdist one process is both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from mailspec.plugin.grammar import Sightings
from mailspec.result import CheckResult
from mailspec.target.offers import Offers

__all__ = [
    "Parcel",
    "is_controller",
    "last_words",
    "offers_for",
    "pack",
    "report_leftovers",
    "report_unmatched",
    "send_offers",
    "unpack",
    "worker_id",
    "worker_number",
    "workers",
]

#: Name of the entry in a report's user_properties that carries a check's record.
_RESULT = "mailspec-record"

#: Key of the probed offers in a worker's input.
_OFFERS = "mailspec_offers"

#: Keys of what a worker says at its end.
_UNMATCHED = "mailspec_unmatched"
_LEFTOVERS = "mailspec_leftovers"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a worker found out in one check."""

    check: CheckResult
    sightings: Sightings = Sightings()


def pack(report: pytest.TestReport, parcel: Parcel) -> None:
    """Put a check's record on the report of its last phase, on which it travels to the controller."""
    report.user_properties.append((_RESULT, msgspec.json.encode(parcel).decode()))


def unpack(report: pytest.TestReport) -> Parcel | None:
    """Return the record that a report carries."""
    for name, value in report.user_properties:
        if name == _RESULT:
            return msgspec.json.decode(str(value), type=Parcel)
    return None


def is_controller(config: pytest.Config) -> bool:
    """Say whether results arrive in this process."""
    return not hasattr(config, "workerinput")


def _input(config: pytest.Config) -> dict[str, Any]:
    return getattr(config, "workerinput", {})


def worker_id(config: pytest.Config) -> str:
    """Return the worker's name, "" without xdist."""
    return str(_input(config).get("workerid", ""))


def worker_number(config: pytest.Config) -> int:
    """Return the worker's number, from 0."""
    return int(worker_id(config).removeprefix("gw") or 0)


def workers(config: pytest.Config) -> int:
    """Return how many workers share the target."""
    return int(_input(config).get("workercount", 1))


def send_offers(node_input: dict[str, Any], offers: Offers | None) -> None:
    """Give a worker what the controller's probing found, so that the target is probed once."""
    if offers is not None:
        node_input[_OFFERS] = offers.to_json()


def offers_for(config: pytest.Config) -> Offers | None:
    """Return what the controller found."""
    text = _input(config).get(_OFFERS)
    return Offers.from_json(text) if text else None


def report_unmatched(config: pytest.Config, addresses: Sequence[str]) -> None:
    """Tell the controller, which collects nothing itself, which addresses name nothing."""
    _output(config)[_UNMATCHED] = list(addresses)


def report_leftovers(config: pytest.Config, leftovers: Sequence[str]) -> None:
    """Tell the controller what this worker could not remove."""
    _output(config)[_LEFTOVERS] = list(leftovers)


def last_words(node: Any) -> tuple[tuple[str, ...], list[str]]:
    """Return what a worker said at its end: unmatched addresses, and leftovers; a crashed one said nothing."""
    output: dict[str, Any] = getattr(node, "workeroutput", {})
    return tuple(output.get(_UNMATCHED, ())), list(output.get(_LEFTOVERS, ()))


def _output(config: pytest.Config) -> dict[str, Any]:
    return getattr(config, "workeroutput", {})
