"""POP3 replies that break the grammar (RFC 1939 section 3)."""

from __future__ import annotations

from refmail import mutants


@mutants.wire("pop3", "1939/3/reply-form")
def pop3_lower_case_status(octets: bytes) -> bytes:
    """Refusals begin with -err."""
    return octets.replace(b"-ERR", b"-err") if octets.startswith(b"-ERR") else octets


@mutants.wire("pop3", "1939/3/reply-form")
def pop3_reply_with_bare_lf(octets: bytes) -> bytes:
    """Refusals of unknown commands end in LF alone."""
    return octets.replace(b"not recognized\r\n", b"not recognized\n")


@mutants.wire("pop3", "1939/3/reply-form")
def pop3_reply_of_513_octets(octets: bytes) -> bytes:
    """The greeting has 513 octets."""
    return octets[:-2].ljust(511, b"!") + b"\r\n" if b"POP3 server ready" in octets else octets


@mutants.wire("pop3", "1939/3/reply-form")
def pop3_reply_with_control_character(octets: bytes) -> bytes:
    """Refusals of unknown commands contain a control character."""
    return octets.replace(b"not recognized\r\n", b"not\x07recognized\r\n")


@mutants.wire("pop3", "1939/3/multi-line-form")
def pop3_capability_unstuffed(octets: bytes) -> bytes:
    """A line of CAPA begins with a dot that is not doubled."""
    return octets.replace(b"\r\nIMPLEMENTATION", b"\r\n.X-REFMAIL\r\nIMPLEMENTATION")


@mutants.wire("pop3", "1939/3/multi-line-form")
def pop3_last_line_with_bare_lf(octets: bytes) -> bytes:
    """The last line of CAPA ends in LF alone."""
    return octets.removesuffix(b".\r\n") + b".\n" if octets.endswith(b"refmail\r\n.\r\n") else octets
