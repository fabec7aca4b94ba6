"""How much of the documents the suite covers: the honest denominator, by document and level.

A statement is a requirement of the ledger, or a sentence of a completeness index that has none because it binds clients only
or cannot be observed. Duplicates, sentences that ask for nothing and obsolete ones are no statements; `left_out` counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import get_args

import msgspec

from mailspec.requirements.completeness import Index, Row
from mailspec.requirements.loader import Ledger
from mailspec.requirements.model import Level, Requirement
from mailspec.requirements.partindex import PartIndex
from mailspec.requirements.rfctext import RowLevel

__all__ = ["Coverage", "Line", "coverage"]

_LEVELS: Mapping[RowLevel, Level] = {"MUST": "must", "SHOULD": "should", "MAY": "may", "prose": "implied"}
_HIDDEN = {"config": "needs another configuration", "none": "not from outside"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one level of one document; each is a part of the one before it."""

    document: str
    level: Level
    statements: int
    #: Those that bind the target: as a server, or as the client that it is when it relays.
    bound: int
    observable: int
    checked: int
    #: Those that a mutant breaks.
    proven: int
    #: Those that bind the target and cannot be observed: how many, by reason.
    hidden: Mapping[str, int]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """All lines, and what they rest on."""

    lines: tuple[Line, ...]
    #: Document -> the last section that its index covers, None for all of it; a document that is not here has no index.
    indexed: Mapping[str, str | None]
    #: Sentences of the indexes that are no statements, by kind of reason.
    left_out: Mapping[str, int]
    #: Kind of parts (grammar, prose) -> document -> how many of its parts lead to requirements, and how many there are.
    parts: Mapping[str, Mapping[str, tuple[int, int]]] = {}


def coverage(
    ledger: Ledger,
    indexes: Mapping[str, Index],
    checked: Collection[str],
    proven: Collection[str],
    parts: Mapping[str, Mapping[str, PartIndex]] = MappingProxyType({}),
) -> Coverage:
    """Count statements.

    Args:
        ledger: all requirements.
        indexes: the completeness indexes, by document.
        checked: ids of the requirements that have a check.
        proven: ids of the requirements that have a check and a mutant.
        parts: the indexes of grammar and prose, by kind and document.
    """
    documents = sorted({entry.document for entry in ledger.values()}, key=lambda name: (name.isalpha(), name.zfill(5)))
    lines: list[Line] = []
    for document in documents:
        entries = [entry for entry in ledger.values() if entry.document == document]
        rows = indexes[document].rows if document in indexes else ()
        for level in get_args(Level):
            mine = [entry for entry in entries if entry.level == level]
            lost = [row for row in rows if _LEVELS[row.level] == level and _is_statement(row)]
            if mine or lost:
                lines.append(_line(document, level, mine, lost, checked, proven))
    return Coverage(
        lines=tuple(lines),
        indexed={document: index.through for document, index in indexes.items()},
        left_out=dict(sorted(Counter(_left_out(indexes.values())).items())),
        parts={kind: {name: _led(index) for name, index in found.items()} for kind, found in parts.items()},
    )


def _led(index: PartIndex) -> tuple[int, int]:
    return sum(bool(row.ids) for row in index.rows), len(index.rows)


def _line(
    document: str,
    level: Level,
    entries: list[Requirement],
    rows: list[Row],
    checked: Collection[str],
    proven: Collection[str],
) -> Line:
    bound = [entry for entry in entries if entry.binds != "client" or entry.observe not in _HIDDEN]
    observable = [entry for entry in bound if entry.observe not in _HIDDEN]
    unseen = [row.reason.detail for row in rows if row.reason is not None and row.reason.kind == "not observable"]
    hidden = Counter([*unseen, *(entry.why or _HIDDEN[entry.observe] for entry in bound if entry.observe in _HIDDEN)])
    judged = [entry.id for entry in observable if entry.id in checked]
    return Line(
        document=document,
        level=level,
        statements=len(entries) + len(rows),
        bound=len(bound) + len(unseen),
        observable=len(observable),
        checked=len(judged),
        proven=sum(name in proven for name in judged),
        hidden=dict(hidden.most_common()),
    )


def _is_statement(row: Row) -> bool:
    return row.reason is not None and row.reason.kind in {"client", "not observable"}


def _left_out(indexes: Iterable[Index]) -> Iterator[str]:
    for index in indexes:
        for row in index.rows:
            if row.reason is not None and not _is_statement(row):
                yield row.reason.kind
