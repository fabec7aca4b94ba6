"""Search keys: each is a value that `compile` turns into a test."""

from __future__ import annotations

import datetime as dt
import re
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from refmail.imap.parsing.dates import month_number
from refmail.imap.parsing.sequences import SequenceSet
from refmail.imap.search.candidate import Candidate, Scope, within
from refmail.imap.status import Refused, bad

__all__ = [
    "All",
    "And",
    "Body",
    "Day",
    "Header",
    "InternalDay",
    "Key",
    "Larger",
    "MarkedWith",
    "Not",
    "Numbers",
    "Older",
    "Or",
    "Recent",
    "SentDay",
    "Smaller",
    "Test",
    "Text",
    "Uids",
    "Younger",
]

#: Says whether a message matches.
Test = Callable[[Candidate], bool]

# date = [ day-of-week "," ] day month year ... (RFC 5322 section 3.3; years of two and three digits in section 4.3)
_SENT = re.compile(rb"(?:^|[ \t,])([0-9]{1,2})[ \t]+([A-Za-z]{3})[a-z]*[ \t]+([0-9]{2,4})(?:[ \t]|$)")
_WORD = re.compile(r"[!-9;-~]+")
_TWO_DIGITS, _THREE_DIGITS = 100, 1000
#: Years of two digits below this are of the 21st century (RFC 5322 section 4.3).
_PIVOT = 50


class Notes(Protocol):
    """What is noted of the messages that are searched."""

    def containing(self, name: bytes, text: str) -> set[int] | None:
        """Return the UIDs of all messages, perhaps of more, in which a field has a text; None where it is not noted."""
        ...


class Key:
    """A search key."""

    __slots__ = ()

    #: 0 needs only what the store knows, 1 the header, 2 the body.
    cost: ClassVar[int] = 0

    @abstractmethod
    def compile(self, scope: Scope) -> Test:
        """Return the test.

        Raises:
            Refused: a message number is beyond the mailbox.
        """

    def suspects(self, notes: Notes) -> set[int] | None:
        """Return UIDs among which all that match are, where what is noted can tell; blocks."""
        del notes
        return None

    @property
    def reads_each(self) -> bool:
        """Whether the test needs the octets of every message."""
        return False

    def weight(self) -> int:
        """Return how dear the test is."""
        return self.cost


@dataclass(frozen=True, slots=True)
class All(Key):
    """ALL."""

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda _: True


@dataclass(frozen=True, slots=True)
class MarkedWith(Key):
    """A flag or keyword is set; ASCII case does not matter."""

    flag: bytes

    def compile(self, scope: Scope) -> Test:
        del scope
        wanted = self.flag.lower()
        return lambda candidate: any(flag.lower() == wanted for flag in candidate.meta.flags)


@dataclass(frozen=True, slots=True)
class Recent(Key):
    """RECENT."""

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda candidate: candidate.recent


@dataclass(frozen=True, slots=True)
class Larger(Key):
    """LARGER."""

    octets: int

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda candidate: candidate.meta.size > self.octets


@dataclass(frozen=True, slots=True)
class Smaller(Key):
    """SMALLER."""

    octets: int

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda candidate: candidate.meta.size < self.octets


@dataclass(frozen=True, slots=True)
class Older(Key):
    """OLDER: the internal date is at least so many seconds ago (RFC 5032 section 3)."""

    seconds: int

    def compile(self, scope: Scope) -> Test:
        return lambda candidate: _age(candidate, scope) >= self.seconds


@dataclass(frozen=True, slots=True)
class Younger(Key):
    """YOUNGER: the internal date is at most so many seconds ago (RFC 5032 section 3)."""

    seconds: int

    def compile(self, scope: Scope) -> Test:
        return lambda candidate: _age(candidate, scope) <= self.seconds


class Day(Enum):
    """How a day compares: BEFORE, ON, SINCE."""

    BEFORE = -1
    ON = 0
    SINCE = 1

    def holds(self, day: dt.date, given: dt.date) -> bool:
        """Compare, disregarding time and zone."""
        if self is Day.ON:
            return day == given
        return day < given if self is Day.BEFORE else day >= given


@dataclass(frozen=True, slots=True)
class InternalDay(Key):
    """BEFORE, ON, SINCE."""

    how: Day
    day: dt.date

    def compile(self, scope: Scope) -> Test:
        del scope
        return lambda candidate: self.how.holds(candidate.meta.internal_date.date(), self.day)


@dataclass(frozen=True, slots=True)
class SentDay(Key):
    """SENTBEFORE, SENTON, SENTSINCE: the Date field; a message without one never matches."""

    cost: ClassVar[int] = 1

    how: Day
    day: dt.date

    def compile(self, scope: Scope) -> Test:
        del scope

        def test(candidate: Candidate) -> bool:
            sent = _sent_day(candidate.message.first(b"date") or b"")
            return sent is not None and self.how.holds(sent, self.day)

        return test


