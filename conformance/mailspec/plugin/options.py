"""The options of the plugin; `mailspec run` sets the same ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from mailspec.requirement import Tier
from mailspec.selection import LEVELS

__all__ = ["add_options", "is_active", "option"]

#: Names of the options without "--mailspec-", as their values are kept.
_PREFIX = "mailspec_"


def add_options(parser: pytest.Parser) -> None:
    """Add every option; none has an effect on suites without mailspec's checks."""
    group = parser.getgroup("mailspec", "mailspec: conformance of mail servers")

    def add(name: str, **settings: Any) -> None:
        group.addoption(f"--mailspec-{name}", dest=_PREFIX + name.replace("-", "_"), **settings)

    add("target", metavar="FILE", type=Path, help="profile of the target to judge")
    add("judge", action="store_true", help="judge although no profile is named: another plugin supplies the target")
    add("out", metavar="DIR", type=Path, help="folder for result.json, result.jsonl and transcripts; must be new")
    add(
        "select", metavar="ADDRESS", action="append", default=[], help="area, section, requirement or check; ! excludes"
    )
    add("level", choices=sorted(LEVELS), help="the least level of what is judged: must is what a server is bound to")
    add("tier", choices=get_args(Tier), default="normal", help="the most that checks may do to the target")
    add("slow", action="store_true", help="run checks that wait for minutes too")
    add("strict", action="store_true", help="deviations fail the run too")
    add("transform", metavar="NAME", default="as-sent", help="how clients cut what they send into segments")
    add("seed", metavar="N", type=int, help="seed of whatever checks choose by chance")
    add("shuffle", action="store_true", help="run the checks in an order that the seed decides")
    add("baseline", metavar="FILE", type=Path, help="the target's known deviations, which do not fail the run")
    add("blocked-limit", metavar="SHARE", type=float, help="share of checks, 0 to 1, that may end blocked")
    add("rerun", metavar="OPTIONS", help="options with which the `mailspec run` line of a failure names the target")


def option(config: pytest.Config, name: str) -> Any:
    """Return the value of --mailspec-NAME."""
    return config.getoption(_PREFIX + name.replace("-", "_"))


def is_active(config: pytest.Config) -> bool:
    """Say whether this session judges a target."""
    return option(config, "target") is not None or bool(option(config, "judge"))
