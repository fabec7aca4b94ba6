"""`mailspec run`: judge a target."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from mailspec.cli.baselines import check_baseline
from mailspec.cli.exits import Exit
from mailspec.cli.folders import DEFAULT_PARENT, point_latest, refuse_used, result_folder
from mailspec.cli.stop import Stop
from mailspec.cli.targets import Asked, Opened, asked, embedded_options, exported, open_profile, target_options
from mailspec.requirement import Tier
from mailspec.selection import LEVELS
from mailspec.target import tiers
from mailspec.target.accounts import pairs_in, workers_for
from mailspec.target.target import TIMEOUT_FACTOR
from mailspec.wire.transform import TRANSFORMS

__all__ = ["Plan", "command"]

#: Failure blocks printed without -v; more of them are in the HTML page.
FEW_FAILURES = 10

#: Tier for servers that exist for the run only: there is nothing that could be lost.
OWN_TIER: Tier = "destructive"

_TIERS = "\n".join(f"  {tier:<12} {tiers.MEANING[tier]}" for tier in tiers.TIERS)
_BASELINE = """  [[known]]
  id = "smtp/commands/help_is_supported"   a check's id, or a requirement's
  verdicts = ["deviates"]                  violated, deviates, blocked, inconclusive; also passed, if it varies
  reason = "no HELP in this server"
  link = "https://..."
  expires = 2027-06-30                     the last day on which it counts
  target = "postfix 3.7"                   optional: text in the target's name"""
_ADDRESSES = """\
  smtp            an area: smtp, pop3, imap, store, mx, journey
  smtp/4.5.2      what the area checks of an RFC section
  5321/4.5.2      an RFC's section, or with its name a requirement
  smtp/data/...   a module, or one check; * and ? work everywhere
  !ADDRESS        all but these (^ADDRESS where the shell minds)"""
