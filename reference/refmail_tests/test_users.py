"""Passwords at rest, and logins."""

from __future__ import annotations

import pytest

from refmail.users import PasswordHash, UserTable

HASH = PasswordHash.of(b"right", cost=2)


class CountedHash(PasswordHash):
    """Counts how often scrypt runs."""

    count = 0

    def matches(self, password: bytes) -> bool:
        CountedHash.count += 1
        return super().matches(password)


def test_hash_round_trip() -> None:
    again = PasswordHash.from_text(HASH.to_text())
    assert again == HASH
    assert again.matches(b"right")
    assert not again.matches(b"wrong")
    assert PasswordHash.of(b"right", cost=2) != HASH


@pytest.mark.parametrize("text", ["", "plain", "scrypt$1$x$y", "scrypt$3$AAAA$AAAA", "md5$16384$AAAA$AAAA"])
def test_wrong_hashes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="refmail hash"):
        PasswordHash.from_text(text)


@pytest.mark.parametrize(
    ("login", "secret", "user"),
    [
        (b"alice", b"right", "alice"),
        (b"ALICE", b"right", "alice"),
        ("al\u00adice".encode(), b"right", "alice"),
        ("\uff41lice".encode(), b"right", "alice"),
        ("\u00ad".encode(), b"right", None),
        (b"alice\x07", b"right", None),
        (b"alice\xff", b"right", None),
        (b"alice@example.test", b"right", "alice"),
        (b"alice@elsewhere.test", b"right", None),
        (b"alice", b"wrong", None),
        (b"alice", b"", None),
        (b"nobody", b"right", None),
        (b"\xff\0", b"\xff", None),
    ],
)
def test_authenticate(login: bytes, secret: bytes, user: str | None) -> None:
    users = UserTable({"alice": HASH}, ["example.test"])
    assert users.authenticate(login, secret) == user
    assert users.authenticate(login, secret) == user


def test_only_a_right_secret_is_quick_the_second_time() -> None:
    counted = CountedHash(HASH.cost, HASH.salt, HASH.key)
    users = UserTable({"alice": counted}, [])
    CountedHash.count = 0
    for secret in (b"right", b"right", b"wrong", b"wrong", b"right"):
        users.authenticate(b"alice", secret)
    assert CountedHash.count == 3


def test_a_name_that_nobody_can_prepare_is_nobodys() -> None:
    users = UserTable({"bell\x07": HASH}, domains=())
    assert users.authenticate(b"bell\x07", b"right") is None
    assert users.user_named("\u00ad".encode()) is None
