"""What a run says of the capabilities that a target advertises: which of them misbehave, and which nobody looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailspec.result import CheckResult, TargetFacts, Wrong
from mailspec.target.profile import TLS_FIRST
from mailspec.verdict import FAILING, Verdict

__all__ = ["unexercised", "wrong"]

#: Verdicts of checks that never asked the target.
_UNASKED = frozenset({Verdict.NOT_OFFERED, Verdict.NOT_RUN, Verdict.BLOCKED, Verdict.ERROR})

#: Names of the base protocols, which whole areas are about.
_BASE = frozenset({"IMAP4REV1", "IMAP4"})


def wrong(checks: Iterable[CheckResult]) -> tuple[Wrong, ...]:
    """List the capabilities that the target advertises and whose checks failed."""
    failed: dict[str, list[str]] = {}
    for check in checks:
        if check.verdict in FAILING:
            for need in (need for need in check.needs if " " in need):
                failed.setdefault(need, []).append(check.id)
    return tuple(Wrong(capability=need, checks=tuple(ids)) for need, ids in sorted(failed.items()))


def unexercised(checks: Sequence[CheckResult], target: TargetFacts) -> tuple[str, ...]:
    """List the capabilities that the target advertises and that no check of the run tried, each "service KEYWORD"."""
    tried = {_keyword(need) for check in checks if check.verdict not in _UNASKED for need in check.needs}
    offered = {
        (service.name, _head(line))
        for service in target.services
        for line in (*service.before_tls, *service.after_tls, *service.after_login)
        if line
    }
    return tuple(
        f"{service} {keyword}"
        for service, keyword in sorted(offered)
        if keyword not in _BASE
        # What both advertise is listed once.
        and (TLS_FIRST.get(service), keyword) not in offered
        and not any((each, keyword) in tried for each in _spoken_for_by(service))
    )


def _spoken_for_by(service: str) -> Iterator[str]:
    """Yield the services whose checks also speak for the capabilities of one: a submission server speaks SMTP."""
    yield service
    without = TLS_FIRST.get(service, service)
    yield without
    if without == "submission":
        yield "smtp"


def _keyword(need: str) -> tuple[str, str]:
    """Return service and keyword of "service CAPABILITY" or "service/stage CAPABILITY"."""
    where, _, capability = need.partition(" ")
    return where.partition("/")[0], _head(capability)


def _head(capability: str) -> str:
    """Return the keyword of a capability: "AUTH" of "AUTH PLAIN", "THREAD" of "THREAD=REFERENCES"."""
    return capability.partition(" ")[0].partition("=")[0].upper()
