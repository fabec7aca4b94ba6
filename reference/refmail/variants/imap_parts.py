"""How IMAP variants of which only some commands differ are put together."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.imap.commands.base import Command
from refmail.imap.session import ImapSession

__all__ = ["serving"]


def serving(commands: Mapping[bytes, type[Command]]) -> Mapping[bytes, type[Command]]:
    """Return the commands of the reference with these in their place."""
    return {**ImapSession.commands, **commands}
