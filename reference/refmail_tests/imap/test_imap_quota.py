"""QUOTA (RFC 9208)."""

from __future__ import annotations

from typing import Any

import pytest

from refmail.services import Policy
from refmail.store.api import QuotaLimits
from refmail.store.memory import MemoryStore

MESSAGE = b"Subject: x\r\n\r\n" + b"y" * 1010


@pytest.fixture
def limited(store: MemoryStore, fred: Any) -> Any:
    """A client whose user may have three messages in 4 KiB, and has one."""
    store.set_quota("fred", QuotaLimits(4096, 3))
    fred.ok(b"APPEND INBOX {}", MESSAGE)
    return fred


def test_capabilities(connect: Any, fred: Any) -> None:
    listed = set(fred.ok(b"CAPABILITY")[0].split())
    assert {b"QUOTA", b"QUOTA=RES-STORAGE", b"QUOTA=RES-MESSAGE"} <= listed
    assert b"QUOTASET" not in listed
    free = connect(policy=Policy(imap_setquota=True))
    free.ok(b"LOGIN fred secret")
    assert b"QUOTASET" in free.ok(b"CAPABILITY")[0].split()


def test_usage_and_limits(limited: Any) -> None:
    expected = b'QUOTA "" (STORAGE 1 4 MESSAGE 1 3)'
    assert limited.ok(b'GETQUOTA ""') == [expected]
    assert limited.ok(b"GETQUOTAROOT inbox") == [b'QUOTAROOT INBOX ""', expected]
    assert limited.ok(b"GETQUOTAROOT {}", b"not made yet")[0] == b'QUOTAROOT "not made yet" ""'
    assert limited.run(b"GETQUOTA other")[-1].startswith(b"NO ")


def test_only_limited_resources_are_shown(store: MemoryStore, fred: Any) -> None:
    store.set_quota("fred", QuotaLimits(messages=0))
    assert fred.ok(b'GETQUOTA ""') == [b'QUOTA "" (MESSAGE 0 0)']


def test_without_limits_there_is_no_root(fred: Any) -> None:
    assert fred.ok(b"GETQUOTAROOT INBOX") == [b"QUOTAROOT INBOX"]
    assert fred.run(b'GETQUOTA ""')[-1].startswith(b"NO ")


def test_a_full_quota_says_so(limited: Any) -> None:
    limited.ok(b"SELECT INBOX")
    limited.ok(b"COPY 1 INBOX")
    limited.ok(b"COPY 1 INBOX")
    assert limited.run(b"COPY 1 INBOX")[-1].startswith(b"NO [OVERQUOTA] ")
    assert limited.run(b"UID COPY 1:3 INBOX")[-1].startswith(b"NO [OVERQUOTA] ")
    assert limited.run(b"APPEND INBOX {}", b"a: b\r\n\r\n")[-1].startswith(b"NO [OVERQUOTA] ")
    assert limited.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 3)"]


def test_setquota_is_refused_unless_allowed(limited: Any) -> None:
    assert limited.run(b'SETQUOTA "" (STORAGE 9)')[-1].startswith(b"NO ")
    assert limited.ok(b'GETQUOTA ""') == [b'QUOTA "" (STORAGE 1 4 MESSAGE 1 3)']


def test_setquota_where_it_is_allowed(connect: Any) -> None:
    client = connect(policy=Policy(imap_setquota=True))
    client.ok(b"LOGIN fred secret")
    assert client.ok(b'SETQUOTA "" (storage 9)') == [b'QUOTA "" (STORAGE 0 9)']
    assert client.ok(b'SETQUOTA "" (MESSAGE 1 STORAGE 5)') == [b'QUOTA "" (STORAGE 0 5 MESSAGE 0 1)']
    assert client.ok(b'SETQUOTA "" ()') == [b'QUOTA "" ()']
    assert client.ok(b"GETQUOTAROOT INBOX") == [b'QUOTAROOT INBOX ""', b'QUOTA "" ()']
    for refused in (b'"" (MAILBOX 5)', b"other (STORAGE 1)"):
        assert client.run(b"SETQUOTA " + refused)[-1].startswith(b"NO ")


@pytest.mark.parametrize(
    "rest",
    [
        b'""',
        b'"" (STORAGE)',
        b'"" (STORAGE x)',
        b'"" (STORAGE 9223372036854775808)',
        b'"" STORAGE 1',
        b'"" (STORAGE 1 STORAGE 2)',
        b'"" (STORAGE 1 )',
    ],
)
def test_arguments_that_are_none(connect: Any, rest: bytes) -> None:
    client = connect(policy=Policy(imap_setquota=True))
    client.ok(b"LOGIN fred secret")
    assert client.run(b"SETQUOTA " + rest)[-1].startswith(b"BAD ")


def test_not_before_login(connect: Any) -> None:
    assert connect().run(b'GETQUOTA ""')[-1].startswith(b"BAD ")
