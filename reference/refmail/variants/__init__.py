"""Variants: versions of the server that differ and are just as right.

    @variants.smtp
    class MultilineReplies(SmtpSession):
        \"\"\"Every reply has several lines.\"\"\"

    @variants.wire("imap")
    def shouting(octets: bytes) -> bytes: ...

The name is the Python name in kebab case. On each variant the suite must find
nothing violated: one that surprises a check shows that the check is over-strict.
"""

from __future__ import annotations

from refmail.variants.registry import Variant, all_variants, by_name, imap, part, pop3, smtp, wire

__all__ = ["Variant", "all_variants", "by_name", "imap", "part", "pop3", "smtp", "wire"]
