"""Response codes of logins: RFC 2449 section 8, RFC 3206."""

from __future__ import annotations

from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client

CODES = ("pop3 RESP-CODES",)


@requirement("2449/8.1.2/in-use-for-login", needs=CODES)
def test_locked_maildrop(maildrop: Pop3Client, pop3: Pop3Client, account: Login) -> None:
    """Where the second session is refused with a code, the code is not LOGIN-DELAY or AUTH."""
    maildrop.command(b"STAT").require(OK)
    pop3.command(b"USER " + account.login).require(OK)
    reply = pop3.command(b"PASS " + account.secret).require(OK, ERR)
    if not reply.ok and reply.code is not None and reply.code.split(b"/")[0] not in {b"IN-USE", b"SYS"}:
        raise Violation(["IN-USE"], repr(reply.octets))
    require_refusals(pop3)


@requirement("2449/8.1.2/in-use-when-right", needs=CODES, tier="destructive")
def test_wrong_password_of_a_locked_maildrop(
    maildrop: Pop3Client, pop3: Pop3Client, account: Login, wrong_password: bytes
) -> None:
    """A wrong password gets no IN-USE while another session has the maildrop."""
    maildrop.command(b"STAT").require(OK)
    pop3.command(b"USER " + account.login).require(OK)
    reply = pop3.command(b"PASS " + wrong_password).require(ERR)
    if reply.code == b"IN-USE":
        raise Violation(["any refusal but IN-USE"], repr(reply.octets))


@requirement("3206/6/on-wrong-password", tier="destructive")
def test_wrong_password(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A wrong password gets the code AUTH."""
    pop3.command(b"USER " + account.login).require(OK)
    reply = pop3.command(b"PASS " + wrong_password).require(ERR)
    if (reply.code or b"").split(b"/")[0] != b"AUTH":
        raise Violation(["-ERR [AUTH]"], repr(reply.octets))


@requirement("3206/5/announced", tier="destructive")
def test_auth_code_is_announced(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """Where a wrong password gets the code AUTH, CAPA lists AUTH-RESP-CODE."""
    tags = pop3.capa()
    pop3.command(b"USER " + account.login).require(OK)
    reply = pop3.command(b"PASS " + wrong_password).require(ERR)
    if (reply.code or b"").split(b"/")[0] == b"AUTH" and b"AUTH-RESP-CODE" not in tags:
        raise Violation(["AUTH-RESP-CODE in the list of CAPA"], b" ".join(sorted(tags)).decode("latin-1"))


@requirement("3206/5/not-for-user", tier="destructive")
def test_user_gets_no_auth_code(pop3: Pop3Client, account: Login) -> None:
    """Neither the name of the account nor one that no mailbox has gets the code AUTH from USER."""
    require_refusals(pop3)
    for name in (b"no-such-mailbox", account.login):
        reply = pop3.command(b"USER " + name).require(OK, ERR, CLOSED)
        if reply.failure is None and (reply.code or b"").split(b"/")[0] == b"AUTH":
            raise Violation(["no code AUTH"], repr(reply.octets))
        if reply.failure is None and not reply.ok:
            continue
        break


@requirement("3206/5/refusals-only", needs=CODES)
def test_auth_code_is_for_logins(maildrop: Pop3Client) -> None:
    """Neither a success nor a refusal after login has the code AUTH."""
    replies = [maildrop.command(line).require(OK, ERR) for line in (b"STAT", b"RETR 9999", b"XNOBODYS", b"NOOP")]
    if wrong := [reply.octets for reply in replies if (reply.code or b"").split(b"/")[0] == b"AUTH"]:
        raise Violation(["no code AUTH"], repr(wrong[0]))
    if all(reply.ok for reply in replies):
        msg = "everything gets +OK"
        raise Blocked(msg)
