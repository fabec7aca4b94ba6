r"""A blocking, recorded SMTP client (RFC 5321).

recorder = Recorder(deadline=5)
smtp = SmtpClient.connect(Endpoint("127.0.0.1", 2525), recorder)
smtp.greeting().require(220)
smtp.ehlo().require(250)
if b"STARTTLS" in smtp.capabilities:
    smtp.start_tls()
    smtp.ehlo().require(250)
smtp.command(b"RCPT TO:<user@target.test>").expect(503)
smtp.deliver(b"a@client.test", b"user@target.test", b"Subject: x\r\n\r\nbody\r\n")
smtp.quit().expect(221)
smtp.expect_closed()
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailspec.verdict import Blocked
from mailspec.wire.client import Client
from mailspec.wire.endpoint import Login
from mailspec.wire.recorder import Recorder
from mailspec.wire.reply import CLOSED
from mailspec.wire.sasl import Mechanism, Responder, SaslError, decoded, encoded
from mailspec.wire.smtp_reply import (
    INTERMEDIATE,
    PERMANENT,
    SUCCESS,
    TRANSIENT,
    Answered,
    CodeClass,
    SmtpReply,
    read_reply,
)
from mailspec.wire.stream import Stream

__all__ = [
    "CLOSED",
    "INTERMEDIATE",
    "PERMANENT",
    "SUCCESS",
    "TRANSIENT",
    "CodeClass",
    "Exchange",
    "SmtpClient",
    "SmtpReply",
    "dot_stuffed",
]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of an AUTH command."""

    #: The reply that ended it, not judged yet.
    reply: SmtpReply
    #: The client's side, which may know more of the server.
    responder: Responder


