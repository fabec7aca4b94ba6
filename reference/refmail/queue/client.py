"""The relay client: one message to the first of several hosts that takes it (RFC 5321 sections 3.3, 4.5.3.2 and 5.1)."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from refmail.message.binary import as_text, is_binary
from refmail.message.envelope import Address, Envelope, Recipient
from refmail.queue.contact import Contact, SessionRefused, Timeouts
from refmail.queue.dialogue import ConnectionFailed, Dialogue, Reply
from refmail.queue.lanes import RelaySession
from refmail.queue.parameters import Unsendable, for_mail, for_rcpt, takes_binary
from refmail.queue.router import Hop
from refmail.queue.transparency import stuffed

__all__ = ["RelayClient", "Result", "Results", "SessionRefused", "Timeouts", "Verdict"]

#: Octets of a block of message data, for which each its own timeout runs (RFC 5321 section 4.5.3.2.5).
BLOCK = 64 * 1024


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


#: By recipient address: two RCPT for one mailbox share their fate.
Results = dict[Address, Result]


class RelayClient(Contact):
    """Sends messages to remote hosts; each step is a method, so that one can be replaced."""

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
            tried = await self.attempt(hop, envelope, rest, octets)
            self.note(hop, envelope, tried)
            results |= tried
        return results

    def note(self, hop: Hop, envelope: Envelope, tried: Results) -> None:
        """Tell the journal what one host said about each recipient."""
        host, port = self.place_of(hop)
        for address, result in tried.items():
            self.journal.note(
                "relay.tried",
                trace=envelope.trace_id,
                host=hop.host,
                address=hop.address,
                preference=hop.preference,
                dialled=f"{host}:{port}",
                recipient=str(address),
                verdict=result.verdict.value,
                text=result.text,
            )

    def goes_on(self, result: Result) -> bool:
        """Whether the next host is asked about a recipient: after 4yz and failed connections, not after 5yz."""
        return result.verdict is Verdict.LATER

    async def attempt(self, hop: Hop, envelope: Envelope, rest: Sequence[Recipient], octets: bytes) -> Results:
        """Try one host, over a connection that is there or a new one, and return what it said about each recipient."""
        place = (hop.host, *self.place_of(hop))
        handed = await self.lanes.turn(place)
        session: RelaySession | None = None
        usable = False
        results: Results = {}
        try:
            if handed is not None and await self.goes_over(handed, hop, envelope, rest, octets, results):
                session = handed
            else:
                results.clear()
                session = await self.open(hop)
                await self.converse(session, hop, envelope, rest, octets, results)
            usable = True
        except SessionRefused as refused:
            # Also a 5yz greeting: it is about this host, not about the recipient.
            reason = Result(Verdict.LATER, refused.status, str(refused), hop.host, refused.code)
            results |= dict.fromkeys(_addresses(rest), reason)
        except ConnectionFailed as failed:
            reason = Result(Verdict.LATER, "4.4.1", str(failed), hop.host)
            results |= {address: results.get(address, reason) for address in _addresses(rest)}
        finally:
            for opened in (handed, session):
                if opened is not None and not (usable and opened is session):
                    opened.dialogue.abort()
            left = self.lanes.hand_on(place, session if usable else None)
        self.note_attempt(hop, envelope, session, results, reused=usable and session is handed)
        if left is not None:
            await self.say_goodbye(left.dialogue)
        return results

    async def goes_over(
        self,
        session: RelaySession,
        hop: Hop,
        envelope: Envelope,
        rest: Sequence[Recipient],
        octets: bytes,
        results: Results,
    ) -> bool:
        """Hold a transaction over a connection that was used; False where the host takes no further one on it.

        Raises:
            ConnectionFailed: the host had taken MAIL, so this is a failure like any other.
        """
        try:
            if not await self.is_ready(session):
                return False
            await self.converse(session, hop, envelope, rest, octets, results)
        except ConnectionFailed:
            if session.open_transaction:
                raise
            return False
        # 421 to MAIL closes the connection and says nothing about the message (RFC 5321 section 3.8).
        return session.open_transaction or not any(result.code == 421 for result in results.values())

    async def converse(
        self,
        session: RelaySession,
        hop: Hop,
        envelope: Envelope,
        rest: Sequence[Recipient],
        octets: bytes,
        results: Results,
    ) -> None:
        """Hold one transaction up to the reply to the final dot, filling in `results`."""
        dialogue, offers = session.dialogue, session.offers
        if not takes_binary(offers):
            envelope, octets = as_text(envelope, octets)
        share = replace(envelope, recipients=tuple(rest))
        try:
            parameters = self.mail_parameters(share, octets, offers)
        except Unsendable as error:
            results |= dict.fromkeys(_addresses(rest), Result(Verdict.FAILED, error.status, str(error), hop.host))
            return
        path = envelope.reverse_path.to_wire() if envelope.reverse_path is not None else b""
        session.messages += 1
        reply = await dialogue.command(b"MAIL FROM:<%b>%b" % (path, parameters), self.timeouts.mail)
        if not reply.positive:
            results |= dict.fromkeys(_addresses(rest), self.judged(reply, hop))
            return
        # Until the reply to the message the host holds a transaction that only RSET ends.
        session.open_transaction = True
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
            session.open_transaction = result.verdict is not Verdict.DELIVERED

    def mail_parameters(self, envelope: Envelope, octets: bytes, offers: Mapping[bytes, bytes]) -> bytes:
        """Return the parameters of MAIL for a host, each with a space before it.

        Raises:
            Unsendable: the host lacks what the message needs.
        """
        return for_mail(envelope, octets, offers)

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

    def note_attempt(
        self, hop: Hop, envelope: Envelope, session: RelaySession | None, results: Results, *, reused: bool
    ) -> None:
        """Log which host was asked over what, and what follows from its answers."""
        verdicts = {result.verdict for result in results.values()}
        self.journal.note(
            "relay.attempt",
            trace=envelope.trace_id,
            host=hop.host,
            address=hop.address,
            preference=hop.preference,
            tls=session.tls if session is not None else "",
            reused=reused,
            verdicts=sorted(verdict.value for verdict in verdicts),
            codes=sorted({result.code for result in results.values()}),
            next_host=any(self.goes_on(result) for result in results.values()),
            rule="5321/5.1/next-after-4yz" if Verdict.LATER in verdicts else "5321/4.2.1/permanent-not-repeated",
        )


def _addresses(recipients: Sequence[Recipient]) -> list[Address]:
    return [recipient.address for recipient in recipients]
