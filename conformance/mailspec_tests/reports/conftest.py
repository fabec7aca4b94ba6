"""A run with every verdict in it, and its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailspec.result import (
    CheckResult,
    ConnectionEnding,
    Footer,
    Header,
    RunResult,
    SelectionFacts,
    ServiceFacts,
    TargetFacts,
    Wrong,
    count_verdicts,
    write_lines,
)
from mailspec.verdict import Verdict

HEADER = Header(
    suite_version="0.1.0",
    ledger="ab" * 32,
    target=TargetFacts(
        name="mail.example.test <b>&amp;",
        services=(
            ServiceFacts(name="smtp", host="192.0.2.1", port=25, tls="starttls", banner="12ab", before_tls=("SIZE",)),
            ServiceFacts(name="imap", host="192.0.2.1", port=143, problem="no answer <i>"),
        ),
    ),
    seed=7,
    started="2026-01-02T03:04:05+00:00",
    platform="Linux",
    selection=SelectionFacts(addresses=("smtp", "!smtp/data")),
)


def check(name: str, verdict: str, section: str = "4.1", rfc: int | None = 5321, **more: object) -> CheckResult:
    document = str(rfc) if rfc else "maildir"
    fields: dict[str, object] = {
        "id": name,
        "requirement": f"{document}/{section}/{name.rpartition('/')[2]}",
        "source": f"RFC {rfc}" if rfc else "Maildir",
        "rfc": rfc,
        "section": section,
        "url": f"https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section}" if rfc else "https://example.test/",
        "level": "must",
        "says": f"The server does {name} <as said>, whatever the length of this statement may be in the end.",
        "verdict": Verdict(verdict),
        "duration": 0.5,
    }
    return CheckResult(**{**fields, **more})  # type: ignore[arg-type]  # built by name for brevity


LINES = (("*", "connected"), ("S", "220 <script>alert(1)</script>\r\n"), ("C", "NOOP\r\n"), ("S", "500 \xff\r\n"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a result folder with one transcript."""
    events = (
        {"at": index / 4, "connection": 1, "direction": direction, "octets": octets, "index": index, "omitted": 0}
        for index, (direction, octets) in enumerate(LINES)
    )
    write_lines(tmp_path, "smtp/noop/plain", "".join(f"{json.dumps(event)}\n" for event in events).encode())
    return tmp_path


@pytest.fixture
def result() -> RunResult:
    """Return a run with every verdict."""
    checks = (
        check("smtp/noop/plain", "violated", "4.10", expected=("250", "251"), actual=r"500 \xff", event=3,
              transcript="transcripts/smtp.noop.plain.jsonl", rerun="mailspec run smtp/noop/plain",
              connections=(ConnectionEnding(connection=1, label="smtp", ending="reset"),), needs=("smtp NOOP",)),
        check("smtp/noop/other", "passed", "4.9", slow=True),
        check("imap/fetch/body", "deviates", "6.4.5", 3501, expected=("a literal",), actual="NIL", level="should"),
        check("smtp/size/limit", "not offered", "6.1", 1870, reason="smtp does not advertise SIZE"),
        check("store/new/name", "not run", "delivery", None, reason="the profile has no [store]"),
        check("smtp/data/dots", "blocked", reason="after DATA: needed 354; got 451 later"),
        check("smtp/data/long", "inconclusive", reason="no reply within 10 seconds"),
        check("smtp/help/text", "observed", level="may", observed={"code": "214"}),
        check("smtp/bug/ours", "error", reason="ZeroDivisionError: x\n\nTraceback <x>"),
        check("grammar/5321/4.2/reply-line", "passed", kind="grammar"),
    )  # fmt: skip
    footer = Footer(
        complete=True, finished="2026-01-02T03:05:05+00:00", counts=count_verdicts(checks), exit_code=3,
        leftovers=("mailbox mailspec-1",), wrong=(Wrong(capability="smtp NOOP", checks=("smtp/noop/plain",)),),
    )  # fmt: skip
    return RunResult(header=HEADER, checks=checks, footer=footer)
