r"""A blocking, recorded IMAP client (RFC 3501).

recorder = Recorder(deadline=5)
imap = ImapClient.connect(Endpoint("127.0.0.1", 1143), recorder)
imap.greeting().require("OK", "PREAUTH")
imap.login(Login(b"user@target.test", b"user", b"secret"))
imap.append(b"INBOX", b"Subject: x\r\n\r\nbody\r\n", flags=(rb"\Seen",)).require("OK")
selected = imap.select(b"INBOX")
message = imap.fetch(b"%d" % selected.exists, b"(UID FLAGS BODY[])").expect("OK").fetched[selected.exists]
assert message.content(b"BODY[]") is not None and message.uid is not None
imap.command(b"STORE 1 +FLAGS (", Literal(b"oops"), b")").expect("BAD")
imap.logout().expect("OK")
imap.expect_closed()
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mailspec.verdict import Blocked
from mailspec.wire.client import Client
from mailspec.wire.deadline import Deadline
from mailspec.wire.endpoint import Login
from mailspec.wire.failure import Failure, TooLong, Unparsable
from mailspec.wire.grammar.imap import Dialect
from mailspec.wire.grammar.imap.values import (
    Capability,
    Continuation,
    Enabled,
    Exists,
    Flags,
    Recent,
    Response,
    ResponseCode,
    StatusResponse,
    Tagged,
    Unparsed,
    Untagged,
)
from mailspec.wire.imap_reader import Received, read_response
from mailspec.wire.imap_reply import ImapReply
from mailspec.wire.recorder import Recorder
from mailspec.wire.reply import CLOSED
from mailspec.wire.stream import Stream

__all__ = ["CLOSED", "ImapClient", "ImapReply", "Literal", "Selected", "quoted"]

#: Octets and responses that may come before a command ends.
REPLY_OCTETS, REPLY_RESPONSES = 64 * 1024 * 1024, 50_000

# What a quoted string can hold (RFC 3501 section 9: TEXT-CHAR).
QUOTABLE = re.compile(rb"[^\x00\r\n\x80-\xff]*\Z")

R = TypeVar("R", bound=Response)


@dataclass(frozen=True, slots=True)
class Literal:
    """Octets to be sent as a literal.

    Args:
        octets: its content.
        sync: whether to wait for "+" first; False sends a LITERAL+ literal (RFC 7888).
    """

    octets: bytes
    sync: bool = True


@dataclass(frozen=True, slots=True)
class Selected:
    """What SELECT or EXAMINE said about a mailbox; None for what it did not say."""

    reply: ImapReply
    exists: int
    recent: int | None
    flags: tuple[bytes, ...] | None
    permanent_flags: tuple[bytes, ...] | None
    uidvalidity: int | None
    uidnext: int | None
    unseen: int | None
    read_only: bool


class ImapClient(Client):
    """One connection to an IMAP service.

    Attributes:
        capabilities: upper-cased, as last announced.
        enabled: upper-cased names of all ENABLED responses.
    """

    def __init__(self, stream: Stream, recorder: Recorder) -> None:
        super().__init__(stream, recorder)
        self.capabilities: frozenset[bytes] = frozenset()
        self.enabled: frozenset[bytes] = frozenset()
        self._asked = b""
        self._tags = 0
        self._commands: dict[bytes, bytes] = {}
        self._done: dict[bytes, Tagged] = {}
        self._failed: Failure | None = None
        self._octets: list[bytes] = []
        self._untagged: list[Untagged] = []
        self._size = 0

    def greeting(self) -> ImapReply:
        """Read the greeting; its status is OK, PREAUTH or BYE."""
        received = self._receive(self.recorder.until(), greeting=True)
        if isinstance(received, Failure):
            return self._reply(b"", received)
        if isinstance(received, StatusResponse):
            return self._reply(b"", None, received)
        failure = Unparsable("the target sent a line that is no greeting", b"", "3501/9/greeting")
        return self._reply(b"", failure)

    def command(self, *pieces: bytes | Literal) -> ImapReply:
        """Send one command, tag and CRLF added, and read until its tagged response.

        Where the target refuses a literal instead of asking for it, its response is returned.
        """
        return self.reply(self.begin(*pieces))

    def begin(self, *pieces: bytes | Literal) -> bytes:
        """Send one command without waiting for its end, and return its tag.

        For pipelining, IDLE and AUTHENTICATE; `.reply(tag)` reads its end.
        """
        self._tags += 1
        tag = b"a%d" % self._tags
        self._commands[tag] = b"".join(piece if isinstance(piece, bytes) else b"{...}" for piece in pieces)
        ready = tag + b" "
        for piece in pieces:
            if isinstance(piece, bytes):
                ready += piece
                continue
            ready += b"{%d%s}\r\n" % (len(piece.octets), b"" if piece.sync else b"+")
            if piece.sync:
                self.send(ready)
                if not self._asked_to_go_on(tag):
                    return tag
                ready = b""
            ready += piece.octets
        self.send(ready + b"\r\n")
        return tag

    def reply(self, tag: bytes, seconds: float | None = None) -> ImapReply:
        """Read until the tagged response of a command, also one that was sent as raw octets.

        Args:
            tag: whose end to wait for.
            seconds: time for all of it, None for the recorder's deadline.
        """
        asked = self._commands.pop(tag, tag)
        deadline = self.recorder.until(seconds)
        while tag not in self._done and self._failed is None:
            received = self._receive(deadline)
            if isinstance(received, Failure):
                self._failed = received
        failure, self._failed = self._failed, None
        if tag in self._done:
            return self._reply(asked, None, self._done.pop(tag))
        return self._reply(asked, failure)

    def continuation(self, seconds: float | None = None) -> ImapReply:
        """Read until the target asks to go on (status "+") or ends a command.

        Args:
            seconds: time for all of it, None for the recorder's deadline.
        """
        deadline = self.recorder.until(seconds)
        while True:
            received = self._receive(deadline)
            if isinstance(received, Failure):
                return self._reply(self._asked, received)
            if isinstance(received, Continuation):
                return self._reply(self._asked, None, received)
            if isinstance(received, Tagged):
                return self._reply(self._asked, None, received)

    def wait_for(self, kind: type[R], seconds: float | None = None) -> R | Failure:
        """Read until a response of that type comes, as while IDLE; the ones before it stay for the next reply.

        Args:
            kind: a type of `mailspec.wire.grammar.imap.values`.
            seconds: time for all of it, None for the recorder's deadline.
        """
        deadline = self.recorder.until(seconds)
        while True:
            received = self._receive(deadline)
            if isinstance(received, Failure | kind):
                return received

    def send(self, octets: bytes) -> None:
        """Send exactly these octets."""
        self._asked = octets
        super().send(octets)

    def login(self, login: Login) -> None:
        """Log in with LOGIN, and learn the capabilities that hold from then on.

        Raises:
            Blocked: the target refuses.
        """
        self.recorder.transcript.secrets.add(login.secret)
        self.capabilities = frozenset()
        self.command(b"LOGIN ", quoted(login.login), b" ", quoted(login.secret)).require("OK")
        if not self.capabilities:
            self.capability()

    def capability(self) -> frozenset[bytes]:
        """Ask for the capabilities and return them, upper-cased.

        Raises:
            Blocked: the target refuses.
        """
        self.command(b"CAPABILITY").require("OK")
        return self.capabilities

    def select(self, name: bytes, command: bytes = b"SELECT") -> Selected:
        """Select a mailbox and return what was said about it.

        Args:
            name: mailbox as it is on the wire (modified UTF-7).
            command: SELECT or EXAMINE.

        Raises:
            Blocked: the target refuses, or does not say how many messages there are.
        """
        reply = self.command(command + b" ", quoted(name)).require("OK")
        exists, recent, flags = reply.all(Exists), reply.all(Recent), reply.all(Flags)
        if not exists:
            msg = f"selecting {name!r} brought no EXISTS response"
            raise Blocked(msg)
        permanent = reply.find_code(b"PERMANENTFLAGS")
        return Selected(
            reply,
            exists[-1].number,
            recent[-1].number if recent else None,
            flags[-1].flags if flags else None,
            permanent.value if permanent and isinstance(permanent.value, tuple) else None,
            _number(reply.find_code(b"UIDVALIDITY")),
            _number(reply.find_code(b"UIDNEXT")),
            _number(reply.find_code(b"UNSEEN")),
            reply.code is not None and reply.code.name == b"READ-ONLY",
        )

    def append(
        self, name: bytes, message: bytes, flags: Sequence[bytes] | None = None, date: bytes | None = None
    ) -> ImapReply:
        """Append a message to a mailbox.

        Args:
            name: mailbox as it is on the wire.
            message: its octets, with CRLF.
            flags: flags to set; None leaves the list out.
            date: date-time without quotes, such as b"17-Jul-1996 02:44:25 -0700".
        """
        options = b"" if flags is None else b"(%s) " % b" ".join(flags)
        options += b"" if date is None else b'"%s" ' % date
        return self.command(b"APPEND ", quoted(name), b" " + options, Literal(message))

    def fetch(self, numbers: bytes, items: bytes, *, uid: bool = False) -> ImapReply:
        """Fetch data items of a sequence set, or of a set of UIDs; see `ImapReply.fetched`."""
        return self.command(b"%sFETCH %s %s" % (b"UID " if uid else b"", numbers, items))

    def search(self, criteria: bytes, *, uid: bool = False) -> ImapReply:
        """Search; see `ImapReply.numbers`."""
        return self.command(b"%sSEARCH %s" % (b"UID " if uid else b"", criteria))

    def store(self, numbers: bytes, item: bytes, flags: Sequence[bytes], *, uid: bool = False) -> ImapReply:
        """Change flags; `item` is FLAGS, +FLAGS, -FLAGS, each also with .SILENT."""
        return self.command(b"%sSTORE %s %s (%s)" % (b"UID " if uid else b"", numbers, item, b" ".join(flags)))

    def start_tls(self) -> None:
        """Send STARTTLS and establish TLS (RFC 3501 section 6.2.1).

        Raises:
            Blocked: the target refuses, or the handshake fails.
        """
        self.command(b"STARTTLS").require("OK")
        self.handshake()

    def logout(self) -> ImapReply:
        """Send LOGOUT and read its tagged response."""
        return self.command(b"LOGOUT")

    def leave(self) -> None:
        """Log out and close without judging anything, as fixtures do."""
        if self.stream.ended is None:
            self.logout().judged = True
        self.close()

    @property
    def _dialect(self) -> Dialect:
        # Who offers both speaks the older one until the newer is enabled (RFC 9051 appendix A).
        only_rev2 = b"IMAP4REV2" in self.capabilities and b"IMAP4REV1" not in self.capabilities
        rev2 = only_rev2 or b"IMAP4REV2" in self.enabled
        return Dialect(rev2=rev2, utf8=bool(self.enabled & {b"UTF8=ACCEPT", b"IMAP4REV2"}))

    def _asked_to_go_on(self, tag: bytes) -> bool:
        """Wait for "+"; False if the command ended or the connection failed instead."""
        deadline = self.recorder.until()
        while tag not in self._done:
            received = self._receive(deadline)
            if isinstance(received, Continuation):
                return True
            if isinstance(received, Failure):
                self._failed = received
                return False
        return False

    def _receive(self, deadline: Deadline, *, greeting: bool = False) -> Response | Failure:
        """Read one response and keep it for the reply that it will belong to."""
        received: Received | Failure = read_response(self.stream, deadline, self._dialect, greeting=greeting)
        if isinstance(received, Failure):
            return received
        self._octets.append(received.octets)
        self._size += len(received.octets)
        if self._size > REPLY_OCTETS or len(self._octets) > REPLY_RESPONSES:
            return self.stream.give_up(TooLong("the responses to one command have no end", received.octets[:512]))
        self._learn(received.value)
        if isinstance(received.value, Unparsed) and not received.octets.startswith(b"*"):
            error = received.value.error
            return Unparsable("the target sent a line that is no response", received.octets[:512], error.requirement_id)
        return received.value

    def _learn(self, value: Response) -> None:
        if isinstance(value, Tagged):
            self._done[value.tag] = value
        elif not isinstance(value, Continuation):
            self._untagged.append(value)
        if isinstance(value, Capability):
            self.capabilities = frozenset(value.names)
        if isinstance(value, Enabled):
            self.enabled |= set(value.names)
        if isinstance(value, Tagged | StatusResponse) and value.code and value.code.name == b"CAPABILITY":
            names = value.code.value
            self.capabilities = frozenset(names if isinstance(names, tuple) else ())

    def _reply(
        self, asked: bytes, failure: Failure | None, end: Tagged | StatusResponse | Continuation | None = None
    ) -> ImapReply:
        octets, untagged = b"".join(self._octets), self._untagged
        self._octets, self._untagged, self._size = [], [], 0
        event = self.stream.event
        if end is None:
            reply = ImapReply(asked, octets, failure, self.recorder.transcript.last, untagged=untagged)
        elif isinstance(end, Continuation):
            reply = ImapReply(asked, octets, None, event, "+", None, end.text, untagged)
        else:
            reply = ImapReply(asked, octets, None, event, end.status, end.code, end.text, untagged)
        return self.recorder.track(reply)

    def _forget_capabilities(self) -> None:
        self.capabilities = frozenset()


def quoted(octets: bytes) -> bytes | Literal:
    """Return octets as a quoted string, or as a literal where they cannot be one."""
    if not QUOTABLE.match(octets):
        return Literal(octets)
    return b'"%s"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _number(code: ResponseCode | None) -> int | None:
    return code.value if code is not None and isinstance(code.value, int) else None
