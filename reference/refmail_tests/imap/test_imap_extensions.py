"""Extensions: what they add, and that CAPABILITY says so."""

from __future__ import annotations

from typing import Any, ClassVar

from refmail.imap import ImapSession
from refmail.imap.commands.noop import Noop
from refmail.imap.extensions.uidplus import uid_set
from refmail.imap.status import Status, no
from refmail.machine import Steps


def test_capabilities_fit_the_state(connect: Any) -> None:
    client = connect()
    before = client.ok(b"CAPABILITY")[0].split()
    client.ok(b"LOGIN fred secret")
    after = client.ok(b"CAPABILITY")[0].split()
    assert {b"SASL-IR", b"LITERAL+", b"ID", b"AUTH=PLAIN"} <= set(before)
    assert {b"IDLE", b"UIDPLUS", b"NAMESPACE", b"UNSELECT", b"CHILDREN", b"ENABLE", b"LITERAL+"} <= set(after)
    assert not {b"SASL-IR", b"STARTTLS", b"AUTH=PLAIN"} & set(after)


def test_uidplus(inbox: Any) -> None:
    inbox.ok(b"CREATE copies")
    validity = inbox.ok(b"STATUS copies (UIDVALIDITY)")[0].split()[-1].rstrip(b")")
    assert inbox.run(b"COPY 1,3 copies")[-1].startswith(b"OK [COPYUID %s 1,3 1:2] " % validity)
    assert inbox.run(b"UID COPY 9 copies")[-1].startswith(b"OK COPY")
    assert inbox.run(b"APPEND copies {}", b"a: b\r\n\r\n")[-1].startswith(b"OK [APPENDUID %s 3] " % validity)
    inbox.ok(rb"STORE 1:3 +FLAGS.SILENT (\Deleted)")
    assert inbox.ok(b"UID EXPUNGE 2,3:9") == [b"3 EXPUNGE", b"2 EXPUNGE"]


def test_uid_sets_are_short() -> None:
    assert uid_set([1, 2, 3, 5, 7, 8]) == b"1:3,5,7:8"


def test_unselect_expunges_nothing(inbox: Any) -> None:
    inbox.ok(rb"STORE 1 +FLAGS.SILENT (\Deleted)")
    assert inbox.ok(b"UNSELECT") == []
    assert inbox.ok(b"STATUS INBOX (MESSAGES)") == [b"STATUS INBOX (MESSAGES 3)"]


def test_namespace_children_enable(fred: Any) -> None:
    assert fred.ok(b"NAMESPACE") == [b'NAMESPACE (("" "/")) NIL NIL']
    fred.ok(b"CREATE a/b")
    assert fred.ok(b'LIST "" a*') == [rb'LIST (\HasChildren) "/" a', rb'LIST (\HasNoChildren) "/" a/b']
    assert fred.ok(b"ENABLE X-NONE ID") == [b"ENABLED"]
    assert fred.run(b"ENABLE")[-1].startswith(b"BAD ")


def test_id(connect: Any) -> None:
    client = connect()
    assert client.ok(b'ID ("name" "x" "version" NIL)') == [b'ID ("name" "refmail")']
    client.ok(b"ID NIL")
    client.ok(b"ID ()")
    assert client.run(b"ID (name x)")[-1].startswith(b"BAD ")
    assert client.run(b"ID (" + b" ".join([b'"a" "b"'] * 31) + b")")[-1].startswith(b"BAD ")


class NoNoop(Noop):
    """NOOP that fails."""

    def run(self, session: ImapSession) -> Steps[Status]:
        del session
        yield from ()
        return no(b"NOOP failed")


class Changed(ImapSession):
    """A session with one row changed, as a mutant is made."""

    commands: ClassVar = {**ImapSession.commands, b"NOOP": NoNoop}


def test_a_row_of_the_table_can_be_changed(connect: Any) -> None:
    assert connect(session=Changed).run(b"NOOP")[-1] == b"NO NOOP failed"
    assert connect().run(b"NOOP")[-1].startswith(b"OK ")
