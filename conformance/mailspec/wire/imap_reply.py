"""IMAP replies: what came between a command and its tagged response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as Either
from typing import NoReturn, TypeAlias, TypeVar

from mailspec.verdict import Blocked
from mailspec.wire.failure import Failure
from mailspec.wire.grammar.imap.values import (
    Body,
    Data,
    Envelope,
    Fetch,
    ResponseCode,
    Search,
    StatusResponse,
    Unparsed,
    Untagged,
)
from mailspec.wire.reply import Ended, Reply

__all__ = ["Condition", "ImapReply", "Messages"]

#: What a reply can end with: a tagged or greeting condition, or "+" for a request to go on.
Condition: TypeAlias = Either["OK", "NO", "BAD", "BYE", "PREAUTH", "+"]

U = TypeVar("U", bound=Untagged)


class Messages(dict[int, Fetch]):
    """FETCH data by message sequence number; asking for what was not sent raises Blocked."""

    def __init__(self, messages: dict[int, Fetch], why: str) -> None:
        super().__init__(messages)
        self._why = why

    def __missing__(self, number: int) -> NoReturn:
        msg = f"{self._why} for message {number}"
        raise Blocked(msg)


class ImapReply(Reply[Condition]):
    """One command's end, with all untagged responses before it.

    The alternatives of `.expect` are conditions and CLOSED; "BYE" also stands for a BYE followed by the end.

    Attributes:
        untagged: typed values in the order sent, also where the reply failed.
    """

    def __init__(
        self,
        asked: bytes,
        octets: bytes,
        failure: Failure | None,
        event: int | None,
        status: str = "",
        code: ResponseCode | None = None,
        text: bytes = b"",
        untagged: Sequence[Untagged] = (),
    ) -> None:
        super().__init__(asked, octets, failure, event)
        self.untagged = tuple(untagged)
        self._status = status
        self._code = code
        self._text = text

    @property
    def status(self) -> str:
        """OK, NO, BAD, of a greeting also PREAUTH or BYE, "+" of a request to go on; Blocked if there is no reply."""
        self._use()
        return self._status

    @property
    def code(self) -> ResponseCode | None:
        """The response code of the tagged response; Blocked if there is no reply."""
        self._use()
        return self._code

    @property
    def text(self) -> bytes:
        """The text of the tagged response; Blocked if there is no reply."""
        self._use()
        return self._text

    def all(self, kind: type[U]) -> list[U]:
        """Return the untagged responses of one type; Blocked if there is no reply."""
        self._use()
        return [one for one in self.untagged if isinstance(one, kind)]

    def one(self, kind: type[U]) -> U:
        """Return the only untagged response of one type.

        Raises:
            Blocked: there is none, or there are several.
        """
        found = self.all(kind)
        if len(found) != 1:
            msg = f"after {self._asked()}: needed one {kind.__name__} response; got {len(found)}"
            raise Blocked(msg)
        return found[0]

    def find_code(self, name: bytes) -> ResponseCode | None:
        """Return the response code of that name, from the tagged response or an untagged one."""
        codes = [self.code, *(one.code for one in self.all(StatusResponse))]
        return next((code for code in codes if code is not None and code.name == name.upper()), None)

    @property
    def fetched(self) -> Messages:
        """FETCH data by message sequence number; what came in several responses is joined."""
        items: dict[int, dict[bytes, Envelope | Body | Data]] = {}
        for one in self.all(Fetch):
            items.setdefault(one.number, {}).update(one.items)
        broken = len([one for one in self.untagged if isinstance(one, Unparsed)])
        why = f"after {self._asked()}: no FETCH data; {broken} responses broke the grammar"
        return Messages({number: Fetch(number, joined) for number, joined in items.items()}, why)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all SEARCH responses."""
        return tuple(number for one in self.all(Search) for number in one.numbers)

    def _default(self) -> Sequence[Condition]:
        return ("OK",)

    def _matches(self, alternative: Condition | Ended) -> bool:
        return self._status == alternative

    def _ended_as(self, wanted: Sequence[Condition | Ended]) -> bool:
        said_bye = any(isinstance(one, StatusResponse) and one.status == "BYE" for one in self.untagged)
        return super()._ended_as(wanted) or (said_bye and "BYE" in wanted)
