"""`mailspec init`: write a profile by probing hosts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mailspec.cli.stop import Stop
from mailspec.cli.targets import asked, host_and_port, name_of, quick_profile, target_options
from mailspec.target.dialogue import StepFailed, open_dialogue
from mailspec.target.probe import PROBE_SECONDS
from mailspec.target.profile import SERVICES, TLS_FIRST, ServiceName, TlsMode
from mailspec.target.write import Table, Value, profile_text
from mailspec.wire.endpoint import Endpoint
from mailspec.wire.recorder import Recorder

__all__ = ["candidates", "command", "find_service"]

_COMMENTS = {
    "name": "A mailspec profile. `mailspec doctor --target FILE` verifies it, `mailspec run --target FILE` uses it.",
    "accounts": "Accounts made for tests, their INBOXes empty. Each worker of a run uses two.",
}

_REST = """
# [[accounts]]                      # made for tests; two for each worker
# address = "alice@example.org"
# secret = { env = "ALICE_PASSWORD" }    # or { file = "alice.secret" }

# domains = ["example.org"]         # further domains whose mail ends here; goes to the top

# [store]                           # if this machine can read the mail
# kind = "maildir"
# path = "/home/{login}/Maildir"    # also {local} and {domain}

# [limits]
# failed_logins = 20                # in a whole run
# connections_per_second = 5.0
"""


@click.command("init")
@click.argument("host", required=False)
@target_options
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("target.toml"), show_default=True, help="File to write."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def command(host: str | None, out: Path, *, force: bool, **values: Any) -> None:
    """Probe HOST, or the hosts of --smtp, --imap and the like, and write a profile."""
    wanted = asked(values, other_host=host is not None)
    if wanted.profile is not None:
        msg = "init writes a profile and reads none\n  --out names the file to write"
        raise Stop(msg)
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        msg = f"{out} cannot be written: {why}\n  --out names the file to write"
        raise Stop(msg)
    if out.exists() and not force:
        msg = f"{out} exists\n  --force overwrites it, --out names another file"
        raise Stop(msg)
    places: dict[ServiceName, str] = dict(wanted.services) or (dict.fromkeys(SERVICES, host) if host else {})
    if not places:
        msg = "nothing to probe\n  mailspec init HOST, or --smtp HOST --imap HOST and so on"
        raise Stop(msg)
    found: dict[str, Table] = {}
    for name, where in places.items():
        table = find_service(name, where, wanted.ca)
        if isinstance(table, str):
            click.echo(f"{name}: not found: {table}")
        else:
            click.echo(f"{name}: {_described(table)}")
            found[name] = table
    if not found:
        msg = "no service answers as it should\n  are host and ports right, and does a firewall stand between?"
        raise Stop(msg)
    document = quick_profile(replace(wanted, services={})) | found
    document["name"] = name_of(places)
    text = profile_text(document, _COMMENTS)
    out.write_text(text if wanted.users else text + _REST)
    click.echo(f"{out} written; next: mailspec doctor --target {out}")


def candidates(name: ServiceName, port: int | None) -> list[tuple[int, TlsMode]]:
    """Return ports and TLS modes to try, the most protected first."""
    if port is not None:
        # A port of the wrong kind stays silent until the deadline.
        tls_first = name in TLS_FIRST or port in {465, 993, 995}
        return [(port, "implicit"), (port, "none")] if tls_first else [(port, "none"), (port, "implicit")]
    usual: dict[ServiceName, list[tuple[int, TlsMode]]] = {
        "smtp": [(25, "none")],
        "submission": [(587, "none"), (465, "implicit")],
        "submissions": [(465, "implicit")],
        "lmtp": [(24, "none")],
        "pop3": [(995, "implicit"), (110, "none")],
        "pop3s": [(995, "implicit")],
        "imap": [(993, "implicit"), (143, "none")],
        "imaps": [(993, "implicit")],
    }
    return usual[name]


def find_service(name: ServiceName, where: str, ca: Path | None) -> dict[str, Value] | str:
    """Return the profile's table for a service, or why there is none.

    Args:
        name: which protocol it should speak.
        where: HOST or HOST:PORT.
        ca: file of the authority to trust.
    """
    host, port = host_and_port(where, f"--{name}")
    reasons: list[str] = []
    for number, mode in candidates(name, port):
        for verify in (True, False):
            endpoint = Endpoint(host, number, tls=mode, ca=ca, verify=verify)
            reached = _reach(name, endpoint)
            if isinstance(reached, StepFailed):
                reasons.append(reached.reason)
                continue
            table: dict[str, Value] = {"host": host, "port": number, "tls": reached}
            if ca is not None:
                table["ca"] = str(ca.resolve())
            if not verify:
                table["verify"] = False
            return table
    return "; ".join(dict.fromkeys(reasons))


def _reach(name: ServiceName, endpoint: Endpoint) -> TlsMode | StepFailed:
    """Return the TLS mode by which the service works, or why it does not."""
    recorder = Recorder(deadline=PROBE_SECONDS)
    try:
        with open_dialogue(name, endpoint, recorder) as dialogue:
            dialogue.greet()
            dialogue.ask_capabilities()
            if endpoint.tls == "none" and dialogue.offered(dialogue.tls_capability):
                dialogue.start_tls()
                return "starttls"
            return endpoint.tls
    except StepFailed as failed:
        return failed
    finally:
        recorder.close()


def _described(table: Table) -> str:
    trust = ", its certificate is not trusted here: set ca or server_name" if table.get("verify") is False else ""
    return f"port {table['port']}, tls {table['tls']}{trust}"
