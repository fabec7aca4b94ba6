"""Wrong POP3 servers: logins by USER, PASS and APOP (RFC 1939 sections 4 and 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.replies import Refusal, err, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import State


@mutants.pop3(
    "1939/4/one-authentication", "1939/7/user-pass", "2449/6.2/user-there", "6856/2/utf8", "6856/2.2/saslprep"
)
class Pop3NobodyMayEnter(Pop3Session):
    """There is no USER, no AUTH, no APOP and no STLS, though CAPA lists USER."""

    def greeting(self) -> bytes:
        return ok("no entrance")

    def capabilities(self) -> list[str]:
        return [line for line in super().capabilities() if not line.startswith(("SASL", "STLS"))]

    def do_user(self, argument: bytes | None) -> bytes:
        del argument
        text = "not today"
        raise Refusal(text)


@mutants.pop3("1939/4/retry-after-refusal")
class Pop3OneTryOnly(Pop3Session):
    """After a refused PASS every other one is refused, too."""

    was_refused = False

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        if self.was_refused:
            text = "you had your try"
            raise Refusal(text)
        try:
            return (yield from super().do_pass(argument))
        except Refusal:
            self.was_refused = True
            raise


@mutants.pop3("1939/7/pass-uses-both")
class Pop3AnybodysPassword(Pop3Session):
    """The password of any mailbox opens each."""

    secrets: ClassVar[dict[bytes, bytes]] = {}

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        users = self.services.users
        name = self.name
        numbered = re.fullmatch(rb"(\D*)(\d+)", name)
        for number in range(4) if numbered else ():
            other = b"%b%02d" % (numbered[1], number) if numbered else b""
            if (yield from self.call(users.authenticate, other, argument or b"")) is not None:
                self.state = State.AUTHORIZATION
                return (yield from self.log_in(name.decode("ascii")))
        return (yield from super().do_pass(argument))


@mutants.pop3("1939/7/pass-with-spaces")
class Pop3PassCutAtSpace(Pop3Session):
    """What follows a space in the argument of PASS is passed over."""

    def password(self, argument: bytes | None) -> bytes:
        return super().password(argument).partition(b" ")[0]


@mutants.pop3("1939/7/apop")
class Pop3ApopRefused(Pop3Session):
    """The greeting has a timestamp, and no digest over it is right."""

    def fits(self, name: bytes, digest: bytes) -> str | None:
        del name, digest
        return None


@mutants.pop3("1939/7/apop-wrong-digest")
class Pop3ApopAnyDigest(Pop3Session):
    """Every digest is right."""

    def fits(self, name: bytes, digest: bytes) -> str | None:
        del digest
        return name.decode("ascii")


@mutants.pop3("1939/7/apop-timestamp")
class Pop3TimestampWithSpace(Pop3Session):
    """The timestamp has a space in it."""

    def new_timestamp(self) -> bytes:
        return super().new_timestamp().replace(b".", b" ", 1)


@mutants.pop3("1939/7/apop-timestamp-differs")
class Pop3TimestampOfTheServer(Pop3Session):
    """All greetings have the same timestamp."""

    def new_timestamp(self) -> bytes:
        return b"<1896.697170952@mail.target.test>"


@mutants.pop3("1939/3/unknown-command")
class Pop3ApopWithoutDigestOk(Pop3Session):
    """APOP without a digest gets +OK."""

    def answer(self, line: bytes) -> Steps[bytes]:
        if re.fullmatch(rb"APOP \S+", line):
            return ok("and the digest?")
        return (yield from super().answer(line))


@mutants.pop3(
    "2449/6.2/user-there", "1939/7/user-pass", "2595/4/remains-authorization", "6856/2/utf8", "6856/2.2/saslprep"
)
class Pop3UserRefusesRightName(Pop3Session):
    """USER gets -ERR, and PASS works all the same."""

    def do_user(self, argument: bytes | None) -> bytes:
        super().do_user(argument)
        return err("who is that?")


@mutants.pop3("3206/6/on-wrong-password")
class Pop3RefusalWithoutAuthCode(Pop3Session):
    """A wrong password gets no code, though CAPA lists AUTH-RESP-CODE."""

    def answer(self, line: bytes) -> Steps[bytes]:
        return (yield from super().answer(line)).replace(b"[AUTH] ", b"")


@mutants.pop3("3206/5/announced")
class Pop3AuthCodeUnannounced(Pop3Session):
    """A wrong password gets the code AUTH, and CAPA does not list AUTH-RESP-CODE."""

    def capabilities(self) -> list[str]:
        return [line for line in super().capabilities() if line != "AUTH-RESP-CODE"]


@mutants.pop3("3206/5/not-for-user")
class Pop3UserGetsAuthCode(Pop3Session):
    """USER with a name that no mailbox has gets the code AUTH."""

    def do_user(self, argument: bytes | None) -> bytes:
        if argument == b"no-such-mailbox":
            text = "nobody of that name"
            raise Refusal(text, "AUTH")
        return super().do_user(argument)


@mutants.pop3("3206/5/refusals-only")
class Pop3AuthCodeEverywhere(Pop3Session):
    """The number of no message gets the code AUTH."""

    def answer(self, line: bytes) -> Steps[bytes]:
        return (yield from super().answer(line)).replace(b"-ERR no such", b"-ERR [AUTH] no such")


@mutants.pop3("2449/8.1.2/in-use-for-login")
class Pop3LockedLooksLikeDelay(Pop3Session):
    """A login to a locked maildrop gets the code LOGIN-DELAY."""

    def answer(self, line: bytes) -> Steps[bytes]:
        return (yield from super().answer(line)).replace(b"[IN-USE]", b"[LOGIN-DELAY]")


@mutants.pop3("2449/8.1.2/in-use-when-right")
class Pop3LockedBeforePassword(Pop3Session):
    """Whether the maildrop is locked is found out before the password is."""

    open_now: ClassVar[dict[str, int]] = {}

    def do_pass(self, argument: bytes | None) -> Steps[bytes]:
        if self.open_now.get(self.name.decode("latin-1")):
            self.state = State.AUTHORIZATION
            text = "another session has the maildrop open"
            raise Refusal(text, "IN-USE")
        return (yield from super().do_pass(argument))

    def log_in(self, user: str | None) -> Steps[bytes]:
        reply = yield from super().log_in(user)
        self.open_now[user or ""] = 1
        return reply

    def on_disconnect(self) -> None:
        self.open_now.pop(self.user or "", None)
        super().on_disconnect()


@mutants.pop3("1939/5/commands-repeatable")
class Pop3OnceEach(Pop3Session):
    """The third RSET is refused."""

    resets = 0

    def do_rset(self, argument: bytes | None) -> bytes:
        self.resets += 1
        if self.resets > 2:
            text = "make up your mind"
            raise Refusal(text)
        return super().do_rset(argument)


@mutants.pop3("1939/5/one-response", "1939/5/dele-waits-for-update", "1939/7/uidl")
class Pop3RsetAnsweredTwice(Pop3Session):
    """RSET gets two replies."""

    def answer(self, line: bytes) -> Steps[bytes]:
        reply = yield from super().answer(line)
        return reply + ok() if line == b"RSET" and self.state is State.TRANSACTION else reply


@mutants.pop3("1939/5/dele-waits-for-update", "1939/7/uidl")
class Pop3RsetForgetsTheSecond(Pop3Session):
    """RSET takes back all marks but the one of message 2."""

    commands: ClassVar[Mapping[bytes, str]] = Pop3Session.commands

    def do_rset(self, argument: bytes | None) -> bytes:
        marked = {item.number for item in self.maildrop.all_items} - {item.number for item in self.maildrop.items}
        reply = super().do_rset(argument)
        if 2 in marked:
            self.maildrop.mark(self.maildrop.all_items[1])
        return reply
