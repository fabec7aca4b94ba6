"""Habits of Postfix, Exim, Sendmail, Courier and Dovecot that the RFCs leave them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from random import Random
from typing import ClassVar

from refmail import variants
from refmail.dns.mailhosts import Exchanger
from refmail.imap.session import ImapSession
from refmail.imap.states import State as ImapState
from refmail.message.envelope import Envelope
from refmail.message.trace import received
from refmail.pop3.replies import err
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State as Pop3State
from refmail.queue.router import Router
from refmail.smtp.session import SmtpSession
from refmail.smtp.states import LEGAL, State

#: Wrong commands before login after which Dovecot's login process hangs up.
PATIENCE = 3


@variants.pop3
class Pop3ImpatientBeforeLogin(Pop3Session):
    """The third refused command before login ends the session, after two replies to it."""

    refused = 0

    def reply(self, octets: bytes) -> None:
        super().reply(octets)
        self.refused += octets.startswith(b"-") and self.state is not Pop3State.TRANSACTION
        if self.refused == PATIENCE and not self.closing:
            self.send(err("too many bad commands"))
            self.closing = True


@variants.imap
class ImapImpatientBeforeLogin(ImapSession):
    """The third BAD before login is a BYE in place of the tagged response."""

    refused = 0

    def send(self, octets: bytes) -> None:
        self.refused += b" BAD " in octets and self.state is ImapState.NOT_AUTHENTICATED
        if self.refused < PATIENCE:
            super().send(octets)
            return
        super().send(b"* BYE Too many bad commands\r\n")
        self.state = ImapState.LOGOUT


@variants.smtp
class SmtpNoTlsInTransaction(SmtpSession):
    """STARTTLS is refused while a transaction is open."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        state: verbs if state is State.READY else verbs - {b"STARTTLS"} for state, verbs in LEGAL.items()
    }


@variants.smtp
class SmtpAddressBeforeName(SmtpSession):
    """The FROM clause has the address first, and the name with the address behind it as TCP-info."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        stamped = super().stamped(envelope, content)
        return re.sub(rb"from ([^\s\[]+) \((\[[^]]*\])\)", rb"from \2 (\1 \2)", stamped, count=1)


@variants.smtp
class SmtpTwoHops(SmtpSession):
    """A second Received field tells of a hop within the host."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        host = self.services.hostname.encode()
        date = received(self.hop(envelope)).rpartition(b";")[2]
        inner = b"Received: from localhost ([127.0.0.1]) by %b with LMTP id inner;%b" % (host, date)
        return inner + super().stamped(envelope, content)


@variants.smtp
class SmtpZoneInComment(SmtpSession):
    """The time in the Received field names its zone in a comment."""

    def stamped(self, envelope: Envelope, content: bytes) -> bytes:
        field = received(self.hop(envelope))
        return field.removesuffix(b"\r\n") + b" (UTC)\r\n" + super().stamped(envelope, content).removeprefix(field)


@variants.smtp
class SmtpTakesEverything(SmtpSession):
    """No message is refused for its content: neither loops nor bare line feeds nor eight bits."""

    def check_line_ends(self, content: bytes) -> None:
        del content

    def check_eight_bit(self, content: bytes) -> None:
        del content

    def check_loop(self, content: bytes) -> None:
        del content

    def offers(self) -> dict[bytes, bytes]:
        return super().offers() | {b"SIZE": b""}


@variants.part("router")
class RouterChoosesEachSecond(Router):
    """The order of equal hosts is the same for all messages of one second (Courier)."""

    def order(self, hosts: Iterable[Exchanger]) -> list[Exchanger]:
        shuffled = sorted(hosts)
        # The time alone would alternate too regularly to be a choice by chance.
        Random(str(int(time.time()))).shuffle(shuffled)
        return sorted(shuffled, key=lambda host: host.preference)
