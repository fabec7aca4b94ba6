"""Addresses: what they select, and what is said about those that name nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.selection import NothingSelected, Selection, Subject

SUBJECTS = [
    Subject("smtp/data/dot_is_removed", "5321/4.5.2/unstuff"),
    Subject("smtp/data/dots_inside_stay", "5321/4.5.2/only-leading-period", ("5321/4.5.2/inner-dots",)),
    Subject("smtp/limits/line_of_512", "5321/4.5.3.1.4/command-line"),
    Subject("smtp/vrfy/vrfy_works", "5321/4.51/imagined"),
    Subject("pop3/listing/uidl", "1939/7/uidl"),
    Subject("imap/fetch/uid_fetch", "3501/6.4.8/uid-fetch"),
    Subject("store/maildir/name", "maildir/delivery/name"),
]


@pytest.mark.parametrize(
    ("addresses", "selected"),
    [
        ([], [0, 1, 2, 3, 4, 5, 6]),
        (["smtp"], [0, 1, 2, 3]),
        (["smtp/"], [0, 1, 2, 3]),
        (["smtp/data"], [0, 1]),
        (["smtp/data/dot_is_removed"], [0]),
        (["5321"], [0, 1, 2, 3]),
        (["rfc5321"], [0, 1, 2, 3]),
        (["5321/4.5"], [0, 1, 2]),
        (["5321/4"], [0, 1, 2, 3]),
        (["smtp/4.5.2"], [0, 1]),
        (["5321/4.5.2/unstuff"], [0]),
        (["5321/4.5.2/inner-dots"], [1]),
        (["maildir"], [6]),
        (["*/*/uid*"], [4, 5]),
        (["imap/*"], [5]),
        (["5321/4.5.[12]"], [0, 1]),
        (["smtp", "1939"], [0, 1, 2, 3, 4]),
        (["smtp", "!smtp/data"], [2, 3]),
        (["!smtp"], [4, 5, 6]),
        (["^smtp", "^imap"], [4, 6]),
    ],
)
def test_an_address_selects(addresses: list[str], selected: list[int]) -> None:
    selection = Selection.of(addresses)

    assert [index for index, subject in enumerate(SUBJECTS) if selection.selects(subject)] == selected
    selection.check(SUBJECTS)


@pytest.mark.parametrize(
    ("addresses", "near"),
    [
        (["smpt"], "smtp"),
        (["5321/4.5.2/unstuf"], "5321/4.5.2/unstuff"),
        (["unstuff"], "5321/4.5.2/unstuff"),
        (["smtp", "!smtp/dta"], "smtp/data"),
    ],
)
def test_an_address_that_names_nothing_is_an_error_with_near_names(addresses: list[str], near: str) -> None:
    with pytest.raises(NothingSelected) as caught:
        Selection.of(addresses).check(SUBJECTS)

    assert near in str(caught.value)


def test_selecting_nothing_is_an_error() -> None:
    with pytest.raises(NothingSelected, match="take everything"):
        Selection.of(["pop3", "!1939"]).check(SUBJECTS)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_no_address_is_too_odd(addresses: list[str]) -> None:
    selection = Selection.of(addresses)

    assert all(selection.selects(subject) in (True, False) for subject in SUBJECTS)
