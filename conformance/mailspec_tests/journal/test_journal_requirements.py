"""The ids that refmail's journal names exist in the ledger, and a real session is told with them."""

from __future__ import annotations

import ast
import imaplib
import poplib
import re
import smtplib
from pathlib import Path

import pytest

import refmail
from mailspec.requirements import load_ledger
from refmail.embed import ServerThread
from refmail.journal import Entry

_ID = re.compile(r"[0-9]{4}/[0-9.]+/[a-z0-9-]+")
FOLDER = Path(refmail.__file__).parent


def named_ids() -> dict[str, str]:
    """Return each string in refmail's honest code that has the form of an id, and a file that names it."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.rglob("*.py")):
        if path.relative_to(FOLDER).parts[0] in {"mutants", "variants"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ID.fullmatch(node.value):
                found[node.value] = str(path.relative_to(FOLDER))
    return found


def test_ids_exist() -> None:
    ledger = load_ledger()
    ids = named_ids()
    assert len(ids) > 100
    assert {name: path for name, path in ids.items() if name not in ledger} == {}


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """What the journal has of one short session in each protocol."""
    heard: list[Entry] = []
    with ServerThread() as server:
        server.journal.subscribe(heard.append)
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"]) as smtp:
            smtp.docmd("XYZZY")
            smtp.docmd("RCPT TO:<alice@example.test>")
            smtp.sendmail("a@b.test", ["alice@example.test"], "Subject: x\r\n\r\n")
            smtp.docmd("VRFY alice")
        pop3 = poplib.POP3("127.0.0.1", server.ports["pop3"])
        with pytest.raises(poplib.error_proto):
            pop3.pass_("secret-octets")
        with pytest.raises(poplib.error_proto):
            pop3.rpop("secret-octets")
        pop3.user("alice")
        with pytest.raises(poplib.error_proto):
            pop3.pass_("wrong")
        pop3.user("alice")
        pop3.pass_("alice-secret")
        pop3.retr(1)
        with pytest.raises(poplib.error_proto):
            pop3.dele(2)
        pop3.quit()
        imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"])
        with pytest.raises(imaplib.IMAP4.error):
            imap.login("alice", "wrong")
        imap.login("alice", "alice-secret")
        imap.select()
        imap.logout()
    return [entry for entry in heard if entry.topic == "reply"]


def test_no_secret_is_written(entries: list[Entry]) -> None:
    assert "secret" not in str([entry.facts for entry in entries])


@pytest.mark.parametrize(
    ("protocol", "command", "reply", "requirement"),
    [
        ("smtp", "", "220", "5321/3.1/greeting"),
        ("smtp", "", "500", "5321/4.2.4/unknown-500"),
        ("smtp", "RCPT", "503", "5321/3.3/rcpt-needs-mail"),
        ("smtp", "EHLO", "250", "5321/4.1.1.1/ehlo-reply"),
        ("smtp", "DATA", "354", "5321/4.1.1.4/data-354"),
        ("smtp", "DATA", "250", "5321/2.1/accepts-responsibility"),
        ("smtp", "QUIT", "221", "5321/4.1.1.10/quit-221"),
        ("pop3", "", "+OK", "1939/4/greeting"),
        ("pop3", "PASS", "-ERR", "1939/7/pass-needs-user"),
        ("pop3", "", "-ERR", "1939/3/unknown-command"),
        ("pop3", "PASS", "-ERR", "3206/6/on-wrong-password"),
        ("pop3", "RETR", "+OK", "1939/5/retr"),
        ("pop3", "DELE", "-ERR", "1939/5/no-such-message"),
        ("imap", "", "OK", "3501/7.1/greeting-state"),
        ("imap", "LOGIN", "NO", "3501/6.2.3/login-failure-no"),
        ("imap", "SELECT", "OK", "3501/6.3.1/select-data"),
    ],
)
def test_reply_names_its_requirement(
    entries: list[Entry], protocol: str, command: str, reply: str, requirement: str
) -> None:
    assert any(
        (entry.facts["protocol"], entry.facts["command"], entry.facts["requirement"])
        == (protocol, command, requirement)
        and str(entry.facts["reply"]).startswith(reply)
        for entry in entries
    ), [entry.facts for entry in entries]
