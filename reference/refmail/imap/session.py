"""The IMAP4rev1 session (RFC 3501): greeting, commands one after another, and what is new between them.

A mutant or a variant subclasses `ImapSession`: it replaces a row of `commands`
or `legal`, the list of `extensions`, or one of the small methods below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from refmail.imap.clauses import GREETING, requirement_of
from refmail.imap.commands.base import Command
from refmail.imap.commands.table import COMMANDS
from refmail.imap.extensions.base import Extension, joined
from refmail.imap.extensions.table import EXTENSIONS
from refmail.imap.reading import Hopeless, Request, read_request
from refmail.imap.rev2 import REV2
from refmail.imap.revision import REV1, Revision
from refmail.imap.states import AUTHENTICATED_OR_SELECTED, LEGAL, State
from refmail.imap.status import Refused, Status, bad, no, ok
from refmail.imap.view import View, gather
from refmail.machine import Expired, Machine, Steps, Stopping
from refmail.sasl import Mechanism, usable_mechanisms
from refmail.services import Peer, Services
from refmail.store.api import NoSuchMailbox, StoreError, StoreFull

__all__ = ["ImapSession"]

_ALL_COMMANDS, _ALL_LEGAL = joined(COMMANDS, LEGAL, EXTENSIONS)


class ImapSession(Machine):
    """One connection of an IMAP client.

    Args:
        services: the world.
        peer: the connection.
    """

    #: Command name -> type, the extensions' included.
    commands: ClassVar[Mapping[bytes, type[Command]]] = _ALL_COMMANDS
    #: Command name -> the states in which it is legal.
    legal: ClassVar[Mapping[bytes, frozenset[State]]] = _ALL_LEGAL
    #: What CAPABILITY lists beside the base protocol.
    extensions: ClassVar[Sequence[Extension]] = EXTENSIONS

    #: What keeps the session's idea of the selected mailbox.
    view_type: ClassVar[type[View]] = View

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__()
        self.services = services
        self.peer = peer
        self.state = State.NOT_AUTHENTICATED
        #: The tag of the command in hand.
        self.tag = b""
        #: The user's name once logged in.
        self.user = ""
        self.view_or_none: View | None = None
        #: What the client has shown that it understands, such as CONDSTORE (RFC 5161, RFC 7162 section 3.1).
        self.enabled: set[bytes] = set()
        self.idle_timeout = services.policy.imap_idle
        #: The command that is read or answered, where it is known; for the journal.
        self.command_name = b""
        self._stop_watching: Callable[[], None] | None = None
        self._commands = self._failed_logins = 0
        self._is_counted = False

    # What the session is made of.

    def session(self) -> Steps[None]:
        try:
            self.greet()
            while self.state is not State.LOGOUT and self._has_patience():
                request = yield from read_request(self)
                if request is not None:
                    yield from self.handle(request)
        except Expired:
            self.send(b"* BYE Autologout: idle for too long\r\n")
        except Stopping:
            self.send(b"* BYE The server shuts down\r\n")
        except Hopeless:
            return

    def _has_patience(self) -> bool:
        """Count a command; after too many of them, or too many failed logins, say goodbye and return False."""
        self._commands += 1
        policy = self.services.policy
        if self._failed_logins < policy.failed_logins and self._commands <= policy.commands:
            return True
        self.send(b"* BYE That is enough for one session\r\n")
        return False

    def greet(self) -> None:
        """Send the greeting (RFC 3501 section 7.1.1)."""
        text = self.services.hostname.encode("ascii", "replace") + b" is ready"
        self.answer(b"*", ok(text, self.capability_code()), GREETING)

    def handle(self, request: Request) -> Steps[None]:
        """Run one command and conclude it with its tagged response."""
        command = request.command
        self.tag = request.tag
        try:
            yield from command.before(self)
            if command.looks_first:
                yield from self.report(may_expunge=False, with_uid=command.by_uid)
            status = yield from command.run(self)
        except Refused as refused:
            status = refused.status
        except StoreFull:
            status = no(b"There is no room for that", b"OVERQUOTA")
        except StoreError:
            status = no(b"The mail store could not do that")
        yield from self.report(may_expunge=command.lets_expunge(), with_uid=command.by_uid)
        self.conclude(request, status)
        if status.condition == b"OK":
            yield from command.afterwards(self)

    def conclude(self, request: Request, status: Status) -> None:
        """Send the tagged response."""
        self.answer(request.tag, status, requirement_of(self.command_name, status.condition, status.code))

    def answer(self, tag: bytes, status: Status, requirement: str) -> None:
        """Send a status response, and tell the journal which requirement decided it."""
        self.send(status.to_wire(tag))
        journal = self.services.journal
        if journal.has_listeners:
            journal.reply(
                "imap",
                f"{self.peer.address}:{self.peer.port}",
                command=self.command_name.decode("ascii"),
                reply=status.to_wire(b"").strip().decode("utf-8", "replace"),
                requirement=requirement,
            )

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Steps[None]:
        """Tell what is new in the selected mailbox; where it is gone, that its messages are."""
        view = self.view_or_none
        if view is None:
            return
        try:
            news = yield from self.call(gather, view)
            view.absorb(news)
        except NoSuchMailbox:
            view.lose()
        except StoreError:
            # What is known is told; what is not known yet has not been shown either.
            pass
        for line in view.report(may_expunge=may_expunge, with_uid=with_uid):
            self.send(line)

    def on_disconnect(self) -> None:
        self.stop_watching()
        if self._is_counted:
            self._is_counted = False
            self.services.sessions.leave(self.user)

    # What is offered.

    @property
    def is_secure(self) -> bool:
        """Whether TLS protects the connection."""
        return self.peer.tls or self.tls is not None

    @property
    def allows_passwords(self) -> bool:
        """Whether a password may cross the connection as it is (RFC 3501 section 6.2.3)."""
        return self.is_secure or self.services.policy.plaintext_login

    def mechanisms(self) -> Mapping[bytes, Mechanism]:
        """Return the SASL mechanisms on offer, by name."""
        return {
            name: known
            for name, known in usable_mechanisms(self.services.users, self.tls).items()
            if self.allows_passwords or not known.plaintext
        }

    def capabilities(self) -> Sequence[bytes]:
        """Return what CAPABILITY lists in the present state (RFC 3501 section 7.2.1)."""
        listed = [b"IMAP4rev1"]
        if self.state is State.NOT_AUTHENTICATED:
            if self.services.tls_available and not self.is_secure:
                listed.append(b"STARTTLS")
            if not self.allows_passwords:
                listed.append(b"LOGINDISABLED")
            listed += [b"AUTH=" + name for name in self.mechanisms()]
        policy = self.services.policy
        offered = [known for known in self.extensions if self.state in known.offered and known.offered_by(policy)]
        return [*listed, *(known.capability for known in offered)]

    def capability_code(self) -> bytes:
        """Return the CAPABILITY response code (RFC 3501 section 7.1)."""
        return b"CAPABILITY " + b" ".join(self.capabilities())

    def offers(self, capability: bytes) -> bool:
        """Whether an extension is among those that CAPABILITY lists."""
        policy = self.services.policy
        return any(known.capability == capability and known.offered_by(policy) for known in self.extensions)

    # What commands use.

    @property
    def revision(self) -> Revision:
        """The revision of the protocol that is spoken."""
        return REV2 if b"IMAP4REV2" in self.enabled else REV1

    @property
    def view(self) -> View:
        """The selected mailbox; the table of states lets commands ask only where there is one."""
        assert self.view_or_none is not None
        return self.view_or_none

    def authenticated_as(self, user: str, text: bytes) -> Status:
        """Enter the authenticated state, and return the success that says so.

        Raises:
            Refused: too many sessions of the user are open (RFC 5530 section 3).
        """
        if not self.services.sessions.enter(user, self.services.policy.sessions_per_user):
            self.services.journal.note("imap.sessions", user=user, peer=self.peer.address)
            raise Refused(no(b"Too many sessions of that user are open", b"LIMIT"))
        self._is_counted = True
        self.user = user
        self.state = State.AUTHENTICATED
        return ok(text, self.capability_code())

    def note_failed_login(self) -> None:
        """Count a login that failed: after too many of them the session ends."""
        self._failed_logins += 1

    def select(self, view: View) -> None:
        """Enter the selected state."""
        view.enabled = self.enabled
        self.view_or_none = view
        self.state = State.SELECTED

    def deselect(self) -> None:
        """Leave the selected state, if in it, without an expunge."""
        if self.state in AUTHENTICATED_OR_SELECTED:
            self.view_or_none = None
            self.state = State.AUTHENTICATED

    def make_aware(self) -> None:
        """Tell mod-sequences from here on: the client gave a CONDSTORE enabling command (RFC 7162 section 3.1).

        Raises:
            Refused: CONDSTORE is not offered.
        """
        if not self.offers(b"CONDSTORE"):
            raise Refused(bad(b"There are no mod-sequences here"))
        if b"CONDSTORE" in self.enabled:
            return
        self.enabled.add(b"CONDSTORE")
        if self.view_or_none is not None:
            self.send(ok(b"Mod-sequences are told from here on", self.view_or_none.highest_code()).to_wire(b"*"))

    def start_watching(self) -> Steps[None]:
        """Have the transport wake the session whenever the user's mail changes."""
        yield from self.call(self._watch)

    def _watch(self) -> None:
        # The connection may be lost meanwhile: nothing is left behind then.
        self._stop_watching = self.services.store.watch(self.user, self.nudge)
        if self.finished:
            self.stop_watching()

    def stop_watching(self) -> None:
        """Undo `start_watching`."""
        if self._stop_watching is not None:
            self._stop_watching()
            self._stop_watching = None
