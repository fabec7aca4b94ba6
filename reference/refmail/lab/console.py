"""What a person may type while a lab runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refmail.lab.lab import Lab

__all__ = ["HELP", "obey"]

HELP = "type `hosts`, `stop HOST` or `start HOST` (the beginning of its name will do)"


async def obey(lab: Lab, line: str, say: Callable[[str], None]) -> None:
    """Carry out one line; what is wrong with it is said too."""
    verb, _, argument = line.strip().partition(" ")
    if not verb:
        return
    if verb == "hosts" and not argument:
        for name in lab.config.hosts:
            say(f"{name}: {'runs' if name in lab.running else 'stopped'}")
        return
    names = [name for name in lab.config.hosts if argument and name.startswith(argument.strip())]
    if verb not in {"stop", "start"}:
        say(HELP)
    elif len(names) != 1:
        say(f"there is no one host {argument!r}; there are {', '.join(lab.config.hosts)}")
    elif (names[0] in lab.running) == (verb == "start"):
        say(f"{names[0]} {'runs' if verb == 'start' else 'is stopped'} already")
    elif verb == "stop":
        await lab.stop_host(names[0])
        say(f"{names[0]} is stopped")
    else:
        try:
            await lab.start_host(names[0])
        except OSError as error:
            say(str(error))
        else:
            say(f"{names[0]} runs")
