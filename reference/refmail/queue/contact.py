"""Getting in touch with a host: connection, greeting, EHLO, TLS, and the end of it (RFC 5321 section 3, RFC 3207)."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields

from refmail.journal import Journal
from refmail.queue.dialogue import ConnectionFailed, Dialogue, Reply, TlsFailed
from refmail.queue.lanes import Lanes, RelaySession
from refmail.queue.relaytls import RelayTls
from refmail.queue.router import Hop

__all__ = ["Contact", "SessionRefused", "Timeouts"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for each step (RFC 5321 section 4.5.3.2)."""

    connect: float = 30.0
    greeting: float = 300.0
    ehlo: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    end: float = 600.0
    #: Politeness only: everything is settled by then.
    quit: float = 5.0

    def scaled(self, factor: float) -> Timeouts:
        """Return the same timeouts multiplied by `factor`."""
        return Timeouts(*(getattr(self, field.name) * factor for field in fields(self)))


class SessionRefused(Exception):
    """The host does not serve us at all, or not as we ask for; the next one may."""

    def __init__(self, text: str, *, status: str = "4.3.2", code: int = 0) -> None:
        super().__init__(text)
        self.status = status
        #: SMTP reply code, or 0 where it was no reply that decided.
        self.code = code

    @classmethod
    def by(cls, reply: Reply) -> SessionRefused:
        """Make one from what the host said."""
        return cls(str(reply), code=reply.code)


class Contact:
    """Opens connections that are ready for MAIL.

    Args:
        hostname: our name for EHLO.
        port: TCP port of remote hosts.
        dial: address -> "host:port" really to connect to, for labs where all hosts share one machine.
        timeouts: seconds to wait for each step.
        tls: what is asked of TLS.
        lanes: how many connections there are to one host, and how many messages over each.
        journal: where each attempt is noted.
    """

    def __init__(
        self,
        hostname: str,
        *,
        port: int = 25,
        dial: Mapping[str, str] | None = None,
        timeouts: Timeouts = Timeouts(),
        tls: RelayTls = RelayTls("none", None),  # noqa: B008  RelayTls is frozen
        lanes: Lanes | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.hostname = hostname.encode("ascii")
        self.port = port
        self.dial = dict(dial or {})
        self.timeouts = timeouts
        self.tls = tls
        self.lanes = lanes or Lanes()
        self.journal = journal or Journal(time.monotonic, keep=100)

    def place_of(self, hop: Hop) -> tuple[str, int]:
        """Return host and port to connect to."""
        mapped = self.dial.get(hop.address)
        if mapped is None:
            return hop.address, self.port
        host, _, port = mapped.rpartition(":")
        return host, int(port)

    async def open(self, hop: Hop) -> RelaySession:
        """Connect to a host and greet it, inside TLS where that is offered and works.

        Raises:
            ConnectionFailed, SessionRefused
        """
        try:
            return await self.greet(hop, use_tls=True)
        except TlsFailed as failed:
            if self.tls.required:
                raise SessionRefused(str(failed), status="4.7.5") from failed
            self.journal.note("relay.tls-failed", host=hop.host, address=hop.address, error=str(failed))
        # What was offered did not work: in the clear it would have gone without the offer as well (RFC 7435).
        return await self.greet(hop, use_tls=False)

    async def greet(self, hop: Hop, *, use_tls: bool) -> RelaySession:
        """Connect and greet.

        Raises:
            ConnectionFailed, SessionRefused, TlsFailed
        """
        dialogue = await Dialogue(*self.place_of(hop), self.timeouts.connect).open()
        try:
            session = RelaySession(dialogue, await self.introduce(dialogue))
            if use_tls and self.tls.context is not None:
                await self.secure(session, hop, self.tls.context)
        except BaseException:
            dialogue.abort()
            raise
        return session

    async def secure(self, session: RelaySession, hop: Hop, context: ssl.SSLContext) -> None:
        """Turn on TLS where the host offers it, and ask anew what it offers (RFC 3207 section 4.2).

        Raises:
            ConnectionFailed, TlsFailed
            SessionRefused: it must be used, and is not possible.
        """
        reply = None
        if b"STARTTLS" in session.offers:
            reply = await session.dialogue.command(b"STARTTLS", self.timeouts.ehlo)
        if reply is None or reply.code != 220:
            if self.tls.required:
                why = "does not offer STARTTLS" if reply is None else f"answers {reply} to STARTTLS"
                msg = f"{hop.host} {why}, and nothing is sent in the clear"
                raise SessionRefused(msg, status="4.7.4")
            return
        name = self.tls.server_name(hop.host)
        session.tls = await session.dialogue.start_tls(context, name, self.timeouts.ehlo)
        hello = await session.dialogue.command(b"EHLO %b" % self.hostname, self.timeouts.ehlo)
        if not hello.positive:
            raise SessionRefused.by(hello)
        session.offers = hello.offers()

    async def is_ready(self, session: RelaySession) -> bool:
        """Make a connection that was used ready for the next MAIL, and say whether it is.

        A transaction that ended with a message needs nothing; one that the host still holds needs RSET.
        """
        if session.open_transaction:
            session.open_transaction = False
            return (await session.dialogue.command(b"RSET", self.timeouts.mail)).positive
        return True

    async def introduce(self, dialogue: Dialogue) -> Mapping[bytes, bytes]:
        """Read the greeting, say EHLO or else HELO, and return what the host offers.

        Raises:
            SessionRefused: it does not serve us.
        """
        greeting = await dialogue.reply(self.timeouts.greeting)
        if not greeting.positive:
            raise SessionRefused.by(greeting)
        reply = await dialogue.command(b"EHLO %b" % self.hostname, self.timeouts.ehlo)
        if reply.positive:
            return reply.offers()
        if reply.permanent:
            reply = await dialogue.command(b"HELO %b" % self.hostname, self.timeouts.ehlo)
        if not reply.positive:
            raise SessionRefused.by(reply)
        return {}

    async def say_goodbye(self, dialogue: Dialogue) -> None:
        """Send QUIT and close; whatever comes back changes nothing any more."""
        with contextlib.suppress(ConnectionFailed):
            await dialogue.command(b"QUIT", self.timeouts.quit)
        await dialogue.close()
