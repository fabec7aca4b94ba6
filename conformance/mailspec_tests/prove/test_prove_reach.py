"""Which checks a mutant can affect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from mailspec.prove.reach import Reach, Uses, changed_protocols, protocols_by_check
from mailspec.prove.recording import recording
from mailspec.prove.touch import touched
from mailspec.result import CheckResult, ConnectionEnding, ServiceFacts, TargetFacts
from mailspec.verdict import Verdict
from refmail.blueprint import Blueprint
from refmail.imap.commands.fetch import Fetch
from refmail.imap.session import ImapSession
from refmail.imap.status import Status
from refmail.machine import Steps
from refmail.services import Peer, Services
from refmail.smtp.replies import Reply
from refmail.smtp.session import SmtpSession

TARGET = TargetFacts(
    name="it",
    services=(
        ServiceFacts(name="smtp", host="127.0.0.1", port=1025),
        ServiceFacts(name="submission", host="127.0.0.1", port=1587),
        ServiceFacts(name="pop3", host="127.0.0.1", port=1110),
    ),
)


def check(name: str, *ports: int) -> CheckResult:
    connections = tuple(
        ConnectionEnding(connection=number, label=f"127.0.0.1:{port}", ending="clean")
        for number, port in enumerate(ports, 1)
    )
    return CheckResult(
        id=name, requirement="1/1/a", level="must", says="", verdict=Verdict.PASSED, connections=connections
    )


def test_sessions_and_filters_are_changes_of_a_protocol() -> None:
    assert changed_protocols(Blueprint().with_part("pop3", object)) == frozenset({"pop3"})
    assert changed_protocols(Blueprint().with_filter("imap", lambda: bytes)) == frozenset({"imap"})
    assert changed_protocols(Blueprint()) == frozenset()


def test_anything_else_may_be_seen_everywhere() -> None:
    assert changed_protocols(Blueprint().with_part("store", object)) is None
    assert changed_protocols(Blueprint().with_part("pop3", object).with_part("router", object)) is None


def test_a_check_is_within_reach_of_the_protocols_it_speaks() -> None:
    spoken = protocols_by_check([check("a", 1025, 1110), check("b", 1587), check("c"), check("d", 9)], TARGET)

    assert spoken == {"a": {"smtp", "pop3"}, "b": {"smtp"}, "c": frozenset(), "d": frozenset()}
    pop3 = Blueprint().with_filter("pop3", lambda: bytes)
    assert [Reach({}, spoken).selector(pop3)(name) for name in ("a", "b")] == [True, False]


def test_a_check_that_spoke_to_nobody_is_always_asked() -> None:
    smtp = Blueprint().with_filter("smtp", lambda: bytes)

    assert Reach({}, {"c": frozenset()}).selector(smtp)("c")
    assert Reach({}, {}).selector(smtp)("unknown")


class OtherVrfy(SmtpSession):
    """Verifies the name read backwards."""

    def do_vrfy(self, argument: bytes) -> Reply:
        return super().do_vrfy(argument[::-1])


class OtherFetch(Fetch):
    """Runs as it always did."""

    def run(self, session: ImapSession) -> Steps[Status]:
        return super().run(session)


class OtherTables(ImapSession):
    """Has another FETCH, and allows NOOP where it always was."""

    commands = {**ImapSession.commands, b"FETCH": OtherFetch}  # noqa: RUF012 - a table, as in the base


class OtherStart(SmtpSession):
    """Differs from its first moment."""

    def __init__(self, services: Services, peer: Peer) -> None:
        super().__init__(services, peer)


def test_a_changed_method_is_touched_and_no_other() -> None:
    assert touched(Blueprint().with_part("smtp", OtherVrfy)) == frozenset({"smtp.do_vrfy"})
    assert touched(Blueprint().with_part("smtp", SmtpSession)) == frozenset()


def test_a_changed_row_of_a_table_is_touched() -> None:
    addresses = touched(Blueprint().with_part("imap", OtherTables))

    assert addresses is not None
    assert all(address.startswith("imap.commands[FETCH]") for address in addresses)
    assert addresses


def test_what_cannot_be_said_is_not() -> None:
    assert touched(Blueprint().with_part("smtp", OtherStart)) is None
    assert touched(Blueprint().with_part("smtp", lambda: None)) is None
    assert touched(Blueprint().with_part("store", object)) is None
    assert touched(Blueprint().with_filter("smtp", lambda: bytes)) is None


class Small:
    """A class as refmail's are."""

    __module__ = "refmail.small"

    table: ClassVar[Mapping[bytes, int]] = {b"A": 1, b"B": 2}

    def method(self) -> str:
        return self.helper() + str(self.table[b"A"])

    @classmethod
    def helper(cls) -> str:
        return "helped "

    @property
    def value(self) -> int:
        return 3


def test_a_recorder_behaves_the_same_and_notes_what_is_used() -> None:
    noted: list[str] = []
    recorder = recording(Small, "small", noted.append)()

    assert recorder.method() == "helped 1"
    assert noted == ["small.method", "small.helper", "small.table[A]"]
    assert recorder.value == 3
    assert dict(recorder.table) == {b"A": 1, b"B": 2}
    assert "small.value" in noted
    assert "small.table[B]" in noted


def test_what_a_server_still_does_when_the_next_check_has_begun_counts_for_both() -> None:
    uses = Uses()
    uses.note("smtp.do_quit")
    uses.on_check(check("first"))
    uses.note("smtp.on_disconnect")
    uses.on_check(check("second"))
    uses.note("smtp.late")

    assert uses.by_check() == {
        "first": {"smtp.do_quit", "smtp.on_disconnect"},
        "second": {"smtp.on_disconnect", "smtp.late"},
    }


def test_a_check_that_the_reference_did_not_let_run_is_always_asked() -> None:
    uses = Uses()
    uses.on_check(msgspec.structs.replace(check("not-there"), verdict=Verdict.NOT_OFFERED))
    uses.on_check(check("there"))

    assert uses.by_check() == {"there": frozenset()}
    asked = Reach(uses.by_check(), {}).selector(Blueprint().with_part("smtp", OtherVrfy))
    assert [asked(name) for name in ("not-there", "there")] == [True, False]


def test_checks_that_use_what_is_changed_are_selected() -> None:
    reach = Reach({"a": frozenset({"smtp.do_vrfy"}), "b": frozenset({"smtp.do_mail"})}, {})
    changed = Blueprint().with_part("smtp", OtherVrfy)

    assert [reach.selector(changed)(name) for name in ("a", "b", "unknown")] == [True, False, True]
