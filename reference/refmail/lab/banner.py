"""What people need to know to use what has just started: places, passwords, and lines to paste."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from refmail.server import Server

if TYPE_CHECKING:
    from refmail.lab.lab import Lab

__all__ = ["lab_banner", "server_banner"]


def server_banner(server: Server, ca: Path | None) -> Iterator[str]:
    """Yield the lines for one server."""
    config = server.config
    yield f"refmail is {config.hostname}, mail for {', '.join(config.domains)}, store: {config.store.kind}"
    for name, place in config.listeners.items():
        yield f"  {name:<12} {place.host}:{server.ports[name]}"
    if ca is not None:
        yield f"  TLS is vouched for by {ca}"
    yield f"  users: {', '.join(user.name for user in config.users)}"


def lab_banner(lab: Lab, ca: Path | None, *, is_demo: bool) -> Iterator[str]:
    """Yield the lines for a lab; those that begin with `$` can be pasted into a shell.

    Args:
        lab: it runs.
        ca: a file that vouches for the certificates of its hosts.
        is_demo: whether the configuration is not the user's own, so that its passwords are told.
    """
    for name, server in lab.running.items():
        places = ", ".join(f"{service} {lab.addresses[name]}:{port}" for service, port in server.ports.items())
        yield from textwrap.wrap(f"{name:<20} {places}", 80, subsequent_indent=" " * 21, break_on_hyphens=False)
        if lab.addresses[name] != lab.config.hosts[name].address:
            yield f"  (this machine has no {lab.config.hosts[name].address})"
    host, port = lab.dns_address
    yield f"{'dns':<20} {host}:{port} (UDP and TCP)"
    for domain, exchangers in lab.config.dns.mx.items():
        yield f"  {domain:<18} MX {', '.join(exchangers)}"
    if ca is not None:
        yield f"TLS is vouched for by {ca}"
    if is_demo:
        users = ", ".join(f"{user.name} (password {user.password})" for user in lab.config.users)
        yield f"users: {users}"
    yield from _first_mail(lab)


def _first_mail(lab: Lab) -> Iterator[str]:
    """Yield how to send a message from the first user to the last one, and how to read it."""
    submission = _place(lab, "submission")
    domains = list(lab.config.dns.mx)
    sender, reader = lab.config.users[0], lab.config.users[-1]
    if submission is None or not domains or sender.password is None or reader.password is None:
        return
    mail_from, rcpt_to = f"{sender.name}@{domains[0]}", f"{reader.name}@{domains[-1]}"
    yield "send the first mail:"
    text = rf"From: {mail_from}\r\nSubject: first\r\n\r\nhello {reader.name}\r\n"
    yield f"$ printf '{text}' \\"
    yield f"  | curl -sS smtp://{submission} -T - -u {_login(sender.name, sender.password)} \\"
    yield f"  --mail-from {mail_from} --mail-rcpt {rcpt_to}"
    yield "read it:"
    login = _login(reader.name, reader.password)
    for service, where in (("imap", "INBOX;UID=1"), ("pop3", "1")):
        place = _place(lab, service, domains[-1])
        if place is not None:
            yield f"$ curl -sS -u {login} '{service}://{place}/{where}'"


def _login(name: str, password: str) -> str:
    return shlex.quote(f"{name}:{password}")


def _place(lab: Lab, service: str, domain: str = "") -> str | None:
    for name, host in lab.config.hosts.items():
        for listener, port in lab.ports.get(name, {}).items():
            if listener == service and (not domain or domain in host.domains):
                return f"{lab.addresses[name]}:{port}"
    return None
