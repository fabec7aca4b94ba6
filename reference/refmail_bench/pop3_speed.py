"""How fast POP3 is: STAT, UIDL and RETR of every message, refmail beside Dovecot on a copy of the same Maildir.

    python -m refmail_bench.pop3_speed [--messages 10000 --octets 10000]

As in `imap_speed`: the figures are ratios of one run on one machine, and Dovecot needs root.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from refmail_bench.corpus import fill_maildir
from refmail_bench.imap_speed import beside_dovecot, dovecot
from refmail_bench.processes import Server, cpu_seconds, peak_octets, refmail
from refmail_bench.rawclient import RawPop3

_STEPS = ("login", "STAT", "UIDL", "RETR")


def measure(server: Server, messages: int, repetitions: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the seconds that each step took, the first time and in the median of the others."""
    assert server.pop3 is not None
    rounds: list[dict[str, float]] = []
    for _ in range(repetitions):
        with RawPop3(*server.pop3) as client:
            client.command(b"USER " + server.login)
            taken = {"login": client.command(b"PASS " + server.secret)}
            taken["STAT"] = client.command(b"STAT")
            taken["UIDL"] = client.command(b"UIDL", many_lines=True)
            taken["RETR"] = sum(
                client.command(b"RETR %d" % number, many_lines=True) for number in range(1, messages + 1)
            )
            client.command(b"QUIT")
        rounds.append(taken)
    later = rounds[1:] or rounds
    return rounds[0], {step: statistics.median(each[step] for each in later) for step in _STEPS}


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--octets", type=int, default=10_000, help="of one message")
    parser.add_argument("--repetitions", type=int, default=4)
    parser.add_argument("--no-dovecot", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the mail is written while this runs")
    parser.add_argument("--profile", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.no_dovecot and arguments.profile is None:
        return beside_dovecot("refmail_bench.pop3_speed")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refmail-bench-", dir=arguments.folder)))
        maildir = scratch / "store" / "bench" / "Maildir"
        fill_maildir(maildir, range(arguments.messages), arguments.octets)
        other = dovecot(arguments.profile, maildir, scratch) if arguments.profile else None
        with refmail(scratch / "store", scratch) as server:
            assert server.pid is not None
            first, mine = measure(server, arguments.messages, arguments.repetitions)
            used, peak = cpu_seconds(server.pid), peak_octets(server.pid)
        theirs = measure(other, arguments.messages, arguments.repetitions)[1] if other else None
    lines = [f"{arguments.messages} messages of {arguments.octets} octets", f"{'ms':8}{'first':>10}{'then':>10}"]
    lines[1] += f"{'Dovecot':>10}{'ratio':>8}" if theirs else ""
    for step in _STEPS:
        line = f"{step:8}{first[step] * 1e3:10.1f}{mine[step] * 1e3:10.1f}"
        lines.append(line + (f"{theirs[step] * 1e3:10.1f}{mine[step] / theirs[step]:8.2f}" if theirs else ""))
    lines.append(f"refmail: {used:.1f} s of CPU, peak memory {peak / 2**20:.0f} MiB")
    print("\n".join(lines))  # noqa: T201 - the program's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
