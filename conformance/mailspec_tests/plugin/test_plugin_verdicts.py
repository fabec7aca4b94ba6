"""From what a check does to its verdict, its record and the exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailspec.plugin import gate
from mailspec.result import CheckResult, RunResult
from mailspec.verdict import Verdict

pytest_plugins = ["pytester"]

RunChecks = Callable[..., tuple[pytest.RunResult, RunResult]]


def only(result: RunResult) -> CheckResult:
    (check,) = [check for check in result.checks if check.kind == "check"]
    return check


def body(statement: str, requirement_id: str = "9999/1/must", fixtures: str = "recorder", more: str = "") -> str:
    return f'@requirement("{requirement_id}"{more})\ndef test_one({fixtures}):\n    """It does."""\n    {statement}\n'


VIOLATION = 'raise Violation(["250", "251"], "500 what?")'


@pytest.mark.parametrize(
    ("source", "verdict", "code"),
    [
        (body("pass"), Verdict.PASSED, gate.OK),
        (body(VIOLATION), Verdict.VIOLATED, gate.FAILED),
        (body(VIOLATION, "9999/1/should"), Verdict.DEVIATES, gate.OK),
        (body(VIOLATION, "9999/1.2/contested"), Verdict.DEVIATES, gate.OK),
        (body(VIOLATION, "9999/1/may"), Verdict.OBSERVED, gate.OK),
        (body("pass", "9999/1/may"), Verdict.OBSERVED, gate.OK),
        (body("pass", "9999/1.2/starttls"), Verdict.NOT_OFFERED, gate.NOTHING),
        (body("pass", more=', needs=("smtp SIZE",)'), Verdict.PASSED, gate.OK),
        (body("pass", more=', needs=("smtp DSN",)'), Verdict.NOT_OFFERED, gate.NOTHING),
        (body("pass", more=', needs=("imap IDLE",)'), Verdict.NOT_RUN, gate.NOTHING),
        (body("pass", more=', needs=("smtp",)'), Verdict.PASSED, gate.OK),
        (body("pass", more=', needs=("imap",)'), Verdict.NOT_RUN, gate.NOTHING),
        (body("pass", more=', tier="intrusive"'), Verdict.NOT_RUN, gate.NOTHING),
        (body("pass", more=", slow=True"), Verdict.NOT_RUN, gate.NOTHING),
        (body("raise Blocked('no greeting')"), Verdict.BLOCKED, gate.BLOCKED),
        (body("raise Inconclusive('silence')"), Verdict.INCONCLUSIVE, gate.BLOCKED),
        (body("1 / 0"), Verdict.ERROR, gate.ERROR),
        (body("assert 1 == 2"), Verdict.ERROR, gate.ERROR),
        (body("pytest.skip('not today')"), Verdict.ERROR, gate.ERROR),
        (body("pytest.xfail('known')"), Verdict.ERROR, gate.ERROR),
        ("@pytest.mark.skip(reason='later')\n" + body("pass"), Verdict.ERROR, gate.ERROR),
        (body("pass", "9999/1/mist"), Verdict.ERROR, gate.ERROR),
    ],
)
def test_a_check_ends_in_the_verdict_of_its_exception(
    run_checks: RunChecks, source: str, verdict: Verdict, code: int
) -> None:
    outcome, result = run_checks(source)

    assert only(result).verdict == verdict
    assert (outcome.ret, result.footer.exit_code) == (code, code)
    assert result.footer.complete


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [
        ("Blocked('x')", Verdict.BLOCKED),
        ("NotRun('x')", Verdict.NOT_RUN),
        ("NotOffered('x')", Verdict.NOT_OFFERED),
        ("Inconclusive('x')", Verdict.INCONCLUSIVE),
        ("Violation(['250'], '500')", Verdict.BLOCKED),
        ("ValueError('x')", Verdict.ERROR),
    ],
)
def test_a_fixture_prepares_and_never_violates(run_checks: RunChecks, raised: str, verdict: Verdict) -> None:
    fixture = f"@pytest.fixture\ndef ready(recorder):\n    raise {raised}\n\n"

    _, result = run_checks(fixture + body("pass", fixtures="ready"))

    assert only(result).verdict == verdict
    assert "x" in only(result).reason or "250" in only(result).reason


@pytest.mark.parametrize(
    ("in_check", "in_cleanup", "verdict"),
    [
        ("pass", "raise Blocked('gone')", Verdict.PASSED),
        (VIOLATION, "raise Blocked('gone')", Verdict.VIOLATED),
        ("pass", "1 / 0", Verdict.ERROR),
        (VIOLATION, "1 / 0", Verdict.ERROR),
    ],
)
def test_clean_up_changes_a_verdict_only_by_a_bug(
    run_checks: RunChecks, in_check: str, in_cleanup: str, verdict: Verdict
) -> None:
    fixture = f"@pytest.fixture\ndef ready(recorder):\n    yield\n    {in_cleanup}\n\n"

    _, result = run_checks(fixture + body(in_check, fixtures="ready"))

    assert only(result).verdict == verdict
    assert ("gone" in only(result).cleanup) == (verdict is not Verdict.ERROR)


def test_a_reply_that_nobody_judged_is_an_error_of_the_check(run_checks: RunChecks) -> None:
    reply = "from mailspec.wire.reply import Reply\n    recorder.track(Reply(b'NOOP', b'500 no', None, 3))"

    outcome, result = run_checks(body(reply))

    assert only(result).verdict is Verdict.ERROR
    assert "never judged the reply to NOOP" in only(result).reason
    outcome.stdout.fnmatch_lines(["*never judged the reply to NOOP*"])


def test_strict_lets_deviations_fail(run_checks: RunChecks) -> None:
    outcome, result = run_checks(body(VIOLATION, "9999/1/should"), "--mailspec-strict")

    assert outcome.ret == gate.FAILED
    assert only(result).verdict is Verdict.DEVIATES


def test_a_census_is_recorded(run_checks: RunChecks) -> None:
    source = body(r"census('reply', b'500 \x80'); census('count', 3)", "9999/1/may", "recorder, census")

    _, result = run_checks(source)

    assert only(result).observed == {"reply": r"500 \x80", "count": "3"}


def test_ids_and_record_of_a_check(run_checks: RunChecks) -> None:
    _, result = run_checks(body(VIOLATION, "9999/1.2/contested"))

    check = only(result)
    assert check.id == "smtp/inner/one"
    assert (check.requirement, check.source, check.section) == ("9999/1.2/contested", "RFC 9999", "1.2")
    assert check.url == "https://www.rfc-editor.org/rfc/rfc9999#section-1.2"
    assert (check.expected, check.actual, check.event) == (("250", "251"), "500 what?", 3)
    assert check.location.endswith("suite/smtp/test_inner.py:8")
    assert check.title == "It does."
    assert check.rerun == "mailspec run smtp/inner/one"
    assert check.transcript == "transcripts/smtp.inner.one.jsonl"
    assert [(e.connection, e.label, e.ending) for e in check.connections] == [(1, "smtp", "open")]


SEVERAL = "".join(
    f'@requirement("{requirement_id}")\ndef test_{name}():\n    pass\n\n'
    for name, requirement_id in (("a", "9999/1/must"), ("b", "9999/1.2/contested"), ("c", "9999/1/should"))
)


@pytest.mark.parametrize(
    ("addresses", "run"),
    [
        ((), "abc"),
        (("smtp",), "abc"),
        (("smtp/inner/a",), "a"),
        (("9999/1/must", "9999/1.2"), "ab"),
        (("!smtp/inner/b",), "ac"),
    ],
)
def test_addresses_select(run_checks: RunChecks, addresses: tuple[str, ...], run: str) -> None:
    options = [f"--mailspec-select={address}" for address in addresses]

    outcome, result = run_checks(SEVERAL, *options)

    assert "".join(c.id[-1] for c in result.checks if c.kind == "check") == run
    assert outcome.ret == gate.OK


@pytest.mark.parametrize(("addresses", "code"), [(("pop9",), gate.NOTHING), (("pop9", "smtp"), gate.USAGE)])
@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_an_address_that_names_nothing_fails_the_run(
    run_checks: RunChecks, addresses: tuple[str, ...], code: int, workers: tuple[str, ...]
) -> None:
    options = [f"--mailspec-select={address}" for address in addresses]

    outcome, _ = run_checks(SEVERAL, *options, *workers, subprocess=bool(workers))

    assert outcome.ret == code
    outcome.stdout.fnmatch_lines(["these addresses name nothing: pop9"])


def test_a_module_that_cannot_be_loaded_fails_the_harness(run_checks: RunChecks) -> None:
    outcome, result = run_checks("import nothing_of_that_name\n")

    assert outcome.ret == gate.ERROR
    assert not result.footer.complete


def test_an_interrupt_leaves_an_incomplete_result(run_checks: RunChecks) -> None:
    outcome, result = run_checks(SEVERAL + body("raise KeyboardInterrupt"))

    assert outcome.ret == gate.INTERRUPTED
    assert not result.footer.complete
    assert [check.id for check in result.checks if check.kind == "check"] == [f"smtp/inner/{name}" for name in "abc"]


def test_a_full_folder_is_refused(run_checks: RunChecks, pytester: pytest.Pytester) -> None:
    run_checks(SEVERAL)

    outcome, _ = run_checks(SEVERAL)

    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*already holds results*"])


def test_a_missing_profile_is_a_usage_error(pytester: pytest.Pytester) -> None:
    outcome = pytester.runpytest_inprocess("--mailspec-target", "nowhere.toml")

    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*nowhere.toml*"])


def test_workers_bring_the_same_results(run_checks: RunChecks, pytester: pytest.Pytester) -> None:
    source = SEVERAL + body(VIOLATION) + body("1 / 0").replace("test_one", "test_two")

    outcome, result = run_checks(source, "-n", "2", subprocess=True)

    def verdicts(checks: tuple[CheckResult, ...]) -> dict[str, Any]:
        return {check.id: check.verdict for check in checks}

    found = verdicts(result.checks)
    assert found["smtp/inner/one"] is Verdict.VIOLATED
    assert found["smtp/inner/two"] is Verdict.ERROR
    assert found["smtp/inner/a"] is Verdict.PASSED
    assert outcome.ret == gate.ERROR
    assert {check.worker for check in result.checks if check.kind == "check"} <= {"gw0", "gw1"}
    assert (pytester.path / "out" / "transcripts" / "smtp.inner.one.jsonl").is_file()
    assert result.footer.complete


def test_without_a_target_checks_are_skipped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        'from mailspec.requirement import requirement\n\n@requirement("9999/1/must")\ndef test_a():\n    1 / 0\n'
    )

    pytester.runpytest_inprocess("-rs").assert_outcomes(skipped=1)


def test_a_worker_that_dies_fails_the_harness(run_checks: RunChecks) -> None:
    source = SEVERAL + body("import os; os._exit(9)")

    outcome, result = run_checks(source, "-n", "1", "--max-worker-restart", "0", subprocess=True)

    assert outcome.ret == gate.ERROR
    assert not result.footer.complete
    assert [check.id for check in result.checks if check.kind == "check"] == [f"smtp/inner/{name}" for name in "abc"]


def test_a_wait_close_to_the_deadline_is_noted(run_checks: RunChecks) -> None:
    waits = "recorder.deadline = {}"

    _, result = run_checks(body(waits.format(0.3)) + body(waits.format(0.4)).replace("test_one", "test_two"))

    slow = {check.id: check.slow for check in result.checks if check.kind == "check"}
    assert slow == {"smtp/inner/one": True, "smtp/inner/two": False}


def test_the_rerun_line_of_a_parametrized_check_selects_it(run_checks: RunChecks) -> None:
    source = "@pytest.mark.parametrize('size', ['[a]', 'b'])\n" + body("pass", fixtures="size")

    _, result = run_checks(source, "--mailspec-select=smtp/inner/one[[a]]")

    assert only(result).id == "smtp/inner/one[[a]]"
    assert only(result).rerun == "mailspec run 'smtp/inner/one[[a]]'"


FORMATTED = """
@pytest.fixture(autouse=True)
def watch(request):
    formatted = request.node.repr_failure
    request.node.repr_failure = lambda excinfo: print("a traceback was made") or formatted(excinfo)
"""


@pytest.mark.parametrize(
    ("statement", "made"), [(VIOLATION, False), ("raise NotOffered('it is not')", False), ("1 / 0", True)]
)
def test_a_verdict_needs_no_traceback(run_checks: RunChecks, statement: str, made: bool) -> None:
    outcome, _ = run_checks(FORMATTED + body(statement), "-s")

    assert ("a traceback was made" in outcome.stdout.str()) == made
