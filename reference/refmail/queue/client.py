"""The relay client: one message to the first of several hosts that takes it (RFC 5321 sections 3.3, 4.5.3.2, 5.1)."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from refmail.message.binary import as_text, is_binary
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.dialogue import ConnectionFailed, Dialogue, Reply
from refmail.queue.parameters import Unsendable, for_mail, for_rcpt, takes_binary
from refmail.queue.router import Hop
from refmail.queue.transparency import stuffed

__all__ = ["RelayClient", "Result", "Timeouts", "Verdict"]

#: Octets of a block of message data, for which each its own timeout runs (RFC 5321 section 4.5.3.2.5).
BLOCK = 64 * 1024


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


class Verdict(enum.Enum):
    """What became of one recipient."""

    DELIVERED = "delivered"
    #: Refused for good: no other host is asked.
    FAILED = "failed"
    #: Refused for now, or nobody could be asked.
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome for one recipient, and who said so."""

    verdict: Verdict
    #: Enhanced status code (RFC 3463).
    status: str
    #: What was said, on one line.
    text: str
    #: Name of the remote host; empty where none answered.
    host: str = ""
    #: SMTP reply code, or 0 where there was no reply.
    code: int = 0
    #: Whether the host has taken over the sender's wish for reports (RFC 3461 section 5.2.1).
    reports: bool = False


