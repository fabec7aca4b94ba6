"""The target profile of a server that was started here, and what the profile refers to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from mailspec.lab.servers.driver import DOMAIN, HOSTNAME, Driver
from mailspec.lab.servers.orders import Account

__all__ = ["MX_ADDRESSES", "title_of", "write_profile"]

#: Addresses for MX hosts, enough for several workers; the server listens on 127.0.0.1 only.
MX_ADDRESSES = tuple(f"127.0.{network}.{host}" for network in range(1, 5) for host in range(11, 23))


def title_of(driver: Driver, release: str, versions: Mapping[str, str]) -> str:
    """Return the target's name for reports: server, release, and packages with their versions, one for each source."""
    first: dict[str, str] = {}
    for package in driver.packages:
        if package in versions:
            first.setdefault(versions[package], package)
    listed = ", ".join(f"{package} {version}" for version, package in first.items())
    return f"{driver.name} ({release}: {listed})" if listed else f"{driver.name} ({release})"


def write_profile(folder: Path, driver: Driver, title: str, accounts: Iterable[Account]) -> Path:
    """Write the profile and one file per password into `folder`, and return the profile.

    The CA is expected there as ca.pem. Paths of the store go through `folder`/root, which only processes in the
    server's mount namespace see filled.
    """
    tables: list[tuple[str, dict[str, object]]] = []
    for reach in driver.services:
        service: dict[str, object] = {
            "host": driver.address,
            "port": reach.port,
            "tls": reach.tls,
            "ca": "ca.pem",
            "server_name": HOSTNAME,
        }
        tables.append((f"[{reach.name}]", service))
    for account in accounts:
        secret = folder / f"{account.name}.secret"
        secret.touch(mode=0o600)
        secret.write_text(account.secret)
        row: dict[str, object] = {
            "address": f"{account.name}@{DOMAIN}",
            "login": account.name,
            "secret": {"file": secret.name},
        }
        tables.append(("[[accounts]]", row))
    tables.append(("[store]", {"kind": "maildir", "path": f"{folder}/root/home/{{login}}/Maildir"}))
    tables.append(("[dns]", {"listen": "127.0.0.1:53", "mx_hosts": list(MX_ADDRESSES), "mx_port": 25}))
    if driver.namespace_prefix:
        tables.append(("[quirks]", {"namespace_prefix": driver.namespace_prefix}))
    tables.append(("[limits]", {"failed_logins": 1000}))
    lines = [f"name = {_toml(title)}", f"domains = {_toml([DOMAIN])}"]
    for header, values in tables:
        lines += ["", header, *(f"{key} = {_toml(value)}" for key, value in values.items())]
    path = folder / "target.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _toml(value: object) -> str:
    """Write a value as TOML; strings and numbers look the same in JSON."""
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        return "{ " + ", ".join(f"{key} = {_toml(member)}" for key, member in table.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(member) for member in cast("list[object]", value)) + "]"
    return json.dumps(value, ensure_ascii=False)
