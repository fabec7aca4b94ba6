"""What IMAP mutants are registered by, where only one command or the view of the mailbox is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from refmail import mutants
from refmail.imap.commands.base import Command
from refmail.imap.session import ImapSession
from refmail.imap.view import View

__all__ = ["command", "session_with", "view"]

C = TypeVar("C", bound=type[Command])
V = TypeVar("V", bound=type[View])


def session_with(like: type[object], **attributes: object) -> type[ImapSession]:
    """Return a session type with the name and the words of `like`, and these attributes of its own."""
    return type(like.__name__, (ImapSession,), {"__doc__": like.__doc__, **attributes})


def command(name: bytes, *breaks: str) -> Callable[[C], C]:
    """Register a mutant in which the decorated type serves a command.

    Args:
        name: the command, in upper case.
        breaks: ids of the requirements that it violates.
    """

    def decorate(kind: C) -> C:
        mutants.imap(*breaks)(session_with(kind, commands={**ImapSession.commands, name: kind}))
        return kind

    return decorate


def view(*breaks: str) -> Callable[[V], V]:
    """Register a mutant in which the decorated type keeps the selected mailbox."""

    def decorate(kind: V) -> V:
        mutants.imap(*breaks)(session_with(kind, view_type=kind))
        return kind

    return decorate
