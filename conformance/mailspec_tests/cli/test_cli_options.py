"""Options that name a target, result folders, and errors of the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailspec.cli import main
from mailspec.cli.folders import point_latest, result_folder
from mailspec.cli.stop import Stop
from mailspec.cli.targets import Asked, host_and_port, quick_options, quick_profile
from mailspec.target.write import profile_text

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mail.example.org", ("mail.example.org", None)),
        ("mail.example.org:143", ("mail.example.org", 143)),
        ("[2001:db8::1]:143", ("2001:db8::1", 143)),
        ("[2001:db8::1]", ("2001:db8::1", None)),
        ("2001:db8::1", ("2001:db8::1", None)),
    ],
)
def test_places_are_read(text: str, place: tuple[str, int | None]) -> None:
    assert host_and_port(text, "--imap") == place


@pytest.mark.parametrize("text", ["", ":143", "host:", "host:x", "host:0", "host:65536", "[::1", "[::1]x"])
def test_places_that_cannot_be_are_refused(text: str) -> None:
    if text == "host:":
        assert host_and_port(text, "--imap") == ("host", None)
        return
    with pytest.raises(Stop, match="HOST:PORT"):
        host_and_port(text, "--imap")


def test_the_quick_form_is_a_profile() -> None:
    asked = Asked(
        services={"smtp": "mx.example.org", "imap": "mail.example.org:993"},
        users=("alice@example.org",),
        password_env=("ALICE",),
        tls=("smtp=starttls",),
        no_verify=True,
    )

    assert profile_text(quick_profile(asked)) == (
        'name = "mx.example.org"\n\n'
        '[smtp]\nhost = "mx.example.org"\ntls = "starttls"\nverify = false\n\n'
        '[imap]\nhost = "mail.example.org"\nport = 993\ntls = "implicit"\nverify = false\n\n'
        '[[accounts]]\naddress = "alice@example.org"\nsecret = { env = "ALICE" }\n'
    )
    assert quick_options(asked) == (
        "--smtp mx.example.org --imap mail.example.org:993"
        " --user alice@example.org --password-env ALICE --tls smtp=starttls --no-verify"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "x.toml", "--smtp", "h"], "--target names a profile"),
        (["--user", "a@b", "--password-env", "X"], "--user, --password-env go with --smtp"),
        (["--smtp", "h", "--user", "a@b"], "each account needs both"),
        (["--smtp", "h:x"], "'h:x' is not HOST:PORT"),
        (["--smtp", "h", "--tls", "imap=none"], "there is no --imap"),
        (["--smtp", "h", "--tls", "smtp=ssl"], "is not SERVICE=MODE"),
        (["--smtp", "h", "--user", "a@b", "--password-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (["--target", "absent.toml"], "absent.toml: cannot be read"),
        (["-n", "0"], "neither a number above 0 nor auto"),
        (["--tier", "reckless"], "'reckless' is not one of"),
        (["--server", "postfix", "--smtp", "h"], "--server starts its own target"),
        (["--server", "postfix", "--store", "mbox"], "--server starts its own target"),
        (["--smtp", "h", "--listeners", "implicit"], "--store and --listeners choose among the embedded server's"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(invoke: Invoke, arguments: list[str], words: str) -> None:
    result = invoke("run", *arguments)

    assert words in result.output
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("verb", ["run", "list"])
def test_an_address_that_names_nothing_ends_with_4(invoke: Invoke, verb: str) -> None:
    result = invoke(verb, "smpt")

    assert "near: smtp" in result.output
    assert result.exit_code == 4


def test_real_servers_need_root(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    result = invoke("run", "--server", "postfix")

    assert "needs Linux and root" in result.output
    assert result.exit_code == 2


def test_help_documents_exit_codes_and_tiers(invoke: Invoke) -> None:
    output = invoke("run", "--help").output

    for words in ("130  interrupted", "  5  the target could not be reached", "intrusive", "smtp/4.5.2"):
        assert words in output


def test_every_verb_has_help(invoke: Invoke) -> None:
    for verb in ("run", "list", "explain", "doctor", "init", "serve", "prove"):
        assert invoke(verb, "--help").exit_code == 0


def test_default_folders_never_collide(invoke: Invoke) -> None:
    assert invoke is not None
    first = result_folder(None, "mail host/1", NOW)
    second = result_folder(None, "mail host/1", NOW)
    point_latest(first)
    point_latest(second)

    assert first.name.endswith("-mail-host-1")
    assert first != second
    assert (Path("mailspec-results") / "latest").resolve() == second.resolve()
    assert sorted(path.name for path in Path("mailspec-results").iterdir()) == sorted(
        ["latest", first.name, second.name]
    )


def test_a_folder_with_results_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{}")

    with pytest.raises(Stop, match="already holds results"):
        result_folder(tmp_path, "x", NOW)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Stop, match="cannot be made"):
        result_folder(tmp_path / "file" / "out", "x", NOW)
