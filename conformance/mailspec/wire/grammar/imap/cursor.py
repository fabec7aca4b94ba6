"""A position in the octets of one response, and what breaches there are charged to."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Generator
from typing import Concatenate, NoReturn, ParamSpec, TypeVar

from mailspec.wire.grammar.error import GrammarError
from mailspec.wire.grammar.imap.dialect import Dialect

__all__ = ["Cursor", "charged_to"]

#: Parentheses that may be open at once. No RFC says so; real messages stay far below it.
DEEPEST_NESTING = 100

T = TypeVar("T")
P = ParamSpec("P")


class Cursor:
    """Where a parser stands in a response.

    Args:
        octets: one whole response with its literals and its final CRLF.
        dialect: what the server has announced.

    Attributes:
        requirement_id: what a breach at this place is charged to.
        exercised: every requirement whose production was begun.
        completed: the requirement whose production ended last, which what follows it is charged to.
    """

    __slots__ = ("_depth", "completed", "dialect", "exercised", "octets", "position", "requirement_id")

    def __init__(self, octets: bytes, dialect: Dialect = Dialect()) -> None:  # noqa: B008  (frozen, thus shareable)
        self.octets = octets
        self.position = 0
        self.dialect = dialect
        self.requirement_id = self.completed = "3501/9/tagged"
        self.exercised: set[str] = set()
        self._depth = 0

    def fail(self, production: str, reason: str) -> NoReturn:
        """Raise GrammarError for this position."""
        raise GrammarError(production, self.octets, self.position, reason, self.requirement_id)

    def looking_at(self, token: bytes) -> bool:
        """Whether the token stands here, in any case."""
        found = self.octets[self.position : self.position + len(token)]
        return found == token or found.upper() == token.upper()

    def accept(self, token: bytes) -> bool:
        """Step over the token if it stands here, in any case."""
        if not self.looking_at(token):
            return False
        self.position += len(token)
        return True

    def expect(self, token: bytes, production: str) -> None:
        """Step over the token; GrammarError where something else stands."""
        if not self.accept(token):
            self.fail(production, f"expected {token.decode('ascii')!r}")

    def match(self, pattern: re.Pattern[bytes]) -> bytes | None:
        """Step over what the pattern matches here and return it, None if it does not match."""
        found = pattern.match(self.octets, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    @contextlib.contextmanager
    def charging(self, requirement_id: str) -> Generator[None, None, None]:
        """Charge breaches inside to this requirement."""
        outer, self.requirement_id = self.requirement_id, requirement_id
        self.exercised.add(requirement_id)
        try:
            yield
        finally:
            self.requirement_id = outer
            self.completed = requirement_id

    @contextlib.contextmanager
    def nested(self, production: str) -> Generator[None, None, None]:
        """Count one more open parenthesis; GrammarError if there are too many."""
        if self._depth >= DEEPEST_NESTING:
            self.fail(production, f"nested deeper than {DEEPEST_NESTING} levels")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1


def charged_to(
    requirement_id: str,
) -> Callable[[Callable[Concatenate[Cursor, P], T]], Callable[Concatenate[Cursor, P], T]]:
    """Charge the breaches of a rule, and of the rules below it that have no requirement of their own."""

    def decorate(rule: Callable[Concatenate[Cursor, P], T]) -> Callable[Concatenate[Cursor, P], T]:
        @functools.wraps(rule)
        def charged(cursor: Cursor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            with cursor.charging(requirement_id):
                return rule(cursor, *args, **kwargs)

        return charged

    return decorate
