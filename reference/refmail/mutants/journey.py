"""Wrong servers that tidy up messages on their way."""

from __future__ import annotations

import re
from pathlib import Path

from refmail import mutants
from refmail.config import Config
from refmail.queue.client import RelayClient, Result
from refmail.queue.dialogue import Dialogue
from refmail.queue.router import Hop
from refmail.store.maildir import MaildirStore


def _trimmed(octets: bytes) -> bytes:
    """Return a message without white space at the ends of its lines."""
    return re.sub(rb"[ \t]+(?=\r\n)", b"", octets)


@mutants.part("relay", "5321/3.6.3/relay-content-untouched")
class RelayTrimsLines(RelayClient):
    """White space at the ends of lines is lost in relaying."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        return await super().send_content(dialogue, hop, _trimmed(octets))


@mutants.part("relay", "5321/3.6.3/relay-content-untouched")
class RelayUnfoldsFields(RelayClient):
    """Folded header fields are unfolded in relaying, those of the trace apart."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        header, separator, body = octets.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", header)
        unfolded = (each if each.startswith(b"Received:") else each.replace(b"\r\n", b"") for each in fields)
        return await super().send_content(dialogue, hop, b"\r\n".join(unfolded) + separator + body)


@mutants.part("relay", "5321/3.6.3/relay-content-untouched")
class RelaySortsFields(RelayClient):
    """The header fields below the trace are sorted in relaying."""

    async def send_content(self, dialogue: Dialogue, hop: Hop, octets: bytes) -> Result:
        header, separator, body = octets.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", header)
        fields.sort(key=lambda each: (not each.startswith(b"Received:"), each))
        return await super().send_content(dialogue, hop, b"\r\n".join(fields) + separator + body)


class _TrimmingStore(MaildirStore):
    """Delivers messages without white space at the ends of their lines."""

    def deliver(self, user: str, octets: bytes) -> None:
        super().deliver(user, _trimmed(octets))


@mutants.part("store", "5321/4.1.1.4/content-delivered", "5321/4.5.2/unstuff")
def delivery_trims_lines(config: Config) -> MaildirStore:
    """White space at the ends of lines is lost in delivery."""
    return _TrimmingStore(Path(config.store.path or ""))


class _KeepingStore(MaildirStore):
    """Delivers an older Return-Path field of a message below the new one."""

    def deliver(self, user: str, octets: bytes) -> None:
        first, _, rest = octets.partition(b"\r\n")
        super().deliver(user, b"%b\r\nReturn-Path: <older@client.test>\r\n%b" % (first, rest))


@mutants.part("store", "5321/4.4/one-return-path")
def two_return_paths(config: Config) -> MaildirStore:
    """Delivered messages have a second Return-Path field."""
    return _KeepingStore(Path(config.store.path or ""))
