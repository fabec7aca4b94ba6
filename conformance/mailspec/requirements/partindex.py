"""The completeness index of grammar and prose: where each production and each described part of a document leads.

`index/grammar/rfcNNNN.tsv` has one line a production, `index/prose/rfcNNNN.tsv` one line a described part; `rfcparts` says
which these are and how they are named. A line is section, name, and ids of requirements or a reason, as in `completeness`.
A production that a server sends, alone or inside another, leads to the requirements that its octets are held to; one that
only clients send has the reason `client`. A described part may have one more reason, `in sentences`: what it asks for is all
in its normative sentences, and the index of those has it. A form of what a server sends that prose describes and no rule
defines has a name of our own in the grammar index, one with a space; where all are such, it is `# complete: by hand`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailspec.requirements.completeness import Reason, leads_from
from mailspec.requirements.loader import Ledger, LedgerError, load_ledger
from mailspec.requirements.rfcparts import Part
from mailspec.requirements.rfctext import section_key

__all__ = ["IN_SENTENCES", "PartIndex", "PartRow", "load_part_indexes", "read_part_index"]

#: The reason of a described part whose normative sentences say all that it asks for.
IN_SENTENCES = "in sentences"

_COMPLETE = re.compile(r"^# complete: (?:(?P<all>all)|(?P<hand>by hand)|through (?P<through>\S+))\s*$")


@dataclass(frozen=True, slots=True)
class PartRow:
    """Where one production or described part leads: to requirements, or to a reason."""

    part: Part
    ids: tuple[str, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class PartIndex:
    """The index of one kind of parts of one document."""

    document: str
    #: A key of `rfcparts.PARTS`.
    kind: str
    #: The last section that it covers, or None where it covers all.
    through: str | None
    #: Its names are our own: nothing in the text can be counted.
    by_hand: bool
    rows: tuple[PartRow, ...]

    def covers(self, section: str) -> bool:
        """Say whether the index is complete for a section."""
        return self.through is None or section_key(section) <= section_key(self.through)

    def is_own(self, part: Part) -> bool:
        """Say whether a part has a name of our own, so that only its section can be looked up in the text."""
        return self.by_hand or (self.kind == "grammar" and " " in part.name)

    def reached(self) -> frozenset[str]:
        """Return the ids to which rows lead."""
        found = {name for row in self.rows for name in row.ids}
        reasons = [row.reason for row in self.rows if row.reason is not None]
        return frozenset(found | {reason.detail for reason in reasons if reason.kind == "duplicate of"})


def load_part_indexes(kind: str, ledger: Ledger | None = None, folder: Path | None = None) -> Mapping[str, PartIndex]:
    """Read every index of one kind, by default those of the package; document -> index.

    Args:
        kind: a key of `rfcparts.PARTS`.
        ledger: what the rows lead to.
        folder: the folder that holds a folder for each kind.

    Raises:
        LedgerError: a file is wrong, or leads to an id that the ledger does not have.
    """
    if ledger is None and folder is None:
        return _packaged(kind)
    return _load(kind, ledger or load_ledger(), folder or _folder())


@functools.cache
def _packaged(kind: str) -> Mapping[str, PartIndex]:
    return _load(kind, load_ledger(), _folder())


def _folder() -> Path:
    return Path(__file__).parent / "index"


def _load(kind: str, ledger: Ledger, folder: Path) -> Mapping[str, PartIndex]:
    indexes = (read_part_index(path, kind, ledger) for path in sorted((folder / kind).glob("rfc*.tsv")))
    return {index.document: index for index in indexes}


def read_part_index(path: Path, kind: str, ledger: Ledger) -> PartIndex:
    """Read one index.

    Raises:
        LedgerError: with file and line, what is wrong and what would be accepted.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(path, None, f"cannot be read: {error}") from error
    header = _header(path, lines)
    index = PartIndex(path.stem.removeprefix("rfc"), kind, header["through"], header["hand"] is not None, ())
    rows: dict[Part, PartRow] = {}
    for number, line in enumerate(lines, 1):
        if not line.startswith("#"):
            row = _row(path, number, line, index, ledger)
            _check_place(path, number, row.part, rows, index)
            rows[row.part] = row
    return PartIndex(index.document, kind, index.through, index.by_hand, tuple(rows.values()))


def _header(path: Path, lines: list[str]) -> re.Match[str]:
    for line in lines:
        if found := _COMPLETE.match(line):
            return found
    accepted = ", ".join(f"`# complete: {how}`" for how in ("all", "through 4.2", "by hand"))
    raise LedgerError(path, 1, "does not say how far it goes", f"write one of {accepted} above the rows")


def _row(path: Path, number: int, line: str, index: PartIndex, ledger: Ledger) -> PartRow:
    cells = line.split("\t")
    if len(cells) != 3:
        problem = f"{len(cells)} columns instead of 3"
        raise LedgerError(path, number, problem, "section, name, and ids or a reason, set apart by tabs")
    section, name, leads = cells
    part = Part(section, name)
    if index.kind == "prose" and leads == IN_SENTENCES:
        return PartRow(part, reason=Reason(IN_SENTENCES))
    ids, reason = leads_from(path, number, leads, ledger)
    return PartRow(part, ids, reason)


def _check_place(path: Path, number: int, part: Part, before: dict[Part, PartRow], index: PartIndex) -> None:
    """Check that rows stand in the document's order, once each, and none beyond what the index covers."""
    if part in before:
        raise LedgerError(path, number, f"{part.name} of section {part.section} is here twice", "one row a part")
    last = next(reversed(before), None)
    if last is not None and section_key(part.section) < section_key(last.section):
        raise LedgerError(path, number, f"section {part.section} stands after {last.section}", "order by section")
    if not index.covers(part.section):
        problem = f"section {part.section} lies beyond {index.through}, up to which the index says it is complete"
        raise LedgerError(path, number, problem, "finish the section and raise the number in the header")
