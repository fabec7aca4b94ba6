"""What CAPA says, and whether it is true: RFC 2449 sections 5 and 6."""

from __future__ import annotations

import re
from collections.abc import Callable

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.pop3.conftest import Filler
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CONTINUE, ERR, OK, Pop3Client

Opener = Callable[[], Pop3Client]

#: What may be there before login only (RFC 2595 section 4).
BEFORE_LOGIN_ONLY = frozenset({b"STLS"})

#: Mechanisms that need something beside the connection, so that they may be refused at once.
SPECIAL = frozenset({b"EXTERNAL", b"GSSAPI", b"ANONYMOUS", b"GS2-KRB5", b"OTP"})

# login-delay = seconds ["USER"], expire = (days / "NEVER") ["USER"] (RFC 2449 sections 6.5 and 6.7)
LOGIN_DELAY = re.compile(rb"([0-9]+)( USER)?", re.IGNORECASE)
EXPIRE = re.compile(rb"([0-9]+|NEVER)( USER)?", re.IGNORECASE)

#: Octets of a capability line with its CRLF (RFC 2449 section 3).
LINE_LIMIT = 512


def offers(session: Pop3Client) -> dict[bytes, bytes]:
    """Return what CAPA says; Blocked where there is nothing."""
    found = session.capa()
    if not found:
        msg = "CAPA lists nothing"
        raise Blocked(msg)
    return found


