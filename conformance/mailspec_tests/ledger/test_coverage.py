"""Counting what is covered, on a ledger of a few entries."""

from __future__ import annotations

from pathlib import Path

from mailspec.requirements import Ledger, load_ledger
from mailspec.requirements.completeness import Index, Reason, Row
from mailspec.requirements.coverage import Line, coverage
from mailspec.requirements.partindex import PartIndex, PartRow
from mailspec.requirements.rfcparts import Part


def ledger_of(folder: Path, **entries: str) -> Ledger:
    text = "".join(
        f'[[requirement]]\nid = "1939/1/{slug}"\nlevel = "must"\nsays = "It does."\n{more}\n'
        for slug, more in entries.items()
    )
    (folder / "rfc1939.toml").write_text(text)
    return load_ledger(folder)


def test_each_number_is_a_part_of_the_one_before(tmp_path: Path) -> None:
    ledger = ledger_of(
        tmp_path,
        proven="",
        checked="",
        unchecked="",
        hidden='observe = "none"\nwhy = "fog"',
        configured='observe = "config"',
        relaying='binds = "client"\nobserve = "dns"',
        client='binds = "client"\nobserve = "none"',
    )
    rows = (
        Row("1", 1, "MUST", ("1939/1/proven",)),
        Row("1", 2, "MUST", reason=Reason("client")),
        Row("1", 3, "MUST", reason=Reason("not observable", "what people do")),
        Row("1", 4, "MUST", reason=Reason("duplicate of", "1939/1/proven")),
        Row("1", 5, "SHOULD", reason=Reason("client")),
        Row("1", 6, "MAY", reason=Reason("not a requirement")),
    )

    found = coverage(
        ledger, {"1939": Index("1939", None, rows)}, {"1939/1/proven", "1939/1/checked"}, {"1939/1/proven"}
    )

    hidden = {"what people do": 1, "fog": 1, "needs another configuration": 1}
    must = Line(document="1939", level="must", statements=9, bound=7, observable=4, checked=2, proven=1, hidden=hidden)
    should = Line(document="1939", level="should", statements=1, bound=0, observable=0, checked=0, proven=0, hidden={})
    assert found.lines == (must, should)
    assert found.left_out == {"duplicate of": 1, "not a requirement": 1}
    assert found.indexed == {"1939": None}


def test_a_document_without_an_index_is_no_surprise(tmp_path: Path) -> None:
    found = coverage(ledger_of(tmp_path, one=""), {}, set(), set())

    assert [(line.statements, line.checked) for line in found.lines] == [(1, 0)]
    assert found.indexed == {}


def test_parts_are_counted_by_kind_and_document(tmp_path: Path) -> None:
    rows = (
        PartRow(Part("1", "cry"), ("1939/1/one",)),
        PartRow(Part("1", "mew"), reason=Reason("client")),
        PartRow(Part("2", "cry"), ("1939/1/one",)),
    )

    grammar = {"1939": PartIndex("1939", "grammar", None, by_hand=False, rows=rows)}
    found = coverage(ledger_of(tmp_path, one=""), {}, set(), set(), {"grammar": grammar})

    assert found.parts == {"grammar": {"1939": (2, 3)}}