@dataclass(frozen=True, slots=True)
class Header(Key):
    """HEADER, and BCC, CC, FROM, SUBJECT, TO; an empty text asks only for the field."""

    cost: ClassVar[int] = 1

    #: In lower case.
    name: bytes
    text: str

    def compile(self, scope: Scope) -> Test:
        del scope
        wanted = self.text.casefold()
        return lambda candidate: (
            candidate.surely_has(self.name, self.text) or any(wanted in value for value in candidate.values(self.name))
        )

    def suspects(self, notes: Notes) -> set[int] | None:
        # Of an empty text it is only known where it is, not where the field is.
        return notes.containing(self.name, self.text) if self.text else None


@dataclass(frozen=True, slots=True)
class Body(Key):
    """BODY."""

    cost: ClassVar[int] = 2

    text: str

    @property
    def reads_each(self) -> bool:
        return True

    def compile(self, scope: Scope) -> Test:
        del scope
        wanted = self.text.casefold()
        word = _word(wanted)
        return lambda candidate: (word is None or candidate.may_contain(word)) and wanted in candidate.body


@dataclass(frozen=True, slots=True)
class Text(Key):
    """TEXT: header or body."""

    cost: ClassVar[int] = 2

    text: str

    @property
    def reads_each(self) -> bool:
        return True

    def compile(self, scope: Scope) -> Test:
        del scope
        wanted = self.text.casefold()
        word = _word(wanted)
        return lambda candidate: (
            (word is None or candidate.may_contain(word)) and (wanted in candidate.header or wanted in candidate.body)
        )


@dataclass(frozen=True, slots=True)
class Numbers(Key):
    """A set of message numbers."""

    numbers: SequenceSet

    def compile(self, scope: Scope) -> Test:
        if self.numbers.is_saved:
            return lambda candidate: candidate.meta.uid in scope.saved
        beyond = self.numbers.largest_named > scope.count
        if beyond or (self.numbers.has_star and not scope.count):
            raise Refused(bad(b"There is no message of that number"))
        ranges = self.numbers.resolve(scope.count)
        return lambda candidate: within(candidate.number, ranges)


@dataclass(frozen=True, slots=True)
class Uids(Key):
    """UID: a set of UIDs; those that do not exist match nothing."""

    uids: SequenceSet

    def compile(self, scope: Scope) -> Test:
        if self.uids.is_saved:
            return lambda candidate: candidate.meta.uid in scope.saved
        ranges = self.uids.resolve(scope.last_uid)
        return lambda candidate: within(candidate.meta.uid, ranges)


@dataclass(frozen=True, slots=True)
class Not(Key):
    """NOT."""

    key: Key

    @property
    def reads_each(self) -> bool:
        return self.key.reads_each

    def weight(self) -> int:
        return self.key.weight()

    def compile(self, scope: Scope) -> Test:
        test = self.key.compile(scope)
        return lambda candidate: not test(candidate)


@dataclass(frozen=True, slots=True)
class Or(Key):
    """OR; the cheaper one is tried first."""

    left: Key
    right: Key

    @property
    def reads_each(self) -> bool:
        return self.left.reads_each and self.right.reads_each

    def weight(self) -> int:
        return max(self.left.weight(), self.right.weight())

    def compile(self, scope: Scope) -> Test:
        first, second = (key.compile(scope) for key in sorted((self.left, self.right), key=Key.weight))
        return lambda candidate: first(candidate) or second(candidate)

    def suspects(self, notes: Notes) -> set[int] | None:
        found = (self.left.suspects(notes), self.right.suspects(notes))
        return None if found[0] is None or found[1] is None else found[0] | found[1]


@dataclass(frozen=True, slots=True)
class And(Key):
    """Several keys at once; the cheaper ones are tried first."""

    keys: tuple[Key, ...]

    @property
    def reads_each(self) -> bool:
        return all(key.reads_each for key in self.keys)

    def weight(self) -> int:
        return max(key.weight() for key in self.keys)

    def compile(self, scope: Scope) -> Test:
        tests = [key.compile(scope) for key in sorted(self.keys, key=Key.weight)]
        return lambda candidate: all(test(candidate) for test in tests)

    def suspects(self, notes: Notes) -> set[int] | None:
        known = [found for key in self.keys if (found := key.suspects(notes)) is not None]
        return known[0].intersection(*known[1:]) if known else None


def _word(text: str) -> bytes | None:
    """Return a folded text as octets that stand in a message as they are wherever the text does, None if they may not."""
    return text.encode("ascii") if _WORD.fullmatch(text) else None


def _age(candidate: Candidate, scope: Scope) -> float:
    return (scope.now - candidate.meta.internal_date).total_seconds()


def _sent_day(value: bytes) -> dt.date | None:
    found = _SENT.search(value)
    if found is None:
        return None
    year = int(found[3])
    if year < _TWO_DIGITS:
        year += 2000 if year < _PIVOT else 1900
    elif year < _THREE_DIGITS:
        year += 1900
    try:
        return dt.date(year, month_number(found[2]) or 0, int(found[1]))
    except ValueError:
        return None
