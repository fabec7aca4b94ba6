"""The always-on grammar: one record per production, from the replies of all checks."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mailspec.requirements import Ledger
from mailspec.result import CheckResult, shown
from mailspec.verdict import Verdict, violation_verdict
from mailspec.wire.grammar import GRAMMAR_REQUIREMENTS
from mailspec.wire.recorder import Recorder

__all__ = ["Breach", "GrammarTally", "Sightings"]

#: Octets shown before and after the position of a breach.
_CONTEXT = 60


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One breach of the grammar, its octets masked."""

    requirement: str
    #: One character for each octet (latin-1).
    octets: str
    position: int
    reason: str
    event: int | None = None


class Sightings(msgspec.Struct, frozen=True, kw_only=True):
    """What the replies of one check showed of the grammar."""

    #: Ids of the requirements that a reply could have breached.
    seen: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()

    @classmethod
    def of(cls, recorder: Recorder | None) -> Sightings:
        """Return what a check's recorder saw."""
        if recorder is None:
            return cls()
        mask = recorder.transcript.secrets.mask
        return cls(
            seen=tuple(sorted(recorder.charges.seen)),
            breaches=tuple(
                Breach(
                    requirement=charge.requirement_id,
                    octets=mask(charge.octets).decode("latin-1"),
                    position=len(mask(charge.octets[: charge.position])),
                    reason=recorder.transcript.secrets.mask_text(charge.reason),
                    event=charge.event,
                )
                for charge in recorder.charges.breaches
            ),
        )


class GrammarTally:
    """Adds up what all checks of a run saw."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._first: dict[str, tuple[CheckResult, Breach]] = {}
        self._breaking: dict[str, set[str]] = {}

    def add(self, check: CheckResult, sightings: Sightings) -> None:
        """Take in one check; the first breach of each requirement is the one that is shown."""
        self._seen.update(sightings.seen)
        for breach in sightings.breaches:
            self._first.setdefault(breach.requirement, (check, breach))
            self._breaking.setdefault(breach.requirement, set()).add(check.id)

    def results(self, ledger: Ledger) -> Iterator[CheckResult]:
        """Yield one record per grammar requirement: violated, passed, or not run if no reply had it."""
        for requirement_id in sorted({*GRAMMAR_REQUIREMENTS, *self._seen, *self._first}):
            yield self._result(requirement_id, ledger)

    def _result(self, requirement_id: str, ledger: Ledger) -> CheckResult:
        requirement = ledger[requirement_id]
        verdict, reason = Verdict.NOT_RUN, "no reply of the selected checks had anything of this form"
        expected: tuple[str, ...] = ()
        actual = transcript = rerun = location = ""
        event: int | None = None
        if requirement_id in self._first:
            check, breach = self._first[requirement_id]
            verdict = violation_verdict(requirement.level, contested=requirement.contested)
            count = len(self._breaking[requirement_id])
            expected, actual = (breach.reason,), _pointed(breach)
            reason = f"first in {check.id}" + (f", in {count} checks in all" if count > 1 else "")
            transcript, rerun, event, location = check.transcript, check.rerun, breach.event, check.location
        elif requirement_id in self._seen:
            verdict, reason = Verdict.PASSED, ""
        return CheckResult(
            id=f"grammar/{requirement_id}",
            kind="grammar",
            requirement=requirement.id,
            source=requirement.source,
            rfc=requirement.rfc,
            section=requirement.section,
            url=requirement.url,
            level=requirement.level,
            contested=requirement.contested,
            says=requirement.says,
            title="Every reply of every check is parsed strictly.",
            verdict=verdict,
            expected=expected,
            actual=actual,
            reason=reason,
            location=location,
            transcript=transcript,
            event=event,
            rerun=rerun,
            needs=requirement.needs,
        )


def _pointed(breach: Breach) -> str:
    """Return the octets around a breach with a mark at its position."""
    start = max(0, breach.position - _CONTEXT)
    before = shown(breach.octets[start : breach.position])
    after = shown(breach.octets[breach.position : breach.position + _CONTEXT])
    return f"{'...' if start else ''}{before}[HERE]{after}{'...' if len(breach.octets) > breach.position + _CONTEXT else ''}"