@requirement("2449/5/announced-in-both", needs=("pop3 CAPA",))
def test_capabilities_before_login_stay(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """Each tag that CAPA lists before login is listed after it as well, but STLS and private ones."""
    before, after = offers(pop3), offers(maildrop)
    gone = [tag for tag in before if tag not in after and tag not in BEFORE_LOGIN_ONLY and not tag.startswith(b"X")]
    if gone:
        raise Violation(["all of them after login as well"], f"only before it: {b' '.join(sorted(gone)).decode()}")


@requirement("2449/5/capa-line-limit", needs=("pop3 CAPA",))
def test_capability_lines_are_not_too_long(pop3: Pop3Client) -> None:
    """No line of CAPA has more than 512 octets."""
    lines = pop3.multi(b"CAPA").require(OK).lines
    if wrong := [line for line in lines if len(line) + 2 > LINE_LIMIT]:
        raise Violation([f"at most {LINE_LIMIT} octets"], f"{len(wrong[0]) + 2} octets")


@requirement("2449/6.2/user-there", needs=("pop3 USER",))
def test_user_is_there(pop3: Pop3Client, account: Login) -> None:
    """USER with the name of the account gets +OK."""
    if b"USER" not in offers(pop3):
        msg = "CAPA does not list USER here"
        raise Blocked(msg)
    pop3.command(b"USER " + account.login).expect(OK)
    require_refusals(pop3)


@requirement("2449/6.3/sasl-there", needs=("pop3 SASL",))
def test_mechanisms_are_there(pop3_connect: Opener) -> None:
    """AUTH with each mechanism that CAPA lists begins an exchange, which an asterisk ends."""
    names = offers(pop3_connect()).get(b"SASL", b"").split()
    for name in sorted({name.upper() for name in names} - SPECIAL):
        session = pop3_connect()
        session.command(b"AUTH " + name).expect(CONTINUE)
        session.command(b"*").require(ERR)


@requirement("2449/6.9/implementation-form", needs=("pop3 IMPLEMENTATION",))
def test_implementation_has_a_name(maildrop: Pop3Client) -> None:
    """At least one word follows IMPLEMENTATION."""
    found = offers(maildrop)
    if b"IMPLEMENTATION" in found and not found[b"IMPLEMENTATION"].strip():
        raise Violation(["IMPLEMENTATION and a word"], "IMPLEMENTATION alone")


@requirement("2449/6.9/transaction-only", needs=("pop3 IMPLEMENTATION",))
def test_implementation_before_login(pop3: Pop3Client, census: Census) -> None:
    """Whether IMPLEMENTATION is announced before login."""
    census("IMPLEMENTATION before login", offers(pop3).get(b"IMPLEMENTATION", b"not announced"))


@requirement("2449/6.5/login-delay-form", needs=("pop3 LOGIN-DELAY",))
def test_login_delay_has_its_form(pop3: Pop3Client) -> None:
    """LOGIN-DELAY has a number, and perhaps USER."""
    judge_form(offers(pop3), b"LOGIN-DELAY", LOGIN_DELAY)


@requirement("2449/6.7/expire-form", needs=("pop3 EXPIRE",))
def test_expire_has_its_form(pop3: Pop3Client) -> None:
    """EXPIRE has a number or NEVER, and perhaps USER."""
    judge_form(offers(pop3), b"EXPIRE", EXPIRE)


def judge_form(found: dict[bytes, bytes], tag: bytes, form: re.Pattern[bytes]) -> None:
    """Judge the parameters of a capability, if it is announced here."""
    if tag in found and not form.fullmatch(found[tag]):
        raise Violation([f"{tag.decode()} and its parameters"], repr(found[tag]))


def values(pop3: Pop3Client, maildrop: Pop3Client, tag: bytes, form: re.Pattern[bytes]) -> tuple[float, float, bool]:
    """Return what a capability says before and after login, and whether USER announces that they may differ."""
    before, after = (form.fullmatch(offers(session).get(tag, b"")) for session in (pop3, maildrop))
    if before is None or after is None:
        msg = f"{tag.decode()} is not announced in both states"
        raise Blocked(msg)
    numbers = [float("inf") if each[1].upper() == b"NEVER" else float(each[1]) for each in (before, after)]
    return numbers[0], numbers[1], before[2] is not None


@requirement("2449/6.5/largest-before-login", needs=("pop3 LOGIN-DELAY",))
def test_login_delay_does_not_grow(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """The delay before login is no shorter than the one after it."""
    before, after, _ = values(pop3, maildrop, b"LOGIN-DELAY", LOGIN_DELAY)
    if before < after:
        raise Violation([f"{after:g} seconds or more before login"], f"{before:g} seconds")


@requirement("2449/6.5/user-token", needs=("pop3 LOGIN-DELAY",))
def test_login_delay_that_differs_has_user(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """A delay that changes at login was announced with USER."""
    before, after, has_user = values(pop3, maildrop, b"LOGIN-DELAY", LOGIN_DELAY)
    if before != after and not has_user:
        raise Violation([f"LOGIN-DELAY {before:g} USER"], f"LOGIN-DELAY {before:g}, and {after:g} after login")


@requirement("2449/6.5/enforced", needs=("pop3 LOGIN-DELAY",))
def test_login_that_comes_too_soon(maildrop: Pop3Client, pop3: Pop3Client, account: Login) -> None:
    """A second login at once gets -ERR."""
    delay = LOGIN_DELAY.fullmatch(offers(maildrop).get(b"LOGIN-DELAY", b""))
    if delay is None or int(delay[1]) < 2:
        msg = "there is no delay after login"
        raise Blocked(msg)
    maildrop.quit().require(OK)
    if pop3.command(b"USER " + account.login).require(OK, ERR).ok:
        pop3.command(b"PASS " + account.secret).expect(ERR)


@requirement("2449/6.7/smallest-before-login", needs=("pop3 EXPIRE",))
def test_expire_does_not_shrink(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """The time before login is no longer than the one after it."""
    before, after, _ = values(pop3, maildrop, b"EXPIRE", EXPIRE)
    if before > after:
        raise Violation([f"{after:g} days or less before login"], f"{before:g} days")


@requirement("2449/6.7/user-token", needs=("pop3 EXPIRE",))
def test_expire_that_differs_has_user(pop3: Pop3Client, maildrop: Pop3Client) -> None:
    """A time that changes at login was announced with USER."""
    before, after, has_user = values(pop3, maildrop, b"EXPIRE", EXPIRE)
    if before != after and not has_user:
        raise Violation([f"EXPIRE {before:g} USER"], f"EXPIRE {before:g}, and {after:g} after login")


@requirement("2449/6.7/kept", needs=("pop3 EXPIRE",))
def test_retrieved_messages_are_kept(fill: Filler, open_maildrop: Opener) -> None:
    """Unless EXPIRE is 0, a message that RETR gave is there in the next session."""
    fill(b"keep me\r\n")
    session = open_maildrop()
    if offers(session).get(b"EXPIRE", b"NEVER").startswith(b"0"):
        msg = "EXPIRE is 0: what was retrieved may go"
        raise Blocked(msg)
    session.retr(1).require(OK)
    session.quit().require(OK)
    again = open_maildrop()
    if again.stat()[0] != 1:
        raise Violation(["1 message"], f"{again.stat()[0]} messages")
