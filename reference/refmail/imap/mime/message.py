"""A message that is read only where what is noted of it does not do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from refmail.imap.mime.entity import HEADER, Entity, Field, fields_of
from refmail.store.notes import Note

__all__ = ["Message"]


class Message(Entity):
    """A whole message.

    Args:
        read: returns its octets; blocks, and raises NoSuchMessage where it is gone.
        note: returns what is noted of it, if anything is; blocks.
    """

    def __init__(self, read: Callable[[], bytes], note: Callable[[], Note | None]) -> None:
        super().__init__(b"")
        self._read = read
        self._note = note
        self._whole: bytes | None = None

    @property
    def octets(self) -> bytes:
        if self._whole is None:
            self._whole = self._read()
        return self._whole

    @property
    def end(self) -> int:
        return len(self.octets)

    def noted(self, part: int) -> bytes | None:
        note = self._note()
        return None if note is None else note[part]

    @property
    def header(self) -> bytes:
        noted = self.noted(HEADER)
        return super().header if noted is None else noted

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        return fields_of(self.header)
