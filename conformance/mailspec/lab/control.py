"""How a worker process reaches the lab: calls over an authenticated loopback connection."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing import connection as mpc
from typing import Any

import msgspec

__all__ = ["Call", "ControlServer", "LabAddress", "dial"]

#: Calls a method of the lab by name.
Call = Callable[..., Any]


class LabAddress(msgspec.Struct, frozen=True):
    """Where a lab is controlled from; JSON-serialisable, so that it can be handed to worker processes."""

    host: str
    port: int
    #: Hex digits of the key without which no call is taken.
    key: str


class ControlServer:
    """Takes calls of a fixed set of methods, one thread for each worker.

    Args:
        methods: what may be called, by name; arguments and results cross as pickles.
    """

    def __init__(self, methods: dict[str, Call]) -> None:
        self._methods = methods
        key = secrets.token_bytes(32)
        self._listener = mpc.Listener(("127.0.0.1", 0), authkey=key)
        host, port = _host_and_port(self._listener.address)
        self.address = LabAddress(host, port, key.hex())
        self._closing = threading.Event()
        self._peers: set[mpc.Connection[Any, Any]] = set()
        self._thread = threading.Thread(target=self._accept, name="lab-control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more calls and end the connections of workers."""
        self._closing.set()
        # Only a connection wakes accept() up on every system.
        dial(self.address).close()
        self._thread.join()
        self._listener.close()
        for peer in list(self._peers):
            peer.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                peer = self._listener.accept()
            except (AuthenticationError, OSError, EOFError):
                continue
            if self._closing.is_set():
                peer.close()
                break
            self._peers.add(peer)
            threading.Thread(target=self._serve, args=(peer,), name="lab-worker", daemon=True).start()

    def _serve(self, peer: mpc.Connection[Any, Any]) -> None:
        try:
            while True:
                name, args = peer.recv()
                try:
                    outcome: tuple[bool, object] = (True, self._methods[name](*args))
                except Exception as error:  # noqa: BLE001  it is raised again where the call came from
                    outcome = (False, error)
                peer.send(outcome)
        except (EOFError, OSError):
            pass
        finally:
            self._peers.discard(peer)
            peer.close()


class Caller:
    """The worker's end of a control connection; one call at a time, from any thread."""

    def __init__(self, peer: mpc.Connection[Any, Any]) -> None:
        self._peer = peer
        self._lock = threading.Lock()

    def __call__(self, name: str, *args: object) -> Any:
        """Call a method of the lab; what it raises is raised here."""
        with self._lock:
            self._peer.send((name, args))
            fine, result = self._peer.recv()
        if fine:
            return result
        raise result

    def close(self) -> None:
        self._peer.close()


def dial(address: LabAddress) -> Caller:
    """Connect to a lab of another process.

    Raises:
        OSError: the lab is gone.
    """
    return Caller(mpc.Client((address.host, address.port), authkey=bytes.fromhex(address.key)))


def _host_and_port(address: object) -> tuple[str, int]:
    assert isinstance(address, tuple)
    host, port = address  # pyright: ignore[reportUnknownVariableType]  the stub leaves it open; ours is TCP
    return str(host), int(port)  # pyright: ignore[reportUnknownArgumentType]  the same
