"""What all POP3 commands share: the session's memory, the loop, and how errors become replies."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar

from refmail.machine import Disconnected, Expired, LineTooLong, Machine, Step, Steps, Stopping
from refmail.pop3 import clauses
from refmail.pop3.lease import Lease
from refmail.pop3.maildrop import Maildrop
from refmail.pop3.replies import Refusal, err, ok
from refmail.pop3.states import LEGAL, State
from refmail.services import Peer, Services
from refmail.store.api import InvalidName, MaildropBusy, NoSuchMailbox, StoreError

__all__ = ["Answer", "SessionBase"]

#: What a command returns: the octets of its reply, or steps that lead to them; b"" where it has sent its own.
Answer = bytes | Generator[Step, Any, bytes]


class SessionBase(Machine):
    """The session without its commands; each decision is one method or one entry of a table."""

    #: Legal keywords by state.
    legal: ClassVar[Mapping[State, frozenset[bytes]]] = LEGAL
    #: Name of the method that answers a keyword.
    commands: ClassVar[Mapping[bytes, str]] = {}

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__()
        self.services = services
        self.peer = peer
        self.policy = services.policy
        # The session ends in silence when it expires, and outside UPDATE (RFC 1939 section 3).
        self.idle_timeout = services.policy.pop3_idle
        self.state = State.AUTHORIZATION
        #: The argument of USER.
        self.name = b""
        self.user: str | None = None
        self.lease = Lease(services.store, services.policy.pop3_expire, services.now)
        #: What APOP digests are made over; empty where the greeting had none.
        self.timestamp = b""
        #: Whether the client has asked for UTF-8 (RFC 6856 section 2.1).
        self.utf8 = False
        self._maildrop: Maildrop | None = None
        self.closing = False
        self._commands = self._failed_logins = 0
        #: The command that is answered, and which requirement decides its reply; for the journal.
        self.keyword = b""
        self.because = clauses.GREETING

    @property
    def secure(self) -> bool:
        """Whether TLS is on, from the start or by STLS."""
        return self.peer.tls or self.tls is not None

    @property
    def maildrop(self) -> Maildrop:
        """The open maildrop; only in TRANSACTION."""
        assert self._maildrop is not None
        return self._maildrop

    # The loop.

    def session(self) -> Steps[None]:
        greeting = self.greeting()
        self.send(greeting)
        self.note_reply(greeting)
        while not self.closing:
            self._commands += 1
            if self._commands > self.policy.commands:
                self.keyword, self.because = b"", ""
                self.reply(err("that were commands enough"))
                return
            try:
                line = yield from self.read_line(self.policy.pop3_line)
            except LineTooLong:
                self.keyword, self.because = b"", clauses.TOO_LONG
                self.reply(err("the command line is too long"))
                continue
            self.reply((yield from self.answer(line[:-2])))

    def greeting(self) -> bytes:
        """Return the first line (RFC 1939 section 4)."""
        return ok(f"{self.services.hostname} POP3 server ready")

    def reply(self, octets: bytes) -> None:
        """Send a reply."""
        if octets.startswith(b"-"):
            self.services.journal.note("pop3.refused", peer=self.peer.address, text=octets[:-2].decode("latin-1"))
        self.send(octets)
        self.note_reply(octets)

    def note_reply(self, octets: bytes) -> None:
        """Tell the journal what was said and which requirement decided it."""
        journal = self.services.journal
        if octets and journal.has_listeners:
            if octets.startswith(b"+OK") and self.keyword:
                self.because = clauses.DONE.get(self.keyword, "")
            journal.reply(
                "pop3",
                f"{self.peer.address}:{self.peer.port}",
                command=self.keyword.decode("ascii"),
                reply=octets.partition(b"\r\n")[0].decode("latin-1"),
                requirement=self.because,
            )

    def answer(self, line: bytes) -> Steps[bytes]:
        """Carry out one command line (without its CRLF); whatever goes wrong in it becomes a reply."""
        self.keyword, self.because = b"", ""
        try:
            return (yield from self.perform(line))
        except Refusal as refusal:
            by_command = clauses.CODES.get(refusal.code) or clauses.REFUSED.get(self.keyword, "")
            self.because = refusal.because or by_command
            return refusal.reply
        except (Disconnected, Expired, Stopping):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever fails here is temporary for the client
            self.services.journal.fault("pop3.fault", fault, peer=self.peer.address)
            return err("the server failed, try again later", "SYS/TEMP")

    def perform(self, line: bytes) -> Steps[bytes]:
        """Find the command and run it.

        Raises:
            Refusal: it is unknown, malformed, or not legal now.
        """
        keyword, argument = self.split(line)
        name = self.commands.get(keyword)
        if name is None:
            text = "command not recognized"
            raise Refusal(text, because=clauses.UNKNOWN)
        self.keyword = keyword
        if keyword not in self.legal[self.state]:
            text = f"{keyword.decode('ascii')} is not legal in the {self.state.value} state"
            raise Refusal(text, because=clauses.WRONG_STATE.get(keyword, clauses.WRONG_STATE[b""]))
        handler: Callable[[bytes | None], Answer] = getattr(self, name)
        outcome = handler(argument)
        return outcome if isinstance(outcome, bytes) else (yield from outcome)

    def split(self, line: bytes) -> tuple[bytes, bytes | None]:
        """Return the keyword in upper case, and what follows the first space or None."""
        keyword, space, argument = line.partition(b" ")
        return keyword.upper(), argument if space else None

    # Logging in and ending.

    def log_in(self, user: str | None) -> Steps[bytes]:
        """Open the maildrop of an authenticated user and return the reply.

        Raises:
            Refusal: nobody was authenticated, or the maildrop cannot be had.
        """
        if user is None:
            self._failed_logins += 1
            self.closing = self._failed_logins >= self.policy.failed_logins
            text = "name or password is wrong"
            raise Refusal(text, "AUTH")
        self.check_delay(user)
        try:
            self._maildrop = yield from self.call(self.lease.acquire, user)
        except MaildropBusy as error:
            text = "another session has the maildrop open"
            raise Refusal(text, "IN-USE") from error
        except (InvalidName, NoSuchMailbox) as error:
            self.services.journal.fault("pop3.fault", error, peer=self.peer.address)
            text = "there is no maildrop, and waiting will not help"
            raise Refusal(text, "SYS/PERM") from error
        except StoreError as error:
            self.services.journal.fault("pop3.fault", error, peer=self.peer.address)
            text = "the maildrop cannot be opened now"
            raise Refusal(text, "SYS/TEMP") from error
        self.user = user
        self.state = State.TRANSACTION
        if self.policy.pop3_login_delay:
            self.services.pop3_logins[user] = self.services.clock()
        self.services.journal.note("pop3.login", user=user, peer=self.peer.address)
        return ok(f"maildrop has {len(self.maildrop.items)} messages ({self.maildrop.octets} octets)")

    def check_delay(self, user: str) -> None:
        """Make a user wait between logins (RFC 2449 section 6.5); one that was refused starts no new wait.

        Raises:
            Refusal: the last login is too recent.
        """
        last = self.services.pop3_logins.get(user)
        if last is not None and self.services.clock() - last < self.policy.pop3_login_delay:
            text = f"at least {self.policy.pop3_login_delay} seconds between logins, please"
            raise Refusal(text, "LOGIN-DELAY")

    def on_disconnect(self) -> None:
        self.lease.end()
