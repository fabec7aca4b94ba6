"""aiosmtplib and aioimaplib: sending, and waiting for mail, on one event loop."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import Generator
from typing import Any

import pytest

from refmail_tests.clients.letters import letter
from refmail_tests.clients.room import PASSWORDS, Room

_REASON = "not run: aiosmtplib and aioimaplib come with `python -m refmail_tests.clients`"
aiosmtplib: Any = pytest.importorskip("aiosmtplib", reason=_REASON)
aioimaplib: Any = pytest.importorskip("aioimaplib", reason=_REASON)

# Both libraries leave the closing of their transports to the garbage collector, and Python warns of that.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Generator[None]:
    """Collect what a test left, so that no other test gets the warnings."""
    yield
    gc.collect()


def trust(room: Room) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(room.authority))


@pytest.mark.parametrize("tls", ["clear", "starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["plain", "login", "crammd5"])
def test_aiosmtplib_sends(room: Room, tls: str, mechanism: str) -> None:
    octets = letter(f"aiosmtplib {tls} {mechanism}")

    async def send() -> None:
        client = aiosmtplib.SMTP(
            hostname=room.host,
            port=room.port("submission", tls),
            local_hostname="client.test",
            use_tls=tls == "implicit",
            start_tls=tls == "starttls",
            tls_context=trust(room) if tls != "clear" else None,
        )
        async with client:
            await client.ehlo()
            await getattr(client, f"auth_{mechanism}")("alice", PASSWORDS["alice"])
            await client.sendmail("alice@example.test", ["bob@example.test"], octets, mail_options=["BODY=8BITMIME"])

    asyncio.run(send())
    assert room.letters() == [octets]
    assert room.logins() == ["alice"]


def test_aiosmtplib_sends_many_at_once(room: Room) -> None:
    async def send(number: int) -> None:
        await aiosmtplib.send(
            letter(f"{number:02}"),
            sender="alice@example.test",
            recipients=["bob@example.test"],
            hostname=room.host,
            port=room.port("submission", "implicit"),
            use_tls=True,
            tls_context=trust(room),
            username="alice",
            password=PASSWORDS["alice"],
        )

    async def all_of_them() -> None:
        await asyncio.gather(*(send(number) for number in range(20)))

    asyncio.run(all_of_them())
    assert sorted(room.letters()) == sorted(letter(f"{number:02}") for number in range(20))


@pytest.mark.parametrize("tls", ["clear", "implicit"])
def test_aioimaplib_fetches_and_idles(room: Room, tls: str) -> None:
    (uid,) = room.put(letter("one"))

    async def read() -> None:
        port = room.port("imap", tls)
        if tls == "implicit":
            client = aioimaplib.IMAP4_SSL(room.host, port, ssl_context=trust(room))
        else:
            client = aioimaplib.IMAP4(room.host, port)
        await client.wait_hello_from_server()
        assert (await client.login("bob", PASSWORDS["bob"])).result == "OK"
        assert (await client.select("INBOX")).result == "OK"
        fetched = await client.uid("fetch", str(uid), "(BODY.PEEK[])")
        assert letter("one") in [bytes(line) for line in fetched.lines]
        assert (await client.search("ALL")).lines[0] == b"1"
        idle = await client.idle_start(timeout=10)
        await asyncio.to_thread(room.put, letter("two"))
        told: list[bytes] = []
        while b"2 EXISTS" not in told:
            told += await client.wait_server_push(10)
        client.idle_done()
        await asyncio.wait_for(idle, 10)
        await client.uid("store", str(uid), "+FLAGS", r"(\Deleted)")
        assert (await client.expunge()).result == "OK"
        assert (await client.append(letter("three"), "Sent", r"\Seen")).result == "OK"
        await client.logout()

    asyncio.run(read())
    assert room.letters() == [letter("two")]
    assert room.letters(name="Sent") == [letter("three")]
