"""States, greeting, login, STARTTLS, reading of commands."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from refmail.services import Policy


def test_greeting_carries_capabilities(connect: Any) -> None:
    assert connect().received.startswith(b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN")


def test_login_and_logout(connect: Any) -> None:
    client = connect()
    assert client.run(b"login fred {}", b"secret")[-1].startswith(b"OK [CAPABILITY IMAP4rev1")
    *_, bye, tagged = client.run(b"LOGOUT")
    assert bye.startswith(b"* BYE ")
    assert tagged.startswith(b"OK ")
    assert client.closed


def test_wrong_password_is_no(connect: Any) -> None:
    client = connect()
    assert client.run(b"LOGIN fred wrong")[-1].startswith(b"NO ")
    assert client.run(b"SELECT INBOX")[-1].startswith(b"BAD ")


@pytest.mark.parametrize("command", [b"LOGIN a b", b"STARTTLS", b"AUTHENTICATE PLAIN", b"FETCH 1 FLAGS", b"CLOSE"])
def test_commands_of_other_states_are_bad(fred: Any, command: bytes) -> None:
    assert fred.run(command)[-1].startswith(b"BAD ")


def test_authenticate_plain(connect: Any) -> None:
    client = connect()
    assert client.feed(b"a AUTHENTICATE plain\r\n") == b"+ \r\n"
    assert client.feed(base64.b64encode(b"\0fred\0secret") + b"\r\n").startswith(b"a OK ")


def test_authenticate_with_initial_response(connect: Any) -> None:
    client = connect()
    assert client.ok(b"AUTHENTICATE PLAIN " + base64.b64encode(b"\0fred\0secret")) == []


@pytest.mark.parametrize(
    ("response", "answer"),
    [(b"*", b"a BAD "), (b"===", b"a BAD "), (base64.b64encode(b"\0fred\0no"), b"a NO "), (b"=", b"a BAD ")],
)
def test_authenticate_can_fail(connect: Any, response: bytes, answer: bytes) -> None:
    client = connect()
    client.feed(b"a AUTHENTICATE PLAIN\r\n")
    assert client.feed(response + b"\r\n").startswith(answer)
    assert client.run(b"NOOP")[-1].startswith(b"OK ")


def test_unknown_mechanism_is_no(connect: Any) -> None:
    assert connect().run(b"AUTHENTICATE XNONE")[-1].startswith(b"NO ")


def test_plaintext_can_be_forbidden(connect: Any) -> None:
    client = connect(Policy(plaintext_login=False))
    assert b" LOGINDISABLED" in client.received
    assert b"AUTH=PLAIN" not in client.received
    assert client.run(b"LOGIN fred secret")[-1].startswith(b"NO ")
    assert client.run(b"AUTHENTICATE PLAIN")[-1].startswith(b"NO ")


def test_starttls_discards_what_was_sent_in_the_clear(connect: Any) -> None:
    client = connect(Policy(plaintext_login=False))
    answer = client.feed(b"a STARTTLS\r\nb LOGIN fred secret\r\n")
    assert answer.startswith(b"a OK ")
    assert answer.count(b"\r\n") == 1
    assert client.tls_started == 1
    capabilities = client.ok(b"CAPABILITY")[0].split()
    assert b"STARTTLS" not in capabilities
    assert b"LOGINDISABLED" not in capabilities
    assert client.run(b"STARTTLS")[-1].startswith(b"BAD ")
    client.ok(b"LOGIN fred secret")


@pytest.mark.parametrize("line", [b"", b"a", b"+ NOOP", b" a NOOP", b"a  NOOP", b"a NOOP ", b"a\tNOOP", b"a NOSUCH"])
def test_syntax_errors_are_bad_and_change_nothing(connect: Any, line: bytes) -> None:
    client = connect()
    answer = client.feed(line + b"\r\n")
    assert answer[2:].startswith(b"BAD ")
    assert answer.count(b"\r\n") == 1
    assert client.run(b"NOOP")[-1].startswith(b"OK ")


def test_an_overlong_line_is_bad(connect: Any) -> None:
    client = connect()
    assert client.feed(b"a NOOP " + b"x" * 70_000 + b"\r\n").startswith(b"* BAD ")
    assert client.run(b"NOOP")[-1].startswith(b"OK ")


def test_unknown_command_with_a_literal_is_refused_at_once(connect: Any) -> None:
    assert connect().feed(b"A044 BLURDYBLOOP {102856}\r\n").startswith(b"A044 BAD ")


def test_literals_of_a_refused_command_are_never_commands(connect: Any) -> None:
    client = connect()
    literal = b"x LOGOUT\r\n"
    answer = client.feed(b"a NOSUCH {%d+}\r\n%s {3+}\r\nabc\r\nb NOOP\r\n" % (len(literal), literal))
    assert [line[:5] for line in answer.splitlines()] == [b"a BAD", b"b OK "]


def test_syntax_error_behind_a_literal(connect: Any) -> None:
    client = connect()
    assert client.run(b"LOGIN {} ()", b"fred")[-1].startswith(b"BAD ")
    assert client.run(b"LOGIN {}{}", b"fred", b"secret")[-1].startswith(b"BAD ")
    client.ok(b"LOGIN {} {}", b"fred", b"secret")


def test_nul_in_a_literal_is_bad(connect: Any) -> None:
    assert connect().run(b"LOGIN {} secret", b"fr\0ed")[-1].startswith(b"BAD ")


def test_a_literal_over_the_limit_is_refused_before_it_is_sent(fred: Any) -> None:
    limit = Policy().message_size
    assert fred.feed(b"a APPEND INBOX {%d}\r\n" % (limit + 1)).startswith(b"a NO ")
    assert fred.feed(b"a LOGIN {4294967296}\r\n").startswith(b"a BAD ")


def test_a_client_that_would_send_for_ever_is_cut_off(connect: Any) -> None:
    client = connect()
    assert client.feed(b"a NOSUCH {4000000000+}\r\n").startswith(b"* BYE ")
    assert client.closed


def test_autologout_says_bye(connect: Any) -> None:
    client = connect()
    assert client.machine.deadline() == Policy().imap_idle
    assert client.expire().startswith(b"* BYE ")
    assert client.closed


@pytest.mark.parametrize("last", [b"", b"a LOGIN {4}\r\n", b"a AUTHENTICATE PLAIN\r\n"])
def test_shutdown_says_bye(connect: Any, last: bytes) -> None:
    client = connect()
    client.feed(last)
    assert client.stop().startswith(b"* BYE ")
    assert client.closed
