"""Which checks a subject can affect: those that spoke one of the protocols it changes, when the reference was run.

A server that differs in its POP3 sessions alone is seen by checks that connect to POP3 and by no others.
One that differs in its store, its MTA or the like is seen by all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mailspec.result import CheckResult, TargetFacts
from refmail.blueprint import Blueprint

__all__ = ["changed_protocols", "protocols_by_check", "within_reach"]

#: The protocols whose sessions are parts of a server of their own, by the services that speak them.
PROTOCOL_OF = {"smtp": "smtp", "submission": "smtp", "pop3": "pop3", "imap": "imap"}


def changed_protocols(blueprint: Blueprint) -> frozenset[str] | None:
    """Return the protocols that a blueprint changes, None where it changes more than sessions."""
    names = frozenset(blueprint.parts) | frozenset(blueprint.filters)
    return names if names <= frozenset(PROTOCOL_OF.values()) else None


def protocols_by_check(checks: Iterable[CheckResult], target: TargetFacts) -> Mapping[str, frozenset[str]]:
    """Return, by check id, the protocols that each check spoke.

    Args:
        checks: the records of a run on the reference.
        target: where its services were.
    """
    spoken_at = {f"{service.host}:{service.port}": PROTOCOL_OF[service.name] for service in target.services}
    return {
        check.id: frozenset(spoken_at[each.label] for each in check.connections if each.label in spoken_at)
        for check in checks
    }


def within_reach(check_id: str, changed: frozenset[str], spoken: Mapping[str, frozenset[str]]) -> bool:
    """Say whether a check could notice the change; one that connected to nothing is asked to be sure."""
    protocols = spoken.get(check_id, frozenset())
    return not protocols or bool(protocols & changed)
