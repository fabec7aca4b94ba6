"""The failure block: what replaces a traceback where a check did not pass."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from mailspec.result.model import CheckResult
from mailspec.result.transcripts import Line, shown

__all__ = ["failure_block", "transcript_text"]

#: Lines of the wire: only LF ends one, so that a bare CR stays visible within its line.
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

#: Columns of prose; transcript lines are as long as the octets are.
_WIDTH = 96

#: Octets shown of one event, and events shown around the deviating one.
_OCTETS = 2000
_EVENTS_BEFORE = 40
_EVENTS_AFTER = 10


def failure_block(result: CheckResult, lines: Sequence[Line] = ()) -> str:
    """Return the text that explains a verdict: requirement, expectation, bytes, and how to run it again."""
    parts = [
        f"{result.location or result.nodeid or result.id}: {result.verdict.upper()}",
        f"{result.source} section {result.section}, level {_level(result)}, {result.requirement}",
        *_labelled("says", result.says),
    ]
    for number, alternative in enumerate(result.expected):
        parts += _labelled("expected" if number == 0 else "or", alternative)
    if result.actual:
        parts += _labelled("actual", result.actual)
    if result.reason:
        parts += _labelled("reason", result.reason)
    if result.cleanup:
        parts += _labelled("clean-up", result.cleanup)
    if result.known is not None:
        parts += _labelled("known", f"until {result.known.expires}: {result.known.reason} {result.known.link}")
    if result.exposure:
        parts += _labelled("exposure", result.exposure)
    for name, value in result.observed.items():
        parts += _labelled("observed", f"{name}: {value}")
    if lines:
        parts += ["", "transcript (seconds, connection, C sent, S received):", *transcript_text(lines, result.event)]
    if result.rerun:
        parts += ["", f"run again: {result.rerun}"]
    return "\n".join(parts)


def _level(result: CheckResult) -> str:
    return f"{result.level}, contested" if result.contested else result.level


def _labelled(label: str, text: str) -> Iterator[str]:
    """Yield a label and its text, folded where it is one paragraph and as it stands otherwise."""
    indent = " " * 11
    lines = text.splitlines() if "\n" in text else textwrap.wrap(text, _WIDTH - len(indent)) or [""]
    yield f"{label:>9}: {lines[0]}"
    yield from (f"{indent}{line}".rstrip() for line in lines[1:])


def transcript_text(lines: Sequence[Line], deviating: int | None = None) -> Iterator[str]:
    """Yield a transcript for people, one line of the wire a line, those of the deviating event marked.

    Args:
        lines: the events.
        deviating: index of the event that deviates.
    """
    centre = next((n for n, line in enumerate(lines) if line.index == deviating), len(lines) - 1)
    first = max(0, centre - _EVENTS_BEFORE)
    last = min(len(lines), centre + 1 + _EVENTS_AFTER)
    if first:
        yield f"   ... {first} events before"
    for line in lines[first:last]:
        yield from _event_text(line, ">>" if deviating is not None and line.index == deviating else "  ")
    if last < len(lines):
        yield f"   ... {len(lines) - last} events after"


def _event_text(line: Line, arrow: str) -> Iterator[str]:
    prefix = f"{arrow} {line.at:8.3f} #{line.connection} {line.direction} "
    if line.direction == "*":
        yield prefix + line.octets
        return
    for piece in _LINES.findall(line.octets[:_OCTETS]):
        yield prefix + shown(piece)
    left_out = line.omitted + max(0, len(line.octets) - _OCTETS)
    if left_out:
        yield f"{prefix}... {left_out} octets more"
