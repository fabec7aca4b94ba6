"""SMTP replies that break the grammar."""

from __future__ import annotations

from refmail import mutants


@mutants.wire("smtp", "5321/4.2/reply-line")
def reply_with_bare_lf(octets: bytes) -> bytes:
    """The replies to HELP end in LF alone."""
    return octets.replace(b"\r\n", b"\n") if octets.startswith(b"214") else octets


@mutants.wire("smtp", "5321/4.2/reply-line")
def reply_with_control_characters(octets: bytes) -> bytes:
    """The refusals of unknown commands contain a control character."""
    return octets.replace(b"not recognized", b"not\x07recognized")


@mutants.wire("smtp", "5321/4.2/greeting-line", "5321/4.1.2/domain-characters")
def greeting_without_domain(octets: bytes) -> bytes:
    """The greeting does not begin with a domain."""
    return b"220 *** ready\r\n" if octets.startswith(b"220 ") and b"ESMTP" in octets else octets


@mutants.wire("smtp", "5321/4.1.1.1/ehlo-reply")
def ehlo_keyword_with_underscore(octets: bytes) -> bytes:
    """EHLO lists a keyword that has a character no keyword has."""
    return octets.replace(b"250-8BITMIME\r\n", b"250-8BITMIME\r\n250-X_ODD\r\n")


@mutants.wire("smtp", "5321/4.1.1.1/ehlo-separator")
def ehlo_keyword_with_equals_sign(octets: bytes) -> bytes:
    """EHLO lists AUTH a second time, in the form from before it was a standard."""
    return octets.replace(b"250-8BITMIME\r\n", b"250-8BITMIME\r\n250-AUTH=PLAIN\r\n")


@mutants.wire("smtp", "5321/4.5.3.1.5/reply-line-length")
def reply_of_513_octets(octets: bytes) -> bytes:
    """A line of the reply to HELP has 513 octets."""
    return octets.replace(b"214 2.0.0 QUIT\r\n", b"214 2.0.0 QUIT".ljust(511, b"!") + b"\r\n")
