"""The exit code of a run: one decision, in one place.

0    nothing is violated but what the baseline knows
1    the gate failed: something else is violated, or with `strict` deviates or passes though the baseline lists it
2    usage: an address of the selection names nothing, though others did
3    a bug of the harness: a check ended in error, a module could not be loaded, a worker crashed
4    nothing was selected, or nothing of it could run
5    the target is unreachable, or too many checks were blocked
130  the run was interrupted
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailspec.result import RunResult
from mailspec.verdict import Verdict

__all__ = ["BLOCKED", "ERROR", "FAILED", "INTERRUPTED", "NOTHING", "OK", "USAGE", "Gate"]

OK, FAILED, USAGE, ERROR, NOTHING, BLOCKED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

#: Verdicts of checks that reached the target and came to a conclusion.
_JUDGED = (Verdict.PASSED, Verdict.VIOLATED, Verdict.DEVIATES, Verdict.OBSERVED)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a run must keep to in order to succeed.

    Args:
        strict: deviations fail too, and so do entries of the baseline that are not needed any more.
        blocked_limit: share, from 0 to 1, of the checks that tried and may end blocked.
    """

    strict: bool = False
    blocked_limit: float = 0.2

    def exit_code(
        self, result: RunResult, *, unmatched: Sequence[str] = (), interrupted: bool = False, broken: int = 0
    ) -> int:
        """Return the exit code of a run; of several reasons the one that says least about the target wins.

        Args:
            result: the run, with the grammar's records.
            unmatched: addresses of the selection that named nothing.
            interrupted: the run was ended from outside.
            broken: modules that could not be collected and workers that crashed.
        """
        # Grammar records follow from the checks, so they decide nothing about what could run.
        checks = [check for check in result.checks if check.kind == "check"]
        unknown = {check.verdict for check in result.checks if check.known is None}
        stuck = sum(check.verdict is Verdict.BLOCKED and check.known is None for check in checks)
        counts = {verdict: sum(check.verdict == verdict for check in checks) for verdict in Verdict}
        everything = {check.verdict for check in result.checks}
        tried = sum(counts[verdict] for verdict in (*_JUDGED, Verdict.BLOCKED, Verdict.INCONCLUSIVE))
        if interrupted:
            return INTERRUPTED
        if broken or Verdict.ERROR in everything:
            return ERROR
        if not tried:
            return NOTHING
        if unmatched:
            return USAGE
        if stuck > self.blocked_limit * tried or not any(counts[v] for v in _JUDGED):
            return BLOCKED
        if Verdict.VIOLATED in unknown:
            return FAILED
        needless = result.footer.baseline is not None and result.footer.baseline.unexpected
        if self.strict and (Verdict.DEVIATES in unknown or needless):
            return FAILED
        return OK
