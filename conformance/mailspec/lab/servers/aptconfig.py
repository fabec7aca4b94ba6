"""Where this host gets its packages from, in a form that a fresh root file system can use.

apt itself is asked for both, so that every way of writing sources and proxies is understood. What is taken over is
used while building only and never stored in the cache: proxies may hold credentials.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailspec.lab.servers.host import admin_environment
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["Source", "download_settings", "host_settings", "host_sources", "mirror_of", "parse_targets", "proxies_of"]

#: Components of which servers may come; the second one is Ubuntu's.
COMPONENTS = ("main", "universe")

#: Settings of apt that say how to fetch, and nothing else.
_FETCHING = re.compile(
    r'^Acquire::(?:https?|ftp|Retries|Check-Valid-Until|Check-Date|Max-ValidTime|ForceIPv[46]|Queue-Mode)\b.* ".+";$'
)
_PROXY = re.compile(r'^Acquire::(https?)::Proxy "(?P<value>.+)";$')


@dataclass(frozen=True, slots=True)
class Source:
    """One suite of one repository."""

    uri: str
    suite: str
    components: tuple[str, ...]

    @property
    def line(self) -> str:
        """It in the form of sources.list."""
        return f"deb {self.uri} {self.suite} {' '.join(self.components)}"


def parse_targets(text: str, codename: str) -> tuple[Source, ...]:
    """Return the sources of the release `codename` and its updates out of what `apt-get indextargets` prints."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields.get("Created-By") != "Packages" or fields.get("Component") not in COMPONENTS:
            continue
        suite = fields.get("Release", "")
        if suite != codename and not suite.startswith(f"{codename}-"):
            continue
        components = found.setdefault((fields["Repo-URI"], suite), [])
        if fields["Component"] not in components:
            components.append(fields["Component"])
    return tuple(Source(uri, suite, tuple(components)) for (uri, suite), components in found.items())


def mirror_of(sources: Iterable[Source], codename: str) -> str:
    """Return the repository from which the release itself comes.

    Raises:
        ServerTrouble: none of the sources has it.
    """
    for source in sources:
        if source.suite == codename and "main" in source.components:
            return source.uri
    msg = f"apt knows no source of {codename} with the component main"
    raise ServerTrouble(
        msg,
        "add one to /etc/apt/sources.list and run apt-get update",
    )


def host_sources(codename: str) -> tuple[Source, ...]:
    """Ask apt for this host's sources of its own release."""
    return parse_targets(_output(["apt-get", "indextargets"]), codename)


def download_settings(dump: str) -> tuple[str, ...]:
    """Return the lines of `apt-config dump` that matter for fetching, proxies above all."""
    return tuple(line for line in dump.splitlines() if _FETCHING.match(line))


def host_settings() -> tuple[str, ...]:
    """Ask apt for this host's settings for fetching."""
    return download_settings(_output(["apt-config", "dump"]))


def proxies_of(settings: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables by which wget and apt find the same proxies as the host's apt.

    Variables that the caller has set come first.
    """
    known = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY")
    found = {name: environment[name] for name in known if environment.get(name)}
    for line in settings:
        if (match := _PROXY.match(line)) and match["value"] != "DIRECT":
            found.setdefault(f"{match[1]}_proxy", match["value"])
    return found


def _output(command: list[str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=admin_environment({"LC_ALL": "C.UTF-8"}),
    )
    if done.returncode != 0:
        msg = f"{' '.join(command)} failed: {done.stderr.decode(errors='replace').strip()}"
        raise ServerTrouble(msg, "mend the host's apt first")
    return done.stdout.decode(errors="replace")
