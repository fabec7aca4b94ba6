"""The decorator that makes a pytest function a check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

__all__ = ["MARK", "Tier", "case", "requirement"]

#: Name of the pytest mark that every check carries and by which the plugin knows its own.
MARK = "mailspec"

#: What a check may do to the target; each tier includes the ones before it.
Tier = Literal["read-only", "normal", "destructive", "intrusive"]

F = TypeVar("F", bound=Callable[..., Any])


def requirement(
    requirement_id: str, *, needs: tuple[str, ...] = (), tier: Tier = "normal", slow: bool = False
) -> Callable[[F], F]:
    """Declare which requirement of the ledger the decorated check judges.

    Args:
        requirement_id: permanent id, for instance "5321/3.3/rcpt-needs-mail".
        needs: capabilities without which the check is *not offered*, each "service CAPABILITY",
            for instance "smtp STARTTLS" or "pop3 UIDL".
        tier: what the check may do to the target; "normal" works only with what it made itself.
        slow: whether it waits for minutes, as timeouts do; such checks run only when asked for.
    """
    mark = pytest.mark.mailspec(requirement_id, needs=needs, tier=tier, slow=slow)

    def decorate(check: F) -> F:
        decorated: F = mark(check)
        return decorated

    return decorate


def case(
    requirement_id: str,
    *values: object,
    name: str,
    needs: tuple[str, ...] = (),
    tier: Tier = "normal",
) -> ParameterSet:
    """Return one row of a check's table where each row judges a requirement of its own.

    The function is then not decorated with `requirement`; its rows are, by `pytest.mark.parametrize`.

    Args:
        requirement_id: as `requirement` takes it.
        values: of the parameters.
        name: permanent; the row's check is called "function[name]".
        needs: as `requirement` takes it.
        tier: as `requirement` takes it.
    """
    return pytest.param(*values, id=name, marks=pytest.mark.mailspec(requirement_id, needs=needs, tier=tier))
