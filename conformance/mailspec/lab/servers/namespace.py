"""Processes in namespaces of their own: mounts, pids, IPC, host name, and for servers the network.

The namespaces have no names. They live as long as their process 1, and that one dies with this process, whatever ends
it: the kernel sends the signal (pdeathsig), and the control pipe closes. So nothing can be left behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType

from mailspec.lab.servers.control import INTERRUPT
from mailspec.lab.servers.host import admin_environment

__all__ = ["Inside", "command_line", "handling", "interrupts"]

#: Signals that end a run in order.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: The interrupt that is not passed on any more but kills: the one after a polite and an impatient one.
LAST_INTERRUPT = 3

#: Seconds that process 1 gets to end when the control pipe closes.
END_SECONDS = 5.0


def command_line(module: str, order: Path, control: int, *, network: bool) -> list[str]:
    """Return the command that runs `module` as process 1 of new namespaces.

    Args:
        module: name of the module to run.
        order: the file it reads.
        control: the file descriptor of its end of the control pipe.
        network: whether it gets a network of its own, too.
    """
    kinds = ["--mount", "--pid", "--ipc", "--uts", *(["--net"] if network else [])]
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", *kinds, "--propagation", "private", "--fork", "--kill-child"),
        *(sys.executable, "-m", module, str(order), str(control)),
    ]


class Inside(contextlib.AbstractContextManager["Inside"]):
    """A process 1 and everything under it; leaving the block ends it all.

    Args:
        module: name of the module to run.
        order: the file it reads.
        network: whether it gets a network of its own.
    """

    def __init__(self, module: str, order: Path, *, network: bool) -> None:
        receiver, self._sender = os.pipe()
        try:
            self._process = subprocess.Popen(
                command_line(module, order, receiver, network=network),
                stdin=subprocess.DEVNULL,
                pass_fds=(receiver,),
                process_group=0,
                env=admin_environment(),
            )
        except BaseException:
            os.close(self._sender)
            raise
        finally:
            os.close(receiver)

    @property
    def pid(self) -> int:
        """The process whose end ends the namespaces."""
        return self._process.pid

    def interrupt(self) -> None:
        """Ask for an orderly end, as Ctrl-C does."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._sender, INTERRUPT)

    def kill(self) -> None:
        """End everything inside at once."""
        self._process.kill()

    def wait(self) -> int:
        """Wait for the end and return the exit code, 128 + n after signal n."""
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def __exit__(self, *_: object) -> None:
        # Process 1 ends by itself at the end of the pipe, and is reaped only after everything else inside has gone.
        os.close(self._sender)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def interrupts(inside: Inside) -> Generator[None]:
    """Pass Ctrl-C, SIGTERM and SIGHUP on to the process inside; the third one kills it."""
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count >= LAST_INTERRUPT:
            inside.kill()
        else:
            inside.interrupt()

    with handling(handle):
        yield


@contextlib.contextmanager
def handling(handler: Callable[[int, FrameType | None], None]) -> Generator[None]:
    """Handle the ending signals otherwise for a while; outside the main thread Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays nohup
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
