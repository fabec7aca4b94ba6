"""Reading mail data: where it ends, and what the dots in it mean (RFC 5321 sections 4.1.1.4 and 4.5.2)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.smtp.base import SessionBase

__all__ = ["ContentReader"]

#: Mail data ends with a line that holds a single dot; nothing else ends it.
_END = b"\r\n.\r\n"
#: Any line that begins with a dot.
_DOT = _END[:3]

#: Octets looked at again when more arrive: a subclass may look for a longer end than ours.
_OVERLAP = 8


class ContentReader(SessionBase):
    """Reads mail data from the inbox in bounded memory."""

    #: Whether a line before the end of the data may begin with a dot; who looks for the end sees it in passing.
    has_dots = True

    def read_content(self) -> Steps[bytes | None]:
        """Read up to the end of the data and return it without transparency dots, or None if it is too large.

        What follows the end stays in the inbox.
        """
        # The CRLF of the DATA command counts as the one before the first line (section 4.1.1.4).
        raw = bytearray(b"\r\n")
        dropped = False
        start = 0
        while True:
            raw += self.inbox
            self.inbox.clear()
            end = self.find_end(raw, start)
            if end is not None:
                content_end, rest = end
                self.inbox += raw[rest:]
                return None if dropped else self.finish(bytes(memoryview(raw)[2:content_end]))
            if len(raw) > 2 * self.policy.message_size:
                # Transparency can add a third at most, so this can no longer become acceptable.
                dropped = True
                del raw[:-_OVERLAP]
            start = max(0, len(raw) - _OVERLAP)
            yield from self.wait()

    def find_end(self, raw: bytearray, start: int) -> tuple[int, int] | None:
        """Find the end of the data: where the content stops (after its last CRLF) and where commands go on.

        Args:
            raw: the data so far, a CRLF before its first line.
            start: offset before which no end begins.
        """
        if start == 0:
            self.has_dots = False
        position = raw.find(_DOT, start)
        if 0 <= position <= len(raw) - len(_END) and not raw.startswith(_END, position):
            self.has_dots = True
            position = raw.find(_END, position)
        # What is too short to be told yet is looked at again.
        return (position + 2, position + len(_END)) if 0 <= position <= len(raw) - len(_END) else None

    def finish(self, octets: bytes) -> bytes | None:
        """Remove the transparency dots; None where the message is larger than we take."""
        content = self.unstuff(octets)
        return content if len(content) <= self.policy.message_size else None

    def unstuff(self, octets: bytes) -> bytes:
        """Delete the first dot of each line that begins with one (section 4.5.2)."""
        return octets.removeprefix(b".").replace(_DOT, b"\r\n") if self.has_dots else octets
