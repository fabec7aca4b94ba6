"""Strict parsers of what servers send; each production is charged to a requirement of its own.

A parser raises GrammarError and nothing else, whatever the octets are.
"""

from __future__ import annotations

from mailspec.wire.grammar.error import GrammarError

__all__ = ["GRAMMAR_REQUIREMENTS", "GrammarError"]

#: Every requirement that the parsers charge, on in every check.
GRAMMAR_REQUIREMENTS = (
    "5321/4.2/reply-line",
    "5321/4.2/greeting-line",
    "5321/4.1.1.1/ehlo-reply",
    "5321/4.1.1.1/ehlo-separator",
    "5321/4.5.3.1.5/reply-line-length",
    "1939/3/reply-form",
    "1939/3/multi-line-form",
    "3501/9/greeting",
    "3501/9/tagged",
    "3501/9/continue-req",
    "3501/9/resp-text",
    "3501/9/capability-data",
    "3501/9/flag-list",
    "3501/9/mailbox-list",
    "3501/9/search",
    "3501/9/status",
    "3501/9/number",
    "3501/9/fetch",
    "3501/9/envelope",
    "3501/9/body",
    "3501/9/date-time",
    "3501/9/string",
)
