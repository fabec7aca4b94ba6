"""Debian's mail servers as targets, each start pristine, in namespaces that leave nothing behind.

registry.py             the servers by name; driver.py what a server says of itself
rootfs.py, layers.py    built once into the cache (cache.py): a minimal Debian, and what a server adds to it
start.py                one start: order, profile, namespaces (namespace.py)
inside_run.py           process 1 in there: mounts (chamber.py), daemons, the suite beside them
inside_build.py         process 1 of a build
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailspec.lab.servers.registry import names
    from mailspec.lab.servers.start import available, run_beside, run_driver, run_in_server

__all__ = ["available", "names", "run_beside", "run_driver", "run_in_server"]

_HOMES = {
    "names": "registry",
    "available": "start",
    "run_beside": "start",
    "run_driver": "start",
    "run_in_server": "start",
}


def __getattr__(name: str) -> object:
    """Import public names on demand: process 1 of a server imports this package too, and needs little of it."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
