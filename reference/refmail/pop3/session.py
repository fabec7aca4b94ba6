"""The POP3 session: all commands put together.

Each command is a mixin in its own file and each decision a method of it, so that a
mutant or a variant overrides one method or one entry of a table (`legal`, `commands`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail.pop3.apop import ApopCommand
from refmail.pop3.capa import CapaCommand
from refmail.pop3.dele import DeleCommand
from refmail.pop3.lang import LangCommand
from refmail.pop3.list import ListCommand
from refmail.pop3.noop import NoopCommand
from refmail.pop3.pass_ import PassCommand
from refmail.pop3.quit import QuitCommand
from refmail.pop3.rset import RsetCommand
from refmail.pop3.stat import StatCommand
from refmail.pop3.stls import StlsCommand
from refmail.pop3.top import TopCommand
from refmail.pop3.uidl import UidlCommand
from refmail.pop3.user import UserCommand
from refmail.pop3.utf8 import Utf8Command

__all__ = ["Pop3Session"]


class Pop3Session(
    UserCommand,
    PassCommand,
    ApopCommand,
    Utf8Command,
    LangCommand,
    CapaCommand,
    StlsCommand,
    StatCommand,
    ListCommand,
    TopCommand,
    UidlCommand,
    DeleCommand,
    RsetCommand,
    NoopCommand,
    QuitCommand,
):
    """A server's side of one POP3 connection."""

    commands: ClassVar[Mapping[bytes, str]] = {
        b"USER": "do_user",
        b"PASS": "do_pass",
        b"APOP": "do_apop",
        b"AUTH": "do_auth",
        b"UTF8": "do_utf8",
        b"LANG": "do_lang",
        b"CAPA": "do_capa",
        b"STLS": "do_stls",
        b"STAT": "do_stat",
        b"LIST": "do_list",
        b"RETR": "do_retr",
        b"TOP": "do_top",
        b"UIDL": "do_uidl",
        b"DELE": "do_dele",
        b"RSET": "do_rset",
        b"NOOP": "do_noop",
        b"QUIT": "do_quit",
    }
