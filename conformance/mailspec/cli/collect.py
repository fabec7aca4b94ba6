"""The checks there are: pytest's collection of the suite, without a target."""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import mailspec.suite
from mailspec.cli.exits import Exit
from mailspec.cli.stop import Stop
from mailspec.plugin.collection import Declared, declared, subject_of
from mailspec.requirements import Ledger, load_ledger
from mailspec.selection import NothingSelected, Selection, Subject

__all__ = ["SUITE", "Check", "are_areas", "base_arguments", "collect_checks", "select_checks"]

#: Folder of the packaged suite.
SUITE = Path(mailspec.suite.__file__).parent


@dataclass(frozen=True, slots=True)
class Check:
    """One check as it stands in the suite."""

    subject: Subject
    about: Declared
    #: First sentence of its docstring.
    title: str
    #: "suite/area/test_module.py:line".
    location: str

    @property
    def id(self) -> str:
        """Its address."""
        return self.subject.check_id


def base_arguments(addresses: Sequence[str] = ()) -> list[str]:
    """Return the arguments with which pytest runs the packaged suite from any directory, and nothing else.

    Args:
        addresses: what will be selected; areas of which they cannot select anything are not even collected.
    """
    return [
        *("-c", str(SUITE / "pytest.ini")),
        *("--rootdir", str(SUITE)),
        # The rest of the machine's plugins stays out: see `isolated` in session.py.
        *("-p", "mailspec.plugin"),
        *map(str, _folders(addresses)),
    ]


def _folders(addresses: Sequence[str]) -> list[Path]:
    """Return the folders in which everything is that the addresses name; of an address that begins otherwise, all."""
    patterns = [address.pattern for address in Selection.of(addresses).addresses]
    areas = [SUITE / pattern.partition("/")[0] for pattern in patterns if pattern]
    positive = any(not address.negative for address in Selection.of(addresses).addresses)
    return list(dict.fromkeys(areas)) if positive and all(map(_is_area, areas)) else [SUITE]


def _is_area(folder: Path) -> bool:
    return folder.parent == SUITE and folder.is_dir() and any(folder.glob("test_*.py"))


def are_areas(addresses: Sequence[str]) -> bool:
    """Say whether each address is the name of an area, which is known to have checks."""
    return all(_is_area(SUITE / address) for address in addresses)


class _Collector:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.checks: list[Check] = []
        self.broken: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        about, subject = declared(item), subject_of(item, self.ledger)
        if about is not None and subject is not None:
            path, line, _ = item.location
            doc = inspect.getdoc(getattr(item, "function", None)) or ""
            title = " ".join(doc.partition("\n\n")[0].split())
            self.checks.append(Check(subject, about, title, f"suite/{path}:{(line or 0) + 1}"))


def collect_checks(ledger: Ledger | None = None) -> list[Check]:
    """Return every check of the suite, in the order in which they run.

    Raises:
        Stop: a module of the suite cannot be loaded.
    """
    from mailspec.cli.session import isolated

    collector = _Collector(ledger or load_ledger())
    output = io.StringIO()
    with isolated(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main([*base_arguments(), "--collect-only", "-q"], plugins=[collector])
    if collector.broken:
        found = "\n  ".join(collector.broken)
        msg = f"modules of the suite cannot be loaded, a bug of mailspec:\n  {found}"
        raise Stop(msg, Exit.HARNESS)
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        msg = f"the suite cannot be collected (pytest ended with {code}):\n{output.getvalue()}"
        raise Stop(msg, Exit.HARNESS)
    return collector.checks


def select_checks(addresses: tuple[str, ...], checks: list[Check], level: str | None = None) -> list[Check]:
    """Return the checks that the addresses and the least level select.

    Raises:
        Stop: an address names nothing, with near matches; or nothing is left.
    """
    selection = Selection.of(addresses, level)
    try:
        selection.check([check.subject for check in checks])
    except NothingSelected as error:
        raise Stop(str(error), Exit.NOTHING) from error
    return [check for check in checks if selection.selects(check.subject)]
