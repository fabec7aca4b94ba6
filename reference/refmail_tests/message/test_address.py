"""Addresses and paths by the grammar of RFC 5321 section 4.1.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.message.address import (
    AddressError,
    address_literal,
    is_address_literal,
    is_domain,
    parse_forward_path,
    parse_mailbox,
    parse_reverse_path,
)
from refmail.message.envelope import Address


@pytest.mark.parametrize(
    ("octets", "local_part", "domain"),
    [
        (b"<a@b.test>", b"a", b"b.test"),
        (b"<A.b+c@B.Test>", b"A.b+c", b"b.test"),
        (b'<"a"@b.test>', b"a", b"b.test"),
        (b'<"a b"@b.test>', b"a b", b"b.test"),
        (b'<"a\\"b\\\\"@b.test>', b'a"b\\', b"b.test"),
        (b'<"a@b>c"@b.test>', b"a@b>c", b"b.test"),
        (b'<""@b.test>', b"", b"b.test"),
        (b"<!#$%&'*+/=?^_`{|}~-@b>", b"!#$%&'*+/=?^_`{|}~-", b"b"),
        (b"<a@[192.0.2.1]>", b"a", b"[192.0.2.1]"),
        (b"<a@[IPv6:2001:DB8::1]>", b"a", b"[ipv6:2001:db8::1]"),
        (b"<@x.test:a@b.test>", b"a", b"b.test"),
        (b"<@x.test,@[192.0.2.1]:a@b.test>", None, None),
        (b"<@x.test,@y.test:a@b.test>", b"a", b"b.test"),
        (b"<a@1-2.test>", b"a", b"1-2.test"),
    ],
)
def test_paths(octets: bytes, local_part: bytes | None, domain: bytes | None) -> None:
    if local_part is None or domain is None:
        # At-domain is a Domain only, so a literal in a route does not fit.
        with pytest.raises(AddressError):
            parse_forward_path(octets)
    else:
        assert parse_forward_path(octets + b" rest") == (Address(local_part, domain), len(octets))


@pytest.mark.parametrize(
    ("octets", "position"),
    [
        (b"", 0),
        (b"a@b", 0),
        (b"<>", 1),
        (b"<a>", 2),
        (b"<a@>", 3),
        (b"<a@b", 4),
        (b"<.a@b>", 1),
        (b"<a.@b>", 2),
        (b"<a..b@c>", 2),
        (b"<a b@c>", 2),
        (b'<"a"b@c>', 4),
        (b'<"a@c>', 1),
        (b"<a@-b.test>", 3),
        (b"<a@b-.test>", 4),
        (b"<a@b_c>", 4),
        (b"<a@[1.2.3]>", 3),
        (b"<a@[256.1.1.1]>", 3),
        (b"<a@[IPv6:1:2:3:4:5:6:7::]>", 3),
        (b"<a@[IPv6:fe80::1%1]>", 3),
        (b'<"\xe9"@b>', 1),
    ],
)
def test_errors_keep_octets_and_position(octets: bytes, position: int) -> None:
    with pytest.raises(AddressError) as caught:
        parse_forward_path(octets)
    assert (caught.value.octets, caught.value.position) == (octets, position)


def test_null_reverse_path() -> None:
    assert parse_reverse_path(b"<> SIZE=1") == (None, 2)


@pytest.mark.parametrize("octets", [b"<Postmaster>", b"<POSTMASTER>", b"<postmaster>"])
def test_bare_postmaster(octets: bytes) -> None:
    address, end = parse_forward_path(octets)
    assert (address.local_part, address.domain, end) == (octets[1:-1], b"", 12)


@pytest.mark.parametrize(
    ("literal", "right"),
    [
        (b"[192.0.2.1]", True),
        (b"[192.0.2.1", False),
        (b"[1.2.3.4.5]", False),
        (b"[IPv6:::]", True),
        (b"[ipv6:2001:db8::1]", True),
        (b"[IPv6:::ffff:192.0.2.1]", True),
        (b"[IPv6:1::2::3]", False),
        (b"[IPv6:]", False),
        (b"[X-tag:whatever]", True),
        (b"[]", False),
    ],
)
def test_address_literals(literal: bytes, right: bool) -> None:
    assert is_address_literal(literal) is right


def test_address_literal_of_an_address() -> None:
    assert address_literal("192.0.2.1") == b"[192.0.2.1]"
    assert address_literal("2001:DB8::1") == b"[IPv6:2001:db8::1]"
    assert address_literal("fe80::1%eth0") == b"[IPv6:fe80::1]"


@given(st.binary(max_size=60))
def test_any_octets_give_an_address_or_an_address_error(octets: bytes) -> None:
    for parse in (parse_forward_path, parse_reverse_path, parse_mailbox):
        try:
            parse(octets)
        except AddressError as error:
            assert 0 <= error.position <= len(octets)  # noqa: PT017 - both outcomes are fine


@given(st.lists(st.integers(0x20, 0x7E), max_size=20).map(bytes))
def test_any_local_part_survives_the_wire(local_part: bytes) -> None:
    address = Address(local_part, b"b.test")
    assert parse_mailbox(address.to_wire())[0] == address


@given(st.binary(max_size=30))
def test_domains_hold_letters_digits_and_hyphens(octets: bytes) -> None:
    if is_domain(octets):
        assert all(label and not label.startswith(b"-") and not label.endswith(b"-") for label in octets.split(b"."))
