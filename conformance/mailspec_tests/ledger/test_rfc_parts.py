"""Finding the productions and described parts of an RFC, in a small invented one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailspec.requirements.rfcparts import PARTS, Part, descriptions, productions

TEXT = """
Network Working Group                                            A. Gull
Request for Comments: 99999                                 January 2001

Abstract

   feather = "white"

1.  Gulls

1.1.  Cries

   A gull cries as it likes, and cry is not = to silence here.

   cry        = "kee" *( "-" kee ) ; long
                / short
   kee        =/ "kyow"
   <old-form> ::= "ha"
   cry        =/ "mew"
   C: wing = left

   cGFkZGluZw==

2.  Replies

      550 Gull not found

   and 551 is not one of these, nor is
   552 Fish at the beginning of a line.

   535 5.7.8  No such gull

      X.1.7   Bad gull

      X.2.XXX Nest Status

      FLY

         S: 250
         E: 550, 551

      LAND [rock]

         I: 354 -> feet -> S: 250

         Arguments: a rock

         Possible Responses:
             +OK

3.  Commands

   Arguments:  none

   Result:     OK - it flew

   Result:     BAD - it fell

4.  Nothing

4.0.  At Most 5 Minutes

4.1.  But this

squawk          = "a" / "b"
                    ; in the first column
shriek= squawk
"""


def test_productions_have_their_section_and_name_once() -> None:
    assert list(productions(TEXT)) == [
        Part("1.1", "cry"),
        Part("1.1", "kee"),
        Part("1.1", "old-form"),
        Part("4.1", "squawk"),
        Part("4.1", "shriek"),
    ]


def test_descriptions_are_sections_with_text_codes_sequences_and_blocks() -> None:
    assert [(part.section, part.name) for part in descriptions(TEXT)] == [
        ("1.1", "text"),
        ("2", "text"),
        ("2", "code 550"),
        ("2", "code 535"),
        ("2", "code X.1.7"),
        ("2", "code X.2.XXX"),
        ("2", "replies to FLY"),
        ("2", "replies to LAND [rock]"),
        ("2", "Arguments of LAND [rock]"),
        ("2", "Possible Responses of LAND [rock]"),
        ("3", "text"),
        ("3", "Arguments"),
        ("3", "Result"),
        ("4.0", "text"),
        ("4.1", "text"),
    ]


@given(st.text(alphabet="ab1.=: \n\f[]SCE<>") | st.text())
def test_any_text_is_read(text: str) -> None:
    for find in PARTS.values():
        parts = list(find(text))
        assert len(set(parts)) == len(parts)
        assert all(part.section and part.name for part in parts)
