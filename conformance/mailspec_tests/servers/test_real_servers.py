"""Real servers, really started: mail flows, and nothing is left behind, however a run ends.

Slow at first (a minimal Debian is built into the cache), so it runs where MAILSPEC_REAL_SERVERS=1 is set.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailspec.lab.servers import available, names, run_beside
from mailspec.lab.servers.host import cache_folder

HERE = Path(__file__).parent
#: Starts a server in a process of its own, which the tests may interrupt or kill.
HARNESS = """
import sys
from mailspec.lab.servers import run_beside
sys.exit(run_beside("postfix+dovecot", lambda profile: sys.argv[1:]))
"""
#: Says that it runs, then waits to be interrupted; a second interrupt would show as another exit code.
WAITER = """
import pathlib, signal, sys, time
def handle(number, frame):
    handle.count += 1
handle.count = 0
signal.signal(signal.SIGINT, handle)
pathlib.Path(sys.argv[1]).write_text("runs")
deadline = time.monotonic() + 30
while not handle.count and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.2)
sys.exit(40 + handle.count)
"""


def _reason() -> str | None:
    if os.environ.get("MAILSPEC_REAL_SERVERS") != "1":
        return "set MAILSPEC_REAL_SERVERS=1 to start real servers"
    return available()


pytestmark = pytest.mark.skipif(_reason() is not None, reason=_reason() or "")


def _wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _networks() -> set[str]:
    """Return the network namespaces of all processes."""
    found: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.add(str((process / "ns/net").readlink()))
        except OSError:
            continue
    return found


def _leftovers() -> tuple[set[str], int, list[str]]:
    mounts = Path("/proc/self/mountinfo").read_text().count("mailspec")
    folders = [path.name for path in (cache_folder() / "running").iterdir()]
    return _networks(), mounts, folders


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Build what is to be built before anything is measured, and let killed runs' scratch folders be swept."""
    assert run_beside("postfix+dovecot", lambda _: ["true"]) == 0


def _harness(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", HARNESS, *command], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("name", names())
def test_mail_flows_and_nothing_is_left(name: str, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    before = _leftovers()

    code = run_beside(name, lambda profile: [sys.executable, str(HERE / "exercise.py"), str(result), str(profile)])

    assert code == 0
    found = json.loads(result.read_text())
    assert found.pop("refused") // 100 == 5
    assert found == {"stored": [2, 1], "imap": [2, 1], "pop3": [2, 1], "relayed": ["better"]}
    assert _leftovers() == before


def test_start_and_stop_take_about_a_second() -> None:
    began = time.monotonic()
    assert run_beside("postfix+dovecot", lambda _: ["true"]) == 0
    assert time.monotonic() - began < 5


def test_every_start_is_pristine() -> None:
    touch = [
        "sh",
        "-c",
        "root=$(dirname $0)/root; test ! -e $root/etc/mark && touch $root/etc/mark $root/home/alice/mark",
    ]
    for _ in range(2):
        assert run_beside("postfix+dovecot", lambda profile: [*touch, str(profile)]) == 0


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_exit_code_is_the_commands(command: str, code: int) -> None:
    before = _leftovers()
    assert run_beside("postfix+dovecot", lambda _: ["sh", "-c", command]) == code
    assert _leftovers() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_arrives_once_and_nothing_is_left(number: signal.Signals, tmp_path: Path) -> None:
    before = _leftovers()
    process = _harness(sys.executable, "-c", WAITER, str(tmp_path / "mark"))
    assert _wait_until((tmp_path / "mark").exists)
    process.send_signal(number)
    assert process.wait(30) == 41
    assert _leftovers() == before


def test_a_killed_harness_takes_everything_along(tmp_path: Path) -> None:
    networks, mounts, _ = _leftovers()
    process = _harness("sh", "-c", f"touch {tmp_path}/mark; sleep 1000")
    assert _wait_until((tmp_path / "mark").exists)
    assert len(_networks()) == len(networks) + 1
    process.kill()
    process.wait()
    assert _wait_until(lambda: _networks() == networks, 5)
    assert run_beside("postfix+dovecot", lambda _: ["true"]) == 0
    assert _leftovers() == (networks, mounts, [])


def test_a_server_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from mailspec.lab.servers.postfix_dovecot import PostfixDovecot

    monkeypatch.setattr(PostfixDovecot, "start", ("echo no such luck >&2; false",))
    before = _leftovers()
    assert run_beside("postfix+dovecot", lambda _: ["true"]) == 3
    assert "no such luck" in capfd.readouterr().err
    assert _leftovers() == before
