"""The SMTP session: all commands put together.

Each command is a mixin in its own file and each decision a method of it, so that a
mutant or a variant overrides one method or one entry of a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail.smtp.auth import AuthCommand
from refmail.smtp.bdat import BdatCommand
from refmail.smtp.ehlo import EhloCommand
from refmail.smtp.help import HelpCommand
from refmail.smtp.mail import MailCommand
from refmail.smtp.nomail import NoMailHost
from refmail.smtp.nullmx import NullMxCheck
from refmail.smtp.rcpt import RcptCommand
from refmail.smtp.simple import SimpleCommands
from refmail.smtp.starttls import StartTlsCommand
from refmail.smtp.submission import SubmissionRules
from refmail.smtp.verify import VerifyCommands

__all__ = ["SmtpSession"]


class SmtpSession(
    NoMailHost,
    NullMxCheck,
    SubmissionRules,
    EhloCommand,
    MailCommand,
    RcptCommand,
    BdatCommand,
    SimpleCommands,
    VerifyCommands,
    HelpCommand,
    StartTlsCommand,
    AuthCommand,
):
    """A server's side of one SMTP or submission connection."""

    verbs: ClassVar[Mapping[bytes, str]] = {
        b"EHLO": "do_ehlo",
        b"HELO": "do_helo",
        b"MAIL": "do_mail",
        b"RCPT": "do_rcpt",
        b"DATA": "do_data",
        b"BDAT": "do_bdat",
        b"RSET": "do_rset",
        b"NOOP": "do_noop",
        b"QUIT": "do_quit",
        b"VRFY": "do_vrfy",
        b"EXPN": "do_expn",
        b"HELP": "do_help",
        b"STARTTLS": "do_starttls",
        b"AUTH": "do_auth",
    }
