"""A host that takes all mail, and remembers what it has taken and when."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

__all__ = ["Arrival", "Sink"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message for which the sink has sent its 250."""

    octets: bytes
    #: Seconds, monotonic: just before the 250 was sent.
    at: float
    #: What `Sink.era` was then.
    era: int


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    taken: Callable[[bytes], None]


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._converse()

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")
        self.wfile.flush()

    def _converse(self) -> None:
        self._say(b"220 sink.test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say(b"354 Go on")
                octets = bytearray()
                while (text := self.rfile.readline()) != b".\r\n":
                    if not text:
                        return
                    octets += text[1:] if text.startswith(b".") else text
                assert isinstance(self.server, _Server)
                self.server.taken(bytes(octets))
                self._say(b"250 Taken")
            elif verb == b"QUIT":
                self._say(b"221 Bye")
                return
            else:
                self._say(b"250-sink.test\r\n250 8BITMIME" if verb == b"EHLO" else b"250 OK")


class Sink:
    """An SMTP server on a port of the loopback that the kernel chooses; use it in `with`."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        #: Counted up by whoever kills the server that relays to here.
        self.era = 0
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.taken = self._take
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def _take(self, octets: bytes) -> None:
        self.arrivals.append(Arrival(octets, time.monotonic(), self.era))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
