"""A message that may match, read only where a key needs it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from refmail.imap.mime.decode import body_texts, characters, header_text
from refmail.imap.mime.entity import Entity
from refmail.imap.view import View
from refmail.store.api import MessageMeta

__all__ = ["Candidate", "Scope", "within"]


#: Encodings that hide text, and charsets that do not show it as US-ASCII would.
_CODED = (b"base64", b"quoted-printable")
_CHARSET = b"charset"
#: Words of the types that have parts: multipart/* and message/rfc822.
_OF_PARTS = (b"multipart", b"rfc822")
#: How the fields begin that tell of them: Content-Type and Content-Transfer-Encoding.
_FIELD = b"\ncontent-t"
_TYPE = b"\ncontent-type"
_NO_TEXT = re.compile(_TYPE + rb":[ \t]*(?:application|audio|font|image|model|video)/[a-z0-9]")
_PLAIN_CHARSET = re.compile(rb"=\"?(?:us-ascii|utf-8|iso-8859-15?|windows-1252)\b(?!-)")


@dataclass(frozen=True, slots=True)
class Scope:
    """What "*", "$" and the present stand for."""

    #: Messages that the client knows of.
    count: int
    #: The last one's UID, 0 where there is none.
    last_uid: int
    #: UIDs that "$" stands for (RFC 5182).
    saved: frozenset[int]
    #: The present time, with a zone, for keys that count from it (RFC 5032).
    now: datetime

    @classmethod
    def of(cls, view: View, now: datetime) -> Scope:
        """Return the scope of a view."""
        return cls(len(view.uids), view.uids[-1] if view.uids else 0, frozenset(view.saved), now)


class Candidate:
    """One message of the view.

    Args:
        number: its message number.
        meta: what the session knows of it.
        message: returns the message itself; may raise NoSuchMessage.
        recent: whether it is recent here.
        noted: by field and text, the UIDs of messages that surely have it.
    """

    def __init__(
        self,
        number: int,
        meta: MessageMeta,
        message: Callable[[int], Entity],
        *,
        recent: bool,
        noted: Mapping[tuple[bytes, str], Collection[int]] = MappingProxyType({}),
    ) -> None:
        self.number = number
        self.meta = meta
        self.recent = recent
        self._message = message
        self._noted = noted
        #: The whole message in lower case; no octets where these are not all there is to find.
        self._plain: bytes | None = None

    @cached_property
    def message(self) -> Entity:
        """The message itself; what is asked of it may raise NoSuchMessage."""
        return self._message(self.meta.uid)

    def surely_has(self, name: bytes, text: str) -> bool:
        """Say whether a field is known to have a text, without a look at the message."""
        return self.meta.uid in self._noted.get((name, text), ())

    def may_contain(self, word: bytes) -> bool:
        """Say whether the message may contain a word: False only where it surely does not, found out with as little parsing as can be.

        Args:
            word: US-ASCII in lower case, without the characters that headers are folded and joined with.
        """
        if self._plain is None:
            octets = self.message.octets
            lower = octets.lower()
            self._plain = lower if octets.isascii() and not _hides_text(self.message, lower) else b""
        return not self._plain or word in self._plain

    @cached_property
    def header(self) -> str:
        """All of the header, decoded and folded to one case, a field a line."""
        lines = (f"{field.name.decode('ascii')}: {header_text(field.value)}" for field in self.message.fields)
        return "\n".join(lines).casefold()

    @cached_property
    def body(self) -> str:
        """The body as sent and, after it, what its text parts say otherwise; folded to one case."""
        raw = self.message.body
        if raw.isascii():
            # Octets that stand for themselves are there already.
            texts = [text for text in body_texts(self.message, encoded_only=True) if text]
            return "\n".join([raw.decode("ascii"), *texts]).casefold()
        return "\n".join([characters(raw, b"ascii"), *body_texts(self.message)]).casefold()

    def values(self, name: bytes) -> list[str]:
        """Return the decoded values of a field, folded to one case."""
        return [header_text(value).casefold() for value in self.message.all(name)]


def _hides_text(message: Entity, lower: bytes) -> bool:
    """Say whether a message, `lower` in lower case, may hold text that its octets do not show."""
    # One octet is found much faster than two.
    if b"?" in lower and b"=?" in lower:
        return True
    if not _names_a_code(message, lower):
        return False
    # It may be that of a picture, told in another way.
    return next(body_texts(message, encoded_only=True), None) is not None


def _names_a_code(message: Entity, lower: bytes) -> bool:
    """Say whether a field may tell of an encoding or a charset that hides text."""
    start = message.body_start
    header = lower[:start]
    if _tells_of_code(header):
        return True
    # Only what consists of parts has fields in its body.
    place = lower.find(_FIELD, start - 1) if any(kind in header for kind in _OF_PARTS) else -1
    while place >= 0:
        end = lower.find(b"\n\r\n", place + 1)
        fields = lower[place : end if end >= 0 else None]
        if _tells_of_code(fields) and not _is_no_text(fields):
            return True
        place = lower.find(_FIELD, end) if end >= 0 else -1
    return False


def _is_no_text(fields: bytes) -> bool:
    """Say whether these lines are of the header of one part, which is surely no text."""
    # They may have begun in the text before a delimiter.
    if b"\n--" in fields:
        return False
    place = fields.find(_TYPE)
    return place >= 0 and _NO_TEXT.match(fields, place) is not None


def _tells_of_code(fields: bytes) -> bool:
    if any(mark in fields for mark in _CODED):
        return True
    place = fields.find(_CHARSET)
    while place >= 0:
        place += len(_CHARSET)
        if _PLAIN_CHARSET.match(fields, place) is None:
            return True
        place = fields.find(_CHARSET, place)
    return False


def within(number: int, ranges: list[tuple[int, int]]) -> bool:
    """Say whether a number is in ascending ranges that do not touch."""
    place = bisect_right(ranges, (number, 0xFFFF_FFFF)) - 1
    return place >= 0 and number <= ranges[place][1]
