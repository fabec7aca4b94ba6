"""The exact octets of every connection a check made; secrets leave it only masked.

Memory is bounded: the beginning and the end of a long exchange are kept, and what was left out in between is counted.
"""

from __future__ import annotations

import base64
import binascii
import enum
import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import msgspec

__all__ = ["Direction", "Ending", "Event", "Secrets", "Transcript", "visible"]

#: Octets of payload that one transcript keeps, head and tail together.
LIMIT_OCTETS = 2 * 1024 * 1024

#: Octets of one event that are kept; a longer one says how many were left out.
LIMIT_EVENT_OCTETS = 64 * 1024

#: Events kept in the head, and again in the tail.
LIMIT_EVENTS = 5000

#: What stands in the place of a secret.
MASK = b"********"

#: Whatever may be base64 and long enough to hold a secret (RFC 4648 section 4).
BASE64_TOKEN = re.compile(rb"[A-Za-z0-9+/]{6,}={0,2}")


class Direction(enum.StrEnum):
    """Who sent the octets of an event."""

    SENT = "C"
    RECEIVED = "S"
    NOTE = "*"


class Ending(enum.StrEnum):
    """How a connection ended."""

    OPEN = "open"
    CLEAN = "clean"
    RESET = "reset"
    TIMEOUT = "timeout"


class Event(msgspec.Struct, frozen=True):
    """One thing that happened on one connection.

    Args:
        at: seconds since the transcript began.
        connection: number of the connection, from 1.
        direction: sent by us, received, or a note of the harness.
        octets: what was on the wire, or the note.
        index: number of the event in the whole exchange, from 0; gaps are events that were left out.
        omitted: octets of this event that were not kept.
    """

    at: float
    connection: int
    direction: Direction
    octets: bytes
    index: int = 0
    omitted: int = 0


class _Written(msgspec.Struct, frozen=True):
    """An event as files have it."""

    at: float
    connection: int
    direction: str
    octets: str
    index: int
    omitted: int


_ENCODER = msgspec.json.Encoder()


class Secrets:
    """Octet strings that must not leave a transcript."""

    def __init__(self) -> None:
        self._secrets: set[bytes] = set()
        self._variants: list[bytes] = []
        #: The digits of base64 that a secret decides by itself, wherever in a blob it stands.
        self._cores: set[bytes] = set()

    def copy(self) -> Secrets:
        """Return the same secrets, to which others can be added."""
        made = Secrets()
        made._secrets, made._variants, made._cores = set(self._secrets), self._variants, set(self._cores)
        return made

    def add(self, secret: bytes) -> None:
        """Mask this secret from now on, also in what was recorded before."""
        if not secret or secret in self._secrets:
            return
        self._secrets.add(secret)
        self._cores.update(_core(secret, before) for before in range(3))
        quoted = secret.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        shown = repr(secret)[2:-1].encode("ascii")
        known = {secret, quoted, shown, base64.b64encode(secret), *self._variants}
        # The longest first: a secret that is part of another one must not spoil it.
        self._variants = sorted(known, key=len, reverse=True)

    def mask(self, octets: bytes) -> bytes:
        """Return the octets without any secret: plain, quoted, in base64, or inside a SASL blob."""
        if not self._secrets:
            return octets
        # Decoding every token of every event would cost more than all else that is done with transcripts.
        if any(core in octets for core in self._cores):
            octets = BASE64_TOKEN.sub(self._mask_token, octets)
        for variant in self._variants:
            octets = octets.replace(variant, MASK)
        return octets

    def may_be_in(self, octets: bytes) -> bool:
        """Say whether `mask` could find anything in the octets; False is certain."""
        return any(core in octets for core in self._cores) or any(variant in octets for variant in self._variants)

    def mask_text(self, text: str) -> str:
        """Return the text without any secret, whether its octets were decoded as Latin-1 or as UTF-8."""
        for variant in self._variants:
            mask = MASK.decode("ascii")
            text = text.replace(variant.decode("latin-1"), mask).replace(variant.decode("utf-8", "replace"), mask)
        if not any(core.decode("ascii") in text for core in self._cores):
            return text
        return re.sub(
            BASE64_TOKEN.pattern.decode("ascii"),
            lambda found: self._mask_blob(found.group().encode("ascii")).decode("ascii"),
            text,
        )

    def _mask_token(self, found: re.Match[bytes]) -> bytes:
        return self._mask_blob(found.group())

    def _mask_blob(self, token: bytes) -> bytes:
        # The token may begin with octets that are not part of the blob, so all alignments are tried.
        for start in range(4):
            digits = token[start:].rstrip(b"=")
            digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
            try:
                blob = base64.b64decode(digits + b"=" * (-len(digits) % 4))
            except binascii.Error:
                continue
            if any(secret in blob for secret in self._secrets):
                return MASK
        return token


