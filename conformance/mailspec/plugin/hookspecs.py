"""Hooks of the plugin for those who follow a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mailspec.plugin.session import RunState

__all__ = ["pytest_mailspec_started"]


@pytest.hookspec
def pytest_mailspec_started(config: pytest.Config, run: RunState) -> None:
    """Called once per run, before its first check, where results arrive: never in a worker of xdist.

    An implementation may append observers to `run.observers`.
    """
