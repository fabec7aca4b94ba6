"""`mailspec run` as a command: verdicts, folders, exit codes, interrupts; each test is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailspec.result import RunResult, load
from mailspec.suite.fixtures.inbox import FORCE_NONEMPTY
from mailspec.target import open_target
from mailspec.target.embedded import Embedded, blueprint_of
from mailspec.target.maildir import MaildirInbox
from mailspec.verdict import Verdict
from mailspec_tests.hostile import BEHAVIOURS, HostileServer

COMMAND = [sys.executable, "-m", "mailspec"]


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    with Embedded(2, shared=True) as running:
        yield running


def run(folder: Path, *arguments: str, seconds: float = 60) -> tuple[int, str, Path]:
    """Return the exit code, the output and the result folder of a run whose temporary files are in `folder`."""
    (folder / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [*COMMAND, "run", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout, folder / "mailspec-results" / "latest"


def verdicts(result: RunResult) -> set[Verdict]:
    return {check.verdict for check in result.checks if check.kind == "check"}


def test_without_a_target_the_embedded_server_is_judged(tmp_path: Path) -> None:
    code, output, folder = run(tmp_path, "smtp/greeting", "5321/4.5.2/unstuff")

    result = load(folder)
    assert code == 0, output
    assert verdicts(result) == {Verdict.PASSED}
    assert result.header.target.name == "refmail"
    assert result.footer.complete
    assert {path.name for path in folder.iterdir()} >= {"report.html", "pytest.log", "result.json", "result.jsonl"}
    assert output.splitlines()[-1] == "report: mailspec-results/latest/report.html"
    assert max(map(len, output.splitlines())) <= 80
    assert not list((tmp_path / "tmp").iterdir())


def test_a_mutant_fails_the_gate_and_is_explained(tmp_path: Path) -> None:
    with Embedded(1, blueprint_of((), ("dots-stay",)), shared=True) as wrong:
        code, output, folder = run(tmp_path, "smtp/data", "--target", str(wrong.profile))

        assert code == 1, output
        assert [c.requirement for c in load(folder).checks if c.verdict is Verdict.VIOLATED] == ["5321/4.5.2/unstuff"]
        assert f"--target {wrong.profile}" in output


def test_workers_share_the_checks(tmp_path: Path, embedded: Embedded) -> None:
    code, output, folder = run(tmp_path, "pop3", "-n", "3", "--target", str(embedded.profile))

    result = load(folder)
    assert code == 0, output
    assert "3 workers wanted, but the profile has 4 accounts: running 2" in output
    assert {check.worker for check in result.checks if check.kind == "check"} == {"gw0", "gw1"}


def test_the_quick_form_needs_no_file(tmp_path: Path, embedded: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    target = open_target(embedded.profile)
    smtp = target.endpoint("smtp")
    monkeypatch.setenv("SECRET", target.account().secret.decode())

    account = ("--user", "user00@target.test", "--password-env", "SECRET")
    code, output, _ = run(tmp_path, "smtp/greeting", "--smtp", f"{smtp.host}:{smtp.port}", *account)

    assert code == 0, output
    assert target.account().secret.decode() not in output
    assert not list((tmp_path / "tmp").iterdir())


def test_a_refused_account_stops_the_run_before_it_is_locked(
    tmp_path: Path, embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp = open_target(embedded.profile).endpoint("smtp")
    monkeypatch.setenv("SECRET", "wrong")

    account = ("--user", "user00@target.test", "--password-env", "SECRET")
    code, output, folder = run(tmp_path, "--smtp", f"{smtp.host}:{smtp.port}", *account)

    assert code == 2
    assert "check login and secret of the account user00@target.test" in output
    assert not load(folder).footer.complete


def test_every_account_that_will_be_used_is_tried_first(tmp_path: Path, embedded: Embedded) -> None:
    (tmp_path / "wrong").write_text("wrong")
    path = embedded.profile.with_name("second-is-wrong.toml")
    path.write_text(embedded.profile.read_text().replace("user01.secret", str(tmp_path / "wrong")))

    code, output, _ = run(tmp_path, "smtp/greeting", "--target", str(path))

    assert code == 2, output
    assert "check login and secret of the account user01@target.test" in output


def test_wrong_passwords_are_spent_and_tell_nothing_of_the_right_one(tmp_path: Path, embedded: Embedded) -> None:
    secret = open_target(embedded.profile).account().secret
    path = embedded.profile.with_name("careful.toml")
    path.write_text(embedded.profile.read_text().replace("failed_logins = 100000", "failed_logins = 1"))
    arguments = ("pop3/authorization/wrong*", "imap/session/wrong*", "--tier", "destructive", "--target", str(path))

    code, output, folder = run(tmp_path, *arguments)

    assert code == 0, output
    assert verdicts(load(folder)) == {Verdict.PASSED, Verdict.NOT_RUN}
    written = b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())
    assert b"wrong-" in written
    assert secret not in written
    assert secret[::-1] not in written


def test_mail_that_was_there_is_refused_or_kept(tmp_path: Path, embedded: Embedded) -> None:
    target = open_target(embedded.profile)
    inbox = MaildirInbox(target.maildir_of(target.account()))
    inbox.add(b"Subject: mine\r\n\r\n")
    mine = inbox.keys()
    arguments = ("smtp/data/leading_period_is_removed", "--target", str(embedded.profile))

    refused, said, _ = run(tmp_path, *arguments)
    forced, output, folder = run(tmp_path, *arguments, "--force-nonempty")
    kept = inbox.keys()
    inbox.remove(kept)

    assert (refused, forced) == (2, 0), output
    assert "user00@target.test holds 1 messages" in said
    assert verdicts(load(folder)) == {Verdict.PASSED}
    assert kept == mine


def test_plain_pytest_refuses_mail_that_was_there_too(
    tmp_path: Path, embedded: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FORCE_NONEMPTY, raising=False)
    target = open_target(embedded.profile)
    inbox = MaildirInbox(target.maildir_of(target.account()))
    inbox.add(b"Subject: mine\r\n\r\n")

    options = [
        f"--mailspec-target={embedded.profile}",
        f"--mailspec-out={tmp_path / 'out'}",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--pyargs",
            "mailspec.suite.smtp",
            "-k",
            "unstuff or leading_period",
            *options,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    inbox.remove(inbox.keys())

    result = load(tmp_path / "out")
    assert verdicts(result) == {Verdict.NOT_RUN}, done.stdout
    assert "is not empty" in next(check.reason for check in result.checks if check.kind == "check")


@pytest.mark.parametrize("name", ["close-at-once", "say-nothing", "trickle", "binary-noise"])
def test_a_hostile_target_ends_with_a_message_in_time(tmp_path: Path, name: str) -> None:
    with HostileServer(BEHAVIOURS[name]) as server:
        code, output, folder = run(tmp_path, "smtp", "--smtp", f"127.0.0.1:{server.port}", "--timeout-factor", "0.05")

    assert code == 5
    assert "the target cannot be judged" in output
    assert "Traceback" not in output
    assert not load(folder).footer.complete


@pytest.mark.parametrize("name", ["close-at-once", "say-nothing", "trickle", "binary-noise"])
def test_a_target_that_turns_hostile_is_reported_to_the_end(tmp_path: Path, name: str) -> None:
    with HostileServer(BEHAVIOURS[name], greeting=b"220 mx.test ready\r\n") as server:
        where = f"127.0.0.1:{server.port}"
        code, output, folder = run(tmp_path, "smtp/greeting", "--smtp", where, "--timeout-factor", "0.05")

    result = load(folder)
    assert code in (1, 5), output
    assert result.footer.complete
    assert Verdict.ERROR not in verdicts(result)
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("workers", "number"), [("1", signal.SIGINT), ("2", signal.SIGINT), ("1", signal.SIGTERM)], ids=str
)
def test_an_interrupted_run_leaves_its_report_and_nothing_else(tmp_path: Path, workers: str, number: int) -> None:
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [*COMMAND, "run", "smtp", "pop3", "-n", workers, "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    journal = tmp_path / "out" / "result.jsonl"
    end = time.monotonic() + 30
    while time.monotonic() < end and not (journal.exists() and journal.read_bytes().count(b"\n") > 3):
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 130, output
    assert "cut short" in output
    assert not load(tmp_path / "out").footer.complete
    assert (tmp_path / "out" / "report.html").exists()
    assert not list((tmp_path / "tmp").iterdir())
    # Every process of its session is gone.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_reader_that_goes_away_is_no_bug() -> None:
    process = subprocess.Popen([*COMMAND, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(timeout=30)

    assert "Traceback" not in said
    assert "bug" not in said
