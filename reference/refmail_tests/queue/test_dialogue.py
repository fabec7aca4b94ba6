"""One connection of the relay client against servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from refmail.queue.dialogue import ConnectionFailed, Dialogue, Reply


async def reply_of(*octets: bytes, close: bool = True, seconds: float = 2.0) -> Reply:
    """Return the first reply of a server that sends these octets, piece by piece."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in octets:
            writer.write(piece)
            await writer.drain()
        if not close:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        async with Dialogue(host, port, 2.0) as dialogue:
            return await dialogue.reply(seconds)


@pytest.mark.parametrize(
    ("pieces", "code", "lines"),
    [
        ([b"220 hello\r\n"], 220, (b"hello",)),
        ([b"220\r\n"], 220, (b"",)),
        ([b"250-a\r", b"\n250-b\r\n25", b"0 c\r\n"], 250, (b"a", b"b", b"c")),
        ([b"250-a\n250 b\n"], 250, (b"a", b"b")),
        ([b"250-\xff\r\n250 \r\n"], 250, (b"\xff", b"")),
    ],
)
def test_replies_are_read_whole(pieces: Sequence[bytes], code: int, lines: tuple[bytes, ...]) -> None:
    assert asyncio.run(reply_of(*pieces)) == Reply(code, lines)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"250-unfinished\r\n",
        b"hello\r\n",
        b"199 x\r\n",
        b"600 x\r\n",
        b"250x\r\n",
        b"250 " + b"x" * 5000,
        b"250-x\r\n" * 300,
    ],
)
def test_nonsense_is_a_failed_connection(octets: bytes) -> None:
    with pytest.raises(ConnectionFailed):
        asyncio.run(reply_of(octets))


def test_silence_ends_at_the_timeout() -> None:
    with pytest.raises(ConnectionFailed, match="timed out"):
        asyncio.run(reply_of(b"220-", close=False, seconds=0.05))


def test_offers_of_ehlo() -> None:
    reply = Reply(250, (b"mx.test at your service", b"size 1000", b"PIPELINING", b"AUTH PLAIN LOGIN"))

    assert reply.offers() == {b"SIZE": b"1000", b"PIPELINING": b"", b"AUTH": b"PLAIN LOGIN"}