_EPILOG = "\n\n".join(
    f"\b\n{title}:\n{table}"
    for title, table in (
        ("Addresses", _ADDRESSES),
        ("Exit codes", Exit.table()),
        ("Tiers", _TIERS),
        ("Entries of a baseline", _BASELINE),
    )
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one `mailspec run` was told, the target apart."""

    addresses: tuple[str, ...] = ()
    workers: str = "1"
    out: Path | None = None
    #: None leaves it to whose server the target is.
    tier: Tier | None = None
    #: The least level that is judged; None: all.
    level: str | None = None
    baseline: Path | None = None
    strict: bool = False
    slow: bool = False
    timeout_factor: float = 1.0
    transform: str = "as-sent"
    seed: int | None = None
    shuffle: bool = False
    verbose: bool = False
    force_nonempty: bool = False
    rerun_as: str = ""

    def arguments(self) -> list[str]:
        """Return the command line that says the same."""
        words = ["-n", self.workers, "--transform", self.transform]
        words += ["--timeout-factor", f"{self.timeout_factor:g}"]
        words += ["--tier", self.tier] if self.tier is not None else []
        words += ["--level", self.level] if self.level is not None else []
        words += ["--baseline", str(self.baseline.resolve())] if self.baseline is not None else []
        words += ["--out", str(self.out.resolve())] if self.out is not None else []
        words += ["--seed", str(self.seed)] if self.seed is not None else []
        flags = {
            "--strict": self.strict,
            "--shuffle": self.shuffle,
            "--slow": self.slow,
            "-v": self.verbose,
            "--force-nonempty": self.force_nonempty,
        }
        words += [flag for flag, given in flags.items() if given]
        words += ["--rerun-as", self.rerun_as] if self.rerun_as else []
        return [*words, "--", *self.addresses]


def _workers(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value != "auto" and not (value.isdecimal() and int(value) > 0):
        message = f"{value!r} is neither a number above 0 nor auto"
        raise click.BadParameter(message)
    return value


@click.command("run", epilog=_EPILOG, context_settings={"max_content_width": 100})
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@target_options
@embedded_options
@click.option("--server", metavar="NAME", help="Start a real server in a namespace and judge it (Linux, root).")
@click.option(
    "-n", "workers", default="1", metavar="N|auto", callback=_workers, help="Workers; each needs two accounts."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Result folder [mailspec-results/TIME-NAME]."
)
@click.option(
    "--tier",
    type=click.Choice(tiers.TIERS),
    help=f"The most that checks may do [{tiers.DEFAULT}; {OWN_TIER} to servers that mailspec starts itself].",
)
@click.option(
    "--level",
    type=click.Choice(list(LEVELS)),
    help="The least level of what is judged [may]; must is the shortest gate.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Known deviations (TOML), which do not fail."
)
@click.option("--slow", is_flag=True, help="Also run checks that wait for minutes.")
@click.option(
    "--strict", is_flag=True, help="Fail on deviations from recommendations too, and on baseline entries that pass."
)
@click.option(
    "--timeout-factor", type=click.FloatRange(min=0, min_open=True), default=1.0, help="Factor on every deadline."
)
@click.option(
    "--transform", type=click.Choice(sorted(TRANSFORMS)), default="as-sent", help="How clients cut what they send."
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of what is left to chance.")
@click.option("--shuffle", is_flag=True, help="Run the checks in an order that the seed decides.")
@click.option(
    "--force-nonempty",
    is_flag=True,
    help="Use accounts whose INBOX holds mail; that is kept, what arrives meanwhile is not.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every check, and every failure.")
@click.option("--rerun-as", default="", hidden=True)
def command(server: str | None, **values: Any) -> None:
    """Judge a target: the profile of --target, hosts, a real --server, or the embedded reference server.

    ADDRESS selects what is checked: see below.
    """
    wanted = asked(values)
    plan = Plan(**values)
    refuse_used(plan.out)
    if plan.baseline is not None:
        check_baseline(plan.baseline)
    if server is not None:
        if wanted.profile is not None or wanted.is_quick or wanted.store or wanted.listeners:
            msg = "--server starts its own target; leave out --target, hosts, --store and --listeners"
            raise Stop(msg)
        sys.exit(_in_server(server, plan))
    sys.exit(_run(wanted, plan))


def _in_server(name: str, plan: Plan) -> int:
    if sys.platform != "linux" or os.geteuid() != 0:
        msg = "--server needs Linux and root: it makes network and mount namespaces\n  give a running server with --target"
        raise Stop(msg)
    from mailspec.lab.servers import run_in_server

    inner = replace(plan, rerun_as=f"--server {name}", tier=plan.tier or OWN_TIER)
    return run_in_server(name, inner.arguments())


def _run(wanted: Asked, plan: Plan) -> int:
    from mailspec.cli.collect import are_areas, collect_checks, select_checks
    from mailspec.cli.session import terminable

    if plan.level is not None or not are_areas(plan.addresses):
        select_checks(plan.addresses, collect_checks(), plan.level)
    cores = os.cpu_count() or 1
    number = cores if plan.workers == "auto" else int(plan.workers)
    with contextlib.ExitStack() as stack:
        stack.enter_context(terminable())
        opened = stack.enter_context(open_profile(wanted, workers=number))
        if plan.workers == "auto":
            number = min(cores, pairs_in(len(opened.profile.accounts)))
        number, reduced = workers_for(number, len(opened.profile.accounts))
        if reduced:
            click.echo(reduced, err=True)
        plan = replace(plan, tier=plan.tier or (OWN_TIER if opened.embedded else tiers.DEFAULT))
        _export(stack, opened, plan, number)
        folder = result_folder(plan.out, opened.profile.name, datetime.now().astimezone())
        if plan.out is None:
            point_latest(folder)
        return _judge(opened, plan, number, folder)


def _export(stack: contextlib.ExitStack, opened: Opened, plan: Plan, workers: int) -> None:
    """Set what this process and its workers know by environment: factor, force, the lab."""
    from mailspec.suite.fixtures.inbox import FORCE_NONEMPTY

    stack.enter_context(exported(TIMEOUT_FACTOR, f"{plan.timeout_factor:g}"))
    if plan.force_nonempty:
        stack.enter_context(exported(FORCE_NONEMPTY, "1"))
    if opened.profile.dns is not None and not opened.embedded:
        from mailspec.cli.labs import running_lab

        stack.enter_context(running_lab(opened.profile.dns, workers))


def _judge(opened: Opened, plan: Plan, workers: int, folder: Path) -> int:
    from mailspec.cli.progress import Follower
    from mailspec.cli.session import output_to, run_pytest
    from mailspec.cli.watch import Watch

    log = folder / "pytest.log"
    with tempfile.TemporaryDirectory(prefix="mailspec-pytest-") as scratch, output_to(log) as screen:
        console = Console(file=screen)
        with Follower(console, verbose=plan.verbose) as follower:
            watch = Watch(follower, workers)
            arguments = [*_pytest_arguments(opened, plan, workers, folder), "--basetemp", scratch]
            code = run_pytest(arguments, [watch])
    if watch.refused is not None:
        raise Stop(str(watch.refused), watch.refused.code)
    if watch.run is None or watch.run.result is None:
        msg = f"the run did not begin (pytest ended with {code}):\n{_tail(log)}\n  all of it: {log}"
        raise Stop(msg, Exit.HARNESS)
    for warning in watch.warnings:
        click.echo(f"warning: {warning}", err=True)
    return _report(folder, plan, Console())


def _pytest_arguments(opened: Opened, plan: Plan, workers: int, folder: Path) -> list[str]:
    from mailspec.cli.collect import base_arguments

    words = [*base_arguments(plan.addresses), "--mailspec-target", str(opened.path), "--mailspec-out", str(folder)]
    words += ["--mailspec-tier", plan.tier or tiers.DEFAULT, "--mailspec-transform", plan.transform]
    words += ["--mailspec-level", plan.level] if plan.level is not None else []
    words += ["--mailspec-baseline", str(plan.baseline.resolve())] if plan.baseline is not None else []
    words += [word for address in plan.addresses for word in ("--mailspec-select", address)]
    words += ["--mailspec-strict"] if plan.strict else []
    words += ["--mailspec-slow"] if plan.slow else []
    words += ["--mailspec-shuffle"] if plan.shuffle else []
    words += ["--mailspec-seed", str(plan.seed)] if plan.seed is not None else []
    options = plan.rerun_as or opened.options
    words += [f"--mailspec-rerun={options}"] if options else []
    if workers > 1:
        # A worker that died is not replaced: the new one's number would have no accounts.
        words += ["-p", "xdist.plugin", "-n", str(workers), "--max-worker-restart", "0"]
    return words


def _report(folder: Path, plan: Plan, console: Console) -> int:
    """Write the page, print the summary last, and return the exit code that the gate decided."""
    from mailspec.result import load
    from mailspec.verdict import FAILING, Verdict
    from mailspec_reports import print_summary, write_html
    from mailspec_reports.console import print_failures

    result = load(folder)
    page = folder / "report.html"
    write_html(result, page, folder)
    failed = [check for check in result.checks if check.verdict in (*FAILING, Verdict.ERROR) and check.known is None]
    if plan.verbose or len(failed) <= FEW_FAILURES:
        print_failures(result, folder, console, known=plan.verbose)
    print_summary(result, folder, console)
    shown = DEFAULT_PARENT / "latest" / page.name if plan.out is None else page
    console.print(f"report: {shown}", highlight=False, soft_wrap=True)
    code = result.footer.exit_code
    return int(Exit.HARNESS) if code is None else code


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
