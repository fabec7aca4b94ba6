"""What CAPA lists (RFC 2449 section 6, RFC 2595 section 4, RFC 3206 section 6, RFC 5034 section 6, RFC 6856)."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["capabilities"]


def capabilities(
    *,
    mechanisms: Collection[bytes],
    passwords: bool,
    tls_possible: bool,
    login_delay: int = 0,
    expire: int | None = None,
) -> list[str]:
    """Return the capability lines.

    What can be used before login is listed after it as well (RFC 2449 section 5);
    STLS alone only where it is permitted, as RFC 2595 section 4 defines it.

    Args:
        mechanisms: SASL mechanisms that can be used.
        passwords: whether USER and PASS can be used.
        tls_possible: whether STLS can be used now.
        login_delay: seconds between two logins of a user.
        expire: days that messages are kept, or None for ever.
    """
    lines = ["TOP", "UIDL"]
    if passwords:
        lines.append("USER")
    if mechanisms:
        lines.append("SASL " + " ".join(sorted(name.decode("ascii") for name in mechanisms)))
    if tls_possible:
        lines.append("STLS")
    if login_delay:
        lines.append(f"LOGIN-DELAY {login_delay}")
    lines.append(f"EXPIRE {'NEVER' if expire is None else expire}")
    return [*lines, "UTF8 USER", "LANG", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "IMPLEMENTATION refmail"]
