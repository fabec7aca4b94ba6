"""One connection as octets: a bounded inbox, back-pressure, STARTTLS, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from refmail.certificates import mail_addresses
from refmail.machine import TlsInfo

__all__ = ["Link", "make_buffer"]

#: Octets held for a busy machine before the peer is made to wait.
_INBOX_LIMIT = 256 * 1024

#: Octets read at a time, as many as asyncio would.
_READ_AT_ONCE = 256 * 1024

#: Octets written at a time, each with its own patience.
_PIECE = 64 * 1024

#: Seconds for a TLS handshake, and for the goodbye of a TLS connection.
_HANDSHAKE_TIMEOUT = 30.0
_SHUTDOWN_TIMEOUT = 2.0


def _hold(_octets: bytes) -> bool:
    return False


def _ignore() -> None:
    pass


def make_buffer() -> memoryview:
    """Return what the links of one loop may share: octets lie in it only from a read to its `buffer_updated`."""
    return memoryview(bytearray(_READ_AT_ONCE))


class Link(asyncio.BufferedProtocol):
    """The connection below a machine.

    Args:
        on_connect: called once, when the connection is there and before anything has been read.
        buffer: what is read into.
    """

    def __init__(self, on_connect: Callable[[Link], None], buffer: memoryview) -> None:
        self._on_connect = on_connect
        self._buffer = buffer
        #: Called with octets as they come, while none are held; says whether it has taken them.
        self.on_octets: Callable[[bytes], bool] = _hold
        #: Called whenever there are octets to take, or the peer has ended.
        self.on_change: Callable[[], None] = _ignore
        # What has arrived, in the pieces in which it came.
        self._inbox: list[bytes] = []
        #: How many octets those are.
        self.held = 0
        self._paused = False
        self._is_tls = False
        self.ended = False
        #: Whether the peer takes what is written.
        self.is_writable = True
        self._writable = asyncio.Event()
        self._lost = False
        # What to do when the connection is lost, once it is being closed, and what will abort it.
        self._on_lost: Callable[[], None] | None = None
        self._abort_later: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._on_connect(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = bytes(self._buffer[:nbytes])
        if not self._inbox and self.on_octets(data):
            return
        self._inbox.append(data)
        self.held += len(data)
        self.on_change()
        if self.held >= _INBOX_LIMIT:
            self.pause()

    def eof_received(self) -> bool:
        self.ended = True
        self.on_change()
        # Replies may still go out; TLS has no half-open connections.
        return not self._is_tls

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # a reset ends the conversation as an end of file does
        self.ended = True
        self._lost = True
        self.resume_writing()
        self.on_change()
        # Nothing more comes, and nothing is left that refers to itself.
        self.on_change = _ignore
        self._tell_lost()

    def pause_writing(self) -> None:
        self.is_writable = False
        self._writable.clear()

    def resume_writing(self) -> None:
        self.is_writable = True
        self._writable.set()

    # What the connection's task calls.

    @property
    def transport(self) -> asyncio.Transport:
        """The asyncio transport; after STARTTLS another one."""
        assert self._transport is not None
        return self._transport

    def take(self) -> bytes:
        """Return the octets that have arrived, and let more come."""
        octets = b"".join(self._inbox)
        self._forget()
        self.resume()
        return octets

    def _forget(self) -> None:
        self._inbox.clear()
        self.held = 0

    def pause(self) -> None:
        """Stop reading from the peer until `resume`, `take` or `start_tls`."""
        if not self._paused and not self.ended:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read from the peer again."""
        if self._paused and not self._lost:
            self._paused = False
            self.transport.resume_reading()

    async def write(self, octets: bytes, patience: float | None) -> None:
        """Write octets and wait while the peer is slow to take them.

        Args:
            octets: what to write.
            patience: seconds for each piece; None waits for ever.

        Raises:
            TimeoutError: the peer takes nothing.
        """
        view = memoryview(octets)
        for start in range(0, len(octets), _PIECE):
            self.write_at_once(view[start : start + _PIECE])
            await self.drained(patience)

    def write_at_once(self, octets: bytes | memoryview) -> None:
        """Write octets, or nothing to a peer that is lost, without waiting; look at `is_writable` after it."""
        transport = self._transport
        if transport is not None and not self._lost and not transport.is_closing():
            transport.write(octets)

    async def drained(self, patience: float | None) -> None:
        """Wait until the peer has taken nearly all.

        Raises:
            TimeoutError: it takes nothing.
        """
        if not self.is_writable:
            async with asyncio.timeout(patience):
                await self._writable.wait()

    async def start_tls(self, context: ssl.SSLContext) -> TlsInfo:
        """Do the server's side of a handshake; octets that came in the clear are gone (RFC 3207 section 4.2).

        Reading must have been paused before the reply that invites the handshake was written: what the
        kernel still holds then belongs to the handshake, and everything read before does not.

        Raises:
            OSError: the handshake failed (ssl.SSLError is one).
        """
        if self._lost:
            msg = "the connection was lost before the handshake"
            raise ConnectionResetError(msg)
        self._forget()
        try:
            upgraded = await asyncio.get_running_loop().start_tls(
                self.transport,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_TIMEOUT,
                ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT,
            )
            if upgraded is None:
                msg = "the connection was lost during the handshake"
                raise ConnectionResetError(msg)
        except BaseException:
            # asyncio does not say that a connection was lost during a handshake.
            self.transport.abort()
            self.connection_lost(None)
            raise
        self._transport = upgraded
        self._is_tls = True
        self._paused = False
        return self.tls_info()

    def tls_info(self) -> TlsInfo:
        """Return what was negotiated."""
        tls: ssl.SSLObject = self.transport.get_extra_info("ssl_object")
        cipher = tls.cipher()
        return TlsInfo(
            tls.version() or "",
            cipher[0] if cipher else "",
            tls.getpeercert(binary_form=True),
            # This form of the certificate is empty unless it was verified.
            mail_addresses(tls.getpeercert() or {}),
        )

    def finish(self, linger: float, on_lost: Callable[[], None]) -> None:
        """Close after what was written has left and the peer has ended too, or after `linger` seconds.

        Args:
            linger: seconds; 0 closes at once.
            on_lost: called once, when the connection is no more.
        """
        self._on_lost = on_lost
        self.on_octets = _hold
        self.on_change = self._drop
        if self._lost:
            self._tell_lost()
            return
        if linger <= 0:
            self.abort()
            return
        self._abort_later = asyncio.get_running_loop().call_later(linger, self.abort)
        if self.transport.can_write_eof() and not self.ended:
            # With unread octets a close would be a reset, which could overtake our last reply.
            with suppress(OSError):
                self.transport.write_eof()
            self._drop()
        else:
            self.transport.close()

    def _drop(self) -> None:
        """Forget what still comes; close when the peer has ended."""
        self._forget()
        if not self.ended:
            self.resume()
        elif not self.transport.is_closing():
            # asyncio's TLS is in pieces once it has been closed twice.
            self.transport.close()

    def _tell_lost(self) -> None:
        if self._abort_later is not None:
            self._abort_later.cancel()
            self._abort_later = None
        if self._on_lost is not None:
            on_lost, self._on_lost = self._on_lost, None
            on_lost()

    def abort(self) -> None:
        """End the connection at once."""
        if not self._lost:
            self.transport.abort()
