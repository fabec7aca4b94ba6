"""Wrong POP3 servers: greeting, framing, login and the end of the session (RFC 1939 sections 3, 4, 6 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.mutants.handshakes import CarriesOver
from refmail.pop3.replies import Refusal, err, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import LEGAL, State


@mutants.pop3("1939/4/greeting")
class Pop3GreetingNegative(Pop3Session):
    """The greeting is negative, and the session goes on."""

    def greeting(self) -> bytes:
        return err("not now")


@mutants.pop3("1939/3/keywords-any-case", "5034/5/any-case")
class Pop3UpperCaseOnly(Pop3Session):
    """Keywords are known in upper case only."""

    def split(self, line: bytes) -> tuple[bytes, bytes | None]:
        keyword, space, argument = line.partition(b" ")
        return keyword, argument if space else None


class _Lenient(Pop3Session):
    """Says +OK where an honest server refuses."""

    def forgives(self, line: bytes) -> bool:
        raise NotImplementedError

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        return ok("whatever that means") if reply.startswith(b"-ERR") and self.forgives(line) else reply


@mutants.pop3("1939/3/unknown-command", "1939/3/argument-40", "2449/4/command-255", "2449/6.6/pipelining")
class Pop3UnknownCommandOk(_Lenient):
    """Unknown commands get +OK."""

    def forgives(self, line: bytes) -> bool:
        return self.split(line)[0] not in self.commands


@mutants.pop3("1939/3/unknown-command")
class Pop3MissingNumberOk(_Lenient):
    """DELE and RETR without a number get +OK."""

    def forgives(self, line: bytes) -> bool:
        return self.state is State.TRANSACTION and line in {b"DELE", b"RETR"}


@mutants.pop3("1939/3/unknown-command")
class Pop3WordForNumberOk(_Lenient):
    """A word in place of a number gets +OK from LIST."""

    def forgives(self, line: bytes) -> bool:
        keyword, argument = self.split(line)
        return self.state is State.TRANSACTION and keyword == b"LIST" and (argument or b"").isalpha()


@mutants.pop3("1939/3/wrong-state")
class Pop3NoopBeforeLogin(Pop3Session):
    """NOOP is answered with +OK before login."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.AUTHORIZATION: LEGAL[State.AUTHORIZATION] | {b"NOOP"},
    }


@mutants.pop3("1939/3/wrong-state")
class Pop3UserAfterLogin(Pop3Session):
    """USER is taken in TRANSACTION, too."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.TRANSACTION: LEGAL[State.TRANSACTION] | {b"USER"},
    }


@mutants.pop3(
    "1939/3/error-keeps-session", "1939/5/one-response", "2449/6.6/pipelining", "6856/2.1/surrogate-or-refusal"
)
class Pop3UnknownCommandHangsUp(Pop3Session):
    """An unknown command after login gets -ERR, and the connection ends."""

    def answer(self, line: bytes) -> Steps[bytes]:
        known = self.split(line)[0] in self.commands
        self.closing = self.state is State.TRANSACTION and not known
        return (yield from super().answer(line))


@mutants.pop3("1939/3/error-keeps-session", "1939/5/one-response")
class Pop3ThirdErrorLogsOut(Pop3Session):
    """After three errors the session is in AUTHORIZATION again."""

    errors = 0

    def reply(self, octets: bytes) -> None:
        super().reply(octets)
        self.errors += octets.startswith(b"-") and self.state is State.TRANSACTION
        if self.errors == 3:
            self.state = State.AUTHORIZATION


@mutants.pop3("1939/5/quit-authorization")
class Pop3QuitBeforeLoginStays(Pop3Session):
    """QUIT before login gets +OK, and the connection stays open."""

    def do_quit(self, argument: bytes | None) -> Steps[bytes]:
        reply = yield from super().do_quit(argument)
        self.closing = self.state is State.TRANSACTION
        return reply


@mutants.pop3("1939/5/quit-authorization", "1939/7/quit-after-user", "1939/4/retry-after-refusal")
class Pop3QuitBeforeLoginRefused(Pop3Session):
    """QUIT before login gets -ERR."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        state: keywords - {b"QUIT"} if state is not State.TRANSACTION else keywords for state, keywords in LEGAL.items()
    }


