"""Wrong POP3 servers: UTF8 and LANG (RFC 6856)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail import mutants
from refmail.machine import Steps
from refmail.pop3.maildrop import Item
from refmail.pop3.replies import Refusal, multi_line, ok
from refmail.pop3.session import Pop3Session
from refmail.pop3.states import LEGAL, State

Table = Mapping[State, frozenset[bytes]]


@mutants.pop3("6856/2/only-authorization")
class Pop3Utf8AfterLogin(Pop3Session):
    """UTF8 is taken in TRANSACTION, too."""

    legal: ClassVar[Table] = {**LEGAL, State.TRANSACTION: LEGAL[State.TRANSACTION] | {b"UTF8"}}


@mutants.pop3("6856/2/utf8")
class Pop3Utf8HangsUp(Pop3Session):
    """UTF8 ends the session."""

    def do_utf8(self, argument: bytes | None) -> bytes:
        self.closing = True
        return super().do_utf8(argument)


@mutants.pop3("6856/2.1/no-utf8-before")
class Pop3Utf8Always(Pop3Session):
    """UTF-8 in a header is sent whether or not UTF8 was said."""

    def read(self, item: Item) -> Steps[bytes]:
        return (yield from self.call(self.maildrop.mailbox.read, item.meta.uid))


@mutants.pop3("6856/2.1/as-is", "6856/2.1/list-size")
class Pop3Utf8SpoiltInHeader(Pop3Session):
    """In UTF-8 mode octets beyond ASCII in a header become question marks, one for each two."""

    def read(self, item: Item) -> Steps[bytes]:
        header, separator, body = (yield from super().read(item)).partition(b"\r\n\r\n")
        return re.sub(rb"[\x80-\xff]{2}", b"?", header) + separator + body


@mutants.pop3("6856/2.1/ascii-untouched")
class Pop3Utf8MarksMessages(Pop3Session):
    """In UTF-8 mode each message has a field more."""

    def message(self, octets: bytes) -> bytes:
        return super().message(b"X-Mode: UTF-8\r\n" + octets if self.utf8 and octets.isascii() else octets)


@mutants.pop3("6856/2.1/surrogate-or-refusal")
class Pop3InternationalCut(Pop3Session):
    """Without UTF-8 mode a message with UTF-8 in its header is sent as far as that field, and without a body."""

    def read(self, item: Item) -> Steps[bytes]:
        octets = yield from self.call(self.maildrop.mailbox.read, item.meta.uid)
        header = octets.partition(b"\r\n\r\n")[0]
        if self.utf8 or header.isascii():
            return octets
        return header[: header.index(next(bytes([octet]) for octet in header if octet > 0x7F))] + b"\r\n"


@mutants.pop3("6856/5/utf8-code")
class Pop3InternationalWithoutCode(Pop3Session):
    """A message that needs UTF-8 mode is refused with another code."""

    def answer(self, line: bytes) -> Steps[bytes]:
        return (yield from super().answer(line)).replace(b"-ERR [UTF8]", b"-ERR [SYS/PERM]")


@mutants.pop3("6856/2.2/saslprep")
class Pop3NamesUnprepared(Pop3Session):
    """A name with a soft hyphen in it is another name."""

    def do_user(self, argument: bytes | None) -> bytes:
        if argument is not None and b"\xc2\xad" in argument:
            text = "nobody of that name"
            raise Refusal(text)
        return super().do_user(argument)


@mutants.pop3("6856/2.2/prohibited-refused")
class Pop3ProhibitedPassedOver(Pop3Session):
    """Characters for private use in a name are passed over."""

    def do_user(self, argument: bytes | None) -> bytes:
        return super().do_user(None if argument is None else argument.replace("\ue000".encode(), b""))


@mutants.pop3("6856/2.2/bad-utf8-refused")
class Pop3BadUtf8PassedOver(Pop3Session):
    """Octets in a name that UTF-8 does not have are passed over."""

    def do_user(self, argument: bytes | None) -> bytes:
        return super().do_user(None if argument is None else argument.replace(b"\xff", b""))


@mutants.pop3("6856/3.2/lang-listing", "6856/3.2/lang-chosen")
class Pop3LanguagesNumbered(Pop3Session):
    """LANG alone gives numbered lines."""

    def do_lang(self, argument: bytes | None) -> bytes:
        if argument is None:
            return multi_line("languages follow", [f"{n}. {tag}" for n, tag in enumerate(self.languages, 1)])
        return super().do_lang(argument)


@mutants.pop3("6856/3.2/lang-chosen")
class Pop3LanguageWithoutTag(Pop3Session):
    """LANG with a language gets +OK without a tag."""

    def do_lang(self, argument: bytes | None) -> bytes:
        reply = super().do_lang(argument)
        return reply if argument is None else ok("language/changed")


@mutants.pop3("6856/3.2/lang-unknown")
class Pop3AnyLanguage(Pop3Session):
    """LANG with any language gets +OK."""

    def language(self, wanted: str) -> str | None:
        return super().language(wanted) or "en"


@mutants.pop3("6856/3.2/lang-star", "6856/3.2/lang-both-states")
class Pop3NoPreferredLanguage(Pop3Session):
    """LANG with an asterisk gets -ERR."""

    def language(self, wanted: str) -> str | None:
        return None if wanted == "*" else super().language(wanted)


@mutants.pop3("6856/3.2/lang-both-states")
class Pop3LangBeforeLoginOnly(Pop3Session):
    """LANG is refused after login."""

    legal: ClassVar[Table] = {**LEGAL, State.TRANSACTION: LEGAL[State.TRANSACTION] - {b"LANG"}}
