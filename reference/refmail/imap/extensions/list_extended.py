r"""LIST-EXTENDED (RFC 5258): which names LIST selects, and what it says of each.

    list              = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
    list-select-opts  = "(" [list-select-opt *(SP list-select-opt)] ")"
    mbox-or-pat       = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")"
    list-return-opts  = "RETURN" SP "(" [return-option *(SP return-option)] ")"

Other extensions add rows to `selections` and `returns` in a subclass. A LIST in
none of the three extended forms is that of RFC 3501.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from refmail.imap.commands.base import space_and_mailbox
from refmail.imap.commands.list import line
from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.children import ListWithChildren
from refmail.imap.extensions.list_match import Listed, select
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import keyword, list_mailbox
from refmail.imap.patterns import Pattern
from refmail.imap.status import Refused, Status, ok
from refmail.machine import Steps
from refmail.store.api import MailboxInfo

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["LIST_EXTENDED", "Argument", "Criterion", "ListExtended", "no_argument"]

#: Says whether a name satisfies a selection option.
Criterion = Callable[[MailboxInfo], bool]
#: Reads the argument of a return option, from the space before it.
Argument = Callable[[Cursor], tuple[bytes, ...]]


def no_argument(_cursor: Cursor) -> tuple[bytes, ...]:
    """The argument of an option that takes none."""
    return ()


@dataclass(frozen=True, slots=True)
class ListExtended(ListWithChildren):
    """LIST with options; plain LIST where the client uses none of them."""

    #: Selection options by which names are told apart; the others change how.
    selections: ClassVar[Mapping[bytes, Criterion]] = {b"SUBSCRIBED": lambda info: info.subscribed}
    #: Selection options that do not count as such a one: REMOTE adds mailboxes of other servers, of which there are none.
    modifiers: ClassVar[Collection[bytes]] = frozenset({b"REMOTE", b"RECURSIVEMATCH"})
    #: Return options and what argument they take.
    returns: ClassVar[Mapping[bytes, Argument]] = {b"SUBSCRIBED": no_argument, b"CHILDREN": no_argument}

    #: Whether one of the three extended forms was used.
    extended: bool = False
    selected: frozenset[bytes] = frozenset()
    patterns: tuple[bytes, ...] = ()
    #: Return options, those included that a selection option implies, with their arguments.
    asked: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict[bytes, tuple[bytes, ...]])

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: list, above."""
        start = cursor.position
        cursor.space("list")
        extended = cursor.peek() == b"("
        selected = cls._select_options(cursor) if extended else frozenset[bytes]()
        if not extended:
            cursor.position = start
        reference = space_and_mailbox(cursor)
        cursor.space("list")
        several = cursor.peek() == b"("
        patterns = _patterns(cursor) if several else (list_mailbox(cursor),)
        asked = dict[bytes, tuple[bytes, ...]]()
        returning = cursor.peek() == b" "
        if returning:
            asked = cls._return_options(cursor)
        asked |= {option: () for option in selected if option in cls.selections and option not in asked}
        return cls(reference, patterns[0], extended or several or returning, selected, patterns, asked)

    @classmethod
    def _select_options(cls, cursor: Cursor) -> frozenset[bytes]:
        found: set[bytes] = set()
        cursor.expect(b"(", "list-select-opts")
        while not cursor.skip(b")"):
            if found:
                cursor.space("list-select-opts")
            option = keyword(cursor, "list-select-opt")
            if option not in cls.selections and option not in cls.modifiers:
                cursor.fail("list-select-opt", "no such selection option")
            found.add(option)
        if b"RECURSIVEMATCH" in found and not found.intersection(cls.selections):
            cursor.fail("list-select-opts", "RECURSIVEMATCH needs a selection option beside it")
        return frozenset(found)

    @classmethod
    def _return_options(cls, cursor: Cursor) -> dict[bytes, tuple[bytes, ...]]:
        found: dict[bytes, tuple[bytes, ...]] = {}
        cursor.space("list-return-opts")
        cursor.expect(b"RETURN", "list-return-opts")
        cursor.space("list-return-opts")
        cursor.expect(b"(", "list-return-opts")
        while not cursor.skip(b")"):
            if found:
                cursor.space("list-return-opts")
            option = keyword(cursor, "return-option")
            if option not in cls.returns:
                cursor.fail("return-option", "no such return option")
            found[option] = cls.returns[option](cursor)
        return found

    def run(self, session: ImapSession) -> Steps[Status]:
        if not self.extended:
            return (yield from ListWithChildren.run(self, session))
        store, user = session.services.store, session.user
        mailboxes = yield from session.call(store.list, user)
        subscribed = yield from session.call(store.subscriptions, user)
        criteria = [self.selections[option] for option in sorted(self.selected.intersection(self.selections))]
        chosen = select(
            mailboxes,
            subscribed,
            self._all_patterns(),
            lambda info: all(criterion(info) for criterion in criteria),
            missing=b"SUBSCRIBED" in self.selected,
            recursive=b"RECURSIVEMATCH" in self.selected,
        )
        for listed in chosen:
            yield from self.show(session, listed)
        return ok(b"LIST completed")

    def _all_patterns(self) -> Sequence[Pattern]:
        """Return the patterns that can match; others are passed over in silence (RFC 5258 section 3)."""
        found: list[Pattern] = []
        for pattern in self.patterns:
            try:
                if pattern:
                    found.append(replace(self, pattern=pattern).interpreted())
            except Refused:
                continue
        return found

    def show(self, session: ImapSession, listed: Listed) -> Steps[None]:
        """Send what is to be said of one name."""
        session.send(self.response(session, listed, self.extended_attributes(listed.info)))
        yield from ()

    def response(self, session: ImapSession, listed: Listed, attributes: Sequence[bytes]) -> bytes:
        """Return the LIST response for one name."""
        plain = line(session, b"LIST", attributes, listed.info.name)
        if not listed.child_info:
            return plain
        # childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted *(SP list-select-base-opt-quoted) ")"
        criteria = b" ".join(b'"%s"' % option for option in sorted(self.selected.intersection(self.selections)))
        return b'%s ("CHILDINFO" (%s))\r\n' % (plain.removesuffix(b"\r\n"), criteria)

    def extended_attributes(self, info: MailboxInfo) -> tuple[bytes, ...]:
        r"""Return the attributes of a name; \NonExistent says more than \Noselect (RFC 5258 section 3.4)."""
        attributes = tuple(rb"\NonExistent" if a == rb"\Noselect" else a for a in self.attributes(info))
        if b"SUBSCRIBED" in self.asked and info.subscribed:
            attributes += (rb"\Subscribed",)
        return attributes


def _patterns(cursor: Cursor) -> tuple[bytes, ...]:
    """ABNF: patterns = "(" list-mailbox *(SP list-mailbox) ")"."""
    cursor.expect(b"(", "patterns")
    found = [list_mailbox(cursor)]
    while not cursor.skip(b")"):
        cursor.space("patterns")
        found.append(list_mailbox(cursor))
    return tuple(found)


LIST_EXTENDED = Extension(b"LIST-EXTENDED", {b"LIST": ListExtended})
