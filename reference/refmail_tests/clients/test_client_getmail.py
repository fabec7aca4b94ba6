"""getmail6: fetches by POP3 and IMAP; Python's poplib and imaplib under it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from refmail_tests.clients.letters import letter, without_trace
from refmail_tests.clients.room import PASSWORDS, Room
from refmail_tests.clients.venv import program

GETMAIL = program("getmail")
pytestmark = pytest.mark.skipif(
    GETMAIL is None, reason="not run: getmail6 comes with `python -m refmail_tests.clients`"
)
RETRIEVERS = {
    ("pop3", "clear"): "SimplePOP3Retriever",
    ("pop3", "implicit"): "SimplePOP3SSLRetriever",
    ("imap", "clear"): "SimpleIMAPRetriever",
    ("imap", "implicit"): "SimpleIMAPSSLRetriever",
}


class Getmail:
    """A folder with getmail's configuration and what it fetched."""

    def __init__(
        self, room: Room, folder: Path, service: str, tls: str, options: str = "", retriever: str = ""
    ) -> None:
        self._folder = folder
        (folder / "got").mkdir()
        trust = f"ca_certs = {room.authority}\n" if tls == "implicit" else ""
        (folder / "getmailrc").write_text(
            f"[retriever]\ntype = {RETRIEVERS[service, tls]}\nserver = {room.host}\nport = {room.port(service, tls)}\n"
            f"username = bob\npassword = {PASSWORDS['bob']}\n{trust}{retriever}"
            # Its own deliveries refuse to work for root, who runs these tests.
            f"[destination]\ntype = MDA_external\npath = /bin/sh\nallow_root_commands = true\n"
            f"arguments = ('-c', 'cat > $(mktemp {folder}/got/XXXXXXXX)')\n"
            f"[options]\nverbose = 2\ndelivered_to = false\nreceived = false\n{options}"
        )

    def run(self) -> None:
        """Fetch.

        Raises:
            AssertionError: with what it said.
        """
        assert GETMAIL is not None
        done = subprocess.run(
            [str(GETMAIL), f"--getmaildir={self._folder}"],
            env={**os.environ, "HOME": str(self._folder)},
            capture_output=True,
            timeout=40,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()

    def got(self) -> list[bytes]:
        """Return the messages, by their octets, without what getmail writes into the header section."""
        texts = [without_trace(path.read_bytes()) for path in self._folder.glob("got/*")]
        return sorted(re.sub(rb"(?m)^X-getmail-[a-z-]+: .*\r\n", b"", text) for text in texts)


@pytest.mark.parametrize(("service", "tls"), RETRIEVERS)
def test_getmail_takes_everything_away(room: Room, tmp_path: Path, service: str, tls: str) -> None:
    letters = [letter("one"), letter("three"), letter("two")]
    room.put(*letters)
    getmail = Getmail(room, tmp_path, service, tls, "delete = true\nread_all = true\n")
    getmail.run()
    assert getmail.got() == letters
    assert room.letters() == []


@pytest.mark.parametrize(("service", "tls"), RETRIEVERS)
def test_getmail_leaves_copies_and_fetches_each_once(room: Room, tmp_path: Path, service: str, tls: str) -> None:
    room.put(letter("one"), letter("two"))
    getmail = Getmail(room, tmp_path, service, tls, "delete = false\nread_all = false\n")
    for _ in range(2):
        getmail.run()
        assert getmail.got() == [letter("one"), letter("two")]
    room.mailbox().expunge([room.kept()[0].uid])
    room.put(letter("zero"))
    getmail.run()
    assert getmail.got() == [letter("one"), letter("two"), letter("zero")]
    assert room.letters() == [letter("two"), letter("zero")]


@pytest.mark.parametrize("extra", ["use_cram_md5 = true\n", "uid_cache = cache\n"])
def test_getmail_imap_options(room: Room, tmp_path: Path, extra: str) -> None:
    room.put(letter("one"), name="Sent")
    getmail = Getmail(room, tmp_path, "imap", "implicit", "delete = false\n", f'mailboxes = ("Sent", )\n{extra}')
    getmail.run()
    assert getmail.got() == [letter("one")]
    assert room.kept(name="Sent")[0].flags == frozenset()


def test_getmail_apop(room: Room, tmp_path: Path) -> None:
    room.put(letter("one"))
    getmail = Getmail(room, tmp_path, "pop3", "implicit", "", "use_apop = true\n")
    getmail.run()
    assert getmail.got() == [letter("one")]


def test_getmail_moves_what_it_deletes(room: Room, tmp_path: Path) -> None:
    room.put(letter("one"), letter("two"))
    getmail = Getmail(room, tmp_path, "imap", "implicit", "delete = true\n", "move_on_delete = Trash\n")
    getmail.run()
    assert room.letters() == []
    assert room.letters(name="Trash") == [letter("one"), letter("two")]
