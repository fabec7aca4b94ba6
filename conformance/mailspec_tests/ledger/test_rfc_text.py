"""Finding the normative sentences of an RFC, in a small invented one."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.requirements.rfctext import document_number, normative_sentences, section_key

FRONT = """



Network Working Group                                            A. Gull
Request for Comments: 99999                                 January 2001


                         The Seagull Protocol

Abstract

   Nobody MUST read the abstract.

Table of Contents

   1.  Gulls .......................................................   1
"""

BODY = """
1.  Gulls

   The key words are those of RFC 2119 [1].  A gull MUST cry (i.e. loudly,
   e.g. at dawn), and SHOULD be seen.  A gull may sit.

   A gull's nest, which every other gull in the colony is expected to know,



Gull                        Standards Track                     [Page 1]
\f
RFC 99999                   Seagull Protocol                January 2001


   SHOULD NOT move.

1.1.  Eggs

   o  The egg MAY be blue.
   o  It is REQUIRED that
      eggs are round.

      S: you MUST not read examples

   "Eggs SHALL hatch."  (They are OPTIONAL.)  An egg-
   shaped stone MUST wait.

1.10.  Feathers

   They are RECOMMENDED.

Author's Address

   Mail MUST be sent by pigeon.

Appendix A.  More gulls

   A gull MUST NOT swim.
"""


def found(text: str) -> list[tuple[str, int, str]]:
    return [(each.section, each.ordinal, each.level) for each in normative_sentences(text)]


def test_sentences_have_section_ordinal_and_level() -> None:
    assert found(FRONT + BODY) == [
        ("1", 1, "MUST"),
        ("1", 2, "SHOULD"),
        ("1.1", 1, "MAY"),
        ("1.1", 2, "MUST"),
        ("1.1", 3, "MUST"),
        ("1.1", 4, "MAY"),
        ("1.1", 5, "MUST"),
        ("1.10", 1, "SHOULD"),
        ("A", 1, "MUST"),
    ]


def test_a_sentence_is_whole_across_pages_and_lines() -> None:
    texts = [each.text for each in normative_sentences(FRONT + BODY)]

    assert texts[0] == "A gull MUST cry (i.e. loudly, e.g. at dawn), and SHOULD be seen."
    assert texts[1].startswith("A gull's nest")
    assert texts[1].endswith("expected to know, SHOULD NOT move.")
    assert texts[6] == "An egg-shaped stone MUST wait."


def test_words_in_lower_case_count_where_a_text_does_without_rfc_2119() -> None:
    text = """
1. Boats

   A boat should float, as a rule of the sea; it has a keel.  It has a sail.

   Boats MAY sink.

      Possible Responses:
          +OK afloat

      Examples:
          C: FLOAT
          S: +OK you must see it
"""

    assert found(text) == [("1", 1, "prose"), ("1", 2, "MAY"), ("1", 3, "prose")]


def test_the_number_stands_on_the_first_page() -> None:
    assert document_number(FRONT) == 99999
    assert document_number("no RFC at all") is None


@pytest.mark.parametrize(
    ("earlier", "later"), [("4.2", "4.10"), ("4", "4.1"), ("9", "10"), ("10", "A"), ("F.1", "F.2")]
)
def test_sections_sort_as_in_the_document(earlier: str, later: str) -> None:
    assert section_key(earlier) < section_key(later)


PIECES = st.sampled_from(
    [
        "1. Gulls",
        "2.1.  Eggs",
        "Appendix A. More",
        "Index",
        "",
        "\x0c",
        "   A gull MUST cry.",
        "   - it may",
        "   Eggs SHOULD",
        "RFC 99999   Seagull Protocol   January 2001",
        "Gull   Standards Track   [Page 1]",
        "   S: you MUST",
        "   e.g. RFC 2119",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=30))
def test_whatever_the_text_ordinals_count_from_one(lines: list[str]) -> None:
    ordinals: defaultdict[str, list[int]] = defaultdict(list)
    for sentence in normative_sentences("\n".join(lines)):
        assert sentence.section
        assert "[Page" not in sentence.text
        ordinals[sentence.section].append(sentence.ordinal)

    assert all(found == list(range(1, len(found) + 1)) for found in ordinals.values())


def test_a_table_in_the_first_column_ends_no_section() -> None:
    text = (
        f"{FRONT}\n1.  Gulls\n\n   RFC 2119 says more.\n\n+---+---+\n| A | MUST |\n| B | MAY |\n+---+---+\n\n"
        "   It SHOULD be read.\n"
    )

    assert [(found.section, found.level) for found in normative_sentences(text)] == [("1", "MUST"), ("1", "SHOULD")]
