"""Wrong IMAP servers: greeting, tags, states, login, logout and STARTTLS (RFC 3501 sections 2, 3, 6.1 and 6.2)."""

from __future__ import annotations

import re
from typing import Self

from refmail import mutants
from refmail.imap.commands.expunge import Expunge
from refmail.imap.commands.login import Login
from refmail.imap.commands.logout import Logout
from refmail.imap.commands.noop import Noop
from refmail.imap.commands.starttls import StartTls
from refmail.imap.commands.status import Status as StatusCommand
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.reading import Request
from refmail.imap.session import ImapSession
from refmail.imap.states import ANY, State
from refmail.imap.status import Refused, Status, bad, no, ok
from refmail.machine import Steps
from refmail.mutants.handshakes import CarriesOver
from refmail.mutants.imap_parts import command

#: A command whose name is not all in upper case, up to that name.
_NOT_UPPER = re.compile(rb"\A([^ ]+ )(?=[A-Za-z]*[a-z])")


@mutants.imap("3501/7.1/greeting-state")
class ClosesUngreeted(ImapSession):
    """The connection is closed without a greeting."""

    def session(self) -> Steps[None]:
        yield from ()


@mutants.imap("3501/7.1/greeting-state", "3501/9/greeting")
class GreetsWithNo(ImapSession):
    """The greeting is NO."""

    def greet(self) -> None:
        self.send(no(b"come later").to_wire(b"*"))


@mutants.imap("3501/2.2.1/tag-echoed")
class TagsCutAtDots(ImapSession):
    """Tags come back only up to their first dot."""

    def conclude(self, request: Request, status: Status) -> None:
        super().conclude(Request(request.tag.partition(b".")[0], request.command), status)


@mutants.imap("3501/9/commands-any-case")
class UpperCaseCommandsOnly(ImapSession):
    """Names of commands are known in upper case only."""

    def read_line(self, limit: int) -> Steps[bytes]:
        line = yield from super().read_line(limit)
        return _NOT_UPPER.sub(rb"\1X", line)


@mutants.wire("imap", "3501/6/unknown-command-bad")
def unknown_commands_succeed(octets: bytes) -> bytes:
    """A command that is unknown gets OK."""
    return octets.replace(b" BAD There is no such command", b" OK There is no such command")


@mutants.wire("imap", "3501/6/unknown-command-bad")
def malformed_select_succeeds(octets: bytes) -> bytes:
    """SELECT without a mailbox gets OK."""
    return octets.replace(b" BAD Syntax error in mailbox", b" OK Syntax error in mailbox")


class _ExpungeNothing(Expunge):
    def run(self, session: ImapSession) -> Steps[Status]:
        if session.view_or_none is None:
            return ok(b"There is nothing to expunge")
        return (yield from super().run(session))


@mutants.imap("3501/3/wrong-state")
class ExpungeInEveryState(ImapSession):
    """EXPUNGE succeeds where no mailbox is selected."""

    commands = {**ImapSession.commands, b"EXPUNGE": _ExpungeNothing}  # noqa: RUF012 - the base has it as a ClassVar
    legal = {**ImapSession.legal, b"EXPUNGE": ANY}  # noqa: RUF012 - the base has it as a ClassVar


@mutants.wire("imap", "3501/6.1.1/capability")
def capability_twice(octets: bytes) -> bytes:
    """CAPABILITY is answered with two lists."""
    return re.sub(rb"\A(\* CAPABILITY [^\r\n]*\r\n)", rb"\1\1", octets)


@command(b"NOOP", "3501/6.1.2/noop")
class NoopNeedsLogin(Noop):
    """NOOP fails before login."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if session.state is State.NOT_AUTHENTICATED:
            raise Refused(no(b"Log in first"))
        return (yield from super().run(session))


@command(b"LOGOUT", "3501/6.1.3/logout-bye")
class LogoutWithoutBye(Logout):
    """LOGOUT says no BYE."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.deselect()
        session.state = State.LOGOUT
        yield from ()
        return ok(b"LOGOUT completed")


@command(b"LOGOUT", "3501/3.4/close-after-logout")
class LogoutStaysConnected(Logout):
    """After LOGOUT the connection stays open."""

    def run(self, session: ImapSession) -> Steps[Status]:
        session.send(b"* BYE Logging out\r\n")
        yield from ()
        return ok(b"LOGOUT completed")


@command(b"LOGIN", "3501/6.2.3/login")
class LoginWithoutLiterals(Login):
    """LOGIN takes no literals."""

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        if b"{" in cursor.octets:
            cursor.fail("login", "a literal")
        return super().parse(cursor)


@command(b"LOGIN", "3501/6.2.3/login-failure-no")
class WrongPasswordIsBad(Login):
    """A wrong password gets BAD."""

    def run(self, session: ImapSession) -> Steps[Status]:
        try:
            return (yield from super().run(session))
        except Refused as refused:
            raise Refused(bad(refused.status.text)) from None


@command(b"STARTTLS", "3501/6.2.1/starttls")
class StartTlsWithoutTls(StartTls):
    """After OK to STARTTLS the session goes on in the clear, and a handshake is no command."""

    def afterwards(self, session: ImapSession) -> Steps[None]:
        yield from session.wait()
        session.inbox.clear()
        session.send(b"* BAD That is no command\r\n")


@mutants.imap("3501/6.2.1/no-command-survives")
class ImapCommandsSurviveHandshake(CarriesOver, ImapSession):
    """What was sent in the clear behind STARTTLS is carried out inside TLS."""


@command(b"STATUS", "3501/5.5/literal-anywhere")
class StatusWithoutLiterals(StatusCommand):
    """STATUS takes no literal as its mailbox."""

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        if b"{" in cursor.octets:
            cursor.fail("status", "a literal")
        return super().parse(cursor)


@mutants.imap("3501/7.5/continuation")
class SearchEndsBeforeItsLiteral(ImapSession):
    """SEARCH succeeds when a literal is announced, before it is sent."""

    _last: bytes = b""

    def read_line(self, limit: int) -> Steps[bytes]:
        self._last = yield from super().read_line(limit)
        return self._last

    def send(self, octets: bytes) -> None:
        tag, _, rest = self._last.partition(b" ")
        if octets.startswith(b"+") and rest.startswith(b"SEARCH"):
            octets = tag + b" OK SEARCH completed\r\n"
        super().send(octets)
