"""STLS and what was sent around it: RFC 2595 section 4."""

from __future__ import annotations

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client

STLS = ("pop3 STLS",)

#: What is sent in the clear: segments.
INJECTED = {
    "same-segment": (b"STLS\r\nXNOBODYS\r\n",),
    "next-segment": (b"STLS\r\n", b"XNOBODYS\r\n"),
    "split-stls": (b"ST", b"LS\r\nXNOBODYS\r\n"),
    "half-a-command": (b"STLS\r\nXNOBODYS ",),
    "two-commands": (b"STLS\r\nXNOBODYS\r\nXNOBODYS\r\n",),
}


@pytest.mark.parametrize("name", INJECTED)
@requirement("2595/4/no-command-survives", needs=STLS)
def test_injected(pop3_clear: Pop3Client, name: str) -> None:
    """The first command inside TLS gets its own reply, not one to what was sent in the clear, or there is no TLS."""
    pop3_clear.command(b"XNOBODYS").require(ERR)
    for segment in INJECTED[name]:
        pop3_clear.send(segment)
    reply = pop3_clear.reply().require(OK, ERR, CLOSED)
    if reply.failure is None and reply.ok and pop3_clear.stream.start_tls() is None:
        pop3_clear.multi(b"CAPA").expect(OK)


@requirement("2595/4/capa-there")
def test_capa_is_there(pop3_clear: Pop3Client) -> None:
    """A server that agrees to STLS answers CAPA inside TLS."""
    if not pop3_clear.command(b"STLS").require(OK, ERR).ok:
        msg = "STLS is refused"
        raise NotOffered(msg)
    pop3_clear.handshake()
    pop3_clear.multi(b"CAPA").expect(OK)


@requirement("2595/4/remains-authorization", needs=STLS)
def test_login_inside_tls(inside_tls: Pop3Client, account: Login) -> None:
    """USER and PASS log in inside TLS."""
    inside_tls.recorder.transcript.secrets.add(account.secret)
    inside_tls.command(b"USER " + account.login).expect(OK)
    inside_tls.command(b"PASS " + account.secret).expect(OK)
    inside_tls.command(b"STAT").expect(OK)
    require_refusals(inside_tls)


@requirement("2595/4/listed-where-permitted", needs=STLS)
def test_stls_is_not_listed_after_login(maildrop: Pop3Client) -> None:
    """CAPA after login does not list STLS."""
    if b"STLS" in capabilities(maildrop):
        raise Violation(["no STLS after login"], "STLS")


@requirement("2595/4/listed-where-permitted", needs=STLS)
def test_stls_that_is_listed_inside_tls(inside_tls: Pop3Client) -> None:
    """Where CAPA lists STLS inside TLS, it is permitted there."""
    if b"STLS" in capabilities(inside_tls):
        inside_tls.command(b"STLS").expect(OK)


@requirement("2595/4/active-refused", needs=STLS)
def test_stls_inside_tls(inside_tls: Pop3Client, census: Census) -> None:
    """What STLS gets inside TLS."""
    reply = inside_tls.command(b"STLS").require(OK, ERR, CLOSED)
    census("STLS inside TLS", "closed" if reply.failure is not None else reply.status.value)
    if reply.failure is None and reply.ok:
        inside_tls.close()


@requirement("2595/4/different-capabilities", needs=STLS)
def test_capabilities_inside_tls(pop3_clear: Pop3Client, census: Census) -> None:
    """Which capabilities come and go with TLS."""
    before = capabilities(pop3_clear)
    pop3_clear.start_tls()
    after = capabilities(pop3_clear)
    census("capabilities that TLS brings", b" ".join(sorted(after.keys() - before.keys())) or "none")
    census("capabilities that TLS ends", b" ".join(sorted(before.keys() - after.keys())) or "none")


@requirement("5034/3/list-after-stls", needs=STLS)
def test_mechanisms_inside_tls(pop3_clear: Pop3Client, census: Census) -> None:
    """Which mechanisms CAPA lists before STLS and inside TLS."""
    census("mechanisms in the clear", mechanisms(pop3_clear))
    pop3_clear.start_tls()
    census("mechanisms inside TLS", mechanisms(pop3_clear))


def mechanisms(session: Pop3Client) -> bytes:
    """Return what stands behind SASL, sorted."""
    return b" ".join(sorted(capabilities(session).get(b"SASL", b"").split())) or b"none"


def capabilities(session: Pop3Client) -> dict[bytes, bytes]:
    """Return what CAPA says; Blocked where there is nothing."""
    found = session.capa()
    if not found:
        msg = "CAPA lists nothing"
        raise Blocked(msg)
    return found
