"""`python -m mailspec.lab.servers`: which real servers there are, which are built, and whether they can run here."""

from __future__ import annotations

import sys

from mailspec.lab.servers.cache import Cache
from mailspec.lab.servers.host import cache_folder
from mailspec.lab.servers.layers import layer_name
from mailspec.lab.servers.registry import DRIVERS
from mailspec.lab.servers.rootfs import codename
from mailspec.lab.servers.start import available
from mailspec.lab.servers.trouble import ServerTrouble


def status() -> tuple[list[str], bool]:
    """Return the lines to print, and whether real servers can run."""
    reason = available()
    if reason is not None:
        return [f"real servers cannot run here: {reason}", f"servers: {', '.join(DRIVERS)}"], False
    try:
        release, cache = codename(), Cache(cache_folder())
    except ServerTrouble as trouble:
        return [f"real servers cannot run here: {trouble}"], False
    lines = [f"real servers can run here, as of Debian {release}; cache: {cache.folder}"]
    for name, driver in DRIVERS.items():
        stamp = cache.stamp(layer_name(driver, release))
        if stamp is None:
            lines.append(f"  {name}: built at the first run")
        else:
            lines.append(
                f"  {name}: " + ", ".join(f"{package} {version}" for package, version in stamp.versions.items())
            )
    return lines, True


def main() -> int:
    """Print the status; exit code 0 where real servers can run."""
    lines, usable = status()
    print("\n".join(lines))  # noqa: T201 - the program's output
    return 0 if usable else 1


if __name__ == "__main__":
    sys.exit(main())
