"""Mutants: deliberately wrong versions of the server, each naming the requirements it breaks.

    @mutants.smtp("5321/3.3/rcpt-needs-mail")
    class RcptWithoutMail(SmtpSession):
        \"\"\"RCPT is accepted before MAIL.\"\"\"

    @mutants.wire("imap", "3501/9/capability-data")
    def doubled_space(octets: bytes) -> bytes:
        \"\"\"CAPABILITY lines have two spaces.\"\"\"

The name is the Python name in kebab case. For each mutant the suite must find
violated exactly what the mutant says it breaks, no more and no less.
"""

from __future__ import annotations

from refmail.mutants.registry import Mutant, all_mutants, by_name, imap, lmtp, part, pop3, smtp, stupid, wire

__all__ = ["Mutant", "all_mutants", "by_name", "imap", "lmtp", "part", "pop3", "smtp", "stupid", "wire"]
