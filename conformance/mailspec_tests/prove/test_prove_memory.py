"""A process that proves hundreds of subjects holds no report of a check that it has judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mailspec.cli.session import run_pytest
from mailspec.prove import session
from mailspec.prove.judge import Finding
from mailspec.prove.subject import Subject, all_subjects
from mailspec.suite.fixtures.lab import LAB_ADDRESS
from mailspec.target.target import TIMEOUT_FACTOR


class Watcher:
    """A pytest plugin that keeps the configuration of its session."""

    config: pytest.Config | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take it."""
        Watcher.config = config


def test_reports_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def watched(arguments: Sequence[str], plugins: Sequence[object]) -> int:
        return run_pytest(arguments, [*plugins, Watcher()])

    monkeypatch.setattr(session, "run_pytest", watched)
    # The proof sets them for the rest of its process.
    for name in (TIMEOUT_FACTOR, LAB_ADDRESS):
        monkeypatch.setenv(name, "1")
    held: list[int] = []
    findings: list[Finding] = []

    def subjects() -> Iterator[Subject]:
        reference = next(subject for subject in all_subjects() if subject.name == "reference")
        for _ in range(3):
            yield reference
            assert Watcher.config is not None
            terminal: Any = Watcher.config.pluginmanager.get_plugin("terminalreporter")
            held.append(sum(map(len, terminal.stats.values())))

    session.run_session(subjects(), findings.append, (), ("pop3/capa",), tmp_path / "log")

    assert [finding.name for finding in findings] == ["reference"] * 3
    assert held == [0, 0, 0]
