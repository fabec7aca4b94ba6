"""A server that was started as root does not stay it."""

from __future__ import annotations

import functools
import os
import pwd
import re
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import refmail
from refmail.config import Config, ListenerConfig, RunAsConfig, UserConfig
from refmail.privileges import bind, check_root, identity_of
from refmail_tests.faults.process import ServerProcess, Settings
from refmail_tests.faults.wire import ImapWire

NOBODY = "nobody"
CONFIG = Config(
    users=(UserConfig(name="alice", password="secret"),), listeners={"smtp": ListenerConfig(host="0.0.0.0")}
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def changed(**changes: object) -> Config:
    return msgspec.structs.replace(CONFIG, **changes)


def test_root_is_not_reached_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ValueError, match="run_as"):
        check_root(CONFIG)
    check_root(changed(stay_root=True))
    check_root(changed(run_as=RunAsConfig(user=NOBODY)))
    check_root(changed(listeners={"smtp": ListenerConfig()}))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    check_root(CONFIG)


def test_who_to_become_must_exist_and_not_be_root() -> None:
    with pytest.raises(ValueError, match="getent"):
        identity_of(RunAsConfig(user="no such user"))
    with pytest.raises(ValueError, match="getent"):
        identity_of(RunAsConfig(user=NOBODY, group="no such group"))
    with pytest.raises(ValueError, match="is root"):
        identity_of(RunAsConfig(user="root"))
    known = pwd.getpwnam(NOBODY)
    assert identity_of(RunAsConfig(user=NOBODY)).uid == known.pw_uid


def test_an_address_that_cannot_be_had_leaves_no_socket_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        places = {"smtp": ListenerConfig(), "imap": ListenerConfig(port=port)}
        # An open socket would be a ResourceWarning, which is an error here.
        with pytest.raises(OSError, match=f"imap cannot listen on 127.0.0.1 port {port}"):
            bind(changed(listeners=places))


CHILD = """
import os, sys
from refmail.config import RunAsConfig
from refmail.privileges import become, identity_of
become(identity_of(RunAsConfig(user=sys.argv[1])))
print(*os.getresuid(), *os.getresgid())
print(*os.getgroups())
try:
    open(sys.argv[2]).close()
except PermissionError:
    print("closed")
"""


@needs_root
def test_everything_of_root_is_given_up(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, NOBODY, str(secret)], capture_output=True, text=True, check=True, timeout=30
    )
    numbers, groups, closed = done.stdout.splitlines()
    known = pwd.getpwnam(NOBODY)
    assert numbers.split() == [str(known.pw_uid)] * 3 + [str(known.pw_gid)] * 3
    assert "0" not in groups.split()
    assert closed == "closed"


def open_to_others(path: Path) -> None:
    """Let everybody into a folder below the one that pytest makes for a user, however deep it lies."""
    folders = (path, *path.parents)
    top = next((place for place, each in enumerate(folders) if each.name.startswith("pytest-of-")), 0)
    for folder in folders[: top + 1]:
        folder.chmod(0o755)


def readable_by_others(path: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in path.parents)


READER = """
import sys
from refmail.config import RunAsConfig
from refmail.privileges import become, check_code, identity_of
identity = identity_of(RunAsConfig(user=sys.argv[1]))
become(identity)
try:
    check_code(identity, sys.argv[2:])
except ValueError as error:
    print(error)
"""


@needs_root
def test_code_that_only_root_can_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    open_to_others(tmp_path)
    mine, everybodys = tmp_path / "mine.py", tmp_path / "everybodys.py"
    mine.touch(mode=0o600)
    everybodys.touch(mode=0o644)
    command = [sys.executable, "-c", READER, NOBODY]
    ask = functools.partial(subprocess.run, capture_output=True, text=True, check=True, timeout=30)
    assert not ask([*command, str(everybodys)]).stdout
    said = ask([*command, str(everybodys), str(mine)]).stdout
    assert said.startswith(f"run_as: {NOBODY} cannot read {mine}, ")
    assert "install" in said


@needs_root
@pytest.mark.skipif(readable_by_others(Path(os.__file__)), reason="Python is where everybody can read it")
def test_a_server_whose_code_only_root_can_read_does_not_start(tmp_path: Path) -> None:
    settings = Settings(tmp_path, ("alice",), listeners=("imap",), first=f'run_as = {{ user = "{NOBODY}" }}')
    with pytest.raises(RuntimeError, match=f"Error: run_as: {NOBODY} cannot read .*: install"):
        ServerProcess(settings).start()


@needs_root
@pytest.mark.skipif(
    not readable_by_others(Path(os.__file__)) or not readable_by_others(Path(refmail.__file__).resolve()),
    reason="Python or refmail is where only root can read it",
)
def test_a_server_serves_without_rights(tmp_path: Path) -> None:
    open_to_others(tmp_path)
    (tmp_path / "mail").mkdir()
    known = pwd.getpwnam(NOBODY)
    os.chown(tmp_path / "mail", known.pw_uid, known.pw_gid)
    # What stands first in the file belongs to no table.
    settings = Settings(tmp_path, ("alice",), listeners=("imap",), first=f'run_as = {{ user = "{NOBODY}" }}')
    with ServerProcess(settings) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
        assert re.search(r"^Uid:\s+(.*)$", status, re.MULTILINE)[1].split() == [str(known.pw_uid)] * 4  # type: ignore[index]  # Linux says so
        with ImapWire(server.connect("imap")) as wire:
            wire.begin("alice", "secret")
            assert wire.append(b"INBOX", b"Subject: x\r\n\r\n").startswith(b"OK")
    owners = {path.stat().st_uid for path in (tmp_path / "mail").rglob("*")}
    assert owners == {known.pw_uid}


def test_a_store_that_cannot_be_made_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "mail").touch()
    with pytest.raises(RuntimeError, match=r"Error: store in .*mail: .*; name a folder .* store\.path\n$"):
        ServerProcess(Settings(tmp_path, ("alice",))).start()
