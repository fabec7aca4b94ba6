"""Process 1 of a running server: mounts, starts the daemons, waits for their ports, runs the command beside them.

Started by `namespace.py` as `python -m mailspec.lab.servers.inside_run ORDER CONTROL`. When it ends, the kernel ends
every process in its pid namespace and undoes mounts and network.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mailspec.lab.servers.chamber import add_accounts, furnish, open_root, run_commands, write_files
from mailspec.lab.servers.control import EXIT_INTERRUPTED, listen
from mailspec.lab.servers.driver import LAN_ADDRESS
from mailspec.lab.servers.host import admin_environment
from mailspec.lab.servers.orders import ConfigFile, RunOrder, load_order
from mailspec.lab.servers.trouble import ServerTrouble, last_lines

__all__ = ["EXIT_NOT_STARTED", "run"]

#: Exit code where the server did not come up: the harness's own trouble, not the target's.
EXIT_NOT_STARTED = 3
#: The one address besides loopback (RFC 5737): resolvers with AI_ADDRCONFIG find nothing on loopback alone.
NETWORK = f"{LAN_ADDRESS}/24"
LINK = "lab"
#: Seconds between two looks at a port.
POLL_SECONDS = 0.01
#: Longest syslog datagram in octets.
SYSLOG_OCTETS = 65536


def run(order: RunOrder, control: int) -> int:
    """Carry out a run order; the command's exit code, or EXIT_NOT_STARTED."""
    started = time.monotonic()
    suite = _Suite()
    listen(control, suite.interrupt)
    try:
        _start_server(order)
    except ServerTrouble as trouble:
        _tell(f"{order.title} did not start: {trouble}")
        for line in last_lines(Path(order.syslog)):
            _tell(f"  syslog | {line}")
        return EXIT_NOT_STARTED
    _tell(f"{order.title} is up after {time.monotonic() - started:.1f} s")
    return suite.run(order.command)


def _start_server(order: RunOrder) -> None:
    socket.sethostname(order.hostname)
    _bring_up_network()
    root = open_root(Path(order.folder), order.lower)
    furnish(root)
    _collect_syslog(root / "dev", Path(order.syslog))
    add_accounts(root, order.accounts)
    write_files(root, (*_network_files(order.hostname), *order.files))
    run_commands(root, order.commands, Path(order.log))
    deadline = time.monotonic() + order.ready_within
    for port in order.ports:
        if not _wait_until(functools.partial(_answers, order.address, port), deadline):
            msg = f"nothing listens on {order.address} port {port} after {order.ready_within:.0f} s"
            raise ServerTrouble(msg, log=Path(order.log))


def _bring_up_network() -> None:
    _ip("link set lo up")
    # Not every kernel has dummy links; a pair of virtual Ethernet links does as well.
    if not _ip(f"link add name {LINK} type dummy", required=False):
        _ip(f"link add name {LINK} type veth peer name {LINK}-peer")
        _ip(f"link set {LINK}-peer up")
    _ip(f"addr add {NETWORK} dev {LINK}")
    _ip(f"link set {LINK} up")


def _ip(command: str, *, required: bool = True) -> bool:
    done = subprocess.run(["ip", *command.split()], capture_output=True, check=False, env=admin_environment())
    if done.returncode != 0 and required:
        msg = f"ip {command} failed: {done.stderr.decode(errors='replace').strip()}"
        raise ServerTrouble(msg, "the kernel needs network namespaces with dummy or veth links")
    return done.returncode == 0


def _network_files(hostname: str) -> tuple[ConfigFile, ...]:
    short = hostname.partition(".")[0]
    return (
        ConfigFile(path="/etc/hostname", text=f"{hostname}\n"),
        ConfigFile(path="/etc/mailname", text=f"{hostname}\n"),
        ConfigFile(path="/etc/hosts", text=f"127.0.0.1 localhost\n127.0.0.1 {hostname} {short}\n"),
        ConfigFile(path="/etc/resolv.conf", text="nameserver 127.0.0.1\noptions timeout:1 attempts:2\n"),
    )


def _collect_syslog(folder: Path, log: Path) -> None:
    """Be the server's syslog daemon: a daemon that finds nobody reading /dev/log may block."""
    place = Path.cwd()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    os.chdir(folder)  # a relative name: the path of a socket may have 107 octets only
    server.bind("log")
    os.chdir(place)
    (folder / "log").chmod(0o666)

    def loop() -> None:
        with log.open("ab", buffering=0) as file:
            while True:
                file.write(server.recv(SYSLOG_OCTETS).rstrip(b"\n\0") + b"\n")

    threading.Thread(target=loop, name="syslog", daemon=True).start()


def _wait_until(condition: Callable[[], bool], deadline: float) -> bool:
    """Look until `condition` holds or the clock passes `deadline`."""
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


class _Suite:
    """The command beside the server, in a process group of its own as a shell would start it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def interrupt(self) -> None:
        """Do what Ctrl-C does; before the command runs, end everything."""
        with self._lock:
            if self._process is None:
                os._exit(EXIT_INTERRUPTED)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGINT)

    def run(self, command: tuple[str, ...]) -> int:
        """Run the command to its end, and reap whatever else ends meanwhile: that is process 1's duty."""
        # A background group that writes to a terminal with `stty tostop` would be stopped for good.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with self._lock:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
        while True:
            pid, status = os.wait()
            if pid == self._process.pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code


def _tell(text: str) -> None:
    print(f"mailspec: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the user's terminal


if __name__ == "__main__":
    sys.exit(run(load_order(Path(sys.argv[1]), RunOrder), int(sys.argv[2])))
