"""The packaged zones are read and served."""

from __future__ import annotations

import pytest

import mailspec_corpus
from refmail.dns import parse_zone


@pytest.mark.parametrize("name", mailspec_corpus.zones())
def test_every_zone_is_read(name: str) -> None:
    assert parse_zone(mailspec_corpus.zone(name), "d.test")


def test_the_five_exchangers() -> None:
    records = parse_zone(mailspec_corpus.zone("five_mx"), "d.test")

    assert [record.data for record in records] == [
        "5 in.smtp.d.test.",
        "10 alt1.in.smtp.d.test.",
        "20 alt2.in.smtp.d.test.",
        "30 alt3.in.smtp.d.test.",
        "40 alt4.in.smtp.d.test.",
    ]


def test_null_mx_and_alias() -> None:
    assert ("d.test", "MX", "0 .") in [
        (r.name, r.type, r.data) for r in parse_zone(mailspec_corpus.zone("null_mx"), "d.test")
    ]
    assert parse_zone(mailspec_corpus.zone("alias"), "d.test")[0].data == "d.test."


def test_unknown_zones_are_named() -> None:
    with pytest.raises(KeyError, match="five_mx"):
        mailspec_corpus.zone("nothing")
