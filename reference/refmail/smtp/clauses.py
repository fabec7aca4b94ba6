"""Which requirement decides a reply: ids of the conformance ledger, for the journal.

A reply is made where a rule says so, with the code and the enhanced code of that rule, so command and
codes together name it. Looked up from the most special key to the most general one.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["requirement_of"]

#: (verb or "", code, enhanced code or "") -> id. The verb "" means any; "greeting" is none.
_DECIDED: Mapping[tuple[str, int, str], str] = {
    ("greeting", 220, ""): "5321/3.1/greeting",
    ("greeting", 521, ""): "7504/3/greeting-521",
    ("greeting", 554, ""): "5321/3.1/greeting-554",
    ("EHLO", 250, ""): "5321/4.1.1.1/ehlo-reply",
    ("HELO", 250, ""): "5321/4.1.1.1/helo-supported",
    ("LHLO", 250, ""): "2033/4.1/lhlo",
    ("EHLO", 500, ""): "2033/4.1/hello-500",
    ("HELO", 500, ""): "2033/4.1/hello-500",
    ("MAIL", 250, ""): "5321/4.1.1.2/mail-clears",
    ("MAIL", 503, ""): "5321/4.1.4/nested-mail",
    ("MAIL", 552, "5.3.4"): "1870/6.1/too-large",
    ("MAIL", 452, ""): "1870/6.1/no-room-452",
    ("MAIL", 530, ""): "6409/4.3/530",
    ("MAIL", 550, "5.7.27"): "7505/4.1/sender-null-mx-550",
    ("MAIL", 555, ""): "5321/4.1.1.11/unknown-parameter",
    ("RCPT", 250, ""): "5321/4.1.1.3/rcpt-appends",
    ("RCPT", 503, ""): "5321/3.3/rcpt-needs-mail",
    ("RCPT", 550, ""): "5321/3.3/unknown-recipient",
    ("RCPT", 550, "5.7.1"): "5321/3.6.2/relay-refused-550",
    ("RCPT", 551, ""): "5321/3.6.2/relay-refused-550",
    ("RCPT", 556, ""): "7505/4.1/null-mx-556",
    ("RCPT", 452, "4.5.3"): "5321/4.5.3.1.10/limit-452",
    ("RCPT", 452, "4.2.2"): "1870/6.4/rcpt-refused",
    ("RCPT", 555, ""): "5321/4.1.1.11/unknown-parameter",
    ("DATA", 354, ""): "5321/4.1.1.4/data-354",
    ("DATA", 250, ""): "5321/2.1/accepts-responsibility",
    ("DATA", 503, ""): "5321/3.3/data-needs-recipient",
    ("DATA", 552, "5.3.4"): "1870/6.3/larger-refused",
    ("DATA", 554, "5.4.6"): "5321/6.3/loops-stopped",
    ("DATA", 554, "5.6.0"): "5321/2.3.8/bare-cr-no-end",
    ("DATA", 554, "5.6.1"): "5321/2.4/eight-bit-refused",
    ("BDAT", 250, ""): "3030/2/each-chunk-250",
    ("BDAT", 501, ""): "3030/2/bad-count-501",
    ("BDAT", 503, ""): "3030/2/after-last-503",
    ("BDAT", 552, "5.3.4"): "1870/6.3/larger-refused",
    ("BDAT", 554, "5.4.6"): "5321/6.3/loops-stopped",
    ("RSET", 250, ""): "5321/4.1.1.5/rset-250",
    ("NOOP", 250, ""): "5321/4.1.1.9/noop-250",
    ("HELP", 214, ""): "5321/4.1.1.8/help-supported",
    ("VRFY", 250, ""): "5321/3.5.2/vrfy-mailbox",
    ("VRFY", 252, ""): "5321/3.5.3/vrfy-252",
    ("VRFY", 550, ""): "5321/3.5.3/vrfy-no-false-250",
    ("VRFY", 553, ""): "5321/3.5.1/vrfy-ambiguous",
    ("EXPN", 250, ""): "5321/3.5.1/expn-mailboxes",
    ("EXPN", 550, ""): "5321/3.5.1/expn-supported",
    ("QUIT", 221, ""): "5321/4.1.1.10/quit-221",
    ("STARTTLS", 220, ""): "3207/4/handshake",
    ("STARTTLS", 501, ""): "3207/4/no-parameter",
    ("STARTTLS", 503, ""): "3207/4.2/not-offered-inside-tls",
    ("AUTH", 235, ""): "4954/4/success-235",
    ("AUTH", 334, ""): "4954/4/challenge-base64",
    ("AUTH", 500, ""): "4954/4/too-long-500",
    ("AUTH", 501, "5.5.2"): "4954/4/bad-base64-501",
    ("AUTH", 501, "5.7.0"): "4954/4/cancel-501",
    ("AUTH", 503, ""): "4954/4/second-auth-503",
    ("AUTH", 504, ""): "4954/4/unknown-mechanism-504",
    ("AUTH", 535, ""): "4954/4/failure-535",
    ("AUTH", 538, ""): "4954/4/clear-passwords-off",
    ("", 421, ""): "5321/3.8/shutdown-421",
    ("", 500, "5.5.1"): "5321/4.2.4/unknown-500",
    ("", 500, "5.5.6"): "5321/4.5.3.1.9/limit-codes",
    ("", 501, ""): "5321/4.2.2/501-for-syntax",
    ("", 502, ""): "5321/4.2.4/known-502",
    ("", 503, ""): "5321/4.2.2/503-for-sequence",
    ("", 504, ""): "5321/4.2.2/501-for-syntax",
}


def requirement_of(verb: str, code: int, enhanced: str) -> str:
    """Return the id of what decided a reply, "" where the ledger has nothing to say about it."""
    keys = ((verb, code, enhanced), (verb, code, ""), ("", code, enhanced), ("", code, ""))
    return next((_DECIDED[key] for key in keys if key in _DECIDED), "")
