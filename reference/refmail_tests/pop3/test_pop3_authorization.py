"""Before login: USER, PASS, AUTH, CAPA, STLS, and what is refused."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from refmail.pop3.replies import LINE_LIMIT, err
from refmail.services import Peer, Policy
from refmail.store.api import MailStore

if TYPE_CHECKING:
    from refmail_tests.pop3.conftest import Connect

IN_TLS = Peer("127.0.0.1", 40000, "127.0.0.1", 995, "pop3s", tls=True)


def refused(octets: bytes) -> bool:
    return octets.startswith(b"-ERR") and octets.count(b"\r\n") == 1


def tags(capa: bytes) -> list[bytes]:
    first, *lines, end, nothing = capa.split(b"\r\n")
    assert (first[:3], end, nothing) == (b"+OK", b".", b"")
    return lines


def test_keywords_in_any_case(connect: Connect) -> None:
    driver = connect()

    assert driver.command(b"uSeR ada").startswith(b"+OK")
    assert driver.command(b"pass  pass  word ").startswith(b"+OK")
    assert driver.command(b"sTaT") == b"+OK 0 0\r\n"


@pytest.mark.parametrize(
    "line",
    [b"", b" ", b"XYZZY", b"STAT", b"NOOP", b"RSET", b"LIST", b"RETR 1", b"DELE 1", b"TOP 1 1", b"UIDL", b"PASS x",
     b"USER", b"USER ", b"USER a b", b"USER  a", b"USER a ", b"USER \xff", b"USER\tada", b"QUIT now", b"CAPA x",
     b"STLS x", b"APOP ada 00", b"US\x00R ada", b"AUTH", b"AUTH XYZZY", b" USER ada", b"USER\nada"],
)  # fmt: skip
def test_refused_in_authorization_and_the_session_goes_on(connect: Connect, line: bytes) -> None:
    driver = connect()

    assert refused(driver.command(line))
    driver.log_in()


def test_pass_only_right_after_a_successful_user(connect: Connect) -> None:
    driver = connect()

    assert refused(driver.command(b"PASS  pass  word "))
    assert driver.command(b"USER ada").startswith(b"+OK")
    assert refused(driver.command(b"USER ada"))
    assert refused(driver.command(b"PASS wrong"))
    assert refused(driver.command(b"PASS  pass  word "))
    driver.log_in()


def test_unknown_user_and_wrong_password_look_alike(connect: Connect) -> None:
    driver = connect()

    known = driver.command(b"USER ada"), driver.command(b"PASS wrong")
    unknown = driver.command(b"USER nobody"), driver.command(b"PASS wrong")
    assert known == unknown
    assert known[1].startswith(b"-ERR [AUTH] ")


def test_pass_without_password_needs_a_new_user(connect: Connect) -> None:
    driver = connect()

    driver.command(b"USER ada")
    assert refused(driver.command(b"PASS"))
    assert refused(driver.command(b"PASS  pass  word "))


def test_quit_closes(connect: Connect) -> None:
    driver = connect()

    assert driver.command(b"QUIT").startswith(b"+OK")
    assert driver.closed


def test_line_of_255_octets_is_read_and_a_longer_one_refused(connect: Connect) -> None:
    driver = connect()

    assert driver.command(b"USER " + b"a" * 248).startswith(b"+OK")
    assert refused(driver.command(b"PASS " + b"a" * 249))
    assert refused(driver.command(b"PASS " + b"a" * 100_000))
    assert driver.command(b"QUIT").startswith(b"+OK")


def test_first_lines_never_exceed_512_octets() -> None:
    assert len(err("x" * 2000)) == LINE_LIMIT


def test_capabilities_before_and_after_login(connect: Connect) -> None:
    driver = connect()

    before = tags(driver.command(b"CAPA"))
    after = tags(driver.log_in().command(b"CAPA"))
    assert {b"TOP", b"UIDL", b"USER", b"RESP-CODES", b"AUTH-RESP-CODE", b"PIPELINING", b"EXPIRE NEVER"} < set(before)
    assert set(before) - set(after) == {b"STLS"}
    assert len(set(before)) == len(before)


def test_capa_between_user_and_pass_disturbs_nothing(connect: Connect) -> None:
    driver = connect()

    driver.command(b"USER ada")
    driver.command(b"CAPA")
    assert driver.command(b"PASS  pass  word ").startswith(b"+OK")


def test_stls_drops_what_came_in_the_clear(connect: Connect) -> None:
    driver = connect()

    driver.command(b"USER ada")
    replies = driver.send(b"STLS\r\nQUIT\r\n")
    assert replies.count(b"\r\n") == 1
    assert driver.tls
    assert not driver.closed
    assert refused(driver.command(b"PASS  pass  word "))
    assert refused(driver.command(b"STLS"))
    assert b"STLS" not in tags(driver.command(b"CAPA"))
    driver.log_in()


def test_stls_only_where_it_is_offered(connect: Connect) -> None:
    assert refused(connect(tls_available=False).command(b"STLS"))
    assert refused(connect(peer=IN_TLS).command(b"STLS"))
    assert refused(connect().log_in().command(b"STLS"))
    assert b"STLS" not in tags(connect(tls_available=False).command(b"CAPA"))


def test_passwords_need_tls_where_the_policy_says_so(connect: Connect) -> None:
    policy = Policy(plaintext_login=False)
    driver = connect(policy)

    capabilities = tags(driver.command(b"CAPA"))
    assert b"USER" not in capabilities
    assert not any(b"PLAIN" in line for line in capabilities)
    assert refused(driver.command(b"USER ada"))
    assert refused(driver.command(b"AUTH PLAIN"))
    driver.command(b"STLS")
    assert b"USER" in tags(driver.command(b"CAPA"))
    driver.log_in()
    assert b"USER" in tags(connect(policy, peer=IN_TLS).command(b"CAPA"))


def test_auth_plain_with_and_without_initial_response(connect: Connect) -> None:
    blob = base64.b64encode(b"\0ada\0 pass  word ")
    driver = connect()
    assert driver.command(b"AUTH plain " + blob).startswith(b"+OK")
    assert driver.command(b"STAT").startswith(b"+OK")
    driver.command(b"QUIT")

    driver = connect()
    assert driver.command(b"AUTH PLAIN") == b"+ \r\n"
    assert driver.command(blob).startswith(b"+OK")


@pytest.mark.parametrize("response", [b"*", b"!", b"AGFkYQB4", b"=", b"a" * 13_000])
def test_auth_that_fails_leaves_authorization(connect: Connect, response: bytes) -> None:
    driver = connect()

    driver.command(b"AUTH PLAIN")
    assert refused(driver.command(response))
    driver.log_in()


def test_second_session_is_told_in_use(connect: Connect) -> None:
    first = connect().log_in()
    second = connect()

    second.command(b"USER ada")
    assert second.command(b"PASS  pass  word ").startswith(b"-ERR [IN-USE] ")
    first.command(b"QUIT")
    second.log_in()


def test_maildrop_that_cannot_be_opened_is_not_kept_locked(
    connect: Connect, store: MailStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(user: str, name: str) -> None:
        msg = f"{user} {name}"
        raise RuntimeError(msg)

    driver = connect()
    with monkeypatch.context() as patch:
        patch.setattr(store, "open", fail)
        driver.command(b"USER ada")
        assert driver.command(b"PASS  pass  word ").startswith(b"-ERR [SYS/TEMP] ")
    driver.log_in()
