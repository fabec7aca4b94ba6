"""The completeness index: where each normative sentence of a document leads, or why it leads nowhere.

`index/rfcNNNN.tsv` has one line a sentence: section, ordinal of the sentence among the normative ones of its section, level
(MUST, SHOULD, MAY or prose; `rfctext` says which sentences these are), and either ids of requirements, separated by commas,
or a reason. Lines that begin with # are comments, but for one that says how far the index goes: `# complete: all`, or
`# complete: through 4.2` for all that stands in the document up to the end of section 4.2 itself. Grammar and prose beside
these sentences have indexes of their own, in `partindex`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mailspec.requirements.loader import Ledger, LedgerError, load_ledger
from mailspec.requirements.model import ID_PATTERN
from mailspec.requirements.rfctext import RowLevel, section_key

__all__ = ["REASONS", "Index", "Reason", "Row", "leads_from", "load_indexes", "read_index"]

#: Why a sentence has no requirement of its own, and what the colon behind it introduces ("" where none may follow).
REASONS: Mapping[str, str] = {
    "client": "",
    "duplicate of": "id",
    "not observable": "why",
    "not a requirement": "",
    "obsolete": "why",
}

_COMPLETE = re.compile(r"^# complete: (?:(?P<all>all)|through (?P<through>\S+))\s*$")
_REASON = re.compile(
    r"^(?P<kind>client|not a requirement|duplicate of (?=\S)|(?:not observable|obsolete): (?=\S))(?P<detail>.*)$"
)
_ID = re.compile(ID_PATTERN)
_HINT = (
    "accepted: ids separated by commas; client; duplicate of ID; not observable: why; not a requirement; obsolete: why"
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a sentence has no requirement: the kind is a key of REASONS, the detail an id or a few words."""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Where one normative sentence leads: to requirements, or to a reason."""

    section: str
    ordinal: int
    level: RowLevel
    ids: tuple[str, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """The index of one document."""

    document: str
    #: The last section that it covers, or None where it covers all.
    through: str | None
    rows: tuple[Row, ...]

    def covers(self, section: str) -> bool:
        """Say whether the index is complete for a section."""
        return self.through is None or section_key(section) <= section_key(self.through)

    def reached(self) -> frozenset[str]:
        """Return the ids to which rows lead, those of "duplicate of" among them."""
        found = {name for row in self.rows for name in row.ids}
        reasons = [row.reason for row in self.rows if row.reason is not None]
        return frozenset(found | {reason.detail for reason in reasons if reason.kind == "duplicate of"})


def load_indexes(ledger: Ledger | None = None, folder: Path | None = None) -> Mapping[str, Index]:
    """Read every index of a folder, by default those of the package; document -> index.

    Raises:
        LedgerError: a file is wrong, or leads to an id that the ledger does not have.
    """
    if ledger is None and folder is None:
        return _packaged()
    return _load(ledger or load_ledger(), folder or _folder())


@functools.cache
def _packaged() -> Mapping[str, Index]:
    return _load(load_ledger(), _folder())


def _folder() -> Path:
    return Path(__file__).parent / "index"


def _load(ledger: Ledger, folder: Path) -> Mapping[str, Index]:
    indexes = (read_index(path, ledger) for path in sorted(folder.glob("rfc*.tsv")))
    return {index.document: index for index in indexes}


def read_index(path: Path, ledger: Ledger) -> Index:
    """Read one index.

    Raises:
        LedgerError: with file and line, what is wrong and what would be accepted.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(path, None, f"cannot be read: {error}") from error
    through = _through(path, lines)
    index = Index(path.stem.removeprefix("rfc"), through, ())
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if not line.startswith("#"):
            row = _row(path, number, line, ledger)
            _check_place(path, number, row, rows, index)
            rows.append(row)
    return Index(index.document, through, tuple(rows))


def _through(path: Path, lines: list[str]) -> str | None:
    for line in lines:
        if found := _COMPLETE.match(line):
            return found["through"]
    problem = "does not say how far it goes"
    raise LedgerError(path, 1, problem, "write `# complete: all` or `# complete: through 4.2` above the rows")


def _row(path: Path, number: int, line: str, ledger: Ledger) -> Row:
    cells = line.split("\t")
    if len(cells) != 4:
        problem = f"{len(cells)} columns instead of 4"
        raise LedgerError(path, number, problem, "section, ordinal, level, and ids or a reason, set apart by tabs")
    section, ordinal, level, leads = cells
    if not ordinal.isdecimal():
        raise LedgerError(path, number, f"the ordinal {ordinal!r} is no number", "sentences are counted from 1")
    for known in get_args(RowLevel):
        if level == known:
            ids, reason = leads_from(path, number, leads, ledger)
            return Row(section, int(ordinal), known, ids, reason)
    raise LedgerError(path, number, f"unknown level {level!r}", f"accepted: {', '.join(get_args(RowLevel))}")


def leads_from(path: Path, number: int, leads: str, ledger: Ledger) -> tuple[tuple[str, ...], Reason | None]:
    """Read the cell that says where a row leads: ids, or a reason.

    Raises:
        LedgerError: it is neither, or leads to an id that the ledger does not have.
    """
    if found := _REASON.match(leads):
        kind, detail = found["kind"].strip(" :"), found["detail"].strip()
        if detail and not REASONS[kind]:
            raise LedgerError(path, number, f"nothing follows {kind!r}, but here {detail!r} does", _HINT)
        if REASONS[kind] == "id":
            _check_id(path, number, detail, ledger)
        return (), Reason(kind, detail)
    ids = tuple(name.strip() for name in leads.split(","))
    for name in ids:
        _check_id(path, number, name, ledger)
    return ids, None


def _check_id(path: Path, number: int, name: str, ledger: Ledger) -> None:
    if not _ID.match(name):
        raise LedgerError(path, number, f"{name!r} is neither an id nor a reason", _HINT)
    if name not in ledger:
        near = ", ".join(ledger.near(name))
        raise LedgerError(
            path, number, f"the ledger has no requirement {name}", f"close ids: {near}" if near else _HINT
        )
    if ledger[name].id != name:
        raise LedgerError(path, number, f"{name} is a former id", f"write {ledger[name].id}")


def _check_place(path: Path, number: int, row: Row, before: list[Row], index: Index) -> None:
    """Check that rows stand in the document's order without a gap, and none beyond what the index covers."""
    same = [other for other in before if other.section == row.section]
    if row.ordinal != len(same) + 1 or (same and before[-1].section != row.section):
        problem = f"section {row.section} has {len(same)} rows so far, and this one is number {row.ordinal}"
        raise LedgerError(path, number, problem, "the rows of a section stand together, counted from 1 without a gap")
    if before and section_key(row.section) < section_key(before[-1].section):
        raise LedgerError(path, number, f"section {row.section} stands after {before[-1].section}", "order by section")
    if not index.covers(row.section):
        problem = f"section {row.section} lies beyond {index.through}, up to which the index says it is complete"
        raise LedgerError(path, number, problem, "finish the section and raise the number in the header")
