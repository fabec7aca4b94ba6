"""The pytest plugin: options and the mark for everybody, judging only where a target is given.

pytest loads this module in every suite on the machine, so it imports next to nothing,
and does nothing as long as neither an option nor a check of mailspec is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailspec.plugin import hookspecs
from mailspec.plugin.options import add_options, is_active
from mailspec.requirement import MARK

if TYPE_CHECKING:
    from _pytest.config import PytestPluginManager

__all__ = ["pytest_addhooks", "pytest_addoption", "pytest_collection_modifyitems", "pytest_configure"]

#: Name under which the part that judges is registered.
JUDGE = "mailspec-judge"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all called --mailspec-..."""
    add_options(parser)


def pytest_addhooks(pluginmanager: PytestPluginManager) -> None:
    """Add the hooks by which others follow a run."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and begin to judge if a target was given."""
    config.addinivalue_line("markers", f"{MARK}(requirement, needs, tier, slow): a check of the mailspec suite")
    if is_active(config):
        from mailspec.plugin.hooks import Judge

        config.pluginmanager.register(Judge(config), JUDGE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip checks for which there is no target."""
    if is_active(config):
        return
    for item in items:
        if item.get_closest_marker(MARK) is not None:
            item.add_marker(pytest.mark.skip(reason="no target: give --mailspec-target FILE, or use `mailspec run`"))
