"""Wrong IMAP servers: SEARCH (RFC 3501 section 6.4.4)."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from refmail.imap.extensions.searchres import SavingSearch
from refmail.imap.mime.decode import characters
from refmail.imap.search.candidate import Candidate, Scope
from refmail.imap.search.keys import And, Body, Key, Larger, Not, Or, Smaller, Test
from refmail.imap.session import ImapSession
from refmail.imap.status import Refused, Status, bad
from refmail.machine import Steps
from refmail.mutants.imap_parts import command


class _Misunderstood(SavingSearch):
    """Takes some keys for others."""

    def run(self, session: ImapSession) -> Steps[Status]:
        return SavingSearch.run(self if self.key is None else replace(self, key=self.all_changed(self.key)), session)

    def all_changed(self, key: Key) -> Key:
        """Change a key and those within it."""
        match key:
            case And(keys):
                key = And(tuple(self.all_changed(each) for each in keys))
            case Or(left, right):
                key = Or(self.all_changed(left), self.all_changed(right))
            case Not(inner):
                key = Not(self.all_changed(inner))
            case _:
                pass
        return self.changed(key)

    @abstractmethod
    def changed(self, key: Key) -> Key:
        """Return what this server takes a key for."""


@command(b"SEARCH", "3501/6.4.4/search-keys")
class LargerIsSmaller(_Misunderstood):
    """SEARCH LARGER finds the messages that are smaller."""

    def changed(self, key: Key) -> Key:
        return Smaller(key.octets) if isinstance(key, Larger) else key


@command(b"SEARCH", "3501/6.4.4/search-not-or")
class OrIsAnd(_Misunderstood):
    """SEARCH OR finds only what matches both keys."""

    def changed(self, key: Key) -> Key:
        return And((key.left, key.right)) if isinstance(key, Or) else key


class _ExactBody(Body):
    def compile(self, scope: Scope) -> Test:
        del scope

        def test(candidate: Candidate) -> bool:
            return self.text in characters(candidate.message.body, b"ascii")

        return test


@command(b"SEARCH", "3501/6.4.4/search-any-case")
class BodyByExactCase(_Misunderstood):
    """SEARCH BODY finds a text only in the case in which it was given."""

    def changed(self, key: Key) -> Key:
        return _ExactBody(key.text) if isinstance(key, Body) else key


@command(b"SEARCH", "3501/6.4.4/search-charset")
class UnknownCharsetIsBad(SavingSearch):
    """SEARCH in an unknown charset gets BAD."""

    def run(self, session: ImapSession) -> Steps[Status]:
        if self.key is None:
            raise Refused(bad(b"That charset is not known"))
        return (yield from super().run(session))
