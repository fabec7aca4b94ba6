"""Fixtures of the plugin itself: the target, the recorder, what a check notes; the others are in suite/conftest.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from mailspec.plugin.options import option
from mailspec.plugin.session import CENSUS_KEY, EXPOSURE_KEY, ITEM_KEY, RECORDER_KEY, TARGET_KEY
from mailspec.target.target import Target
from mailspec.transcript import Transcript, visible
from mailspec.wire.recorder import Recorder
from mailspec.wire.transform import TRANSFORMS

__all__ = ["Census", "Exposure", "RunningItem", "census", "exposure", "session_fixtures"]

#: Records a value under a name: (name, value).
Census = Callable[[str, object], None]

#: Says who is exposed: (text).
Exposure = Callable[[str], None]

#: Returns the item that is running.
RunningItem = Callable[[], pytest.Item]


def session_fixtures(config: pytest.Config) -> ModuleType:
    """Return a plugin whose fixtures know the session without `request`, which pytest makes anew, and at length.

    Args:
        config: of the session.
    """

    @pytest.fixture(scope="session")
    def running_item() -> RunningItem:
        """Tell which item is running."""
        return lambda: config.stash[ITEM_KEY]

    @pytest.fixture(scope="session")
    def target() -> Target:
        """The target being judged, with this worker's accounts."""
        return config.stash[TARGET_KEY]

    @pytest.fixture
    def recorder(target: Target) -> Iterator[Recorder]:
        """What every client of the check records to; its connections are closed after the check."""
        transcript = Transcript(secrets=target.secrets.copy())
        made = Recorder(transcript, deadline=target.deadline, transform=TRANSFORMS[option(config, "transform")])
        config.stash[ITEM_KEY].stash[RECORDER_KEY] = made
        yield made
        made.close()

    plugin = ModuleType("mailspec-session-fixtures")
    vars(plugin).update(running_item=running_item, target=target, recorder=recorder)
    return plugin


@pytest.fixture
def census(running_item: RunningItem) -> Census:
    """Record what the target chose where it may choose; the values stand in every report."""
    values: dict[str, str] = {}
    running_item().stash[CENSUS_KEY] = values

    def record(name: str, value: object) -> None:
        values[name] = visible(value) if isinstance(value, bytes) else str(value)

    return record


@pytest.fixture
def exposure(running_item: RunningItem) -> Exposure:
    """Say, apart from the verdict, who could bring about what the check does, and what would follow."""

    def record(text: str) -> None:
        running_item().stash[EXPOSURE_KEY] = text

    return record
