"""What the processes inside the namespaces are told: plain values, handed over as JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

__all__ = ["Account", "BuildOrder", "ConfigFile", "RunOrder", "load_order", "save_order"]

OrderT = TypeVar("OrderT", bound="_Order")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One system user who gets mail."""

    name: str
    #: Number of the user and of the group of the same name.
    number: int
    secret: str

    @property
    def home(self) -> str:
        """The home folder, as the server sees it."""
        return f"/home/{self.name}"


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is written before the server starts."""

    #: Absolute, as the server sees it; folders are made as needed.
    path: str
    text: str
    mode: int = 0o644
    #: "user:group", by the names the server knows.
    owner: str = "root:root"


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """What both kinds share."""

    #: Scratch folder on the host; everything is mounted below it, in a mount namespace of its own.
    folder: str
    #: Name of the host inside.
    hostname: str
    #: Folders that the root file system consists of, topmost first.
    lower: tuple[str, ...]
    #: Files written into the root file system.
    files: tuple[ConfigFile, ...] = ()
    #: Shell commands, run one after the other with the new root.
    commands: tuple[str, ...] = ()
    #: File on the host for what the commands print.
    log: str


class BuildOrder(_Order, frozen=True, kw_only=True):
    """Run commands that change the root file system, and keep what they changed."""

    #: Files and folders of the host shown inside meanwhile: path inside -> path on the host.
    shown: dict[str, str]
    #: Environment of the commands, proxies for instance.
    environment: dict[str, str]
    #: Folder on the host that the changes are copied to; it must not exist yet.
    destination: str


class RunOrder(_Order, frozen=True, kw_only=True):
    """Start a server, wait until it answers, then run one command beside it."""

    title: str
    accounts: tuple[Account, ...]
    #: Where the server listens.
    address: str
    #: Its ports that accept connections once the server is up.
    ports: tuple[int, ...]
    #: Seconds for that.
    ready_within: float
    #: What to run; it sees the host's file system, the server's one below `folder`/root, and the server's network.
    command: tuple[str, ...]
    #: File on the host for what the server sends to syslog.
    syslog: str


def save_order(order: BuildOrder | RunOrder, path: Path) -> None:
    """Write an order; it holds passwords, so that only the owner may read it."""
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(order))


def load_order(path: Path, kind: type[OrderT]) -> OrderT:
    """Read an order that `save_order` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=kind)