class SessionRefused(Exception):
    """The host does not serve us at all; the next one may."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


#: By recipient address: two RCPT for one mailbox share their fate.
Results = dict[Address, Result]


class RelayClient:
    """Sends messages to remote hosts; each step is a method, so that one can be replaced.

    Args:
        hostname: our name for EHLO.
        port: TCP port of remote hosts.
        dial: address -> "host:port" really to connect to, for labs where all hosts share one machine.
        timeouts: seconds to wait for each step.
    """

    def __init__(
        self,
        hostname: str,
        *,
        port: int = 25,
        dial: Mapping[str, str] | None = None,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self.hostname = hostname.encode("ascii")
        self.port = port
        self.dial = dict(dial or {})
        self.timeouts = timeouts

    async def deliver(self, hops: Sequence[Hop], envelope: Envelope, octets: bytes) -> Results:
        """Try host after host until each recipient is delivered or refused for good.

        Args:
            hops: what to try, in order.
            envelope: with the recipients to serve, and no others.
            octets: the message.
        """
        results: Results = {}
        for hop in hops:
            rest = [
                recipient
                for recipient in envelope.recipients
                if recipient.address not in results or self.goes_on(results[recipient.address])
            ]
            if not rest:
                break
            results |= await self.attempt(hop, envelope, rest, octets)
        return results

    def goes_on(self, result: Result) -> bool:
        """Whether the next host is asked about a recipient: after 4yz and failed connections, not after 5yz."""
        return result.verdict is Verdict.LATER

    async def attempt(self, hop: Hop, envelope: Envelope, rest: Sequence[Recipient], octets: bytes) -> Results:
        """Try one host and return what it said about each recipient."""
        results: Results = {}
        try:
            async with Dialogue(*self.place_of(hop), self.timeouts.connect) as dialogue:
                try:
                    await self.converse(dialogue, hop, envelope, rest, octets, results)
                except SessionRefused as refused:
                    # Also a 5yz greeting: it is about this host, not about the recipient.
                    reason = Result(Verdict.LATER, "4.3.2", str(refused.reply), hop.host, refused.reply.code)
                    return dict.fromkeys(_addresses(rest), reason)
                await self.say_goodbye(dialogue)
        except ConnectionFailed as failed:
            reason = Result(Verdict.LATER, "4.4.1", str(failed), hop.host)
            return {address: results.get(address, reason) for address in _addresses(rest)}
        return results

    def place_of(self, hop: Hop) -> tuple[str, int]:
        """Return host and port to connect to."""
        mapped = self.dial.get(hop.address)
        if mapped is None:
            return hop.address, self.port
        host, _, port = mapped.rpartition(":")
        return host, int(port)

    async def converse(
        self,
        dialogue: Dialogue,
        hop: Hop,
        envelope: Envelope,
        rest: Sequence[Recipient],
        octets: bytes,
        results: Results,
    ) -> None:
        """Hold the session up to the reply to the final dot, filling in `results`."""
        offers = await self.introduce(dialogue)
        if not takes_binary(offers):
            envelope, octets = as_text(envelope, octets)
        try:
            parameters = for_mail(envelope, octets, offers)
        except Unsendable as error:
            results |= dict.fromkeys(_addresses(rest), Result(Verdict.FAILED, error.status, str(error), hop.host))
            return
        path = envelope.reverse_path.to_wire() if envelope.reverse_path is not None else b""
        reply = await dialogue.command(b"MAIL FROM:<%b>%b" % (path, parameters), self.timeouts.mail)
        if not reply.positive:
            results |= dict.fromkeys(_addresses(rest), self.judged(reply, hop))
            return
        accepted: list[Recipient] = []
        for recipient in rest:
            line = b"RCPT TO:<%b>%b" % (recipient.address.to_wire(), for_rcpt(recipient, offers))
            reply = await dialogue.command(line, self.timeouts.rcpt)
            if reply.positive:
                accepted.append(recipient)
            else:
                results[recipient.address] = self.judged_recipient(reply, hop)
        if accepted:
            send = self.send_chunk if is_binary(envelope.parameters) else self.send_content
            result = replace(await send(dialogue, hop, octets), reports=b"DSN" in offers)
            results |= dict.fromkeys(_addresses(accepted), result)

    async def introduce(self, dialogue: Dialogue) -> Mapping[bytes, bytes]:
        """Read the greeting, say EHLO or else HELO, and return what the host offers.

        Raises:
            SessionRefused: it does not serve us.
        """
        greeting = await dialogue.reply(self.timeouts.greeting)
        if not greeting.positive:
            raise SessionRefused(greeting)
        reply = await dialogue.command(b"EHLO %b" % self.hostname, self.timeouts.ehlo)
        if reply.positive:
            return reply.offers()
        if reply.permanent:
            reply = await dialogue.command(b"HELO %b" % self.hostname, self.timeouts.ehlo)
        if not reply.positive:
            raise SessionRefused(reply)
        return {}

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        """Send DATA and the message and return the result for every accepted recipient."""
        reply = await dialogue.command(b"DATA", self.timeouts.data)
        if not reply.intermediate:
            return self.judged(reply, hop)
        await self.send_blocks(dialogue, stuffed(octets) + b".\r\n")
        return self.judged(await dialogue.reply(self.timeouts.end), hop)

    async def send_chunk(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        """Send the message as one chunk, not an octet of it changed (RFC 3030 section 2)."""
        await dialogue.send(b"BDAT %d LAST\r\n" % len(octets), self.timeouts.data)
        await self.send_blocks(dialogue, octets)
        return self.judged(await dialogue.reply(self.timeouts.end), hop)

    async def send_blocks(self, dialogue: Dialogue, octets: bytes) -> None:
        """Send octets, each block within its own time."""
        for start in range(0, len(octets), BLOCK):
            await dialogue.send(octets[start : start + BLOCK], self.timeouts.block)

    def judged(self, reply: Reply, hop: Hop) -> Result:
        """Turn a reply into a result: 2yz delivered, 5yz failed, all else later."""
        verdict = Verdict.DELIVERED if reply.positive else Verdict.FAILED if reply.permanent else Verdict.LATER
        return Result(verdict, reply.status, str(reply), hop.host, reply.code)

    def judged_recipient(self, reply: Reply, hop: Hop) -> Result:
        """As `judged`, but 552 to RCPT means too many recipients: later (RFC 5321 section 4.5.3.1.10)."""
        if reply.code == 552:
            return Result(Verdict.LATER, "4.5.3", str(reply), hop.host, reply.code)
        return self.judged(reply, hop)

    async def say_goodbye(self, dialogue: Dialogue) -> None:
        """Send QUIT; whatever comes back changes nothing any more."""
        with contextlib.suppress(ConnectionFailed):
            await dialogue.command(b"QUIT", self.timeouts.quit)


def _addresses(recipients: Sequence[Recipient]) -> list[Address]:
    return [recipient.address for recipient in recipients]
