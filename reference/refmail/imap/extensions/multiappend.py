"""MULTIAPPEND (RFC 3502): several messages in one APPEND, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.uidplus import AppendWithUid
from refmail.imap.status import Refused, Status, no
from refmail.machine import Steps

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["MULTIAPPEND", "MultiAppend"]


@dataclass(frozen=True, slots=True)
class MultiAppend(AppendWithUid):
    """APPEND of one message or more; one without octets cancels it."""

    several: ClassVar[bool] = True

    def run(self, session: ImapSession) -> Steps[Status]:
        if not all(upload.octets for upload in self.uploads):
            raise Refused(no(b"A message without octets cancels the APPEND"))
        return (yield from AppendWithUid.run(self, session))


MULTIAPPEND = Extension(b"MULTIAPPEND", {b"APPEND": MultiAppend})
