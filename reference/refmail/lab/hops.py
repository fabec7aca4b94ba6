"""The way of each message as lines for people: who took it, what the DNS said, which hosts were tried, who read it."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from refmail.journal import Entry

__all__ = ["Hop", "hop_of", "lines_of"]

Facts = Mapping[str, object]

# What Python makes of a connection that was refused.
_ERRNO = re.compile(r"\[Errno (\d+)\] Connect call failed \(.*?\)")

#: Columns of a line's time and kind.
_MARGIN = 19


@dataclass(frozen=True, slots=True)
class Hop:
    """One step on the way of a message."""

    #: One word: "submit", "dns", "relay" and so on.
    kind: str
    text: str
    #: Whether it went as wished; None where that is not yet known.
    good: bool | None = None


def _received(host: str, facts: Facts) -> Hop:
    sender, recipients = facts["sender"] or "<>", facts["recipients"]
    kind = "submit" if str(facts["listener"]).startswith("submission") else str(facts["listener"])
    return Hop(kind, f"{host}: {sender} -> {recipients}, {facts['size']} octets")


def _answer(_host: str, facts: Facts) -> Hop:
    return Hop("dns", f"{facts['name']} {facts['type']}? {facts['answer']}")


def _routed(_host: str, facts: Facts) -> Hop:
    if facts["hosts"]:
        return Hop("route", f"{facts['recipients']}: try {facts['hosts']}")
    return Hop("route", f"{facts['recipients']}: {facts['reason']}", good=False)


def _tried(_host: str, facts: Facts) -> Hop:
    good = facts["verdict"] == "delivered"
    place = "" if str(facts["dialled"]) in str(facts["text"]) else f" [{facts['dialled']}]"
    then = "" if good or facts["verdict"] == "failed" else "; next"
    text = _ERRNO.sub(lambda match: os.strerror(int(match[1])), str(facts["text"]))
    return Hop("relay", f"{facts['host']}{place} for {facts['recipient']}: {text}{then}", good=good)


def _later(_host: str, facts: Facts) -> Hop:
    return Hop("queue", f"{facts['recipient']} is tried again later: {facts['text']}", good=False)


_HOPS: Mapping[str, Callable[[str, Facts], Hop]] = {
    "smtp.received": _received,
    "queue.accepted": lambda host, facts: Hop("queue", f"{host} keeps it as {facts['entry']}"),
    "queue.later": _later,
    "queue.failed": lambda _host, facts: Hop("queue", f"{facts['recipient']} is given up: {facts['text']}", good=False),
    "queue.reported": lambda host, facts: Hop("queue", f"{host} sends a report to {facts['sender']}"),
    "dns.answer": _answer,
    "router.routed": _routed,
    "relay.tried": _tried,
    "store.delivered": lambda host, facts: Hop("delivered", f"to {facts['user']}'s mailbox by {host}", good=True),
    "pop3.retrieved": lambda _host, facts: Hop("pop3", f"{facts['user']} reads message {facts['message']}", good=True),
    "imap.read": lambda _host, facts: Hop(
        "imap", f"{facts['user']} reads message {facts['uid']} of {facts['mailbox']}", good=True
    ),
}


def hop_of(host: str, entry: Entry) -> Hop | None:
    """Return what an entry of a host's journal shows of a message's way; None where it shows nothing."""
    make = _HOPS.get(entry.topic)
    return make(host, entry.facts) if make is not None else None


def lines_of(time: str, hop: Hop, width: int) -> list[str]:
    """Return a hop as lines: time, kind, and the text beside it.

    Args:
        time: HH:MM:SS.
        hop: what to show.
        width: columns there are.
    """
    room = max(width - _MARGIN, 20)
    # Most texts are short, and there may be one for each of many messages that somebody reads.
    short = len(hop.text) <= room and hop.text.isprintable()
    wrapped = [hop.text] if short else textwrap.wrap(hop.text, room) or [""]
    return [f"{time} {hop.kind:<9} {wrapped[0]}", *(" " * _MARGIN + line for line in wrapped[1:])]
