"""The command line: start, ready, Ctrl-C, and errors that help."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from refmail.cli import main
from refmail.credentials import ScramKeys
from refmail.users import PasswordHash


@pytest.fixture
def quiet_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of the server, to see that none stays."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_interrupted(tmp_path: Path, quiet_folder: Path, number: signal.Signals) -> None:
    ready_file = tmp_path / "ready.json"
    reader, writer = os.pipe()
    command = [sys.executable, "-W", "error", "-m", "refmail", "serve", "--free-ports", "--seed", "7"]
    with subprocess.Popen(
        [*command, "--ready-fd", str(writer), "--ready-file", str(ready_file)],
        pass_fds=[writer],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            os.close(writer)
            with os.fdopen(reader) as stream:
                ready = json.loads(stream.readline())
            assert json.loads(ready_file.read_text()) == ready
            assert Path(ready["ca"]).read_text().startswith("-----BEGIN CERTIFICATE")
            place = ready["listeners"]["smtp"]
            client = smtplib.SMTP(place["host"], place["port"])
            assert client.noop()[0] == 250
            process.send_signal(number)
            assert client.getreply()[0] == 421
            client.close()
            output, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors == b""
    assert b"alice-secret" in output
    assert list(quiet_folder.iterdir()) == []
    assert not ready_file.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--variant", "smtp-ters"], "smtp-terse"),
        (["serve", "--mutant", "no-such-thing"], "refmail mutants"),
        (["serve", "--config", "/nonexistent/refmail.toml"], "cannot be read"),
    ],
)
def test_errors_name_the_remedy(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output


def test_lists() -> None:
    assert "smtp-terse" in CliRunner().invoke(main, ["variants"]).output
    assert CliRunner().invoke(main, ["mutants"]).exit_code == 0


def test_hash() -> None:
    output = CliRunner().invoke(main, ["hash"], input="secret\n").output
    assert PasswordHash.from_text(output.strip()).matches(b"secret")


def test_hash_with_scram_keys() -> None:
    lines = CliRunner().invoke(main, ["hash", "--scram"], input="secret\n").output.splitlines()
    assert [ScramKeys.from_text(line).mechanism for line in lines[-2:]] == [b"SCRAM-SHA-256", b"SCRAM-SHA-1"]
    assert CliRunner().invoke(main, ["hash", "--scram"], input="bell\a\n").exit_code == 1