def _core(secret: bytes, before: int) -> bytes:
    """Return the base64 digits that only the secret decides, where `before` octets (modulo 3) precede it."""
    digits = base64.b64encode(b"\0" * before + secret + b"\0\0")
    return digits[-(-8 * before // 6) : 8 * (before + len(secret)) // 6]


class Transcript:
    """What was sent and received, in the order in which this side saw it.

    Args:
        clock: seconds that only grow.
        limit_octets: octets of payload to keep.
        secrets: what is masked; none if None.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        limit_octets: int = LIMIT_OCTETS,
        secrets: Secrets | None = None,
    ) -> None:
        self.secrets = secrets if secrets is not None else Secrets()
        self.labels: dict[int, str] = {}
        self.endings: dict[int, Ending] = {}
        self.omitted_octets = 0
        self._clock = clock
        self._began = clock()
        self._half = max(1, limit_octets // 2)
        self._head: list[Event] = []
        self._tail: deque[Event] = deque()
        self._head_octets = self._tail_octets = 0
        self._head_full = False
        self._count = 0
        # Checks about concurrent sessions record from several threads.
        self._lock = threading.Lock()

    def open(self, label: str) -> int:
        """Begin a connection and return its number."""
        with self._lock:
            connection = len(self.labels) + 1
            self.labels[connection] = label
            self.endings[connection] = Ending.OPEN
        self.add(connection, Direction.NOTE, f"connected to {label}".encode())
        return connection

    def add(self, connection: int, direction: Direction, octets: bytes) -> int:
        """Record what happened and return the event's index."""
        with self._lock:
            kept = octets[: min(LIMIT_EVENT_OCTETS, self._half)]
            omitted = len(octets) - len(kept)
            event = Event(self._clock() - self._began, connection, direction, bytes(kept), self._count, omitted)
            self._count += 1
            self.omitted_octets += omitted
            self._keep(event)
            return event.index

    def ended(self, connection: int, ending: Ending) -> None:
        """Record how a connection ended; the first ending counts."""
        if self.endings.get(connection) is not Ending.OPEN:
            return
        self.endings[connection] = ending
        self.add(connection, Direction.NOTE, f"connection ended: {ending}".encode())

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that were kept, with a note where some are missing."""
        head, tail = self._head, tuple(self._tail)
        last = head[-1].index if head else -1
        if tail and tail[0].index > last + 1:
            missing = tail[0].index - last - 1
            note = f"{missing} events left out here; {self.omitted_octets} octets left out in all".encode()
            return (*head, Event(tail[0].at, tail[0].connection, Direction.NOTE, note, last + 1), *tail)
        return (*head, *tail)

    @property
    def last(self) -> int:
        """The index of the newest event, -1 before the first."""
        return self._count - 1

    def to_json_lines(self) -> bytes:
        """Return one JSON object and a LF per event; octets as Latin-1 text, masked."""
        events = self.events
        # Most transcripts hold no secret, and one look at all of it costs less than a look at each event.
        has_secrets = self.secrets.may_be_in(b"".join([event.octets for event in events]))
        mask = self.secrets.mask if has_secrets else bytes
        written = [
            _Written(
                round(event.at, 6),
                event.connection,
                event.direction.value,
                mask(event.octets).decode("latin-1"),
                event.index,
                event.omitted,
            )
            for event in events
        ]
        return _ENCODER.encode_lines(written)

    def render(self, mark: int | None = None, limit_lines: int = 200) -> str:
        """Return the transcript as text, with visible line ends and one line per wire line.

        Args:
            mark: index of the event that deviates; its lines begin with ">".
            limit_lines: lines to show; the ones in the middle go first.
        """
        lines = list(itertools.chain.from_iterable(self._render_event(event, mark) for event in self.events))
        if len(lines) > limit_lines:
            half = limit_lines // 2
            lines = [*lines[:half], f"  ... {len(lines) - 2 * half} lines left out ...", *lines[-half:]]
        return "\n".join(lines)

    def _render_event(self, event: Event, mark: int | None) -> Iterator[str]:
        prefix = f"{'>' if event.index == mark else ' '} {event.at:8.3f} #{event.connection} {event.direction} "
        octets = self.secrets.mask(event.octets)
        for line in octets.splitlines(keepends=True) if b"\n" in octets else [octets]:
            yield prefix + visible(line)
        if event.omitted:
            yield f"{prefix}... {event.omitted} octets left out ..."

    def _keep(self, event: Event) -> None:
        size = len(event.octets)
        if not self._head_full and self._head_octets + size <= self._half and len(self._head) < LIMIT_EVENTS:
            self._head.append(event)
            self._head_octets += size
            return
        self._head_full = True
        self._tail.append(event)
        self._tail_octets += size
        while self._tail_octets > self._half or len(self._tail) > LIMIT_EVENTS:
            dropped = self._tail.popleft()
            self._tail_octets -= len(dropped.octets)
            self.omitted_octets += len(dropped.octets)


def visible(octets: bytes) -> str:
    """Return octets as one line of ASCII in which CR, LF and other controls can be seen."""
    named = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t"}
    return "".join(named.get(octet) or (chr(octet) if 32 <= octet < 127 else f"\\x{octet:02x}") for octet in octets)
