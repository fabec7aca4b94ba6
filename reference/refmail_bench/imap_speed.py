"""How fast IMAP is: refmail beside pymap's dict store, and beside Dovecot on a copy of the same Maildir.

    python -m refmail_bench.imap_speed [--messages 1000 --octets 10000] [--no-dovecot] [--no-pymap]

Dovecot is the Debian package in a root file system of its own (`mailspec.lab.servers`), which needs root; everything
then runs in one network namespace. pymap is installed into a virtual environment of its own. Nothing here is a test:
the figures are ratios of one run on one machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from refmail_bench.corpus import NEEDLE, fill_maildir, message
from refmail_bench.processes import Server, cpu_seconds, peak_octets, pymap, pymap_program, refmail
from refmail_bench.rawclient import RawImap

#: At most so many messages are copied, expunged and marked at a time.
_SPAN = 5000
_APPENDED = 200
_PYMAP_SPAN = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is timed."""

    name: str
    run: Callable[[RawImap], float]
    #: By what the time is divided.
    messages: int
    #: What refmail may take, as a multiple of pymap's time, and of Dovecot's.
    pymap_target: float | None = None
    dovecot_target: float | None = None


@dataclass(slots=True)
class Figures:
    """What one server took."""

    #: Step -> microseconds for each message, the first time.
    first: dict[str, float] = field(default_factory=dict[str, float])
    #: The median of the times after it.
    median: dict[str, float] = field(default_factory=dict[str, float])
    cpu: dict[str, float] = field(default_factory=dict[str, float])
    peak: int = 0


def steps(messages: int, octets: int) -> Iterator[Step]:
    """Yield what is timed, in order."""
    span = min(messages, _SPAN)
    tenth, whole = 0.1, 1.0

    def plain(command: bytes) -> Callable[[RawImap], float]:
        return lambda client: client.command(command)

    yield Step("SELECT", plain(b"SELECT INBOX"), messages, whole)
    yield Step("NOOP", plain(b"NOOP"), 1)
    yield Step("FETCH FLAGS", plain(b"FETCH 1:* (FLAGS)"), messages, tenth)
    yield Step("FETCH ENVELOPE", plain(b"FETCH 1:* (ENVELOPE)"), messages, tenth)
    yield Step("FETCH BODYSTRUCTURE", plain(b"FETCH 1:* (BODYSTRUCTURE)"), messages, tenth)
    yield Step("FETCH header fields", plain(b"FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From Subject)])"), messages, whole)
    yield Step("FETCH BODY[]", plain(b"FETCH 1:* (BODY.PEEK[])"), messages, whole, 2.0)
    yield Step("SEARCH header", plain(b"SEARCH SUBJECT " + NEEDLE), messages, tenth)
    yield Step("SEARCH flags", plain(b"SEARCH UNDELETED FLAGGED"), messages, whole)
    yield Step("SEARCH text", plain(b"SEARCH TEXT " + NEEDLE), messages, whole)
    yield Step("STORE", _store(span), 2 * span, whole)
    yield Step("COPY", plain(b"COPY 1:%d Other" % span), span, whole)
    yield Step("EXPUNGE", _expunge(span), span, whole)
    yield Step("APPEND", _append(octets), _APPENDED, whole)


def _store(span: int) -> Callable[[RawImap], float]:
    def run(client: RawImap) -> float:
        on, off = (b"STORE 1:%d %sFLAGS (\\Flagged)" % (span, sign) for sign in (b"+", b"-"))
        return client.command(on) + client.command(off)

    return run


def _expunge(span: int) -> Callable[[RawImap], float]:
    def run(client: RawImap) -> float:
        client.command(b"SELECT Other")
        client.command(b"STORE 1:%d +FLAGS.SILENT (\\Deleted)" % span)
        seconds = client.command(b"EXPUNGE")
        # What a COPY before it copied more than once goes, too, untimed.
        client.command(b"CLOSE")
        client.command(b"SELECT INBOX")
        return seconds

    return run


def _append(octets: int) -> Callable[[RawImap], float]:
    texts = [message(9_000_000 + number, octets).replace(b"\n", b"\r\n") for number in range(_APPENDED)]
    return lambda client: sum(client.command(b"APPEND Other", text) for text in texts)


def measure(server: Server, planned: Sequence[Step], repetitions: int) -> Figures:
    """Time every step on one server, alone."""
    figures = Figures()
    with RawImap(*server.imap) as client:
        client.command(b"LOGIN %s %s" % (server.login, server.secret))
        client.command(b"CREATE Other")
        client.command(b"SELECT INBOX")
        for step in planned:
            before = cpu_seconds(server.pid) if server.pid else 0.0
            # COPY fills what EXPUNGE empties: each is timed once.
            rounds = 1 if step.name in {"COPY", "EXPUNGE"} else repetitions
            taken = [step.run(client) * 1e6 / step.messages for _ in range(rounds)]
            figures.first[step.name] = taken[0]
            figures.median[step.name] = statistics.median(taken[1:] or taken)
            print(f"{server.name}: {step.name} {figures.median[step.name]:.1f} us a message", file=sys.stderr)  # noqa: T201 - progress
            if server.pid:
                used = cpu_seconds(server.pid) - before
                figures.cpu[step.name] = used * 1e6 / step.messages / rounds
        client.command(b"LOGOUT")
    if server.pid:
        figures.peak = peak_octets(server.pid)
    return figures


