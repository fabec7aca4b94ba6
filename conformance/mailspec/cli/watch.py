"""The plugin by which `mailspec run` follows its pytest session."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mailspec.cli.preflight import Refused, preflight
from mailspec.cli.progress import Follower
from mailspec.plugin.session import TARGET_KEY, RunState

__all__ = ["Watch"]


class Watch:
    """Checks the target before the first check, and passes records to the display.

    Args:
        follower: shows what happens.
        workers: how many workers use accounts.
    """

    def __init__(self, follower: Follower, workers: int) -> None:
        self._follower = follower
        self._workers = workers
        #: The state of the run, as soon as it began.
        self.run: RunState | None = None
        #: Why the run was not begun.
        self.refused: Refused | None = None
        self.warnings: list[str] = []

    def pytest_mailspec_started(self, config: pytest.Config, run: RunState) -> None:
        """Look at the target, and follow the run."""
        self.run = run
        run.observers.append(self._follower)
        try:
            self.warnings = preflight(config.stash[TARGET_KEY], self._workers)
        except Refused as refused:
            self.refused = refused
            pytest.exit(str(refused), returncode=int(refused.code))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many checks there are, where they run in this process."""
        if session.items:
            self._follower.expect(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: Sequence[str]) -> None:
        """Learn how many checks there are, where workers run them."""
        del node
        self._follower.expect(len(ids))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run that was refused is not complete."""
        if self.refused is not None:
            session.shouldstop = str(self.refused)
