"""Normative sentences of an RFC in its plain-text form: where each stands, and how strongly it binds.

A sentence is normative if it has one of RFC 2119's words in capitals; the strongest word gives its level. A text that never
mentions RFC 2119 does not rely on capitals, so two more things are normative in it, at the level "prose": a sentence with
one of the words in lower case, and a paragraph that lists the possible responses of a command. In a text that does mention
RFC 2119 the words in lower case are plain English. Unnumbered parts (abstract, contents, addresses) and examples (lines
that begin with C: or S:) bind nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "EXAMPLE",
    "HEADING",
    "RowLevel",
    "Sentence",
    "document_number",
    "normative_sentences",
    "section_key",
    "without_furniture",
]

#: The level of a row; "prose" where the text has no RFC 2119 word in capitals.
RowLevel = Literal["MUST", "SHOULD", "MAY", "prose"]

_NUMBER = re.compile(r"^(?:Request for Comments|RFC)(?::\s*|\s+)(\d{3,5})\b", re.MULTILINE)
_FOOTER = re.compile(r"^\S.*\[Page [0-9ivx]+\]\s*$")
_HEADER = re.compile(r"^(?:RFC \d+|Internet-Draft)\s.*\d{4}\s*$")
#: The heading of a numbered section or appendix.
HEADING = re.compile(r"^(?:Appendix )?(?P<number>(?:\d{1,2}|[A-Z])(?:\.\d{1,2})*)\.?\s+\S")
#: A line of an example.
EXAMPLE = re.compile(r"^\s*[SC]:\s")
_ITEM = re.compile(r"^\s*(?:[o*+-]|\(?(?:[0-9]{1,2}|[a-z])[.)])\s+\S")
_END = re.compile(r"[.!?][\"')\]]*$")
#: The end of a sentence: a mark, what closes, white space, and what begins the next one.
_BREAK = re.compile(r"(?<=[.!?])([\"')\]]*)\s+(?=[\"'(\[`]*[A-Z0-9])")
#: A compound word that the end of a line cuts.
_HYPHEN = re.compile(r"(?<=[A-Za-z])- (?=[a-z])")
#: Words before a full stop that ends no sentence.
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|etc|Sec|sec|Fig|No|[A-Z])|^\(?\w{1,2})\.$")

_LEVELS: Sequence[tuple[RowLevel, re.Pattern[str]]] = (
    ("MUST", re.compile(r"\b(?:MUST|SHALL|REQUIRED)\b")),
    ("SHOULD", re.compile(r"\b(?:SHOULD|RECOMMENDED)\b")),
    ("MAY", re.compile(r"\b(?:MAY|OPTIONAL)\b")),
)
_LOWER_CASE = re.compile(r"\b(?:must|shall|required|should|recommended|may)\b", re.IGNORECASE)
_RESPONSES = re.compile(r"^Possible Responses:")
_MENTIONS_2119 = re.compile(r"\b(?:RFC[ -]?2119|BCP[ -]?14)\b|\[KEYWORDS\]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One normative sentence, and its place: the ordinal counts the normative sentences of a section from 1."""

    section: str
    ordinal: int
    level: RowLevel
    text: str


def document_number(text: str) -> int | None:
    """Return the number that an RFC's first page gives it, or None."""
    found = _NUMBER.search(text)
    return int(found[1]) if found else None


def section_key(section: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts sections as a document does: 4.2 before 4.10, appendices last."""
    return tuple((int(part), "") if part.isdigit() else (1000, part) for part in section.split("."))


def normative_sentences(text: str) -> Iterator[Sentence]:
    """Yield the normative sentences of an RFC's text in their order."""
    relies_on_capitals = bool(_MENTIONS_2119.search(text))
    ordinals: dict[str, int] = {}
    for section, paragraph in _paragraphs(without_furniture(text)):
        for sentence in _sentences(paragraph):
            level = _level(sentence, relies_on_capitals=relies_on_capitals)
            if level is not None:
                ordinals[section] = ordinals.get(section, 0) + 1
                yield Sentence(section, ordinals[section], level, sentence)


def _level(sentence: str, *, relies_on_capitals: bool) -> RowLevel | None:
    for level, words in _LEVELS:
        if words.search(sentence):
            return level
    if not relies_on_capitals and (_LOWER_CASE.search(sentence) or _RESPONSES.match(sentence)):
        return "prose"
    return None


def without_furniture(text: str) -> list[str]:
    """Return the lines of an RFC without page headers and footers; a paragraph that a page break cuts is whole again."""
    lines: list[str] = []
    at_break = False
    for line in text.replace("\f", "\n").splitlines():
        stripped = line.rstrip()
        if _FOOTER.match(stripped) or _HEADER.match(stripped):
            at_break = True
            while lines and not lines[-1]:
                lines.pop()
        elif not at_break:
            lines.append(stripped)
        elif stripped:
            if not _continues(lines, stripped):
                lines.append("")
            lines.append(stripped)
            at_break = False
    return lines


def _continues(before: list[str], line: str) -> bool:
    """Say whether a line after a page break goes on with the sentence before it."""
    if not before or _END.search(before[-1]) or _ITEM.match(line):
        return False
    return _indent(before[-1]) == _indent(line) or bool(_ITEM.match(before[-1]))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _paragraphs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (section, paragraph in one line) of the numbered sections; items of lists and tables are paragraphs."""
    section = ""
    gathered: list[str] = []
    for line in [*lines, ""]:
        heading = line and not line[0].isspace() and line[0] not in "+|"
        if gathered and (not line or heading or EXAMPLE.match(line) or _ITEM.match(line)):
            yield section, _HYPHEN.sub("-", " ".join(gathered))
            gathered = []
        if heading:
            number = HEADING.match(line)
            section = number["number"] if number else ""
        elif line and section and not EXAMPLE.match(line):
            gathered.append(line.strip())


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for found in _BREAK.finditer(paragraph):
        sentence = paragraph[start : found.end(1)]
        if not _ABBREVIATION.search(sentence):
            yield sentence.strip()
            start = found.end()
    yield paragraph[start:].strip()
