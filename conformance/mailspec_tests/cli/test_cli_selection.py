"""Addresses: what they select, and what is said about those that name nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.cli.collect import SUITE, are_areas, base_arguments
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


@pytest.mark.parametrize(
    ("level", "selected"),
    [
        (None, ["must", "should", "may", "implied"]),
        ("may", ["must", "should", "may", "implied"]),
        ("should", ["must", "should", "implied"]),
        ("must", ["must", "implied"]),
    ],
)
def test_a_least_level_leaves_out_what_binds_less(level: str | None, selected: list[str]) -> None:
    subjects = [
        Subject(f"smtp/data/{each}", f"5321/1/{each}", level=each) for each in ("must", "should", "may", "implied")
    ]
    selection = Selection.of(["smtp"], level)

    assert [subject.level for subject in subjects if selection.selects(subject)] == selected
    selection.check(subjects)


def test_a_level_that_leaves_nothing_is_named() -> None:
    with pytest.raises(NothingSelected, match="below --level must"):
        Selection.of(["smtp"], "must").check([Subject("smtp/data/hint", "5321/1/hint", level="should")])


@pytest.mark.parametrize(
    ("addresses", "folders"),
    [
        ([], [""]),
        (["smtp"], ["smtp"]),
        (["smtp/4.5.2", "pop3/listing/uidl", "!smtp/data"], ["smtp", "pop3"]),
        (["smtp", "5321/4.5.2"], [""]),
        (["smtp", "!5321/4.5.2"], [""]),
        (["!smtp"], [""]),
        (["*/4.5.2"], [""]),
        (["fixtures"], [""]),
    ],
)
def test_only_areas_that_are_named_are_collected(addresses: list[str], folders: list[str]) -> None:
    arguments = base_arguments(addresses)

    assert arguments[-len(folders) :] == [str(SUITE / folder) for folder in folders]
    assert not arguments[-len(folders) - 1].startswith(str(SUITE))


@pytest.mark.parametrize(
    ("addresses", "known"),
    [([], True), (["smtp", "pop3"], True), (["smtp/data"], False), (["5321"], False), ([""], False)],
)
def test_areas_need_no_look_at_the_suite(addresses: list[str], known: bool) -> None:
    assert are_areas(addresses) is known
