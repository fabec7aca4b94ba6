"""Wrong POP3 servers: commands that are missing, or taken in the wrong state (RFC 1939 section 3, RFC 2449)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Output, Steps, TlsInfo
from refmail.pop3.replies import Refusal, err, multi_line, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import LEGAL, State

Table = Mapping[State, frozenset[bytes]]


@mutants.pop3("1939/3/wrong-state")
class Pop3StatAfterUser(Pop3Session):
    """STAT between USER and PASS counts nothing."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is State.NAMED and self.split(line)[0] == b"STAT":
            return ok("0 0")
        return (yield from super().perform(line))


@mutants.pop3("1939/3/wrong-state")
class Pop3UidlBeforeLogin(Pop3Session):
    """UIDL before login gives an empty list."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is not State.TRANSACTION and self.split(line)[0] == b"UIDL":
            return multi_line("", [])
        return (yield from super().perform(line))


@mutants.pop3("1939/3/wrong-state")
class Pop3NoopInsideTls(Pop3Session):
    """NOOP before login is answered with +OK inside TLS."""

    def tls_established(self, tls: TlsInfo) -> list[Output]:
        self.legal: Table = {**LEGAL, State.AUTHORIZATION: LEGAL[State.AUTHORIZATION] | {b"NOOP"}}  # type: ignore[misc]
        return super().tls_established(tls)


@mutants.pop3("1939/3/wrong-state")
class Pop3PassAfterLogin(Pop3Session):
    """PASS in TRANSACTION gets +OK."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is State.TRANSACTION and self.split(line)[0] == b"PASS":
            return ok("you are in already")
        return (yield from super().perform(line))


@mutants.pop3("1939/3/wrong-state")
class Pop3ApopAfterLogin(Pop3Session):
    """APOP in TRANSACTION gets +OK."""

    def perform(self, line: bytes) -> Steps[bytes]:
        if self.state is State.TRANSACTION and self.split(line)[0] == b"APOP":
            return ok("you are in already")
        return (yield from super().perform(line))


@mutants.pop3("1939/7/minimal-commands", "1939/5/rset", "1939/5/commands-repeatable", "1939/5/one-response")
class Pop3WithoutRset(Pop3Session):
    """There is no RSET."""

    commands: ClassVar[Mapping[bytes, str]] = {
        keyword: name for keyword, name in Pop3Session.commands.items() if keyword != b"RSET"
    }


@mutants.pop3("1939/7/minimal-commands", "1939/6/quit-removes", "2449/6.6/pipelining")
class Pop3QuitWaitsForNothing(Pop3Session):
    """QUIT is refused while a message is marked as deleted, and the session ends in silence."""

    def answer(self, line: bytes) -> Steps[bytes]:
        if self.state is State.TRANSACTION and self.split(line)[0] == b"QUIT" and self.maildrop.doomed:
            yield from super().answer(line)
            return err("some messages were marked")
        return (yield from super().answer(line))


@mutants.pop3("2449/6.1/top-there", "1939/7/top", "1939/7/top-zero-lines", "1939/7/top-beyond")
class Pop3TopOfferedOnly(Pop3Session):
    """CAPA lists TOP, and there is no such command."""

    commands: ClassVar[Mapping[bytes, str]] = {
        keyword: name for keyword, name in Pop3Session.commands.items() if keyword != b"TOP"
    }


@mutants.pop3("2449/6.8/uidl-there", "1939/7/uidl", "1939/7/uidl-empty")
class Pop3UidlOfferedOnly(Pop3Session):
    """CAPA lists UIDL, and there is no such command."""

    commands: ClassVar[Mapping[bytes, str]] = {
        keyword: name for keyword, name in Pop3Session.commands.items() if keyword != b"UIDL"
    }


@mutants.pop3("1939/7/quit-after-user")
class Pop3QuitAfterUserRefused(Pop3Session):
    """QUIT between USER and PASS gets -ERR."""

    legal: ClassVar[Table] = {**LEGAL, State.NAMED: LEGAL[State.NAMED] - {b"QUIT"}}


@mutants.pop3("2449/5/capa")
class Pop3CapaNotAfterUser(Pop3Session):
    """CAPA between USER and PASS gets -ERR."""

    def do_capa(self, argument: bytes | None) -> bytes:
        if self.state is State.NAMED:
            text = "the password first"
            raise Refusal(text)
        return super().do_capa(argument)
