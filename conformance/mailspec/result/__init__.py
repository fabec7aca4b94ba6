"""The result model that every report is rendered from, its files, and how a failure is shown."""

from __future__ import annotations

from mailspec.result.block import failure_block, transcript_text
from mailspec.result.journal import Journal, ResultError, load, new_folder
from mailspec.result.model import (
    SCHEMA_VERSION,
    BaselineFacts,
    CheckResult,
    ConnectionEnding,
    Footer,
    Header,
    Known,
    RunResult,
    SelectionFacts,
    ServiceFacts,
    TargetFacts,
    Wrong,
    count_verdicts,
    masked,
)
from mailspec.result.transcripts import Line, parse_lines, read_lines, shown, transcript_name, write_lines

__all__ = [
    "SCHEMA_VERSION",
    "BaselineFacts",
    "CheckResult",
    "ConnectionEnding",
    "Footer",
    "Header",
    "Journal",
    "Known",
    "Line",
    "ResultError",
    "RunResult",
    "SelectionFacts",
    "ServiceFacts",
    "TargetFacts",
    "Wrong",
    "count_verdicts",
    "failure_block",
    "load",
    "masked",
    "new_folder",
    "parse_lines",
    "read_lines",
    "shown",
    "transcript_name",
    "transcript_text",
    "write_lines",
]
