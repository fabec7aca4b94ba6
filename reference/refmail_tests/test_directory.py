"""Local addresses: users, details, aliases, lists."""

from __future__ import annotations

import pytest

from refmail.directory import LocalDirectory, MailingList, member_address
from refmail.message.envelope import Address

ALICE = Address(b"alice", b"example.test")
BOB = Address(b"bob", b"example.test")
FAR = Address(b"carol", b"elsewhere.test")


def test_directory() -> None:
    directory = LocalDirectory(["example.test", "example.org"], ["alice", "bob"], "bob")
    assert directory.find(Address(b"Alice", b"EXAMPLE.org")).user == "alice"
    assert directory.find(Address(b"postMASTER", b"")).user == "bob"
    assert directory.find(Address(b"alice", b"")).address == Address(b"alice", b"example.test")
    assert directory.find(Address(b"carol", b"example.test")).kind == "unknown"
    assert directory.find(Address(b"alice", b"elsewhere.test")).kind == "remote"
    assert directory.expand(Address(b"Postmaster", b"")) == [Address(b"bob", b"example.test")]
    assert directory.expand(Address(b"alice", b"")) is None
    assert directory.expand(Address(b"postmaster", b"elsewhere.test")) is None


def test_details() -> None:
    directory = LocalDirectory(["example.test"], ["alice", "a+b"], "alice", aliases={"x+y": [ALICE]}, separator="+")
    assert directory.find(Address(b"Alice+news+more", b"example.test")).user == "alice"
    assert directory.find(Address(b"a+b", b"example.test")).user == "a+b"
    assert directory.find(Address(b"x+y", b"example.test")).kind == "alias"
    assert directory.find(Address(b"+alice", b"example.test")).kind == "unknown"
    assert LocalDirectory(["example.test"], ["alice"], "alice").find(Address(b"alice+x", b"")).kind == "unknown"


def test_aliases_and_lists() -> None:
    staff = MailingList((ALICE, FAR), BOB)
    directory = LocalDirectory(["example.test"], ["alice"], "alice", aliases={"Sales": [FAR]}, lists={"Staff": staff})
    alias = directory.find(Address(b"sales", b"example.test"))
    assert (alias.kind, alias.members, alias.owner) == ("alias", (FAR,), None)
    known = directory.find(Address(b"STAFF", b""))
    assert (known.kind, known.members, known.owner) == ("list", (ALICE, FAR), BOB)
    assert known.address == Address(b"STAFF", b"example.test")
    assert directory.expand(Address(b"staff", b"")) == (ALICE, FAR)
    assert directory.expand(Address(b"sales", b"")) == (FAR,)
    assert directory.find(Address(b"sales", b"elsewhere.test")).kind == "remote"


def test_members() -> None:
    assert member_address("alice", "example.test") == ALICE
    assert member_address("carol@elsewhere.test", "example.test") == FAR
    for text in ("", "a b", "@", "a@b.test c", "a@b@c"):
        with pytest.raises(ValueError, match="mailbox"):
            member_address(text, "example.test")
