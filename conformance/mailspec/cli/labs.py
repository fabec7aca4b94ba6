"""The lab beside a target that is not embedded: where its profile says."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import msgspec

from mailspec.cli.stop import Stop
from mailspec.cli.targets import exported, host_and_port
from mailspec.lab import LabPlan, LabServer
from mailspec.suite.fixtures.lab import LAB_ADDRESS
from mailspec.target.profile import Dns

__all__ = ["running_lab"]


@contextlib.contextmanager
def running_lab(dns: Dns, workers: int) -> Generator[None]:
    """Run the fake DNS and the MX hosts of a profile, and tell workers where they are controlled.

    Raises:
        Stop: an address cannot be listened on.
    """
    host, port = host_and_port(dns.listen, "dns.listen")
    plan = LabPlan(host, port or 53, tuple(dns.mx_hosts), dns.mx_port, workers=workers)
    server = LabServer(plan)
    try:
        server.start()
    except OSError as error:
        message = f"the lab cannot listen where [dns] says: {error.strerror or error}"
        hint = "ports below 1024 need root; the addresses must be this machine's; or take [dns] out of the profile"
        msg = f"{message}\n  {hint}"
        raise Stop(msg) from error
    try:
        with exported(LAB_ADDRESS, msgspec.json.encode(server.address).decode()):
            yield
    finally:
        server.stop()