class SmtpClient(Client):
    """One connection to an SMTP or submission service.

    Attributes:
        capabilities: upper-cased EHLO keyword to its parameters, of the last successful EHLO.
    """

    def __init__(self, stream: Stream, recorder: Recorder) -> None:
        super().__init__(stream, recorder)
        self.capabilities: dict[bytes, bytes] = {}
        self._asked = b""
        self._to = Answered.OTHER
        self._utf8 = False

    def greeting(self) -> SmtpReply:
        """Read the greeting."""
        self._to = Answered.CONNECTING
        return self._read()

    def command(self, line: bytes) -> SmtpReply:
        """Send one command line, CRLF added, and read its reply."""
        self.send(line + b"\r\n")
        return self.reply()

    def send(self, octets: bytes) -> None:
        """Send exactly these octets; `.reply()` reads one reply."""
        self._asked = octets
        self._to = Answered.EHLO if octets[:5].upper() in {b"EHLO ", b"LHLO "} else Answered.OTHER
        self._utf8 = self._utf8 or b"SMTPUTF8" in octets[:1024].upper()
        super().send(octets)

    def reply(self, seconds: float | None = None) -> SmtpReply:
        """Read one reply.

        Args:
            seconds: time for all of it, None for the recorder's deadline.
        """
        return self._read(seconds)

    def ehlo(self, name: bytes = b"client.test") -> SmtpReply:
        """Send EHLO and remember the capabilities of a 250 reply."""
        return self._hello(b"EHLO", name)

    def _hello(self, verb: bytes, name: bytes) -> SmtpReply:
        reply = self.command(verb + b" " + name)
        if reply.failure is None and reply.octets.startswith(b"250"):
            self.capabilities = _capabilities(reply.octets)
        return reply

    def helo(self, name: bytes = b"client.test") -> SmtpReply:
        """Send HELO, after which no extension may be used."""
        self.capabilities = {}
        return self.command(b"HELO " + name)

    def mail(self, address: bytes, *params: bytes) -> SmtpReply:
        """Send MAIL FROM with the address in angle brackets."""
        return self.command(b" ".join((b"MAIL FROM:<%s>" % address, *params)))

    def rcpt(self, address: bytes, *params: bytes) -> SmtpReply:
        """Send RCPT TO with the address in angle brackets."""
        return self.command(b" ".join((b"RCPT TO:<%s>" % address, *params)))

    def data(self, message: bytes) -> SmtpReply:
        """Send DATA and the message, dot-stuffed, and return the final reply.

        Raises:
            Blocked: DATA did not get 354.
        """
        self.command(b"DATA").require(354)
        return self.content(message)

    def content(self, message: bytes) -> SmtpReply:
        """Send the message, dot-stuffed and ended, to a server that said 354, and return the final reply."""
        super().send(dot_stuffed(message))
        return self.reply()

    def deliver(self, sender: bytes, recipients: bytes | Sequence[bytes], message: bytes) -> SmtpReply:
        """Run one whole transaction and return its last reply.

        Raises:
            Blocked: the target refused any step.
        """
        self.mail(sender).require(SUCCESS)
        for recipient in [recipients] if isinstance(recipients, bytes) else recipients:
            self.rcpt(recipient).require(SUCCESS)
        return self.data(message).require(SUCCESS)

    def start_tls(self) -> None:
        """Send STARTTLS and establish TLS; EHLO is to be sent again (RFC 3207 section 4.2).

        Raises:
            Blocked: the target refuses, or the handshake fails.
        """
        self.command(b"STARTTLS").require(220)
        self.handshake()

    def auth_plain(self, login: Login) -> SmtpReply:
        """Send AUTH PLAIN with an initial response (RFC 4954, RFC 4616)."""
        self.recorder.transcript.secrets.add(login.secret)
        blob = base64.b64encode(b"\0%s\0%s" % (login.login, login.secret))
        return self.command(b"AUTH PLAIN " + blob)

    def authenticate(
        self,
        mechanism: Mechanism,
        login: Login,
        *,
        initial: bool = True,
        look: Callable[[SmtpReply], None] = lambda _challenge: None,
    ) -> Exchange:
        """Run an AUTH exchange to its end (RFC 4954 section 4).

        Args:
            mechanism: which one, offered or not.
            login: as whom.
            initial: whether a mechanism in which the client begins has its first response with the command.
            look: called with each reply of 334 before it is answered, and may judge it.

        Raises:
            Blocked: a challenge is none that the mechanism has; the exchange is cancelled then.
        """
        self.recorder.transcript.secrets.add(login.secret)
        responder = mechanism.responder(login)
        line = b"AUTH " + mechanism.name
        if initial and mechanism.client_first:
            line += b" " + (encoded(responder.respond(b"")) or b"=")
        reply = self.command(line)
        while reply.failure is None and reply.octets.startswith(b"334"):
            look(reply)
            try:
                response = responder.respond(_challenge_of(reply))
            except SaslError as error:
                self.command(b"*").judged = True
                raise Blocked(str(error)) from error
            reply = self.command(encoded(response))
        return Exchange(reply, responder)

    def quit(self) -> SmtpReply:
        """Send QUIT and read its reply."""
        return self.command(b"QUIT")

    def leave(self) -> None:
        """Quit and close without judging anything, as fixtures do."""
        if self.stream.ended is None:
            self.quit().judged = True
        self.close()

    def _read(self, seconds: float | None = None) -> SmtpReply:
        deadline = self.recorder.until(seconds)
        reply = read_reply(self.stream, self._asked, deadline, self._to, utf8=self._utf8)
        # Further replies belong to commands that were pipelined behind.
        self._to = Answered.OTHER
        return self.recorder.track(reply)

    def _forget_capabilities(self) -> None:
        self.capabilities = {}


def _challenge_of(reply: SmtpReply) -> bytes:
    challenge = decoded(reply.text)
    if challenge is None:
        msg = f"the challenge is not base64: {reply.text!r}"
        raise SaslError(msg)
    return challenge


def dot_stuffed(message: bytes) -> bytes:
    """Return the message as DATA carries it, with the final dot line (RFC 5321 section 4.5.2)."""
    ended = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    # Lines end with CRLF only.
    return (b"." if ended.startswith(b".") else b"") + ended.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _capabilities(octets: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in octets.splitlines()[1:]:
        keyword, _, params = line[4:].strip().partition(b" ")
        if keyword:
            found[keyword.upper()] = params
    return found
