"""The parameters of MAIL and RCPT as an MX host sees them: kept as they came, whatever they are."""

from __future__ import annotations

__all__ = ["address_in", "parameters_in", "understood"]


def address_in(argument: str) -> str:
    """Return the address within `TO:<...> parameters`."""
    _, _, rest = argument.partition(":")
    rest = rest.strip()
    return rest[1:].rpartition(">")[0] if rest.startswith("<") else rest.split(" ")[0]


def parameters_in(argument: str) -> tuple[str, ...]:
    """Return the parameters behind the path, with the case that they have."""
    return tuple(_split(argument)[1].split())


def understood(argument: str) -> str:
    """Return the argument with those parameters alone that aiosmtpd knows: a host watches, it does not judge."""
    path, rest = _split(argument)
    kept = [word for word in rest.split() if word.upper() == "SMTPUTF8"]
    return " ".join((path, *kept))


def _split(argument: str) -> tuple[str, str]:
    # An address has no space outside quotes, and a value no angle bracket before one.
    end = argument.find("> ")
    if end < 0:
        return argument, ""
    return argument[: end + 1], argument[end + 2 :]
