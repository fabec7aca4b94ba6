"""What a run found, as values: a header, one record per check, a footer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar, cast

import msgspec

from mailspec.verdict import Verdict

__all__ = [
    "SCHEMA_VERSION",
    "BaselineFacts",
    "CheckResult",
    "ConnectionEnding",
    "Footer",
    "Header",
    "Known",
    "RunResult",
    "SelectionFacts",
    "ServiceFacts",
    "TargetFacts",
    "Wrong",
    "count_verdicts",
    "masked",
]

#: Version of the files' shape; a reader refuses a newer one.
SCHEMA_VERSION = 1

R = TypeVar("R", bound=msgspec.Struct)


class ServiceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One service of the target, as probing found it."""

    #: "smtp", "submission", "pop3" or "imap".
    name: str
    host: str
    port: int
    #: "none", "starttls" or "implicit".
    tls: str = "none"
    #: Digest of the greeting without what changes from connection to connection; "" where none came.
    banner: str = ""
    #: Why probing did not get further, or "".
    problem: str = ""
    #: Capabilities by the names under which checks ask for them, in the clear, inside TLS, and logged in.
    before_tls: tuple[str, ...] = ()
    after_tls: tuple[str, ...] = ()
    after_login: tuple[str, ...] = ()


class TargetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the target before the first check."""

    name: str
    services: tuple[ServiceFacts, ...] = ()


class SelectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    addresses: tuple[str, ...] = ()
    tier: str = "normal"
    slow: bool = False


class Header(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="header"):
    """What is known when a run starts."""

    schema_version: int = SCHEMA_VERSION
    suite_version: str
    #: SHA-256 of the ledger; runs compare only where it is the same.
    ledger: str
    target: TargetFacts
    seed: int
    #: Start, ISO 8601 in UTC.
    started: str
    #: Operating system and Python of the machine that ran the checks.
    platform: str
    selection: SelectionFacts = SelectionFacts()
    #: Transform of what clients send: "as-sent", "octets" ...
    transform: str = "as-sent"


class ConnectionEnding(msgspec.Struct, frozen=True, kw_only=True):
    """How one connection of a check ended."""

    connection: int
    #: Service or role, for people.
    label: str = ""
    #: "open", "clean", "reset" or "timeout".
    ending: str


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Why the target's baseline expects a record's verdict."""

    reason: str
    #: Where more is said.
    link: str
    #: Last day on which it is expected, ISO 8601.
    expires: str


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="check"):
    """What one check, or the strict grammar over all checks, found about one requirement."""

    #: "<area>/<module>/<function>", or "grammar/<requirement>".
    id: str
    kind: Literal["check", "grammar"] = "check"
    #: pytest's name of it, or "" for grammar.
    nodeid: str = ""
    #: Id of the requirement in the ledger.
    requirement: str
    #: Document for people, for instance "RFC 5321".
    source: str = ""
    #: Number of the RFC, or None for other documents.
    rfc: int | None = None
    section: str = ""
    url: str = ""
    level: str
    contested: bool = False
    #: What the requirement says.
    says: str
    #: First sentence of the check's docstring.
    title: str = ""
    verdict: Verdict
    #: All alternatives that would have been right.
    expected: tuple[str, ...] = ()
    actual: str = ""
    #: Why there is no better verdict; for errors the traceback.
    reason: str = ""
    #: What clean-up after the check could not do.
    cleanup: str = ""
    #: Values that a census recorded, by name.
    observed: dict[str, str] = {}
    #: Who is in danger where the verdict is not "passed", or perhaps although it is; it does not touch the verdict.
    exposure: str = ""
    #: "file:line" of the statement that decided.
    location: str = ""
    #: Seconds.
    duration: float = 0.0
    #: Name of the transcript's file below the result folder, or "" without one.
    transcript: str = ""
    #: Index of the line of the transcript that deviates.
    event: int | None = None
    connections: tuple[ConnectionEnding, ...] = ()
    #: Command that runs this check alone.
    rerun: str = ""
    #: A reply took more than 80 % of its deadline.
    slow: bool = False
    #: Capabilities that the requirement belongs to, each "service CAPABILITY".
    needs: tuple[str, ...] = ()
    #: Name of the xdist worker, "" without.
    worker: str = ""
    #: Set where the baseline lists this verdict; such a record does not fail the gate.
    known: Known | None = None


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A capability that is advertised and does not behave."""

    #: "service CAPABILITY".
    capability: str
    #: Ids of the checks that failed.
    checks: tuple[str, ...]


class BaselineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the baseline of the target was worth in a run."""

    file: str
    #: Number of entries that counted.
    entries: int
    #: Number of records that they made known.
    known: int
    #: Ids listed although everything that they name passes.
    unexpected: tuple[str, ...] = ()
    #: Ids whose entries have expired and did not count.
    expired: tuple[str, ...] = ()


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag_field="record", tag="footer"):
    """What is known when a run has ended; a run without a complete one was cut short."""

    complete: bool = False
    #: End, ISO 8601 in UTC.
    finished: str = ""
    #: Number of records by verdict.
    counts: dict[str, int] = {}
    exit_code: int | None = None
    #: What the run could not remove from the target.
    leftovers: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    #: Capabilities that are advertised and that no check tried, each "service KEYWORD"; of whole runs only.
    unexercised: tuple[str, ...] = ()
    #: None where the run had no baseline.
    baseline: BaselineFacts | None = None


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    schema_version: int = SCHEMA_VERSION
    header: Header
    checks: tuple[CheckResult, ...] = ()
    footer: Footer = Footer()


def count_verdicts(checks: Iterable[CheckResult]) -> dict[str, int]:
    """Return the number of records by verdict, in the order of the verdicts and with the zeros."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for check in checks:
        counts[check.verdict.value] += 1
    return counts


def masked(record: R, mask: Callable[[str], str], *fields: str) -> R:
    """Return a record in whose named fields `mask` went over every text.

    Only free text is named, never ids or levels: a secret may be a common word.
    """

    def walk(value: Any) -> Any:
        match value:
            case str():
                return mask(value)
            case dict():
                texts = cast("dict[str, str]", value)
                return {key: mask(text) for key, text in texts.items()}
            case _:
                return tuple(mask(text) for text in value)

    return msgspec.structs.replace(record, **{name: walk(getattr(record, name)) for name in fields})
