"""What an RFC's plain text holds beside sentences: the productions of its grammar, its tables, and what describes a command.

Each part has a section and a name. A production is named as its rule is. The described parts are: `text` for a numbered
section that has any text of its own, or no more than a heading and no sections within; `code 550` or `code X.7.1` for an entry in a list of reply or status codes; `replies to
MAIL` for an entry in a table of reply sequences; and `Arguments of LIST` (or Restrictions, Responses, Possible Responses,
Result) for a block in the description of a command, without `of` where a section describes one command only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mailspec.requirements.rfctext import EXAMPLE, HEADING, without_furniture

__all__ = ["PARTS", "Part", "descriptions", "productions"]

_RULE = re.compile(r"^\s*<?(?P<name>[A-Za-z][A-Za-z0-9-]*)>?(?:\s+(?:=/?|::=)(?:\s|[\"(]|$)|=\s+\S)")
_CODE = re.compile(
    r"^\s+(?P<code>[2-5]\d\d|[X2-5]\.(?:XXX|\d{1,3})\.(?:XXX|\d{1,3}))\s+(?:\d\.\d{1,3}\.\d{1,3}\s+)?[A-Z<\"(]"
)
#: A line that names a command, alone above its description.
_COMMAND = re.compile(r"^\s+(?P<name>(?!OPTIONAL\b)[A-Z]{3,}(?: [A-Za-z<>\[\]]+){0,2})$")
_SEQUENCE = re.compile(r"^\s+[ISE]: +\d{3}\b")
_BLOCK = re.compile(r"^\s+(?P<label>Arguments|Restrictions|Responses|Possible Responses|Result):")


@dataclass(frozen=True, slots=True)
class Part:
    """One production or described part, and the section in which it stands."""

    section: str
    name: str


def productions(text: str) -> Iterator[Part]:
    """Yield the grammar rules that the numbered sections of an RFC define, each once for a section."""
    return _once(
        Part(section, found["name"])
        for section, line in _lines(text)
        if section and not EXAMPLE.match(line) and (found := _RULE.match(line))
    )


def descriptions(text: str) -> Iterator[Part]:
    """Yield the sections that have text, and the entries of their tables and command descriptions."""
    return _once(_described(text))


#: What finds the parts of each kind that an index is kept of.
PARTS: Mapping[str, Callable[[str], Iterator[Part]]] = {"grammar": productions, "prose": descriptions}


def _described(text: str) -> Iterator[Part]:
    lines = list(_lines(text))
    command, last, before = "", "", ""
    for number, (section, line) in enumerate(lines):
        after = lines[number + 1][1] if number + 1 < len(lines) else ""
        if section != last:
            if last and not section.startswith(f"{last}."):
                yield Part(last, "text")
            command, last, before = "", section, ""
        if section and line:
            yield Part(section, "text")
            yield from _entries(section, line, command, after_blank=not before)
            if not before and not after and (found := _COMMAND.match(line)):
                command = found["name"]
        before = line
    if last:
        yield Part(last, "text")


def _entries(section: str, line: str, command: str, *, after_blank: bool) -> Iterator[Part]:
    if after_blank and (found := _CODE.match(line)):
        yield Part(section, f"code {found['code']}")
    if command and _SEQUENCE.match(line):
        yield Part(section, f"replies to {command}")
    if found := _BLOCK.match(line):
        yield Part(section, f"{found['label']} of {command}" if command else found["label"])


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield (section, line) of an RFC, each heading as an empty line; a rule or table in the first column is no heading."""
    section = ""
    for line in without_furniture(text):
        if line and not line[0].isspace() and line[0] not in "+|" and not _RULE.match(line):
            number = HEADING.match(line)
            section = number["number"] if number else ""
            yield section, ""
        else:
            yield section, line


def _once(parts: Iterator[Part]) -> Iterator[Part]:
    seen: set[Part] = set()
    for part in parts:
        if part not in seen:
            seen.add(part)
            yield part
