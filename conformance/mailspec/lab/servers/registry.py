"""The servers that can be started, by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from mailspec.lab.servers.courier import Courier
from mailspec.lab.servers.driver import Driver
from mailspec.lab.servers.exim_dovecot import EximDovecot
from mailspec.lab.servers.postfix_dovecot import PostfixDovecot
from mailspec.lab.servers.sendmail_dovecot import SendmailDovecot
from mailspec.lab.servers.trouble import ServerTrouble

__all__ = ["DRIVERS", "driver_named", "names"]

DRIVERS: Mapping[str, Driver] = {
    driver.name: driver for driver in (PostfixDovecot(), EximDovecot(), SendmailDovecot(), Courier())
}


def names() -> tuple[str, ...]:
    """Return the names of the servers."""
    return tuple(DRIVERS)


def driver_named(name: str) -> Driver:
    """Return the driver of a server; the beginning of its name is enough where only one has it.

    Raises:
        ServerTrouble: there is none, or there are several.
    """
    if name in DRIVERS:
        return DRIVERS[name]
    fitting = [known for known in DRIVERS if name and known.startswith(name)]
    if len(fitting) == 1:
        return DRIVERS[fitting[0]]
    close = difflib.get_close_matches(name, DRIVERS, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    msg = f"no server is called {name!r}"
    raise ServerTrouble(msg, f"{meant}servers: {', '.join(DRIVERS)}")
