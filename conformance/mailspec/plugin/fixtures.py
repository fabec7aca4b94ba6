"""Fixtures that talk to the plugin itself; those that talk to the target are in suite/conftest.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailspec.plugin.session import CENSUS_KEY
from mailspec.transcript import visible

__all__ = ["Census", "census"]

#: Records a value under a name: (name, value).
Census = Callable[[str, object], None]


@pytest.fixture
def census(request: pytest.FixtureRequest) -> Census:
    """Record what the target chose where it may choose; the values stand in every report."""
    values: dict[str, str] = {}
    request.node.stash[CENSUS_KEY] = values

    def record(name: str, value: object) -> None:
        values[name] = visible(value) if isinstance(value, bytes) else str(value)

    return record
