"""The configuration file and what is said about mistakes in it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from refmail.blueprint import Blueprint
from refmail.config import (
    Config,
    ConfigError,
    ListenerConfig,
    RelayConfig,
    TlsConfig,
    UserConfig,
    demo_config,
    load_config,
    parse_endpoint,
)
from refmail.credentials import ScramKeys
from refmail.server import Server
from refmail.users import PasswordHash

GOOD = """\
hostname = "mail.example.test"
domains = ["example.test"]

[[users]]
name = "alice"
password = "x"

[[users]]
name = "bob"
hash = "HASH"

[listeners.smtp]
host = "127.0.0.1"
port = 2525

[listeners.imaps]

[policy]
recipients = 200

[relay]
dial = { "127.0.0.11" = "127.0.0.1:40001" }
""".replace("HASH", PasswordHash.of(b"y", cost=2).to_text())


def write(folder: Path, text: str) -> Path:
    path = folder / "refmail.toml"
    path.write_text(text)
    return path


def test_good_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert [user.name for user in config.users] == ["alice", "bob"]
    assert config.listeners["smtp"].port == 2525
    assert config.policy.recipients == 200
    assert config.users[1].password_hash().matches(b"y")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port = 2525", "prot = 2525", ["line 14", "listeners.smtp.prot", "accepted: host, port"]),
        ("port = 2525", 'port = "x"', ["line 14", "listeners.smtp.port", "accepted: int"]),
        ("port = 2525", "port = 99999", ["line 12", "0 to 65535"]),
        ("[listeners.smtp]", "[listeners.smpt]", ["line 12", '"submission"', '"imaps"']),
        ("[listeners.imaps]", "[listeners.lmtp]\nport = 25", ["port 25", "24"]),
        ("[policy]", '[aliases]\nalice = ["bob"]\n[policy]', ["'alice'", "name of its own"]),
        ("[policy]", '[aliases]\n"a b" = ["bob"]\n[policy]', ["'a b'", "name of its own"]),
        ("[policy]", '[aliases]\nall = ["bob", "carol"]\n[policy]', ["'all'", "each known here"]),
        ("[policy]", '[aliases]\nall = ["bob", "x@elsewhere.test"]\n[policy]', ["'all'", "dns.servers"]),
        ("[policy]", '[aliases]\nall = ["@"]\n[policy]', ["neither a name nor a mailbox"]),
        ("[policy]", "[aliases]\nall = []\n[policy]", ["'all' leads to nobody"]),
        ("[policy]", '[aliases]\na = ["b"]\nb = ["a"]\n[policy]', ["'a' leads to nobody"]),
        ("[policy]", '[lists.staff]\nmembers = ["bob"]\nowner = "carol"\n[policy]', ["'staff'", "each known here"]),
        ("[policy]", '[lists.staff]\nmembers = ["bob"]\n[policy]', ["lists.staff", "accepted: members, owner"]),
        ("recipients = 200", "recipient = 200", ["line 19", "policy.recipient", "recipients", "smtp_idle"]),
        ('password = "x"', "", ["line 4", "either password or hash"]),
        ('password = "x"', 'hash = "HASH"\nclear = true', ["line 4", "clear = true needs the password"]),
        ('password = "x"', 'password = "x"\nscram = ["x"]', ["refmail hash --scram"]),
        ('hash = "scrypt', 'hash = "crypt', ["line 8", "refmail hash"]),
        ('"127.0.0.1:40001"', '"40001"', ["line 21", "address:port"]),
        ("hostname =", "hostnames =", ["line 1", "hostname", "domains"]),
        ('"mail.example.test"', '"mail_example"', ["neither a domain nor an address literal"]),
        ("[policy]", "[policy", ["not TOML", "line 18"]),
        ('name = "bob"', 'name = "alice"', ["each name once"]),
        ("[policy]", '[tls]\nmode = "no"\n[policy]', ["line 19", '"files", "lab", "none"']),
        ("[policy]", '[store]\nkind = "maildir"\n[policy]', ["line 18", "needs a path"]),
        ("[policy]", '[tls]\nmode = "none"\n[policy]', ["imaps need TLS"]),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    for words in said:
        assert words in message


def test_scram_keys_are_given_or_derived() -> None:
    given = ScramKeys.of(b"SCRAM-SHA-1", "x")
    user = UserConfig(name="a", hash=PasswordHash.of(b"x", cost=2).to_text(), scram=(given.to_text(),))
    assert user.scram_keys() == (given,)
    assert len(UserConfig(name="a", password="x").scram_keys()) == 2
    # Unicode 3.2, on which SCRAM rests, does not know the character.
    assert UserConfig(name="a", password="\N{UNICORN FACE}").scram_keys() == ()
    with pytest.raises(ValueError, match="cannot be typed"):
        UserConfig(name="a", password="\a")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [("127.0.0.1:53", ("127.0.0.1", 53)), ("[::1]:53", ("::1", 53)), ("host.test:1", ("host.test", 1))],
)
def test_endpoints(text: str, endpoint: tuple[str, int]) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize("text", ["", "127.0.0.1", "::1:53", "host:0", "host:70000", "[::1]", "a b"])
def test_wrong_endpoints(text: str) -> None:
    with pytest.raises(ValueError, match="address:port"):
        parse_endpoint(text)


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="no part smpt"):
        Server(demo_config(fixed_ports=False), Blueprint().with_part("smpt", object))


@pytest.mark.parametrize("name", ["alice", "a.b-c+d_e", "jos\u00e9", "\u7528\u6237", "\u0928\u093f\u0916"])
def test_names_may_be_of_any_script(name: str) -> None:
    assert UserConfig(name=name, password="x").name == name


@pytest.mark.parametrize("name", ["", "a..b", "a b", "a/b", "jose\u0301", "\u093fa", "a\u200bb", "a@b"])
def test_names_are_words_in_one_form(name: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        UserConfig(name=name, password="x")


def test_our_addresses_are_those_of_hosts() -> None:
    demo = demo_config(fixed_ports=False)
    known = msgspec.structs.replace(demo, addresses=("192.0.2.1", "2001:db8::1"), hostname="[192.0.2.2]")
    assert known.own_addresses() == ("127.0.0.1", "192.0.2.1", "2001:db8::1", "192.0.2.2")
    everywhere = msgspec.structs.replace(demo, listeners={"smtp": ListenerConfig(host="0.0.0.0")})
    assert everywhere.own_addresses() == ()
    with pytest.raises(ValueError, match="no IP address of a host"):
        Config(users=demo.users, listeners={}, addresses=("mail.test",))


def test_what_contradicts_itself_in_tls_is_refused() -> None:
    with pytest.raises(ValueError, match="client_ca"):
        TlsConfig(mode="none", client_ca="ca.pem")
    with pytest.raises(ValueError, match="tls_ca"):
        RelayConfig(tls="opportunistic", tls_ca="ca.pem")
    with pytest.raises(ValueError, match="connections"):
        RelayConfig(connections=0)
