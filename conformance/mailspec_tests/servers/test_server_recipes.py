"""What real servers are made of, without starting any: sources, profile, drivers, names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.lab.servers.aptconfig import Source, download_settings, mirror_of, parse_targets, proxies_of
from mailspec.lab.servers.description import title_of, write_profile
from mailspec.lab.servers.driver import ACCOUNT_NAMES, Driver, Site
from mailspec.lab.servers.layers import installed_versions, layer_name
from mailspec.lab.servers.orders import Account, RunOrder, load_order, save_order
from mailspec.lab.servers.registry import DRIVERS, driver_named
from mailspec.lab.servers.trouble import ServerTrouble, last_lines
from mailspec.target.profile import load_profile, read_secret

ACCOUNTS = tuple(
    Account(name=name, number=2001 + index, secret=f"secret-{name}") for index, name in enumerate(ACCOUNT_NAMES)
)


def _target(suite: str, component: str, uri: str = "http://mirror.example/debian/", kind: str = "Packages") -> str:
    return f"Created-By: {kind}\nCodename: {suite}\nRelease: {suite}\nComponent: {component}\nRepo-URI: {uri}\n"


def test_sources_are_those_of_the_release_and_its_updates() -> None:
    text = "\n".join(
        [
            _target("bookworm", "main"),
            _target("bookworm", "universe"),
            _target("bookworm", "main", kind="Sources"),
            _target("bookworm-security", "main", "http://mirror.example/security/"),
            _target("bookworm", "stable", "http://elsewhere.example/"),
            _target("cloud-sdk-bookworm", "main", "http://other.example/"),
            _target("trixie", "main"),
        ]
    )
    sources = parse_targets(text, "bookworm")
    assert sources == (
        Source("http://mirror.example/debian/", "bookworm", ("main", "universe")),
        Source("http://mirror.example/security/", "bookworm-security", ("main",)),
    )
    assert sources[0].line == "deb http://mirror.example/debian/ bookworm main universe"
    assert mirror_of(sources, "bookworm") == "http://mirror.example/debian/"


def test_release_without_a_source_is_reported_with_its_remedy() -> None:
    with pytest.raises(ServerTrouble, match=r"(?s)no source of bookworm.*remedy: .*sources.list"):
        mirror_of((), "bookworm")


def test_only_settings_for_fetching_are_taken_over() -> None:
    dump = (
        'Acquire "";\nAcquire::http::Proxy "http://proxy.example:3128";\nAcquire::Check-Date "false";\n'
        'Acquire::IndexTargets::deb::Packages::MetaKey "x";\nAPT::Architecture "amd64";\nDPkg::Post-Invoke:: "rm x";\n'
    )
    settings = download_settings(dump)
    assert settings == ('Acquire::http::Proxy "http://proxy.example:3128";', 'Acquire::Check-Date "false";')
    assert proxies_of(settings, {}) == {"http_proxy": "http://proxy.example:3128"}
    assert (
        proxies_of(settings, {"http_proxy": "http://mine.example", "HOME": "/"})["http_proxy"] == "http://mine.example"
    )
    assert proxies_of(('Acquire::http::Proxy "DIRECT";',), {}) == {}


def test_versions_come_from_the_status_file() -> None:
    status = (
        "Package: a\nVersion: 1.0-1\nDescription: x\n Version: no\n\nPackage: b\nVersion: 2\n\nPackage: c\nVersion: 3\n"
    )
    assert installed_versions(status, ["a", "c", "d"]) == {"a": "1.0-1", "c": "3"}


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=list(DRIVERS))
def test_profile_of_every_server_loads(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    path = write_profile(tmp_path, driver, 'the "title"', ACCOUNTS)

    profile = load_profile(path)

    assert profile.name == 'the "title"'
    assert set(profile.services) == {reach.name for reach in driver.services}
    assert len(profile.accounts) == len(ACCOUNTS)
    assert len(profile.accounts) % 2 == 0
    assert read_secret(path, 1, profile.accounts[1]) == b"secret-bob"
    assert profile.local_domains == ("local.test",)
    assert profile.store is not None
    assert profile.store.path == f"{tmp_path}/root/home/{{login}}/Maildir"
    assert profile.dns is not None
    assert "127.0.0.1" not in profile.dns.mx_hosts
    assert (tmp_path / "alice.secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=list(DRIVERS))
def test_every_server_keeps_secrets_from_other_users(driver: Driver) -> None:
    for file in driver.files(Site(ACCOUNTS)):
        assert file.path.startswith("/")
        if "secret-" in file.text:
            assert file.mode & 0o007 == 0, file.path


def test_every_layer_has_a_name_of_its_own() -> None:
    assert len({layer_name(driver, "bookworm") for driver in DRIVERS.values()}) == len(DRIVERS)


def test_changed_recipe_changes_the_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = driver_named("postfix+dovecot")
    before = layer_name(driver, "bookworm")
    assert layer_name(driver, "bookworm") == before
    assert layer_name(driver, "trixie") != before
    monkeypatch.setattr(driver, "setup", (*driver.setup, "true"))
    assert layer_name(driver, "bookworm") != before


def test_beginning_of_a_name_is_enough() -> None:
    assert driver_named("postfix").name == "postfix+dovecot"


@pytest.mark.parametrize(
    ("name", "hint"), [("posfix+dovecot", "did you mean 'postfix"), ("", "servers: "), ("zz", "servers: ")]
)
def test_unknown_server_is_reported_with_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(ServerTrouble, match=hint.replace("+", r"\+")):
        driver_named(name)


def test_title_has_the_versions_of_the_packages() -> None:
    driver = driver_named("postfix+dovecot")
    assert title_of(driver, "bookworm", {"postfix": "3.7", "other": "1"}) == "postfix+dovecot (bookworm: postfix 3.7)"
    assert title_of(driver, "bookworm", {}) == "postfix+dovecot (bookworm)"


def test_order_survives_its_file_and_is_private(tmp_path: Path) -> None:
    order = RunOrder(
        folder="/f",
        lower=("/a", "/b"),
        log="/l",
        address="127.0.0.1",
        title="t",
        hostname="h",
        accounts=ACCOUNTS,
        ports=(25,),
        ready_within=1.0,
        command=("true",),
        syslog="/s",
    )
    save_order(order, tmp_path / "order.json")
    assert load_order(tmp_path / "order.json", RunOrder) == order
    assert (tmp_path / "order.json").stat().st_mode & 0o777 == 0o600


def test_trouble_shows_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n\n" for number in range(100)))
    assert last_lines(log, 2) == ["line 98", "line 99"]
    text = str(ServerTrouble("it failed", "mend it", log))
    assert text.startswith("it failed\n")
    assert "line 99" in text
    assert "line 50" not in text
    assert text.endswith("remedy: mend it")
    assert str(ServerTrouble("it failed", log=tmp_path / "none")) == "it failed"
