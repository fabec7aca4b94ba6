"""Not being root: what only root may do is done first, then the server becomes a user without rights for good."""

from __future__ import annotations

import grp
import ipaddress
import os
import pwd
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from refmail.config import Config, RunAsConfig
from refmail.services import Listener

__all__ = ["Entrance", "Identity", "become", "bind", "check_code", "check_root", "identity_of"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the server is to be."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Entrance:
    """What was opened while that was still allowed."""

    #: Makes the TLS context; None where there is no TLS.
    tls: Callable[[], ssl.SSLContext] | None
    #: Sockets that listen, by service.
    sockets: Mapping[Listener, Sequence[socket.socket]] = field(default_factory=dict[Listener, Sequence[socket.socket]])

    def close(self) -> None:
        """Give the sockets back."""
        for sockets in self.sockets.values():
            for sock in sockets:
                sock.close()


def check_root(config: Config) -> None:
    """Refuse to serve others as root, unless that is wished.

    Raises:
        ValueError: it would; the message says what can be done.
    """
    reachable = sorted(name for name, place in config.listeners.items() if not _is_loopback(place.host))
    if os.geteuid() != 0 or config.run_as is not None or config.stay_root or not reachable:
        return
    msg = (
        f"as root the server would be reached by others ({', '.join(reachable)}): name a user in run_as, "
        'such as run_as = { user = "mail" }, or write stay_root = true'
    )
    raise ValueError(msg)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def identity_of(wish: RunAsConfig) -> Identity:
    """Look up a user and a group; the user's own group where none is named.

    Raises:
        ValueError: there is no such user or group, or it is root.
    """
    try:
        user = pwd.getpwnam(wish.user)
        group = user.pw_gid if wish.group is None else grp.getgrnam(wish.group).gr_gid
    except KeyError as error:
        msg = f"run_as: {error.args[0]}; `getent passwd` and `getent group` list those that there are"
        raise ValueError(msg) from error
    if user.pw_uid == 0 or group == 0:
        msg = f"run_as: {wish.user} is root, or its group is; name a user without rights, or write stay_root = true"
        raise ValueError(msg)
    return Identity(user.pw_name, user.pw_uid, group)


def bind(config: Config) -> dict[Listener, list[socket.socket]]:
    """Listen on every address of the configuration, as root may on ports below 1024.

    Raises:
        OSError: one cannot be had; the message says which, and none stays open.
    """
    sockets: dict[Listener, list[socket.socket]] = {}
    for name, place in config.listeners.items():
        sockets[name] = []
        try:
            found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, _, _, _, address in dict.fromkeys(found):
                sockets[name].append(server := socket.create_server(address[:2], family=family, backlog=100))
                # Connections inherit it; asyncio sets it only on those of sockets made with the protocol named.
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            Entrance(None, sockets).close()
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            msg = f"{name} cannot listen on {place.host} port {place.port}: {why}"
            raise OSError(error.errno, msg) from error
    return sockets


def become(identity: Identity) -> None:
    """Become that user for good: groups first, as only root may change them; files are nobody else's from then on.

    Raises:
        OSError: we may not.
        RuntimeError: the way back to root is still open.
    """
    os.setgid(identity.gid)
    os.initgroups(identity.name, identity.gid)
    os.setuid(identity.uid)
    os.umask(0o077)
    try:
        os.setuid(0)
    except PermissionError:
        return
    msg = "root was given up, and yet could be had again"
    raise RuntimeError(msg)


def check_code(identity: Identity, files: Sequence[str] = (os.__file__, msgspec.__file__, __file__)) -> None:
    """Make sure that the user who runs us now can read our code: not all of it has been imported yet.

    Args:
        identity: the user, for the message.
        files: one of Python's own library, one of the packages that we need, and one of ours.

    Raises:
        ValueError: one cannot be read; the message says which, and what can be done.
    """
    for file in files:
        if not os.access(file, os.R_OK):
            msg = (
                f"run_as: {identity.name} cannot read {file}, of which the server will need more: install Python "
                "and refmail where that user may read them, such as in a virtual environment below /opt"
            )
            raise ValueError(msg)
