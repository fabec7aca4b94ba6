"""SPECIAL-USE and CREATE-SPECIAL-USE (RFC 6154)."""

from __future__ import annotations

from typing import Any

import pytest


def test_capabilities(fred: Any) -> None:
    assert {b"SPECIAL-USE", b"CREATE-SPECIAL-USE"} <= set(fred.ok(b"CAPABILITY")[0].split())


def test_create_with_use(fred: Any) -> None:
    fred.ok(rb"CREATE MySpecial (USE (\Drafts \sent \DRAFTS))")
    fred.ok(b"CREATE Plain (USE ())")
    line = rb'LIST (\HasNoChildren \Drafts \Sent) "/" MySpecial'
    for command in (
        b'LIST "" M*',
        b'LIST "" M* RETURN (SPECIAL-USE)',
        b'LIST (SPECIAL-USE) "" *',
        b'LIST (SPECIAL-USE RECURSIVEMATCH) "" * RETURN (CHILDREN)',
    ):
        assert fred.ok(command) == [line]


def test_recursive_match_of_uses(fred: Any) -> None:
    fred.ok(rb"CREATE a/b (USE (\Junk))")
    fred.ok(b"SUBSCRIBE a/b")
    expected = rb'LIST (\HasChildren) "/" a ("CHILDINFO" ("SPECIAL-USE" "SUBSCRIBED"))'
    assert fred.ok(b'LIST (SUBSCRIBED SPECIAL-USE RECURSIVEMATCH) "" %') == [expected]
    fred.ok(b"UNSUBSCRIBE a/b")
    assert fred.ok(b'LIST (SUBSCRIBED SPECIAL-USE RECURSIVEMATCH) "" %') == []


@pytest.mark.parametrize("use", [rb"\All", rb"\Flagged", rb"\X-None", rb"\Sent \All"])
def test_uses_that_are_none_here(fred: Any, use: bytes) -> None:
    assert fred.run(b"CREATE box (USE (%s))" % use)[-1].startswith(b"NO [USEATTR] ")
    assert fred.ok(b'LIST "" box') == []


def test_a_use_is_given_once(fred: Any) -> None:
    fred.ok(rb"CREATE one (USE (\Sent))")
    assert fred.run(rb"CREATE two (USE (\Sent))")[-1].startswith(b"NO [USEATTR] ")
    assert fred.ok(b'LIST "" two') == []


@pytest.mark.parametrize(
    "rest", [b"()", b"USE", b"(USE)", b"(USE \\Sent)", b"(USE (Sent))", b"(FOO (\\Sent))", b"(USE () USE ())"]
)
def test_parameters_of_create_that_are_none(fred: Any, rest: bytes) -> None:
    assert fred.run(b"CREATE box " + rest)[-1].startswith(b"BAD ")
