"""Which checks a mutant can affect."""

from __future__ import annotations

from mailspec.prove.reach import changed_protocols, protocols_by_check, within_reach
from mailspec.result import CheckResult, ConnectionEnding, ServiceFacts, TargetFacts
from mailspec.verdict import Verdict
from refmail.blueprint import Blueprint

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
    assert [within_reach(name, frozenset({"pop3"}), spoken) for name in ("a", "b")] == [True, False]


def test_a_check_that_spoke_to_nobody_is_always_asked() -> None:
    assert within_reach("c", frozenset({"smtp"}), {"c": frozenset()})
    assert within_reach("unknown", frozenset({"smtp"}), {})
