"""The IMAP4rev1 session (RFC 3501): greeting, commands one after another, and what is new between them.

A mutant or a variant subclasses `ImapSession`: it replaces a row of `commands`
or `legal`, the list of `extensions`, or one of the small methods below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from refmail.imap.commands.base import Command
from refmail.imap.commands.table import COMMANDS
from refmail.imap.extensions.base import Extension, joined
from refmail.imap.extensions.table import EXTENSIONS
from refmail.imap.reading import Hopeless, Request, read_request
from refmail.imap.states import AUTHENTICATED_OR_SELECTED, LEGAL, State
from refmail.imap.status import Refused, Status, no, ok
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
        #: The user's name once logged in.
        self.user = ""
        self.view_or_none: View | None = None
        self.idle_timeout = services.policy.imap_idle
        self._stop_watching: Callable[[], None] | None = None

    # What the session is made of.

    def session(self) -> Steps[None]:
        try:
            self.greet()
            while self.state is not State.LOGOUT:
                request = yield from read_request(self)
                if request is not None:
                    yield from self.handle(request)
        except Expired:
            self.send(b"* BYE Autologout: idle for too long\r\n")
        except Stopping:
            self.send(b"* BYE The server shuts down\r\n")
        except Hopeless:
            return

    def greet(self) -> None:
        """Send the greeting (RFC 3501 section 7.1.1)."""
        text = self.services.hostname.encode("ascii", "replace") + b" is ready"
        self.send(ok(text, self.capability_code()).to_wire(b"*"))

    def handle(self, request: Request) -> Steps[None]:
        """Run one command and conclude it with its tagged response."""
        command = request.command
        try:
            if command.looks_first:
                yield from self.report(may_expunge=False, with_uid=command.by_uid)
            status = yield from command.run(self)
        except Refused as refused:
            status = refused.status
        except StoreFull:
            status = no(b"There is no room for that", b"OVERQUOTA")
        except StoreError:
            status = no(b"The mail store could not do that")
        yield from self.report(may_expunge=command.may_expunge, with_uid=command.by_uid)
        self.conclude(request, status)
        if status.condition == b"OK":
            yield from command.afterwards(self)

    def conclude(self, request: Request, status: Status) -> None:
        """Send the tagged response."""
        self.send(status.to_wire(request.tag))

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
            return
        for line in view.report(may_expunge=may_expunge, with_uid=with_uid):
            self.send(line)

    def on_disconnect(self) -> None:
        self.stop_watching()

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
            for name, known in usable_mechanisms(self.services.users).items()
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
        return [*listed, *(known.capability for known in self.extensions if self.state in known.offered)]

    def capability_code(self) -> bytes:
        """Return the CAPABILITY response code (RFC 3501 section 7.1)."""
        return b"CAPABILITY " + b" ".join(self.capabilities())

    # What commands use.

    @property
    def view(self) -> View:
        """The selected mailbox; the table of states lets commands ask only where there is one."""
        assert self.view_or_none is not None
        return self.view_or_none

    def authenticated_as(self, user: str, text: bytes) -> Status:
        """Enter the authenticated state, and return the success that says so."""
        self.user = user
        self.state = State.AUTHENTICATED
        return ok(text, self.capability_code())

    def select(self, view: View) -> None:
        """Enter the selected state."""
        self.view_or_none = view
        self.state = State.SELECTED

    def deselect(self) -> None:
        """Leave the selected state, if in it, without an expunge."""
        if self.state in AUTHENTICATED_OR_SELECTED:
            self.view_or_none = None
            self.state = State.AUTHENTICATED

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
