"""The baseline: what its file says, which records it knows, and what the gate makes of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailspec.baseline import Baseline, BaselineError, load_baseline
from mailspec.plugin.gate import FAILED, OK, Gate
from mailspec.result import CheckResult, Footer, Header, RunResult, TargetFacts
from mailspec.verdict import Verdict

TODAY = date(2026, 6, 30)

ENTRY = """
[[known]]
id = "smtp/commands/help_is_supported"
verdicts = ["deviates"]
reason = "There is no HELP."
link = "RFC 5321 section 4.1.1.8"
expires = 2026-06-30
"""


def load(folder: Path, text: str, target: str = "postfix 3.7.11", today: date = TODAY) -> Baseline:
    path = folder / "known.toml"
    path.write_text(text)
    ids = ("smtp/commands/help_is_supported", "smtp/commands/quit_gets_221", "5321/4.1.1.8/help-supported")
    return load_baseline(path, target=target, today=today, ids=ids)


def check(verdict: str, name: str = "smtp/commands/help_is_supported", level: str = "should") -> CheckResult:
    return CheckResult(
        id=name, requirement="5321/4.1.1.8/help-supported", level=level, says="x", verdict=Verdict(verdict)
    )


def code(baseline: Baseline, *checks: CheckResult, strict: bool = False) -> int:
    header = Header(suite_version="1", ledger="0", target=TargetFacts(name="t"), seed=0, started="", platform="")
    marked = tuple(baseline.mark(each) for each in checks)
    footer = Footer(complete=True, baseline=baseline.facts(marked))
    return Gate(strict=strict).exit_code(RunResult(header=header, checks=marked, footer=footer))


def test_a_listed_verdict_is_known_and_does_not_fail(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY.replace('"deviates"', '"violated"'))

    marked = baseline.mark(check("violated"))

    assert marked.known is not None
    assert marked.known.reason == "There is no HELP."
    assert marked.known.expires == "2026-06-30"
    assert code(baseline, check("violated")) == OK
    assert code(baseline, check("violated"), check("violated", "smtp/commands/quit_gets_221")) == FAILED


def test_a_verdict_that_is_not_listed_counts(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY)

    assert baseline.mark(check("violated")).known is None
    assert code(baseline, check("violated", level="must")) == FAILED
    assert code(baseline, check("deviates"), strict=True) == OK


def test_a_requirement_stands_for_its_checks(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY.replace("smtp/commands/help_is_supported", "5321/4.1.1.8/help-supported"))
    checks = check("deviates"), check("passed", "smtp/commands/other")

    assert [baseline.mark(each).known is not None for each in checks] == [True, False]
    assert baseline.facts(checks).unexpected == ()
    assert baseline.facts(checks[1:]).unexpected == ("5321/4.1.1.8/help-supported",)


def test_what_passes_now_is_named_and_fails_a_strict_run(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY)

    assert baseline.facts([check("passed")]).unexpected == ("smtp/commands/help_is_supported",)
    assert code(baseline, check("passed")) == OK
    assert code(baseline, check("passed"), strict=True) == FAILED
    assert baseline.facts([check("not offered")]).unexpected == ()


def test_an_entry_may_allow_for_passing(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY.replace('["deviates"]', '["passed", "deviates"]'))

    assert baseline.facts([check("passed")]).unexpected == ()
    assert baseline.mark(check("passed")).known is None


def test_an_expired_entry_does_not_count_and_is_named(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY, today=date(2026, 7, 1))

    assert baseline.entries == ()
    assert baseline.facts([check("deviates")]).expired == ("smtp/commands/help_is_supported",)
    assert code(baseline, check("deviates"), strict=True) == FAILED


def test_an_entry_for_another_version_does_not_count(tmp_path: Path) -> None:
    text = ENTRY + 'target = "postfix 3.7"\n'

    assert len(load(tmp_path, text).entries) == 1
    assert load(tmp_path, text, target="postfix 3.9.1") == Baseline(tmp_path / "known.toml")


def test_known_blocked_checks_do_not_count_towards_the_limit(tmp_path: Path) -> None:
    baseline = load(tmp_path, ENTRY.replace('"deviates"', '"blocked"'))

    assert code(baseline, check("blocked"), check("passed", "smtp/commands/quit_gets_221")) == OK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.replace("help_is", "halp_is"), ":3: nothing is called 'smtp/commands/halp_is_supported'"),
        (ENTRY.replace("help_is", "halp_is"), "did you mean: smtp/commands/help_is_supported"),
        (ENTRY + ENTRY, ":10: smtp/commands/help_is_supported is listed twice"),
        (ENTRY.replace("expires = 2026-06-30", ""), "key 'expires' is missing in known[0]"),
        (ENTRY.replace("deviates", "wrong"), ":4: "),
        (ENTRY.replace("reason", "reasons"), ":5: unknown key 'reasons' in known[0]\n  did you mean 'reason'?"),
        (ENTRY.replace("2026-06-30", '"some day"'), ":7: "),
        (ENTRY + "[[known", "is no TOML"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BaselineError) as caught:
        load(tmp_path, text)

    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="cannot be read"):
        load_baseline(tmp_path / "none.toml", target="", today=TODAY)
