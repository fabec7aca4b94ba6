"""From exceptions to verdicts: the table in `mailspec.verdict`, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import pytest

from mailspec.requirements import Requirement
from mailspec.transcript import visible
from mailspec.verdict import Outcome, Verdict, Violation, violation_verdict
from mailspec.wire.recorder import Recorder

__all__ = ["Finding", "Phase", "judge_call", "judge_setup", "judge_teardown"]

Phase = Literal["setup", "call", "teardown"]

#: Characters of a command that a message quotes.
_QUOTED = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """What one phase of a check came to."""

    verdict: Verdict
    expected: tuple[str, ...] = ()
    actual: str = ""
    reason: str = ""
    #: Index of the transcript's event that deviates.
    event: int | None = None
    #: What clean-up could not do.
    cleanup: str = ""


def judge_setup(error: BaseException | None) -> Finding | None:
    """Return the finding of fixtures, or None if they got through; they prepare, so they never violate."""
    if error is None:
        return None
    if isinstance(error, Violation):
        return Finding(Verdict.BLOCKED, reason=f"a fixture did not reach its state: {error.reason}", event=error.event)
    return _judge(error)


def judge_call(error: BaseException | None, requirement: Requirement, recorder: Recorder | None) -> Finding:
    """Return the finding of the check's own function."""
    if error is None:
        unjudged = recorder.unjudged() if recorder is not None else []
        if unjudged:
            asked = (
                visible(unjudged[0].mask(unjudged[0].asked))[:_QUOTED]
                if unjudged[0].asked
                else "connecting (the greeting)"
            )
            reason = f"the check never judged the reply to {asked}: end it with .expect(...) or .require(...)"
            return Finding(Verdict.ERROR, reason=reason, event=unjudged[0].event)
        return Finding(Verdict.OBSERVED if requirement.level == "may" else Verdict.PASSED)
    if isinstance(error, Violation):
        verdict = violation_verdict(requirement.level, contested=requirement.contested)
        event = error.event
        if event is None and recorder is not None and recorder.transcript.last >= 0:
            event = recorder.transcript.last
        return Finding(verdict, expected=error.expected, actual=error.actual, event=event)
    return _judge(error)


def judge_teardown(error: BaseException | None, before: Finding) -> Finding:
    """Return the finding of the whole check after clean-up.

    An Outcome here says that the target did not let us clean up, which is no verdict;
    anything else is a bug, and must not hide behind what the check found.
    """
    if error is None:
        return before
    if all(isinstance(member, Outcome) for member in _members(error)):
        return replace(before, cleanup="; ".join(str(member) for member in _members(error)))
    reason = f"clean-up failed after the verdict {before.verdict}: {_named(error)}"
    return Finding(Verdict.ERROR, reason=reason)


def _judge(error: BaseException) -> Finding:
    if isinstance(error, Outcome):
        return Finding(error.verdict, reason=error.reason)
    if isinstance(error, pytest.skip.Exception):
        reason = f"a check may not skip: raise NotRun, NotOffered or Blocked, which say why ({error})"
        return Finding(Verdict.ERROR, reason=reason)
    if isinstance(error, pytest.xfail.Exception):
        return Finding(Verdict.ERROR, reason=f"a check may not xfail: known deviations belong in a baseline ({error})")
    return Finding(Verdict.ERROR, reason=_named(error))


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of a group, or the one that is none."""
    return (
        cast("BaseExceptionGroup[BaseException]", error).exceptions
        if isinstance(error, BaseExceptionGroup)
        else (error,)
    )


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
