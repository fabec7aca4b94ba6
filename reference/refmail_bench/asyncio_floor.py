"""The least that SMTP costs on asyncio: `python -m refmail_bench.asyncio_floor PORT`.

It answers each line by its first four letters and keeps nothing. What a server on asyncio takes beyond it is its own.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import cast

__all__: list[str] = []

_END = b"\r\n.\r\n"
_REPLIES = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Floor(asyncio.Protocol):
    """One connection of a client that does not pipeline."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._tail: bytes | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 ready\r\n")

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._tail is not None:
            self._tail = (self._tail + data)[-len(_END) :]
            if self._tail != _END:
                return
            self._tail = None
            self._transport.write(b"250 taken\r\n")
            return
        verb = data[:4].upper()
        if verb == b"DATA":
            self._tail = b""
        self._transport.write(_REPLIES.get(verb, b"250 fine\r\n"))
        if verb == b"QUIT":
            self._transport.close()


async def serve(port: int) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with await loop.create_server(Floor, "127.0.0.1", port):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
