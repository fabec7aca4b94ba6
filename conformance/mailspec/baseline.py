"""The baseline of a target: its known deviations, in a file that is kept beside the target's profile.

    [[known]]
    id = "smtp/commands/help_is_supported"       # a check, or a requirement and with it all of its checks
    verdicts = ["deviates"]                      # what it may end in; with "passed" it may also pass now and then
    reason = "Postfix has no HELP."
    link = "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.8"
    expires = 2027-06-30                         # the last day on which the entry counts
    target = "postfix 3.7"                       # optional: only for targets whose name contains this

A record that the baseline knows does not fail the gate. An entry that is not needed any more, because everything it
names passes, is reported; so is one that has expired, and does not count.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mailspec.result import BaselineFacts, CheckResult, Known
from mailspec.tomlfile import TomlFileError, line_of, read_toml
from mailspec.verdict import Verdict

__all__ = ["Baseline", "BaselineError", "Entry", "load_baseline"]

Text = Annotated[str, msgspec.Meta(min_length=1)]

#: Verdicts that an entry may list.
Listed = Literal["violated", "deviates", "blocked", "inconclusive", "passed"]


class BaselineError(TomlFileError):
    """The baseline cannot be used; the message names file, line and remedy."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One known deviation."""

    #: Id of a check or of a requirement, exactly as reports have it.
    id: Text
    verdicts: Annotated[tuple[Listed, ...], msgspec.Meta(min_length=1)]
    reason: Text
    #: Where more is said: the section, the issue, the manual.
    link: Text
    #: Last day on which the entry counts.
    expires: date
    #: Text that the target's name must contain, such as a version; "" fits every target.
    target: str = ""

    def names(self, check: CheckResult) -> bool:
        """Say whether the entry is about this record, whatever its verdict."""
        return self.id in (check.id, check.requirement)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    known: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a file that are about one target, on one day.

    Args:
        path: the file.
        entries: those that count.
        expired: those that counted once.
    """

    path: Path
    entries: tuple[Entry, ...] = ()
    expired: tuple[Entry, ...] = ()

    def mark(self, check: CheckResult) -> CheckResult:
        """Return the record, marked as known where an entry lists its verdict."""
        if check.verdict is Verdict.PASSED:
            return check
        for entry in self.entries:
            if entry.names(check) and check.verdict.value in entry.verdicts:
                known = Known(reason=entry.reason, link=entry.link, expires=entry.expires.isoformat())
                return msgspec.structs.replace(check, known=known)
        return check

    def facts(self, checks: Sequence[CheckResult]) -> BaselineFacts:
        """Return what the baseline was worth in a run: known records, needless entries, expired ones.

        Args:
            checks: all records of the run, marked.
        """
        return BaselineFacts(
            file=str(self.path),
            entries=len(self.entries),
            known=sum(check.known is not None for check in checks),
            unexpected=tuple(entry.id for entry in self.entries if _is_needless(entry, checks)),
            expired=tuple(entry.id for entry in self.expired),
        )


def _is_needless(entry: Entry, checks: Iterable[CheckResult]) -> bool:
    """Whether everything that the entry names passes; what did not run says nothing."""
    found = {check.verdict for check in checks if entry.names(check)}
    return "passed" not in entry.verdicts and found == {Verdict.PASSED}


def load_baseline(path: Path, *, target: str, today: date, ids: Collection[str] | None = None) -> Baseline:
    """Read a baseline.

    Args:
        path: the file.
        target: the target's name; entries for others are left out.
        today: decides which entries have expired.
        ids: every id that there is, of checks and of requirements; None leaves the ids unchecked.

    Raises:
        BaselineError: the file cannot be read, has an unknown key, an id that does not exist, or one twice.
    """
    entries = _read(path, ids)
    fitting = [entry for entry in entries if entry.target in target]
    return Baseline(
        path=path,
        entries=tuple(entry for entry in fitting if entry.expires >= today),
        expired=tuple(entry for entry in fitting if entry.expires < today),
    )


def _read(path: Path, ids: Collection[str] | None) -> tuple[Entry, ...]:
    try:
        entries = read_toml(path, _File).known
    except TomlFileError as error:
        raise BaselineError(error.path, error.line, error.problem, error.hint) from error
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        line = line_of(path.read_text(), ("known", number, "id"))
        if ids is not None and entry.id not in ids:
            near = ", ".join(difflib.get_close_matches(entry.id, ids, n=3)) or "nothing is near"
            raise BaselineError(path, line, f"nothing is called {entry.id!r}", f"did you mean: {near}")
        if (entry.id, entry.target) in seen:
            raise BaselineError(path, line, f"{entry.id} is listed twice", "put its verdicts into one entry")
        seen.add((entry.id, entry.target))
    return entries