def fill_by_append(server: Server, messages: int, octets: int) -> None:
    """Give a server that keeps no files the same mail."""
    with RawImap(*server.imap) as client:
        client.command(b"LOGIN %s %s" % (server.login, server.secret))
        for number in range(messages):
            client.command(b"APPEND INBOX (\\Seen)", message(number, octets).replace(b"\n", b"\r\n"))


def dovecot(profile: Path, source: Path, scratch: Path) -> Server:
    """Show Dovecot, which runs beside, a copy of a Maildir that lies where refmail's does."""
    told = tomllib.loads(profile.read_text())
    account = told["accounts"][0]
    maildir = Path(told["store"]["path"].format(login=account["login"]))
    owner = maildir.stat()
    copied = scratch / "dovecot"
    subprocess.run(["cp", "-a", str(source), str(copied)], check=True)
    for name in copied.glob("refmail-*"):
        name.unlink()
    subprocess.run(["chown", "-R", f"{owner.st_uid}:{owner.st_gid}", str(copied)], check=True)
    # In this mount namespace, which ends with the run.
    subprocess.run(["mount", "--bind", str(copied), str(maildir)], check=True)
    secret = (profile.parent / account["secret"]["file"]).read_bytes()
    host = told["imap"]["host"]
    imap, pop3 = (host, told["imap"]["port"]), (host, told["pop3"]["port"])
    return Server("Dovecot", imap, pop3, account["login"].encode(), secret)


def compare(arguments: argparse.Namespace) -> dict[str, Figures]:
    """Measure every server."""
    messages, octets, repetitions = arguments.messages, arguments.octets, arguments.repetitions
    results: dict[str, Figures] = {}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refmail-bench-", dir=arguments.folder)))
        maildir = scratch / "store" / "bench" / "Maildir"
        fill_maildir(maildir, range(messages), octets)
        other = dovecot(arguments.profile, maildir, scratch) if arguments.profile else None
        planned = list(steps(messages, octets))
        with refmail(scratch / "store", scratch, profile=arguments.cprofile) as server:
            results["refmail"] = measure(server, planned, repetitions)
        if arguments.pymap:
            # Its times for each message do not fall with their number, and 100,000 would take it an hour.
            some = min(messages, _PYMAP_SPAN)
            with pymap(pymap_program(arguments.pymap)) as server:
                fill_by_append(server, some, octets)
                results["pymap"] = measure(server, list(steps(some, octets)), repetitions)
        if other is not None:
            results["Dovecot"] = measure(other, planned, repetitions)
    return results


def table(results: dict[str, Figures], planned: Sequence[Step]) -> Iterator[str]:
    """Yield the lines of a table: microseconds for each message, and ratios."""
    mine, others = results["refmail"], {name: each for name, each in results.items() if name != "refmail"}
    heads = [f"{name:>10} {'ratio':>8}" for name in others]
    yield f"{'us a message':22}{'first':>10}{'then':>10}{'CPU':>9}" + "".join(heads) + "  target"
    for step in planned:
        took = mine.median[step.name]
        line = f"{step.name:22}{mine.first[step.name]:10.1f}{took:10.1f}{mine.cpu[step.name]:9.1f}"
        for each in others.values():
            line += f"{each.median[step.name]:10.1f} {took / each.median[step.name]:8.3f}"
        targets: list[str] = []
        for name, wanted in (("pymap", step.pymap_target), ("Dovecot", step.dovecot_target)):
            if wanted is not None and name in others:
                ratio = took / others[name].median[step.name]
                targets.append(f"{name} <= {wanted:g} {'met' if ratio <= wanted else 'MISSED'}")
        yield f"{line}  {', '.join(targets)}"
    yield f"peak memory of refmail: {mine.peak / 2**20:.0f} MiB"


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--octets", type=int, default=10_000, help="of one message")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--no-dovecot", action="store_true")
    parser.add_argument("--no-pymap", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the mail is written while this runs")
    parser.add_argument("--pymap", type=Path, default=Path.home() / ".cache" / "refmail-bench" / "pymap")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument("--cprofile", type=Path, help="profile refmail, and write that there")
    parser.add_argument("--profile", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.no_pymap:
        arguments.pymap = None
    elif arguments.profile is None:
        # Before the network is left behind.
        pymap_program(arguments.pymap)
    if not arguments.no_dovecot and arguments.profile is None:
        return beside_dovecot("refmail_bench.imap_speed")
    results = compare(arguments)
    print(f"{arguments.messages} messages of {arguments.octets} octets, median of {arguments.repetitions - 1}")  # noqa: T201 - the program's output
    print("\n".join(table(results, list(steps(arguments.messages, arguments.octets)))))  # noqa: T201 - the same
    if arguments.json:
        kept = {name: {"median": each.median, "first": each.first, "peak": each.peak} for name, each in results.items()}
        arguments.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


def beside_dovecot(module: str) -> int:
    """Run a module with this program's arguments and `--profile FILE` beside Dovecot, and return its exit code."""
    from mailspec.lab.servers.start import run_beside

    command = [sys.executable, "-m", module, *sys.argv[1:]]
    return run_beside("postfix+dovecot", lambda profile: [*command, "--profile", str(profile)])


if __name__ == "__main__":
    sys.exit(main())
