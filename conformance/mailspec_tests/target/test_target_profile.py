"""Profiles: what is accepted, and what the errors about the others say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailspec.target.profile import ProfileError, load_profile, read_secret

Save = Callable[[str], Path]

WHOLE = """
name = "example"
domains = ["Example.org", "lists.example.org"]
timeout_factor = 2.5

[smtp]
host = "mx.example.org"

[submission]
host = "mail.example.org"
tls = "implicit"

[imap]
host = "mail.example.org"
port = 1143
tls = "starttls"
ca = "ca.pem"
server_name = "imap.example.org"
verify = false

[[accounts]]
address = "alice@example.org"
login = "alice"
secret = { env = "ALICE_PASSWORD" }

[[accounts]]
address = "bob@other.example.org"
secret = { file = "bob.secret" }

[store]
kind = "maildir"
path = "/home/{login}/Maildir"

[dns]
listen = "127.0.0.1:53"
mx_hosts = ["127.0.0.11"]

[limits]
connections_per_second = 2.5
failed_logins = 3
blocked = 0.5

[quirks]
namespace_prefix = "INBOX."
"""


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    monkeypatch.setenv("ALICE_PASSWORD", "sesame")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("MISSING", raising=False)
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "bob.secret").write_bytes(b"with space \r\n")
    (tmp_path / "nothing.secret").write_bytes(b"\n")

    def write(text: str) -> Path:
        path = tmp_path / "target.toml"
        path.write_text(text)
        return path

    return write


def test_every_key_is_read(save: Save) -> None:
    path = save(WHOLE)

    profile = load_profile(path)

    assert list(profile.services) == ["smtp", "submission", "imap"]
    assert [service.port_of(name) for name, service in profile.services.items()] == [25, 465, 1143]
    assert profile.local_domains == ("example.org", "other.example.org", "lists.example.org")
    secrets = [read_secret(path, index, account) for index, account in enumerate(profile.accounts)]
    assert secrets == [b"sesame", b"with space "]


def account(secret: str) -> str:
    return f'name = "x"\n[smtp]\nhost = "h"\n[[accounts]]\naddress = "a@b"\nsecret = {{ {secret} }}\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('name = "x"\n[smtp]\nhots = "h"\n', 3, ["'hots'", "smtp", "did you mean 'host'", "server_name"]),
        ('name = "x"\n[smpt]\nhost = "h"\n', 2, ["'smpt'", "did you mean 'smtp'", "submission"]),
        ('name = "x"\n[smtp]\nhost = "h"\ntls = "startls"\n', 4, ["smtp.tls", "'startls'", "implicit, none, starttls"]),
        ('name = "x"\n[imap]\nhost = "h"\nport = "143"\n', 4, ["imap.port", "an integer", "a string"]),
        ('name = "x"\n[imap]\nhost = "h"\nport = 70000\n', 4, ["imap.port", "65535"]),
        ('name = "x"\n[imap]\nport = 143\n', 2, ["'host' is missing"]),
        ('[imap]\nhost = "h"\n', None, ["'name' is missing"]),
        ('name = "x"\n', None, ["no service", "[smtp]", "[imap]"]),
        ('name = "x"\nname = "y"\n', 2, ["no TOML"]),
        ('name = "x"\n[imap]\nhost = "h"\nca = "none.pem"\n', 4, ["imap.ca", "none.pem", "relative"]),
        (account("env = 'MISSING'"), 6, ["accounts[0].secret", "MISSING is not set", "export MISSING="]),
        (account("env = 'EMPTY'"), 6, ["EMPTY is empty"]),
        (account("file = 'missing.secret'"), 6, ["missing.secret", "cannot be read"]),
        (account("file = 'nothing.secret'"), 6, ["nothing.secret is empty"]),
        (account("flie = 'x'"), 6, ["'flie'", "did you mean 'file'"]),
        (account("env = 'A', file = 'b'"), 6, ["exactly one of env and file"]),
        (account(""), 6, ["exactly one of env and file", 'env = "MAIL_PASSWORD"']),
        (account("env = 'ALICE_PASSWORD'").replace("a@b", "alice"), 5, ["'alice' is not local@domain"]),
        (
            account("env = 'ALICE_PASSWORD'") + "[[accounts]]\naddress = 'a@b'\nsecret = { env = 'ALICE_PASSWORD' }\n",
            8,
            ["a@b is listed twice"],
        ),
        ('name = "x"\n[smtp]\nhost = "h"\n[dns]\nlisten = "53"\n', 5, ["dns.listen"]),
        ('name = "x"\n[smtp]\nhost = "h"\n[store]\nkind = "maildir"\npath = "/x/{user}"\n', 6, ["{user}", "{login}"]),
        ('name = "x"\n[smtp]\nhost = "h"\n[store]\nkind = "maildir"\npath = "/x/{"\n', 6, ["store.path", "{local}"]),
        ('name = "x"\ntimeout_factor = 0\n[smtp]\nhost = "h"\n', 2, ["timeout_factor", "> 0"]),
    ],
)
def test_errors_name_file_line_key_and_remedy(save: Save, text: str, line: int | None, words: list[str]) -> None:
    path = save(text)

    with pytest.raises(ProfileError) as caught:
        load_profile(path)

    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert [word for word in words if word not in message] == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        load_profile(tmp_path / "absent.toml")


def test_a_secret_never_stands_in_a_message(save: Save) -> None:
    path = save(account("env = 'ALICE_PASSWORD'") + "[limits]\nfailed_logins = -1\n")

    with pytest.raises(ProfileError) as caught:
        load_profile(path)

    assert "sesame" not in str(caught.value)
