"""Which checks run: addresses as users write them.

address             selects
smtp                every check in suite/smtp
smtp/data           every check in suite/smtp/test_data.py
smtp/4.5.2          checks in suite/smtp that judge RFC section 4.5.2 or one below it
5321                checks of every requirement of RFC 5321
5321/4.5            those of section 4.5 and of the sections below it
5321/4.5.2/unstuff  those of one requirement
smtp/data/dots      one check
imap/*/uid*         any of these with * ? [...]
!ADDRESS, ^ADDRESS  all but; without any other address, all but these of everything
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["LEVELS", "Address", "NothingSelected", "Selection", "Subject"]

#: Least level of a requirement -> the levels that are judged. What is implied binds as MUST does.
LEVELS: Mapping[str, frozenset[str]] = {
    "must": frozenset({"must", "implied"}),
    "should": frozenset({"must", "implied", "should"}),
    "may": frozenset({"must", "implied", "should", "may"}),
}


class NothingSelected(Exception):
    """An address names no check, or all of them together select none; the message has near matches."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an address is compared with: one check.

    Args:
        check_id: "<area>/<module>/<function>".
        requirement_id: "<rfc>/<section>/<slug>".
        aliases: its former ids.
        level: of the requirement: must, should, may or implied.
    """

    check_id: str
    requirement_id: str
    aliases: tuple[str, ...] = ()
    level: str = "implied"

    def names(self) -> list[str]:
        """Every full name of the check."""
        area = self.check_id.partition("/")[0]
        names = [self.check_id]
        for requirement_id in (self.requirement_id, *self.aliases):
            document, _, rest = requirement_id.partition("/")
            names += [requirement_id, f"{area}/{rest}", f"rfc{document}/{rest}"]
        return names


@dataclass(frozen=True, slots=True)
class Address:
    """One address as the user wrote it."""

    text: str

    @property
    def negative(self) -> bool:
        """Whether it takes checks away."""
        return self.text.startswith(("!", "^"))

    @property
    def pattern(self) -> str:
        """The address without its sign and without a trailing slash."""
        return self.text.removeprefix("!" if self.text.startswith("!") else "^").strip("/")

    def matches(self, subject: Subject) -> bool:
        """Say whether the pattern names the check, its requirement, or anything that both are part of."""
        return any(_matches(self.pattern, name) for name in subject.names())


@dataclass(frozen=True, slots=True)
class Selection:
    """All addresses of one command, and the least level; no address selects everything."""

    addresses: tuple[Address, ...] = ()
    level: str = "may"

    @classmethod
    def of(cls, texts: Iterable[str], level: str | None = None) -> Selection:
        """Read the addresses of a command line.

        Args:
            texts: as they were written.
            level: the least level, one of LEVELS; None judges all of them.
        """
        return cls(tuple(Address(text.strip()) for text in texts if text.strip()), level or "may")

    def selects(self, subject: Subject) -> bool:
        """Say whether the check is selected: by its level, by any positive address, and by no negative one."""
        if subject.level not in LEVELS[self.level]:
            return False
        positive = [address for address in self.addresses if not address.negative]
        if positive and not any(address.matches(subject) for address in positive):
            return False
        return not any(address.matches(subject) for address in self.addresses if address.negative)

    def check(self, subjects: Sequence[Subject]) -> None:
        """Make sure that every address names something and that something is left.

        Raises:
            NothingSelected: with the nearest names that exist.
        """
        for address in self.addresses:
            if not any(address.matches(subject) for subject in subjects):
                raise NothingSelected(_unknown(address, subjects))
        if not any(self.selects(subject) for subject in subjects):
            texts = " ".join(address.text for address in self.addresses)
            why = "the negative addresses take everything"
            if self.level != "may":
                why += f", or what is left is below --level {self.level}"
            msg = f"{texts or 'the suite'} selects no check: {why}"
            raise NothingSelected(msg)


def _matches(pattern: str, name: str) -> bool:
    # Parameters stand in brackets, which are a pattern too: smtp/size/limit[64].
    if name == pattern:
        return True
    if any(sign in pattern for sign in "*?["):
        return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, pattern + "/*")
    # "5321/4.5" includes section 4.5.2 but not 4.51.
    return name == pattern or name.startswith((pattern + "/", *([pattern + "."] if _ends_in_section(pattern) else [])))


def _ends_in_section(pattern: str) -> bool:
    last = pattern.rpartition("/")[2]
    return "/" in pattern and last.replace(".", "").isalnum() and last[:1].isdigit()


def _unknown(address: Address, subjects: Sequence[Subject]) -> str:
    """Say that an address names nothing, and which names come near."""
    known: set[str] = set()
    for subject in subjects:
        for name in subject.names():
            parts = name.split("/")
            known.update("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    near = difflib.get_close_matches(address.pattern, sorted(known), n=4, cutoff=0.5)
    last = address.pattern.rpartition("/")[2]
    near += [name for name in sorted(known) if last and last in name and name not in near][: 4 - len(near)]
    found = f"; near: {', '.join(near)}" if near else ""
    return f"nothing is called {address.pattern!r}{found}\n  `mailspec list` shows every check"
