"""What all SMTP commands share: the session's memory, the dispatch loop, and how errors become replies."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar

import msgspec

from refmail.machine import Disconnected, Expired, LineTooLong, Machine, Step, Steps, Stopping
from refmail.message.envelope import Recipient, ReversePath
from refmail.sasl import Mechanism, external_for, usable_mechanisms
from refmail.services import Peer, Services
from refmail.smtp.capabilities import capabilities, offered_mechanisms
from refmail.smtp.clauses import requirement_of
from refmail.smtp.replies import Rejection, Reply
from refmail.smtp.states import LEGAL, State
from refmail.store.api import OverQuota, StoreError, StoreFull

__all__ = ["Answer", "SessionBase", "Transaction"]

#: What a command returns: a reply, None where it has sent its own, or steps that lead to one of them.
Answer = Reply | None | Generator[Step, Any, Reply | None]

_SUBMISSION = frozenset({"submission", "submissions"})
_LINE_BREAK = re.compile(rb"[\r\n]")
_NOT_PRINTABLE = re.compile(rb"[^\x20-\x7e]")


class Transaction(msgspec.Struct):
    """The buffers of RFC 5321 section 4.1.1."""

    reverse_path: ReversePath = None
    parameters: dict[bytes, bytes | None] = {}
    recipients: list[Recipient] = []
    #: What BDAT has brought so far, and whether one of them was refused.
    content: bytearray = bytearray()
    failed: bool = False


class SessionBase(Machine):
    """The session without its commands; each decision is one method, so that it can be changed alone."""

    #: Legal verbs by state.
    legal: ClassVar[Mapping[State, frozenset[bytes]]] = LEGAL
    #: The verb that begins a session.
    hello: ClassVar[str] = "EHLO"
    #: Name of the method that answers a verb.
    verbs: ClassVar[Mapping[bytes, str]] = {}
    #: Verbs that RFCs define and this server does not implement: 502 (RFC 5321 section 4.2.4).
    unimplemented: ClassVar[frozenset[bytes]] = frozenset({b"SEND", b"SOML", b"SAML", b"TURN", b"ETRN", b"ATRN"})

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__()
        self.services = services
        self.peer = peer
        self.policy = services.policy
        #: Whether this is the service for users' own mail (RFC 6409) rather than for other servers.
        self.is_submission = peer.listener in _SUBMISSION
        self.idle_timeout = services.policy.smtp_idle
        self.state = State.START
        self.transaction = Transaction()
        #: The argument of EHLO or HELO.
        self.client_name = b""
        #: Whether the client said EHLO, so that extensions may be used.
        self.extended = False
        #: Who has logged in.
        self.user: str | None = None
        self.closing = False
        #: The verb that is answered; for the journal.
        self.verb = "greeting"

    # What is known.

    @property
    def secure(self) -> bool:
        """Whether TLS is on, from the start or by STARTTLS."""
        return self.peer.tls or self.tls is not None

    @property
    def takes_plaintext(self) -> bool:
        """Whether passwords may be sent as they are: inside TLS, or where the policy does not mind."""
        allowed = self.policy.plaintext_login and (self.policy.submission_plaintext_login or not self.is_submission)
        return self.secure or allowed

    @functools.cached_property
    def mechanisms(self) -> Mapping[bytes, Mechanism]:
        """The mechanisms that every user can use."""
        return usable_mechanisms(self.services.users)

    @property
    def all_mechanisms(self) -> Mapping[bytes, Mechanism]:
        """The mechanisms of this connection: a client certificate brings one (RFC 4422 appendix A)."""
        external = external_for(self.services.users, self.tls)
        return self.mechanisms if external is None else {external.name: external, **self.mechanisms}

    def offers(self) -> dict[bytes, bytes]:
        """Return the extensions offered at this moment."""
        mechanisms = offered_mechanisms(
            self.all_mechanisms, plaintext=self.takes_plaintext, logged_in=self.user is not None
        )
        tls_possible = self.services.tls_available and not self.secure
        return capabilities(self.policy, mechanisms=mechanisms, tls_possible=tls_possible)

    def knows(self, extension: bytes) -> bool:
        """Say whether the extension's parameters are understood; AUTH's are after login too (RFC 4954 section 5)."""
        return extension in self.offers() or (extension == b"AUTH" and self.user is not None)

    def check_parameters(
        self, parameters: Mapping[bytes, bytes | None], known: Mapping[bytes, tuple[bytes, str]]
    ) -> None:
        """Check each parameter by the method that the table names for it, where its extension is offered.

        Raises:
            Rejection: 555 for one that is not ours, or as the method says.
        """
        for keyword, value in parameters.items():
            extension, method = known.get(keyword, (b"", ""))
            if not self.extended or not self.knows(extension):
                raise Rejection(555, "5.5.4", "A parameter is not recognized")
            getattr(self, method)(value)

    # What changes it.

    def reset(self) -> None:
        """Abort the transaction (RFC 5321 section 4.1.1.5)."""
        self.transaction = Transaction()
        if self.state is not State.START:
            self.state = State.READY

    def forget(self) -> None:
        """Drop all that was learned in the clear (RFC 3207 section 4.2)."""
        self.state = State.START
        self.transaction = Transaction()
        self.client_name = b""
        self.extended = False
        self.user = None

    # The loop.

    def session(self) -> Steps[None]:
        self.reply(self.greeting())
        try:
            while not self.closing:
                yield from self.exchange()
        except Expired:
            self.reply(self.farewell("Nothing was heard for too long"))
        except Stopping:
            self.reply(self.farewell("The server shuts down"))

    def greeting(self) -> Reply:
        """Return the first words (RFC 5321 section 4.2, Greeting)."""
        return Reply.of(220, "", f"{self.services.hostname} ESMTP refmail is ready")

    def farewell(self, why: str) -> Reply:
        """Return what is said before the server closes of its own accord (RFC 5321 section 3.8)."""
        return Reply.of(421, "4.4.2", f"{self.services.hostname} {why}")

    def exchange(self) -> Steps[None]:
        """Read one command and answer it."""
        self.verb = ""
        try:
            line = yield from self.read_line(self.policy.smtp_line)
        except LineTooLong:
            self.reply(Reply.of(500, "5.5.6", "The command line is too long"))
            return
        reply = yield from self.answer(line[:-2])
        if reply is not None:
            self.reply(reply)

    def reply(self, reply: Reply) -> None:
        """Send a reply."""
        if reply.code >= 400:
            self.services.journal.note(
                "smtp.refused", peer=self.peer.address, code=reply.code, text=b" ".join(reply.lines).decode()
            )
        self.send(reply.to_wire())
        if self.services.journal.has_listeners:
            self.note_reply(reply)

    def note_reply(self, reply: Reply) -> None:
        """Tell the journal what was said and which requirement decided it."""
        self.services.journal.reply(
            "smtp",
            f"{self.peer.address}:{self.peer.port}",
            command="" if self.verb == "greeting" else self.verb,
            reply=f"{reply.code} {reply.enhanced} {reply.lines[0].decode('utf-8', 'replace')}".replace("  ", " "),
            requirement=requirement_of(self.verb, reply.code, reply.enhanced),
        )

    def answer(self, line: bytes) -> Steps[Reply | None]:
        """Carry out one command line (without its CRLF); whatever goes wrong in it becomes a reply."""
        try:
            return (yield from self.perform(line))
        except Rejection as rejection:
            return rejection.reply
        except (Disconnected, Expired, Stopping):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever fails here is temporary for the client
            return self.fault(fault)

    def perform(self, line: bytes) -> Steps[Reply | None]:
        """Find the command and run it.

        Raises:
            Rejection: it is unknown, malformed, or not legal now.
        """
        verb, argument = self.split(line)
        name = self.verbs.get(verb)
        if name is None:
            return self.unknown(verb)
        self.verb = verb.decode("ascii")
        self.check_octets(verb, argument)
        if verb not in self.legal[self.state]:
            return self.out_of_order(verb)
        handler: Callable[[bytes], Answer] = getattr(self, name)
        outcome = handler(argument)
        if outcome is None or isinstance(outcome, Reply):
            return outcome
        return (yield from outcome)

    def split(self, line: bytes) -> tuple[bytes, bytes]:
        """Return the verb in upper case and the argument; white space at the end is tolerated (section 4.1.1).

        Raises:
            Rejection: 500 for a line that holds a bare CR or a bare LF.
        """
        if _LINE_BREAK.search(line) is not None:
            raise Rejection(500, "5.5.2", "Lines end in CRLF, and CR and LF are found nowhere else")
        verb, _, argument = line.rstrip(b" \t").partition(b" ")
        return verb.upper(), argument

    def check_octets(self, verb: bytes, argument: bytes) -> None:
        """Refuse what no command may hold; extensions allow more to some verbs (RFC 5321 section 4.1.2).

        Raises:
            Rejection: 501.
        """
        if _NOT_PRINTABLE.search(argument) is not None:
            # RFC 2034 section 4: no reply to EHLO or HELO has an enhanced code.
            enhanced = "" if verb in {b"EHLO", b"HELO", b"LHLO"} else "5.5.2"
            raise Rejection(501, enhanced, "Only printable ASCII may stand in a command")

    # Replies that any command may get.

    def unknown(self, verb: bytes) -> Reply:
        """Answer a verb that is not ours (RFC 5321 section 4.2.4)."""
        if verb in self.unimplemented:
            return Reply.of(502, "5.5.1", "Command not implemented")
        return Reply.of(500, "5.5.1", "Command not recognized")

    def out_of_order(self, verb: bytes) -> Reply:
        """Answer a verb that is not legal in this state (RFC 5321 section 4.1.4)."""
        if self.state is State.START:
            return Reply.of(503, "5.5.1", f"{self.hello} comes first")
        if verb == b"MAIL":
            return Reply.of(503, "5.5.1", "A transaction is already open")
        if verb in {b"DATA", b"BDAT"} and self.state is State.MAIL:
            return Reply.of(503, "5.5.1", "RCPT comes first, and one must succeed")
        return Reply.of(503, "5.5.1", "Bad sequence of commands")

    def fault(self, fault: Exception) -> Reply:
        """Turn an internal fault into a temporary failure and abort the transaction (RFC 5321 section 4.2.4)."""
        self.services.journal.fault("smtp.fault", fault, peer=self.peer.address)
        self.reset()
        if isinstance(fault, OverQuota):
            return Reply.of(452, "4.2.2", "The mailbox is full")
        if isinstance(fault, StoreFull):
            return Reply.of(452, "4.3.1", "There is no room for the message")
        if isinstance(fault, StoreError):
            return Reply.of(451, "4.3.0", "The mail store is not available")
        return Reply.of(451, "4.3.0", "An internal error; the transaction is aborted")

    def no_argument(self, argument: bytes) -> None:
        """Refuse an argument where none is allowed (RFC 5321 section 4.3.2).

        Raises:
            Rejection: 501.
        """
        if argument:
            raise Rejection(501, "5.5.4", "This command takes no argument")
