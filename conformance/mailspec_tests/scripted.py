"""A stand-in for a socket: what is received, and in which pieces, is a list."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterable
from typing import cast

from mailspec.wire.endpoint import Endpoint
from mailspec.wire.recorder import Recorder
from mailspec.wire.stream import Stream

__all__ = ["ScriptedSocket", "pieces", "scripted_stream"]


class ScriptedSocket:
    """Yields the pieces one by one, then the end of the connection, or silence."""

    def __init__(self, received: Iterable[bytes], *, silent: bool = False) -> None:
        #: What was sent, call by call.
        self.sends: list[bytes] = []
        self._received = iter([piece for piece in received if piece])
        self._silent = silent
        self._open = True

    @property
    def sent(self) -> bytes:
        """All octets that were sent."""
        return b"".join(self.sends)

    def recv(self, _size: int) -> bytes:
        piece = next(self._received, b"")
        if not piece and self._silent:
            raise TimeoutError
        return piece

    def sendall(self, octets: bytes) -> None:
        self.sends.append(octets)

    def settimeout(self, _seconds: float) -> None: ...

    def shutdown(self, _how: int) -> None: ...

    def setsockopt(self, *_args: object) -> None: ...

    def fileno(self) -> int:
        return 0 if self._open else -1

    def close(self) -> None:
        self._open = False


def scripted_stream(
    received: Iterable[bytes], recorder: Recorder | None = None, *, silent: bool = False
) -> tuple[Stream, ScriptedSocket]:
    """Return a stream over a scripted socket, and that socket."""
    sock = ScriptedSocket(received, silent=silent)
    return Stream(cast("socket.socket", sock), Endpoint("scripted", 0), recorder or Recorder(deadline=5)), sock


def pieces(octets: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Return the octets cut at the given offsets."""
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[start:end] for start, end in itertools.pairwise(edges)]