@mutants.pop3("1939/6/quit-closes")
class Pop3QuitStays(Pop3Session):
    """QUIT after login gets +OK, and the connection stays open."""

    def do_quit(self, argument: bytes | None) -> Steps[bytes]:
        reply = yield from super().do_quit(argument)
        self.closing = self.state is not State.TRANSACTION
        return reply


@mutants.pop3("1939/7/user-pass", "1939/4/retry-after-refusal", "2595/4/remains-authorization", "6856/2.2/saslprep")
class Pop3PassRefused(Pop3Session):
    """The right password is refused."""

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        yield from super().do_pass(argument)
        self.state = State.AUTHORIZATION
        self.lease.release()
        text = "name or password is wrong"
        raise Refusal(text, "AUTH")


@mutants.pop3(
    "1939/7/user-pass",
    "1939/7/pass-needs-user",
    "2449/6.6/pipelining",
    "2595/4/remains-authorization",
    "6856/2.1/as-is",
)
class Pop3LoginWithoutEffect(Pop3Session):
    """After +OK to PASS the session is still in AUTHORIZATION."""

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        reply = yield from super().do_pass(argument)
        self.state = State.AUTHORIZATION
        return reply


@mutants.pop3(
    "1939/7/wrong-password", "1939/7/pass-uses-both", "1939/7/pass-with-spaces", "2449/8.1.2/in-use-when-right"
)
class Pop3AnyPassword(Pop3Session):
    """Every password is right."""

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        self.state = State.AUTHORIZATION
        self.password(argument)
        return (yield from self.log_in(self.name.decode("ascii") or None))


@mutants.pop3("1939/7/pass-needs-user")
class Pop3PassWithoutUser(Pop3Session):
    """PASS before USER gets +OK."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.AUTHORIZATION: LEGAL[State.AUTHORIZATION] | {b"PASS"},
    }

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        if not self.name:
            return ok("and who are you?")
        return (yield from super().do_pass(argument))


@mutants.pop3("2449/5/capa")
class Pop3CapaBeforeLoginOnly(Pop3Session):
    """CAPA is refused after login."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.TRANSACTION: LEGAL[State.TRANSACTION] - {b"CAPA"},
    }


@mutants.pop3("2449/5/capa-one-per-line")
class Pop3CapabilitiesSpacedOut(Pop3Session):
    """A capability line has two spaces before its parameter."""

    def capabilities(self) -> list[str]:
        return ["X-REFMAIL  mutant", *super().capabilities()]


@mutants.pop3("2449/6.4/resp-codes")
class Pop3BracketsWithoutCode(Pop3Session):
    """Refusals of unknown messages begin with a remark in brackets that is no code."""

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        return reply.replace(b"-ERR no such", b"-ERR [sorry, none] no such")


@mutants.pop3("2449/6.6/pipelining")
class Pop3PipelineDropped(Pop3Session):
    """Whatever follows a command in the same segment is lost."""

    def answer(self, line: bytes) -> Steps[bytes]:
        self.inbox.clear()
        return (yield from super().answer(line))


@mutants.pop3("2595/4/stls")
class Pop3StlsWithoutTls(Pop3Session):
    """After +OK to STLS the server goes away."""

    def do_stls(self, argument: bytes | None) -> Steps[bytes]:
        del argument
        self.closing = True
        yield from ()
        return ok("begin the TLS handshake")


@mutants.pop3("2595/4/only-authorization")
class Pop3StlsAfterLogin(Pop3Session):
    """STLS is taken in TRANSACTION, too."""

    legal: ClassVar[Mapping[State, frozenset[bytes]]] = {
        **LEGAL,
        State.TRANSACTION: LEGAL[State.TRANSACTION] | {b"STLS"},
    }


@mutants.pop3("2595/4/no-command-survives")
class Pop3CommandsSurviveHandshake(CarriesOver, Pop3Session):
    """What was sent in the clear behind STLS is carried out inside TLS."""
