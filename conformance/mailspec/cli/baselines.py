"""The baseline that a command line names, checked before anything is started."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from mailspec.baseline import BaselineError, load_baseline
from mailspec.cli.stop import Stop

__all__ = ["check_baseline"]


def check_baseline(path: Path) -> None:
    """Make sure that a baseline can be read and that every id in it exists.

    Raises:
        Stop: with file, line and what to change.
    """
    from mailspec.cli.collect import collect_checks
    from mailspec.requirements import load_ledger
    from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS

    ledger = load_ledger()
    grammar = (f"grammar/{production}" for production in GRAMMAR_REQUIREMENTS)
    ids = {*ledger, *(check.id for check in collect_checks(ledger)), *grammar}
    try:
        load_baseline(path, target="", today=datetime.now().astimezone().date(), ids=ids)
    except BaselineError as error:
        raise Stop(str(error)) from error
