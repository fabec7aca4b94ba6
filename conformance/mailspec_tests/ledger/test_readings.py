"""Readings: each one that a requirement names is written down, and each one is needed."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from mailspec.requirements import load_ledger

READINGS = tomllib.loads(files("mailspec").joinpath("readings.toml").read_text("utf-8"))["reading"]


def test_readings_are_those_the_ledger_names() -> None:
    named = {entry.reading for entry in load_ledger().values() if entry.reading}

    assert {reading["id"] for reading in READINGS} == named


def test_readings_have_a_place_and_a_text() -> None:
    assert all(set(reading) == {"id", "about", "says"} and all(reading.values()) for reading in READINGS)
    assert len({reading["id"] for reading in READINGS}) == len(READINGS)
