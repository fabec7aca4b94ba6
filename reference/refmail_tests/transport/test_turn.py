"""Answers of one turn of the loop leave at its end, in order and once; one peer alone does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from refmail.embed import ServerThread
from refmail.transport.turn import Turn
from refmail_tests.transport.conftest import Wire


def _crowded() -> Turn:
    return Turn(asyncio.get_running_loop(), lambda: True)


def test_one_peer_alone_is_not_kept_waiting() -> None:
    async def story() -> bool:
        turn = Turn(asyncio.get_running_loop(), lambda: False)
        return turn.ends_with(lambda: pytest.fail("it was said that it would not be called"))

    assert not asyncio.run(story())


def test_writes_wait_for_the_end_of_the_turn_and_keep_their_order() -> None:
    async def story() -> list[list[int]]:
        turn, written, seen = _crowded(), list[int](), list[list[int]]()
        for number in range(3):
            assert turn.ends_with(partial(written.append, number))
        seen.append(list(written))
        await asyncio.sleep(0)
        seen.append(list(written))
        # Another turn begins anew.
        assert turn.ends_with(lambda: written.append(9))
        await asyncio.sleep(0)
        seen.append(list(written))
        return seen

    assert asyncio.run(story()) == [[], [0, 1, 2], [0, 1, 2, 9]]


def test_a_write_may_ask_for_the_next_turn() -> None:
    async def story() -> list[str]:
        turn, written = _crowded(), list[str]()

        def first() -> None:
            written.append("first")
            assert turn.ends_with(lambda: written.append("second"))

        assert turn.ends_with(first)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return written

    assert asyncio.run(story()) == ["first", "second"]


def test_many_clients_each_get_their_own_replies_in_order(
    serve: Callable[..., ServerThread], connect: Callable[..., Wire]
) -> None:
    server = serve()
    clients = [connect(server) for _ in range(8)]
    assert [client.code() for client in clients] == [220] * 8
    for _ in range(5):
        for client in clients:
            client.send(b"NOOP\r\n")
        for client in clients:
            client.send(b"NONE\r\nRSET\r\n")
        assert [[client.code() for _ in range(3)] for client in clients] == [[250, 500, 250]] * 8
    for client in clients:
        client.send(b"QUIT\r\nNOOP\r\n")
    assert [client.code() for client in clients] == [221] * 8
    assert [client.rest() for client in clients] == [b""] * 8
