"""HELP (RFC 5321 section 4.1.1.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Reply

__all__ = ["HelpCommand"]


class HelpCommand(SessionBase):
    """Says how each command is written."""

    usage: ClassVar[Mapping[bytes, str]] = {
        b"EHLO": "EHLO name",
        b"HELO": "HELO name",
        b"MAIL": "MAIL FROM:<sender> [SIZE=octets] [BODY=7BIT|8BITMIME|BINARYMIME] [RET=FULL|HDRS] [ENVID=id] [SMTPUTF8]",
        b"RCPT": "RCPT TO:<recipient> [NOTIFY=conditions] [ORCPT=address]",
        b"DATA": "DATA",
        b"BDAT": "BDAT octets [LAST]",
        b"RSET": "RSET",
        b"NOOP": "NOOP",
        b"VRFY": "VRFY user [SMTPUTF8]",
        b"EXPN": "EXPN list [SMTPUTF8]",
        b"HELP": "HELP [command]",
        b"AUTH": "AUTH mechanism [initial-response]",
        b"STARTTLS": "STARTTLS",
        b"QUIT": "QUIT",
    }

    def do_help(self, argument: bytes) -> Reply:
        if not argument:
            return Reply.of(214, "2.0.0", "These commands are known:", *self.usage.values())
        usage = self.usage.get(argument.upper())
        if usage is None:
            return Reply.of(504, "5.5.4", "There is no help on that")
        return Reply.of(214, "2.0.0", usage)
