"""A small ledger for the tests of indexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.requirements import Ledger, load_ledger

_ENTRIES = (
    '[[requirement]]\nid = "5321/1/first"\nlevel = "must"\nsays = "It does."\naliases = ["5321/1/former"]\n\n'
    '[[requirement]]\nid = "5321/1/second"\nlevel = "must"\nsays = "It does too."\n'
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Two requirements of RFC 5321, the first with a former name."""
    (tmp_path / "rfc5321.toml").write_text(_ENTRIES)
    return load_ledger(tmp_path)
