"""Logging in by USER and PASS: RFC 1939 sections 4 and 7."""

from __future__ import annotations

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client


@requirement("1939/4/one-authentication")
def test_there_is_a_way_to_log_in(pop3_new: Pop3Client, account: Login) -> None:
    """USER is taken, or the greeting has a timestamp, or CAPA lists mechanisms, or STLS that may lead to them."""
    has_apop = b"<" in pop3_new.greeting().require(OK).text
    offers = pop3_new.capa()
    reply = pop3_new.command(b"USER " + account.login).require(OK, ERR)
    if not (reply.ok or has_apop or offers.get(b"SASL") or b"STLS" in offers):
        raise Violation(["USER, APOP, AUTH, or STLS before one of them"], repr(reply.octets))
    require_refusals(pop3_new)


@requirement("1939/4/retry-after-refusal", tier="destructive")
def test_login_after_a_refused_one(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """Behind a refused PASS the right USER and PASS log in, where the connection stays open."""
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + wrong_password).require(ERR)
    again = pop3.command(b"USER " + account.login).expect(OK, CLOSED)
    if again.failure is not None:
        msg = "the target closes the connection after a refused login, which it may"
        raise NotRun(msg)
    pop3.command(b"PASS " + account.secret).expect(OK)


@requirement("1939/4/retry-after-refusal", tier="destructive")
def test_quit_after_a_refused_login(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """QUIT behind a refused PASS gets +OK, where the connection stays open."""
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + wrong_password).require(ERR)
    pop3.command(b"QUIT").expect(OK, CLOSED)


@requirement("1939/4/refusal-may-close", tier="destructive")
def test_connection_after_a_refused_login(
    pop3: Pop3Client, account: Login, wrong_password: bytes, census: Census
) -> None:
    """Whether the connection is open after a refused login."""
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + wrong_password).require(ERR)
    after = pop3.command(b"XNOBODYS").require(ERR, CLOSED)
    census("after a refused login", "closed" if after.failure is not None else "open")


@requirement("1939/7/wrong-password", tier="destructive")
def test_refused_login_is_forgotten(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """After a refused PASS the right password alone logs nobody in: a new USER comes first."""
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + wrong_password).require(ERR)
    pop3.command(b"STAT").expect(ERR, CLOSED)


@requirement("1939/7/pass-uses-both", tier="destructive")
def test_password_of_another_mailbox(pop3: Pop3Client, account: Login, other: Login, wrong_password: bytes) -> None:
    """The name of one mailbox and the password of another log nobody in."""
    assert wrong_password
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + other.secret).expect(ERR)


@requirement("1939/7/pass-with-spaces", tier="destructive")
def test_spaces_belong_to_the_password(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """The right password with a space and a word behind it logs nobody in."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"USER " + account.login).require(OK)
    pop3.command(b"PASS " + account.secret + b" " + wrong_password).expect(ERR)


@requirement("1939/7/pass-needs-user")
def test_pass_after_a_command_in_between(named: Pop3Client, account: Login) -> None:
    """Where something else comes between USER and PASS, the session either logs in or refuses, and goes on."""
    named.command(b"XNOBODYS").require(ERR)
    reply = named.command(b"PASS " + account.secret).expect(OK, ERR)
    named.command(b"STAT").expect(OK if reply.ok else ERR)


@requirement("1939/7/user-unknown-positive", tier="destructive")
def test_unknown_user(pop3: Pop3Client, census: Census) -> None:
    """What USER with a name that no mailbox has gets."""
    reply = pop3.command(b"USER no-such-mailbox").require(OK, ERR, CLOSED)
    census("USER of an unknown name", "closed" if reply.failure is not None else reply.status.value)
    pop3.close()


@requirement("1939/7/user-plaintext-refused")
def test_user_in_the_clear(pop3_clear: Pop3Client, account: Login, census: Census) -> None:
    """What USER gets before TLS."""
    reply = pop3_clear.command(b"USER " + account.login).require(OK, ERR)
    census("USER before TLS", reply.status.value)
    require_refusals(pop3_clear)
