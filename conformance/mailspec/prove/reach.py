"""Which checks a subject can affect: those that made the reference use what the subject changes.

Where that cannot be said of a subject, it is run on the checks that spoke one of the protocols it changes: a server that
differs in its POP3 sessions alone is seen by checks that connect to POP3 and by no others. One that differs in its store
or the like is seen by all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from mailspec.prove.touch import touched
from mailspec.result import CheckResult, TargetFacts
from mailspec.target.profile import SERVICES, TLS_FIRST
from mailspec.verdict import Verdict
from refmail.blueprint import Blueprint

__all__ = ["Reach", "Uses", "changed_protocols", "protocols_by_check"]

#: The protocols whose sessions are parts of a server of their own, by the services that speak them.
PROTOCOL_OF: dict[str, str] = {
    service: "smtp" if (spoken := TLS_FIRST.get(service, service)) == "submission" else spoken for service in SERVICES
}


#: A check with another verdict on the reference may have ended before it used what it judges: what another server offers.
RAN = frozenset({Verdict.PASSED, Verdict.OBSERVED})


class Uses:
    """Notes what each check makes the reference use; an observer of its run."""

    def __init__(self) -> None:
        self._now: set[str] = set()
        self._by_check: list[tuple[str, set[str], bool]] = []

    def note(self, address: str) -> None:
        """Take down the use of a member; from any thread."""
        self._now.add(address)

    def on_check(self, result: CheckResult) -> None:
        """Begin the next check."""
        if result.kind == "check":
            done, self._now = self._now, set()
            self._by_check.append((result.id, done, result.verdict in RAN))

    def by_check(self) -> Mapping[str, frozenset[str]]:
        """Return what each check used, without those that the reference gave no chance to use anything.

        A server may be at work for a check when the next one has begun, so that counts.
        """
        following = [used for _, used, _ in self._by_check[1:]] + [self._now]
        return {
            name: frozenset(used | later)
            for (name, used, ran), later in zip(self._by_check, following, strict=True)
            if ran
        }


class Reach:
    """What was learned from the reference.

    Args:
        uses: by check, the members of the reference that it used.
        protocols: by check, the protocols that it spoke.
    """

    def __init__(self, uses: Mapping[str, frozenset[str]], protocols: Mapping[str, frozenset[str]]) -> None:
        self._uses = uses
        self._protocols = protocols

    def selector(self, blueprint: Blueprint) -> Callable[[str], bool]:
        """Return what says of a check's id whether it could notice what a blueprint changes.

        A check of which nothing is known is asked, to be sure.
        """
        members = touched(blueprint)
        if members is not None:
            return lambda check_id: check_id not in self._uses or bool(self._uses[check_id] & members)
        changed = changed_protocols(blueprint)
        if changed is None:
            return lambda _check_id: True
        return lambda check_id: not (spoken := self._protocols.get(check_id)) or bool(spoken & changed)


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
