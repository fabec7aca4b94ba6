"""An MX host that does as a script says, connection by connection, for tests of the relay client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

__all__ = ["ScriptedHost"]

#: What each verb is answered with by default.
_ANSWERS = {
    b"EHLO": b"250-mx.test\r\n250 8BITMIME\r\n",
    b"MAIL": b"250 OK\r\n",
    b"RCPT": b"250 OK\r\n",
    b"DATA": b"354 Go on\r\n",
    b"RSET": b"250 OK\r\n",
    b"QUIT": b"221 Bye\r\n",
}


def _as_usual(connection: int, verbs: Sequence[bytes]) -> bytes | None:
    del connection, verbs
    return None


@dataclass
class ScriptedHost:
    """Records the verbs of each connection; `answer(connection, verbs)` may change the answer to the last verb."""

    #: Returns octets to send, b"" to hang up, or None for the usual answer.
    answer: Callable[[int, Sequence[bytes]], bytes | None] = _as_usual
    connections: list[list[bytes]] = field(default_factory=list[list[bytes]])
    port: int = 0
    _serving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[ScriptedHost]:
        """Serve on a port of the loopback that the kernel chooses."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._converse(reader, writer)
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.connections)
        verbs: list[bytes] = []
        self.connections.append(verbs)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(b"220 mx.test\r\n")
            while verbs[-1:] != [b"QUIT"]:
                verbs.append((await reader.readuntil(b"\r\n"))[:4].upper())
                said = self.answer(number, verbs)
                if said == b"":
                    break
                writer.write(_ANSWERS.get(verbs[-1], b"500 What?\r\n") if said is None else said)
                if verbs[-1] == b"DATA" and (said is None or said.startswith(b"354")):
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(b"250 Taken\r\n")
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
