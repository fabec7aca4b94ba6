"""Records in the order of the documents: by source, then by section as numbers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailspec.result import CheckResult

__all__ = ["Section", "by_section", "section_key"]


@dataclass(frozen=True, slots=True)
class Section:
    """The records of one section of one document."""

    source: str
    number: str
    url: str
    checks: tuple[CheckResult, ...]


def section_key(check: CheckResult) -> tuple[object, ...]:
    """Sort RFC 1939 before RFC 5321, section 4.5 before 4.10, numbers before appendices."""
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"[.-]", check.section))
    return (check.rfc is None, check.rfc or 0, check.source, parts, check.requirement, check.id)


def by_section(checks: Iterable[CheckResult]) -> tuple[Section, ...]:
    """Group records by section, in the order of the documents."""
    ordered = sorted(checks, key=section_key)
    groups = itertools.groupby(ordered, key=lambda check: (check.source, check.section))
    return tuple(
        Section(source, number, members[0].url, members)
        for (source, number), group in groups
        for members in [tuple(group)]
    )
