"""Capabilities that are advertised: those that misbehave, and those that nobody tried."""

from __future__ import annotations

from mailspec.plugin import advertised
from mailspec.result import CheckResult, ServiceFacts, TargetFacts
from mailspec.verdict import Verdict

TARGET = TargetFacts(
    name="it",
    services=(
        ServiceFacts(
            name="smtp", host="h", port=25, before_tls=("SIZE", "SIZE 100", "AUTH", "AUTH PLAIN"), after_tls=("ETRN",)
        ),
        ServiceFacts(name="submission", host="h", port=587, before_tls=("SIZE", "BURL")),
        ServiceFacts(name="imap", host="h", port=143, after_login=("IMAP4REV1", "THREAD=REFERENCES")),
    ),
)


def check(name: str, verdict: Verdict, *needs: str) -> CheckResult:
    return CheckResult(id=name, requirement="1/1/a", level="must", says="", verdict=verdict, needs=needs)


def test_failed_checks_are_listed_by_what_they_need() -> None:
    checks = [check("a", Verdict.VIOLATED, "smtp SIZE"), check("b", Verdict.PASSED, "smtp ETRN")]

    assert [(each.capability, each.checks) for each in advertised.wrong(checks)] == [("smtp SIZE", ("a",))]


def test_what_no_check_asked_about_is_listed() -> None:
    checks = [
        check("a", Verdict.VIOLATED, "smtp SIZE"),
        check("b", Verdict.PASSED, "smtp AUTH PLAIN"),
        check("c", Verdict.NOT_RUN, "smtp ETRN"),
        check("d", Verdict.OBSERVED, "imap/login THREAD=REFERENCES"),
    ]

    assert advertised.unexercised(checks, TARGET) == ("smtp ETRN", "submission BURL")
