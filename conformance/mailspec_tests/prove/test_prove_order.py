"""The order in which subjects are proven where there is not time for all."""

from __future__ import annotations

from mailspec.prove.subject import Kind, all_subjects, in_chance_order


def test_the_seed_decides_and_nobody_is_lost() -> None:
    subjects = all_subjects()
    ordered = in_chance_order(subjects, 1)

    assert sorted(each.name for each in ordered) == sorted(each.name for each in subjects)
    assert ordered == in_chance_order(subjects, 1)
    assert ordered != in_chance_order(subjects, 2)


def test_reference_and_stupid_servers_are_never_left_to_the_end() -> None:
    first = {each.kind for each in in_chance_order(all_subjects(), 3)[:3]}

    assert first == {Kind.REFERENCE, Kind.STUPID}
