"""Greeting, tags, capabilities, login and logout: RFC 3501 sections 2.2, 3, 6.1, 6.2 and 7.1."""

from __future__ import annotations

from collections.abc import Callable

from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.grammar.imap.values import Capability, StatusResponse, Tagged
from mailspec.wire.imap import CLOSED, ImapClient, Literal, quoted


@requirement("3501/7.1/greeting-state")
def test_server_greets_first(imap_new: ImapClient) -> None:
    """A new connection gets an untagged OK, PREAUTH or BYE, and a server that said OK knows a wrong command."""
    greeting = imap_new.greeting().expect("OK", "PREAUTH", "BYE")
    if greeting.status != "BYE":
        require_refusals(imap_new)


@requirement("3501/2.2.1/tag-echoed")
def test_tag_comes_back(imap: ImapClient) -> None:
    """A tag of several kinds of characters completes its own command."""
    imap.send(b"Tag.7-x NOOP\r\n")
    end = imap.wait_for(Tagged)
    if isinstance(end, Tagged) and end.tag != b"Tag.7-x":
        raise Violation(["Tag.7-x"], repr(end.tag))
    imap.reply(b"Tag.7-x").expect("OK", "NO", "BAD")
    require_refusals(imap)


@requirement("3501/9/commands-any-case")
def test_commands_in_any_case(imap_auth: ImapClient) -> None:
    """Commands in lower and mixed case are understood."""
    imap_auth.command(b"noop").expect("OK")
    imap_auth.command(b"StAtUs INBOX (messages)").expect("OK")
    require_refusals(imap_auth)


@requirement("3501/6/unknown-command-bad")
def test_unknown_command_is_rejected(imap: ImapClient) -> None:
    """A command that nobody has defined gets BAD."""
    imap.command(b"FROBNICATE").expect("BAD", "NO")


@requirement("3501/6/unknown-command-bad")
def test_malformed_command_is_rejected(imap_auth: ImapClient) -> None:
    """SELECT without a mailbox gets BAD or NO, and the session goes on."""
    imap_auth.command(b"SELECT").expect("BAD", "NO")
    imap_auth.command(b"NOOP").require("OK")


@requirement("3501/3/wrong-state")
def test_commands_before_login_are_rejected(imap_connect: Callable[[], ImapClient]) -> None:
    """Commands of later states get BAD or NO before login, each as the first one of its session."""
    for command in (b"SELECT INBOX", b'LIST "" *', b"STATUS INBOX (MESSAGES)", b"FETCH 1 FLAGS", b"EXPUNGE"):
        imap_connect().command(command).expect("BAD", "NO")


@requirement("3501/3/wrong-state")
def test_selected_commands_without_a_mailbox_are_rejected(imap_auth: ImapClient) -> None:
    """FETCH, STORE, SEARCH, EXPUNGE and CLOSE get BAD or NO where nothing is selected."""
    for command in (b"FETCH 1 FLAGS", rb"STORE 1 +FLAGS (\Seen)", b"SEARCH ALL", b"EXPUNGE", b"CLOSE"):
        imap_auth.command(command).expect("BAD", "NO")


@requirement("3501/6.1.1/capability")
def test_capability_lists_imap4rev1(imap: ImapClient) -> None:
    """CAPABILITY gets an untagged list that contains IMAP4rev1, and OK."""
    reply = imap.command(b"CAPABILITY").expect("OK")
    lists = reply.all(Capability)
    if len(lists) != 1 or b"IMAP4REV1" not in lists[0].names:
        raise Violation(["one CAPABILITY response with IMAP4rev1"], repr(lists))


@requirement("3501/6.1.2/noop")
def test_noop_succeeds(imap: ImapClient, imap_auth: ImapClient) -> None:
    """NOOP gets OK before and after login."""
    imap.command(b"NOOP").expect("OK")
    imap_auth.command(b"NOOP").expect("OK")
    require_refusals(imap)


@requirement("3501/6.1.3/logout-bye")
def test_logout_says_bye(imap: ImapClient) -> None:
    """LOGOUT gets an untagged BYE and then OK."""
    reply = imap.command(b"LOGOUT").expect("OK")
    if not any(one.status == "BYE" for one in reply.all(StatusResponse)):
        raise Violation(["an untagged BYE before the tagged OK"], "no BYE")


@requirement("3501/3.4/close-after-logout")
def test_server_closes_after_logout(imap: ImapClient) -> None:
    """The connection ends after the reply to LOGOUT."""
    imap.command(b"LOGOUT").require("OK")
    imap.expect_closed()


@requirement("3501/6.2.3/login")
def test_login_with_strings_of_each_kind(imap_connect: Callable[[], ImapClient], account: Login) -> None:
    """Name and password are taken as quoted strings and as literals."""
    pairs = ((quoted(account.login), quoted(account.secret)), (Literal(account.login), Literal(account.secret)))
    for name, secret in pairs:
        session = imap_connect()
        session.command(b"LOGIN ", name, b" ", secret).expect("OK")
        session.command(b"STATUS INBOX (MESSAGES)").require("OK")
        require_refusals(session)


@requirement("3501/6.2.3/login-failure-no", tier="destructive")
def test_wrong_password_gets_no(imap: ImapClient, account: Login, wrong_password: bytes) -> None:
    """A wrong password gets NO and opens nothing."""
    imap.command(b"LOGIN ", quoted(account.login), b" ", quoted(wrong_password)).expect("NO")
    if imap.stream.ended is None:
        imap.command(b"SELECT INBOX").expect("NO", "BAD", CLOSED)


@requirement("3501/6.2.1/starttls", needs=("imap STARTTLS",))
def test_handshake_follows_starttls(imap_clear: ImapClient) -> None:
    """After OK the TLS handshake succeeds and CAPABILITY is answered inside TLS."""
    imap_clear.command(b"STARTTLS").require("OK")
    imap_clear.expect_handshake()
    imap_clear.command(b"CAPABILITY").expect("OK")


@requirement("3501/6.2.1/no-command-survives", needs=("imap STARTTLS",))
def test_command_behind_starttls_is_not_answered_inside_tls(imap_clear: ImapClient) -> None:
    """A NOOP in the same segment as STARTTLS gets no reply inside TLS, or there is no TLS then."""
    imap_clear.send(b"x1 STARTTLS\r\nx2 NOOP\r\n")
    reply = imap_clear.reply(b"x1").expect("OK", "NO", "BAD", CLOSED)
    if reply.failure is None and reply.status == "OK" and imap_clear.stream.start_tls() is None:
        inside = imap_clear.command(b"CAPABILITY").expect("OK")
        if b"x2 " in inside.octets:
            raise Violation(["no reply to x2"], "the command sent in the clear was answered inside TLS")
