"""Every test, two at a time; those that fail are named and run once more, alone: a busy machine spoils one now and then.

    python conformance/mailspec_tests/unit_check.py [arguments for pytest]

A test that fails both times fails the whole; so does whatever else pytest ends with.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

__all__ = ["main"]


def _pytest(*arguments: str) -> int:
    # -P: what is tested is what is installed, whatever lies in the folder that we are called from.
    return subprocess.run([sys.executable, "-P", "-m", "pytest", *arguments], check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return pytest's exit code, the second one where there was a second run."""
    code = _pytest("-n", "2", "--dist", "loadfile", *arguments)
    if code != pytest.ExitCode.TESTS_FAILED:
        return code
    print("\nWhat failed is run once more, alone.", flush=True)  # noqa: T201 - a program's output
    return _pytest("-n", "0", "--last-failed", "--last-failed-no-failures", "none", *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
