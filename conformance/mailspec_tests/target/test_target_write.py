"""Profiles written are profiles read."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from mailspec.target.write import profile_text

KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])), st.integers(-(2**62), 2**62), st.booleans(), st.floats(-1e9, 1e9)
)
TABLES = st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(KEYS, SCALARS)))
VALUES = st.one_of(SCALARS, st.lists(st.text("ab"), max_size=3), TABLES, st.lists(TABLES, min_size=1, max_size=3))


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_written_reads_the_same(document: dict[str, object]) -> None:
    text = profile_text(document)  # type: ignore[arg-type]  # the strategy makes only what TOML holds

    assert tomllib.loads(text) == document


def test_comments_stand_above_what_they_explain() -> None:
    text = profile_text({"name": "x", "smtp": {"host": "h"}}, {"name": "who", "smtp": "where\nit is"})

    assert text == '# who\nname = "x"\n\n# where\n# it is\n[smtp]\nhost = "h"\n'
