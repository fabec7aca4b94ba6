"""The verbs that do not judge: list, explain, doctor, init."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailspec.cli import main
from mailspec.target import load_profile, open_target
from mailspec.target.embedded import Embedded
from mailspec.target.maildir import MaildirInbox


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    with Embedded() as running:
        yield running


def test_list_as_json_says_everything_about_a_check() -> None:
    result = invoke("list", "5321/4.5.2/unstuff", "--format", "json")

    entries = json.loads(result.output)
    assert {entry["requirement"] for entry in entries} == {"5321/4.5.2/unstuff"}
    entry = next(entry for entry in entries if entry["id"].startswith("smtp/data/"))
    assert entry["level"] == "must"
    assert entry["url"] == "https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2"
    assert entry["location"].startswith("suite/smtp/test_data.py:")
    assert entry["title"]


def test_list_counts_checks_and_requirements() -> None:
    output = invoke("list", "pop3").output

    assert "pop3/listing" in output
    assert output.splitlines()[-1].endswith("requirements")


@pytest.mark.parametrize("name", ["5321/4.5.2/unstuff", "smtp/data/leading_period_is_removed"])
def test_explain_takes_a_requirement_or_a_check(name: str) -> None:
    output = invoke("explain", name).output

    for words in ("says", "must", "the server", "checked by", "smtp/data/", "broken by", "#section-4.5.2"):
        assert words in output
    assert max(map(len, output.splitlines())) <= 80


def test_explain_shows_the_reading_of_contested_text() -> None:
    assert "R-VRFY: " in invoke("explain", "5321/4.5.1/vrfy-supported").output


def test_explain_knows_what_the_grammar_checks() -> None:
    assert "in every reply of every check" in " ".join(invoke("explain", "5321/4.2/reply-line").output.split())


def test_explain_tells_which_sentences_and_rules_lead_there() -> None:
    output = " ".join(invoke("explain", "5321/4.4/received-form").output.split())

    assert "sentence 2 of section 4.4 (MUST)" in output
    assert "rule Time-stamp-line of section 4.4" in output
    assert "rule status-code of section 4 of RFC 2034" in " ".join(invoke("explain", "3463/2/code-form").output.split())


def test_explain_names_near_ids() -> None:
    result = invoke("explain", "5321/4.5.2/unstuf")

    assert "5321/4.5.2/unstuff" in result.output
    assert result.exit_code == 2


def test_doctor_finds_a_good_target_well(embedded: Embedded) -> None:
    result = invoke("doctor", "--target", str(embedded.profile))

    assert result.output.endswith("all is well\n")
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.exit_code == 0


def test_doctor_leaves_nothing_in_the_inbox(embedded: Embedded) -> None:
    target = open_target(embedded.profile)

    assert not MaildirInbox(target.maildir_of(target.account())).keys()


def test_doctor_sees_mail_that_was_there(embedded: Embedded) -> None:
    target = open_target(embedded.profile)
    inbox = MaildirInbox(target.maildir_of(target.account()))
    inbox.add(b"Subject: mine\r\n\r\n")

    result = invoke("doctor", "--target", str(embedded.profile))
    inbox.remove(inbox.keys())

    assert "holds 1 messages" in result.output
    assert "--force-nonempty" in result.output
    assert result.exit_code == 5


def test_doctor_says_what_to_do_about_each_problem(embedded: Embedded, tmp_path: Path) -> None:
    ports = {name: service.port for name, service in load_profile(embedded.profile).services.items()}
    path = tmp_path / "target.toml"
    path.write_text(
        'name = "x"\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {ports["smtp"]}\ntls = "starttls"\n'
        f'[pop3]\nhost = "127.0.0.1"\nport = {ports["smtp"]}\n'
        f'[imap]\nhost = "nowhere.invalid"\nport = {ports["imap"]}\n'
    )

    result = invoke("doctor", "--target", str(path))

    output = " ".join(result.output.split())
    for words in ("set ca in the profile", "this is no POP3 server", "nowhere.invalid has no address"):
        assert words in output
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.exit_code == 5


def test_init_writes_what_doctor_accepts(embedded: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = open_target(embedded.profile)
    account = target.account()
    monkeypatch.setenv("USER00", account.secret.decode())
    places = [f"--{name}={where.host}:{where.port}" for name, where in target.profile.services.items()]
    path = tmp_path / "new.toml"

    written = invoke("init", *places, "--user", "user00@target.test", "--password-env", "USER00", "--out", str(path))
    checked = invoke("doctor", "--target", str(path))

    assert written.exit_code == 0
    profile = load_profile(path)
    assert list(profile.services) == ["smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps"]
    modes = {name: service.tls for name, service in profile.services.items()}
    implicit = {"submissions", "pop3s", "imaps"}
    assert modes == {name: "implicit" if name in implicit else "starttls" for name in profile.services}
    assert checked.exit_code == 0, checked.output


def test_init_overwrites_nothing_unasked(embedded: Embedded, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# mine\n")
    where = f"127.0.0.1:{load_profile(embedded.profile).services['smtp'].port}"

    refused = invoke("init", "--smtp", where, "--out", str(path))
    kept = path.read_text()
    forced = invoke("init", "--smtp", where, "--out", str(path), "--force")

    assert (refused.exit_code, kept) == (2, "# mine\n")
    assert forced.exit_code == 0
    assert load_profile(path).name == "127.0.0.1"


@pytest.mark.parametrize(("out", "why"), [("missing/x.toml", "there is no folder"), (".", "it is a folder")])
def test_init_says_where_it_cannot_write(tmp_path: Path, out: str, why: str) -> None:
    result = invoke("init", "127.0.0.1", "--force", "--out", str(tmp_path / out))

    assert why in result.output
    assert result.exit_code == 2


def test_a_host_that_can_be_no_name_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text(f'name = "x"\n[smtp]\nhost = "{"a" * 300}"\n')

    doctor = invoke("doctor", "--target", str(path))
    init = invoke("init", "a" * 300, "--out", str(tmp_path / "new.toml"))

    assert "has no address" in " ".join(doctor.output.split())
    assert doctor.exit_code == 5
    assert "no service answers" in init.output
    assert init.exit_code == 2


def test_init_says_why_a_service_is_not_there(embedded: Embedded, tmp_path: Path) -> None:
    port = load_profile(embedded.profile).services["imap"].port

    result = invoke("init", "--smtp", f"127.0.0.1:{port}", "--out", str(tmp_path / "new.toml"))

    assert "smtp: not found: the target answered * OK" in result.output
    assert result.exit_code == 2


def test_init_of_nothing_says_what_to_give() -> None:
    result = invoke("init")

    assert "nothing to probe" in result.output
    assert result.exit_code == 2
