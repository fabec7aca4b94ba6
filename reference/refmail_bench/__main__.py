"""All benchmarks of refmail, one after the other: `PYTHONPATH=reference python -m refmail_bench [--quick]`.

Each prints its table; what one lacks (root for Dovecot, Postfix's programs) it says itself. Each is a process of its own,
so that none inherits the memory of another. With 100,000 messages the whole takes about half an hour.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator

__all__: list[str] = []


def benchmarks(*, quick: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is run, in order: a module of this package and its arguments."""
    yield "startup", ()
    yield "smtp_accept", ("--messages", "200", "--large", "10", "--repetitions", "3") if quick else ()
    yield "imap_speed", ("--messages", "1000")
    if not quick:
        yield "imap_speed", ("--messages", "100000", "--repetitions", "3")
    yield "pop3_speed", ("--messages", "1000" if quick else "10000")


def main() -> int:
    """Run them all; the exit code is 1 where one of them could not run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few messages, to see that everything works")
    failed = 0
    for module, arguments in benchmarks(quick=parser.parse_args().quick):
        print(f"\n== {module} {' '.join(arguments)}".rstrip(), flush=True)  # noqa: T201 - a program's output
        failed |= subprocess.run([sys.executable, "-m", f"refmail_bench.{module}", *arguments], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
