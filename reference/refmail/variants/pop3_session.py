"""Other choices that RFC 1939 and RFC 2449 leave to a POP3 server: sessions, replies, capabilities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail import variants
from refmail.machine import Steps
from refmail.message.envelope import Address
from refmail.pop3.replies import LINE_LIMIT, Refusal, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


@variants.pop3
class Pop3Terse(Pop3Session):
    """Replies have no text but codes and what STAT, LIST, UIDL and LANG need (RFC 1939 section 9)."""

    def greeting(self) -> bytes:
        return ok()

    def answer(self, line: bytes) -> Steps[bytes]:
        needs_text = self.split(line)[0] in {b"STAT", b"LIST", b"UIDL", b"LANG"}
        reply = yield from super().answer(line)
        first, end, rest = reply.partition(b"\r\n")
        # A response code is no text for people.
        bare = re.sub(rb"^(\S+(?: \[[^]]*\])?).*", rb"\1", first)
        return reply if needs_text else bare + end + rest


@variants.pop3
class Pop3Talkative(Pop3Session):
    """The greeting has 512 octets, and every other reply text that may be longer is (RFC 1939 sections 3 and 5)."""

    def greeting(self) -> bytes:
        return super().greeting().removesuffix(b"\r\n").ljust(LINE_LIMIT - 2, b".") + b"\r\n"

    def answer(self, line: bytes) -> Steps[bytes]:
        is_listing = self.split(line)[0] in {b"STAT", b"LIST", b"UIDL"}
        reply = yield from super().answer(line)
        first, end, rest = reply.partition(b"\r\n")
        return reply if is_listing or not end else first + b" (and a good day to you)" + end + rest


@variants.pop3
class Pop3Minimal(Pop3Session):
    """There are the commands of RFC 1939 section 9 and no optional ones."""

    commands: ClassVar[Mapping[bytes, str]] = {
        keyword: name
        for keyword, name in Pop3Session.commands.items()
        if keyword not in {b"CAPA", b"AUTH", b"STLS", b"TOP", b"UIDL"}
    }

    def answer(self, line: bytes) -> Steps[bytes]:
        # Response codes are for those who have CAPA (RFC 3206 section 5).
        return (yield from super().answer(line)).replace(b"-ERR [AUTH] ", b"-ERR ")


@variants.pop3
class Pop3WithoutOptions(Pop3Session):
    """CAPA lists neither TOP, UIDL, STLS nor PIPELINING, in lower case and with a private tag (RFC 2449 section 5)."""

    def capabilities(self) -> list[str]:
        withheld = {"TOP", "UIDL", "STLS", "PIPELINING"}
        return ["X-nothing", *(line.lower() for line in super().capabilities() if line not in withheld)]


@variants.pop3
class Pop3LoginFirst(Pop3Session):
    """TOP and UIDL are listed after login only (RFC 2449 section 5)."""

    def capabilities(self) -> list[str]:
        lines = super().capabilities()
        return lines if self.state is State.TRANSACTION else [line for line in lines if line not in {"TOP", "UIDL"}]


@variants.pop3
class Pop3UnknownUserRefused(Pop3Session):
    """USER of an unknown name is refused at once (RFC 1939 section 7)."""

    def do_user(self, argument: bytes | None) -> bytes:
        reply = super().do_user(argument)
        if self.services.directory.find(Address(self.name, b"")).kind != "local":
            self.state = State.AUTHORIZATION
            text = "never heard of that name"
            raise Refusal(text)
        return reply


@variants.pop3
class Pop3FailedLoginEnds(Pop3Session):
    """After a login that failed the connection is closed (RFC 1939 section 4)."""

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        try:
            return (yield from super().do_pass(argument))
        except Refusal:
            self.closing = True
            raise


@variants.pop3
class Pop3PassWithoutSpaces(Pop3Session):
    """Spaces in the argument of PASS are taken for a second argument (RFC 1939 section 7)."""

    def password(self, argument: bytes | None) -> bytes:
        secret = super().password(argument)
        if b" " in secret:
            text = "one argument, please"
            raise Refusal(text)
        return secret
