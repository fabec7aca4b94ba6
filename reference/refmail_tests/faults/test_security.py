"""Nobody gets at what is not theirs: by names, by links, by passwords in the clear, or by what is left on the disk."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from refmail.config import Config, ListenerConfig, RelayConfig, StoreConfig, UserConfig
from refmail.embed import ServerThread
from refmail.services import Listener, Peer, Policy
from refmail.users import PasswordHash, UserTable
from refmail_tests.faults.wire import ImapWire, SmtpWire, Wire

PASSWORD = "correct horse battery"
NAMES: tuple[Listener, ...] = ("smtp", "imap", "pop3")


class Place:
    """A server, its store, and a file beside the store that nobody may reach."""

    def __init__(self, folder: Path, kind: Any, **changes: Any) -> None:
        self.mail, self.spool, self.secret = folder / "mail", folder / "spool", folder / "secret"
        self.secret.write_bytes(b"Subject: secret\n\nsecret\n")
        users = tuple(UserConfig(name=name, password=PASSWORD) for name in ("alice", "bob"))
        self.server = ServerThread(
            Config(
                users=users,
                listeners={name: ListenerConfig() for name in NAMES},
                store=StoreConfig(kind=kind, path=str(self.mail)),
                relay=RelayConfig(spool=str(self.spool)),
                **changes,
            )
        )

    def connect(self, listener: Listener) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.ports[listener]), timeout=20)

    def imap(self, user: str = "alice") -> ImapWire:
        wire = ImapWire(self.connect("imap"))
        assert wire.line().startswith(b"* OK")
        wire.ok(b'LOGIN %s "%s"' % (user.encode(), PASSWORD.encode()))
        return wire


@pytest.fixture(params=["maildir", "mbox"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        made = Place(tmp_path, request.param)
        stack.enter_context(made.server)
        yield made


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "name",
    [
        *(b"../secret", b"../../secret", b"a/../../secret", b"/etc/passwd", b"..", b".", b"a//b", b"./a", b"a/.", b"../bob"),
        *(b"../bob/Maildir", b"../bob/mbox", b"&AAA-", b"a&AAA-b", b"&AC8-etc", b"&AC4ALg-/secret", b".secret", b".."),
        *(b"refmail-uidlist", b"cur", b"new", b"tmp", b"mbox.refmail-index", b"folders", b"~/x", b"a\\b", b"a" * 300),
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_mailboxes(place: Place, name: bytes) -> None:
    with place.imap("bob") as bob:
        assert bob.append(b"INBOX", b"Subject: bob\r\n\r\n").startswith(b"OK")
    outside = tree(place.mail.parent) - tree(place.mail)
    bob_before = {path: path.read_bytes() for path in (place.mail / "bob").rglob("*") if path.is_file()}
    with place.imap() as wire:
        for command in (
            b"CREATE %s",
            b"SELECT %s",
            b"STATUS %s (MESSAGES)",
            b"RENAME %s x",
            b"CREATE y",
            b"RENAME y %s",
        ):
            untagged, tagged = wire.ask(
                command % (b'"' + name.replace(b"\\", b"\\\\") + b'"' if b"%" in command else ())
            )
            assert tagged[:3] in {b"OK ", b"NO ", b"BAD"}
            assert not any(b"secret" in line or b"MESSAGES 1" in line for line in untagged if b"Subject" in line)
        wire.append(b'"' + name.replace(b"\\", b"\\\\") + b'"', b"Subject: x\r\n\r\n")
        wire.ask(b'DELETE "' + name.replace(b"\\", b"\\\\") + b'"')
        wire.ok(b"NOOP")
    assert {name.split("/")[0] for name in tree(place.mail)} <= {"alice", "bob"}
    assert tree(place.mail.parent) - tree(place.mail) - {f"mail/{each}" for each in tree(place.mail)} <= outside
    assert {path: path.read_bytes() for path in (place.mail / "bob").rglob("*") if path.is_file()} == bob_before
    assert place.secret.read_bytes() == b"Subject: secret\n\nsecret\n"


def test_no_link_leads_out_of_the_mailboxes(place: Place) -> None:
    with place.imap() as wire:
        wire.append(b"INBOX", b"Subject: x\r\n\r\n")
    home = place.mail / "alice"
    maildir = home / "Maildir"
    if maildir.is_dir():
        (maildir / "cur" / "1.1.link:2,S").symlink_to(place.secret)
        (maildir / "new" / "1.2.link").symlink_to(place.secret)
        (maildir / ".Linked").symlink_to(place.secret.parent)
    else:
        (home / "folders").mkdir(exist_ok=True)
        (home / "folders" / "Linked.mbox").symlink_to(place.secret)
    with place.imap() as wire:
        assert not any(b"Linked" in line for line in wire.ok(b'LIST "" "*"')[0])
        assert wire.ask(b"SELECT Linked")[1].startswith(b"NO")
        wire.ok(b"SELECT INBOX")
        assert not any(b"secret" in line for line in wire.ok(b"UID FETCH 1:* (BODY[])")[0])
        wire.ask(b"CREATE Linked")
        wire.append(b"Linked", b"Subject: written\r\n\r\n")
    assert place.secret.read_bytes() == b"Subject: secret\n\nsecret\n"


def test_no_password_is_left_on_the_disk(place: Place) -> None:
    with place.imap() as wire:
        wire.append(b"INBOX", b"Subject: x\r\n\r\n")
    with Wire(place.connect("pop3")) as wire:
        wire.line()
        wire.send(b"USER alice\r\nPASS " + PASSWORD.encode() + b"\r\nQUIT\r\n")
        assert [wire.line()[:3] for _ in range(3)] == [b"+OK"] * 3
    with SmtpWire(place.connect("smtp")) as smtp:
        smtp.begin("alice", PASSWORD)
        assert smtp.deliver(b"", [b"bob@example.test"], b"Subject: x\r\n\r\n") == 250
    files = [path for folder in (place.mail, place.spool) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not any(PASSWORD.encode() in path.read_bytes() for path in files)
    assert not any(PASSWORD in str(entry.facts) for entry in place.server.journal.entries())
    # What is made for mail is for nobody else to read.
    for path in (place.mail / "alice").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_passwords_are_kept_as_scrypt_and_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = PasswordHash.of(PASSWORD.encode(), cost=2)
    scheme, _, salt, _ = kept.to_text().split("$")
    assert scheme == "scrypt"
    assert kept.to_text() != PasswordHash.of(PASSWORD.encode(), cost=2).to_text()
    assert len(salt) >= 20
    hashed: list[int] = []
    compared: list[bytes] = []
    honest, honest_compare = hashlib.scrypt, hmac.compare_digest

    def scrypt(password: bytes, *, salt: bytes, n: int, r: int, p: int, maxmem: int, dklen: int) -> bytes:
        hashed.append(n)
        return honest(password, salt=salt, n=n, r=r, p=p, maxmem=maxmem, dklen=dklen)

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return honest_compare(one, other)

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    users = UserTable({"alice": PasswordHash.of(PASSWORD.encode())}, ["example.test"])
    hashed.clear()
    for login, secret, found in (
        (b"alice", b"wrong", None),
        (b"nobody", b"wrong", None),
        (b"alice@example.test", PASSWORD.encode(), "alice"),
    ):
        assert users.authenticate(login, secret) == found
    # The same work for a login that there is not.
    assert hashed == [2**14] * 3
    assert len(compared) >= 3


def test_passwords_do_not_cross_a_network_in_the_clear_unless_that_is_wished(tmp_path: Path) -> None:
    place = Place(tmp_path, "maildir")
    elsewhere = Place(tmp_path, "maildir", policy=Policy(plaintext_login_from="anywhere"))
    for each, address, allowed in (
        (place, "127.0.0.1", True),
        (place, "::1", True),
        (place, "::ffff:127.0.0.9", True),
        (place, "192.0.2.1", False),
        (place, "fe80::1%eth0", False),
        (elsewhere, "192.0.2.1", True),
    ):
        with each.server:
            for listener in NAMES:
                server = each.server.server
                session = server._session(listener, Peer(address, 1, "192.0.2.2", 1, listener))
                assert session.services.policy.plaintext_login == allowed  # type: ignore[attr-defined]  # each has it


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_no_tls_before_1_2(place: Place, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=str(place.server.ca_file))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with SmtpWire(place.connect("smtp")) as wire:
        wire.begin()
        assert wire.ask(b"STARTTLS") == [220]
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(wire.sock, server_hostname="localhost")
