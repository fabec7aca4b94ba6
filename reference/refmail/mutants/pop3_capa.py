"""Wrong POP3 servers: capabilities that are not what they say, and STLS (RFC 2449 section 6, RFC 2595 section 4)."""

from __future__ import annotations

from refmail import mutants
from refmail.machine import Steps
from refmail.mutants.handshakes import CarriesOver
from refmail.pop3.replies import Refusal
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


@mutants.pop3("2449/5/announced-in-both")
class Pop3UserBeforeLoginOnly(Pop3Session):
    """USER is listed before login only."""

    def capabilities(self) -> list[str]:
        lines = super().capabilities()
        return lines if self.state is not State.TRANSACTION else [line for line in lines if line != "USER"]


@mutants.pop3("2449/5/capa-line-limit")
class Pop3CapabilityOf513(Pop3Session):
    """A capability line has 513 octets."""

    def capabilities(self) -> list[str]:
        return [*super().capabilities(), "X-LONG ".ljust(511, "x")]


@mutants.pop3("2449/6.3/sasl-there")
class Pop3MechanismOfferedOnly(Pop3Session):
    """CAPA lists a mechanism that the server does not have."""

    def capabilities(self) -> list[str]:
        return [line + " X-OTHER" if line.startswith("SASL") else line for line in super().capabilities()]


@mutants.pop3("2449/6.9/implementation-form")
class Pop3ImplementationNameless(Pop3Session):
    """Nothing follows IMPLEMENTATION."""

    def capabilities(self) -> list[str]:
        return [line.removesuffix(" refmail") for line in super().capabilities()]


class _WithDelay(Pop3Session):
    """Announces a delay between logins, and a time that messages are kept."""

    #: The parameter of LOGIN-DELAY before login and after it, "" for none.
    delays = ("", "")
    #: The parameter of EXPIRE before login and after it.
    expires = ("NEVER", "NEVER")

    def capabilities(self) -> list[str]:
        after = self.state is State.TRANSACTION
        lines = [line for line in super().capabilities() if not line.startswith("EXPIRE")]
        delay = [f"LOGIN-DELAY {self.delays[after]}"] if self.delays[after] else []
        return [*lines, *delay, f"EXPIRE {self.expires[after]}"]


@mutants.pop3("2449/6.5/enforced")
class Pop3DelayAnnouncedOnly(_WithDelay):
    """A delay between logins is announced, and nobody has to wait."""

    delays = ("600", "600")


@mutants.pop3("2449/6.5/login-delay-form")
class Pop3DelayInWords(_WithDelay):
    """The delay between logins has a unit."""

    delays = ("10m", "10m")


@mutants.pop3("2449/6.5/largest-before-login", "2449/6.5/enforced")
class Pop3DelayGrows(_WithDelay):
    """The delay after login is longer than what was announced before."""

    delays = ("5 USER", "10")


@mutants.pop3("2449/6.5/user-token", "2449/6.5/enforced")
class Pop3DelayDiffersSilently(_WithDelay):
    """The delay after login is another one, and USER did not say so."""

    delays = ("10", "5")


@mutants.pop3("2449/6.7/expire-form")
class Pop3ExpireInWords(_WithDelay):
    """The time that messages are kept has a unit."""

    expires = ("30 days", "30 days")


@mutants.pop3("2449/6.7/smallest-before-login")
class Pop3ExpireShrinks(_WithDelay):
    """The time after login is shorter than what was announced before."""

    expires = ("30 USER", "10")


@mutants.pop3("2449/6.7/user-token")
class Pop3ExpireDiffersSilently(_WithDelay):
    """The time after login is another one, and USER did not say so."""

    expires = ("10", "30")


@mutants.pop3("2595/4/capa-there", "2595/4/stls", "2449/5/capa", "2595/4/no-command-survives")
class Pop3NoCapaInsideTls(Pop3Session):
    """CAPA is refused inside TLS before login."""

    def do_capa(self, argument: bytes | None) -> bytes:
        if self.tls is not None and self.state is not State.TRANSACTION:
            text = "you asked before"
            raise Refusal(text)
        return super().do_capa(argument)


@mutants.pop3("2595/4/listed-where-permitted")
class Pop3StlsListedAlways(Pop3Session):
    """CAPA lists STLS inside TLS and after login."""

    def capabilities(self) -> list[str]:
        return [*(line for line in super().capabilities() if line != "STLS"), "STLS"]


@mutants.pop3("2595/4/remains-authorization")
class Pop3NoUserInsideTls(Pop3Session):
    """USER is refused inside TLS that STLS began."""

    def do_user(self, argument: bytes | None) -> bytes:
        if self.tls is not None:
            text = "use a certificate"
            raise Refusal(text)
        return super().do_user(argument)


@mutants.pop3("2595/4/no-command-survives")
class Pop3HalfACommandSurvives(CarriesOver, Pop3Session):
    """What of a command was sent in the clear behind STLS stands before the first one inside TLS."""

    def carried_over(self) -> bytes:
        return super().carried_over().rpartition(b"\n")[2]


@mutants.pop3("2449/6.6/pipelining")
class Pop3GroupForgetsQuit(Pop3Session):
    """QUIT in one segment with other commands removes nothing."""

    def answer(self, line: bytes) -> Steps[bytes]:
        if self.inbox and b"QUIT" in bytes(self.inbox) and self.state is State.TRANSACTION:
            self.in_group = True
        return (yield from super().answer(line))

    in_group = False

    def update(self) -> Steps[None]:
        if self.in_group:
            self.maildrop.unmark_all()
        yield from super().update()
