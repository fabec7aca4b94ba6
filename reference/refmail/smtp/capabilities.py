"""The EHLO lines, computed from the session's state in one place."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.sasl import Mechanism
from refmail.services import Policy

__all__ = ["capabilities", "offered_mechanisms"]


def offered_mechanisms(mechanisms: Mapping[bytes, Mechanism], *, plaintext: bool, logged_in: bool) -> tuple[bytes, ...]:
    """Return the names of the mechanisms that AUTH would take now (RFC 4954 section 4).

    Args:
        mechanisms: all there are, by name.
        plaintext: whether passwords may be sent as they are.
        logged_in: whether somebody has logged in.
    """
    if logged_in:
        return ()
    return tuple(name for name, mechanism in mechanisms.items() if plaintext or not mechanism.plaintext)


def capabilities(policy: Policy, *, mechanisms: tuple[bytes, ...], tls_possible: bool) -> dict[bytes, bytes]:
    """Return the extensions offered now: keyword to parameters.

    Args:
        policy: the server's limits.
        mechanisms: what AUTH would take now; AUTH is left out where that is nothing.
        tls_possible: whether STARTTLS would be taken now.
    """
    lines = {
        b"PIPELINING": b"",
        b"SIZE": b"%d" % policy.message_size,
        b"8BITMIME": b"",
        b"CHUNKING": b"",
        b"BINARYMIME": b"",
        b"ENHANCEDSTATUSCODES": b"",
        b"DSN": b"",
        **({b"SMTPUTF8": b""} if policy.smtputf8 else {}),
        # Optional commands are listed too (RFC 5321 section 4.1.1.1).
        b"HELP": b"",
        b"EXPN": b"",
    }
    if tls_possible:
        lines[b"STARTTLS"] = b""
    if mechanisms:
        lines[b"AUTH"] = b" ".join(mechanisms)
    return lines
