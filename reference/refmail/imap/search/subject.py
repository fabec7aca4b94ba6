"""The base subject of a message (RFC 5256 section 2.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BaseSubject", "base_subject"]

_SPACE = re.compile(r"[ \t\r\n]+")

# subj-blob = "[" *BLOBCHAR "]" *WSP
_BLOB = r"\[[^\[\]\0]*\] *"
_BLOBS = re.compile(f"(?:{_BLOB})*")

# subj-leader = (*subj-blob subj-refwd) / WSP;  subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
_REFWD = re.compile(f"(?:re|fwd?) *(?:{_BLOB})?:", re.IGNORECASE | re.ASCII)

# subj-trailer = "(fwd)" / WSP;  subj-fwd = subj-fwd-hdr subject subj-fwd-trl
_TRAILER, _FWD_HDR, _FWD_TRL = "(fwd)", "[fwd:", "]"


@dataclass(frozen=True, slots=True)
class BaseSubject:
    """A subject without what replying and forwarding add."""

    text: str
    #: Whether what was removed says that the message is a reply or was forwarded.
    is_reply: bool = False


def base_subject(subject: str) -> BaseSubject:
    """Return the base subject of a decoded Subject field; the time is linear in its length."""
    text = _SPACE.sub(" ", subject)
    start, end, is_reply = 0, len(text), False
    while True:
        # Step 2, then 3 to 5, then 6, which begins anew.
        end, trailed = _without_trailers(text, start, end)
        start, led = _without_leaders(text, start, end)
        is_reply = is_reply or trailed or led
        inside = start + len(_FWD_HDR)
        if text[start:inside].lower() != _FWD_HDR or inside >= end or text[end - 1] != _FWD_TRL:
            return BaseSubject(text[start:end], is_reply)
        start, end, is_reply = inside, end - len(_FWD_TRL), True


def _without_trailers(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return where the text ends without its trailers, and whether one of them was "(fwd)"."""
    forwarded = False
    while True:
        while end > start and text[end - 1] == " ":
            end -= 1
        if end - start < len(_TRAILER) or text[end - len(_TRAILER) : end].lower() != _TRAILER:
            return end, forwarded
        end, forwarded = end - len(_TRAILER), True


def _without_leaders(text: str, start: int, end: int) -> tuple[int, bool]:
    """Return where the text begins without its leaders and blobs, and whether there was a subj-refwd."""
    replied = False
    while True:
        while start < end and text[start] == " ":
            start += 1
        after_blobs = _after(_BLOBS, text, start, end)
        found = _REFWD.match(text, after_blobs, end)
        if found is not None:
            start, replied = found.end(), True
        elif after_blobs < end:
            return after_blobs, replied
        else:
            # A subject of blobs alone keeps the last of them.
            return max(start, text.rfind("[", start, end)), replied


def _after(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    found = pattern.match(text, start, end)
    return found.end() if found else start
