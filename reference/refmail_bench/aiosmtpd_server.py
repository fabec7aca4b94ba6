"""aiosmtpd with the smallest handler: `python -m refmail_bench.aiosmtpd_server PORT drop|keep`."""

from __future__ import annotations

import asyncio
import signal
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session

__all__: list[str] = []


class Handler:
    """Takes every message, and keeps it in memory or not.

    Args:
        keep: whether it keeps them.
    """

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._kept: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd looks for this name
        """Take a message."""
        if self._keep:
            self._kept.append(envelope)
        return "250 Accepted"


async def serve(port: int, *, keep: bool) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    handler = Handler(keep=keep)
    server = await loop.create_server(lambda: SMTP(handler, hostname="mx.bench.test"), "127.0.0.1", port)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), keep=sys.argv[2] == "keep"))
