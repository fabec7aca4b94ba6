"""A message on its way into an mbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refmail.store.api import Flags
from refmail.store.index import Added
from refmail.store.lineends import ends_in_crlf, to_disk, wire_size
from refmail.store.mbox_extent import Extent
from refmail.store.mbox_format import quote, sender_of, separator
from refmail.store.mbox_scan import digest_of

__all__ = ["Parcel", "parcel"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as it will stand in the file."""

    separator: bytes
    text: bytes
    #: Octets on the wire.
    size: int
    ends_in_crlf: bool
    flags: Flags
    internal_date: datetime

    def octets(self, lead: bytes) -> bytes:
        """Return the entry; the line end that the text may lack is there, and so is the blank line."""
        end = b"" if self.ends_in_crlf else b"\n"
        return b"".join((lead, self.separator, self.text, end, b"\n"))

    def record(self, modseq: int, uid: int, lead: int, length: int) -> Added:
        """Return what the index has to know once the entry is in the file.

        Args:
            modseq: of the change.
            uid: the message's.
            lead: octets before the separator.
            length: octets of the whole entry.
        """
        extent = Extent(lead, len(self.separator), len(self.text), length, True, "", digest_of(self.text))
        name = extent.to_text(uid)
        return Added(modseq, uid, self.size, self.flags, self.internal_date, name, self.ends_in_crlf)


def parcel(octets: bytes, flags: Flags, date: datetime) -> Parcel:
    """Prepare a message that came over the wire."""
    plain = to_disk(octets)
    head = separator(sender_of(octets), date)
    return Parcel(head, quote(plain), wire_size(plain), ends_in_crlf(plain), flags, date.replace(microsecond=0))
