"""UTF8 and LANG: RFC 6856."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, ERR, OK, Pop3Client
from mailspec.wire.smtp import SmtpClient

UTF8 = ("pop3 UTF8",)
UTF8_USER = ("pop3 UTF8 USER",)
LANG = ("pop3 LANG",)

#: A field that needs UTF-8 mode (RFC 6532).
FIELD = "X-Greeting: Grüße, 日本語\r\n".encode()

# language-listing = language-tag [SP description] (RFC 6856 section 3.2)
LISTING = re.compile(rb"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*( .*)?")
CHOSEN = re.compile(rb"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})* .*")


@pytest.fixture
def international(smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox) -> bytes:
    """A message in the maildrop that has UTF-8 in its header."""
    if b"SMTPUTF8" not in smtp.capabilities:
        msg = "smtp does not advertise SMTPUTF8, without which this message cannot be sent"
        raise NotOffered(msg)
    message = make_message(extra=FIELD)
    smtp.mail(envelope.sender, b"BODY=8BITMIME", b"SMTPUTF8").require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.data(message).require(250)
    inbox.wait(message)
    return message


@pytest.fixture
def in_utf8(pop3_connect: Callable[[], Pop3Client], account: Login) -> Callable[[], Pop3Client]:
    """Open a session in TRANSACTION that is in UTF-8 mode."""

    def opened() -> Pop3Client:
        session = pop3_connect()
        session.command(b"UTF8").require(OK)
        session.login(account)
        return session

    return opened


@requirement("6856/2/utf8", needs=UTF8)
def test_utf8_before_login(pop3: Pop3Client, account: Login) -> None:
    """UTF8 gets an answer, and a login follows it."""
    pop3.command(b"UTF8").expect(OK, ERR)
    pop3.command(b"STAT").expect(ERR)
    pop3.command(b"USER " + account.login).expect(OK)


@requirement("6856/2/only-authorization", needs=UTF8)
def test_utf8_after_login(maildrop: Pop3Client) -> None:
    """UTF8 gets -ERR after login."""
    maildrop.command(b"UTF8").expect(ERR)


@requirement("6856/2.1/utf8-may-fail", needs=UTF8)
def test_answer_to_utf8(pop3: Pop3Client, census: Census) -> None:
    """What UTF8 gets."""
    require_refusals(pop3)
    census("UTF8", pop3.command(b"UTF8").require(OK, ERR).status.value)


@requirement("6856/2.1/stls-refused", needs=(*UTF8, "pop3 STLS"))
def test_stls_after_utf8(pop3_clear: Pop3Client, census: Census) -> None:
    """What STLS gets after UTF8."""
    require_refusals(pop3_clear)
    pop3_clear.command(b"UTF8").require(OK)
    census("STLS after UTF8", pop3_clear.command(b"STLS").require(OK, ERR).status.value)
    pop3_clear.close()


@requirement("6856/2.1/as-is", needs=UTF8)
def test_international_message(international: bytes, in_utf8: Callable[[], Pop3Client]) -> None:
    """In UTF-8 mode RETR gives the field as it was sent."""
    assert international
    body = in_utf8().retr(1).expect(OK).body
    if FIELD not in body:
        raise Violation([repr(FIELD)], repr(body.partition(b"\r\n\r\n")[0]))


@requirement("6856/2.1/list-size", needs=UTF8)
def test_size_of_international_message(international: bytes, in_utf8: Callable[[], Pop3Client]) -> None:
    """In UTF-8 mode LIST gives the octets that RETR sends."""
    assert international
    session = in_utf8()
    words = session.command(b"LIST 1").require(OK).text.split()
    octets = len(session.retr(1).require(OK).body)
    if words[1:2] != [b"%d" % octets]:
        raise Violation([f"{octets} octets"], repr(words))


@requirement("6856/2.1/ascii-untouched", needs=UTF8)
def test_message_in_ascii(stocked: Pop3Client, in_utf8: Callable[[], Pop3Client]) -> None:
    """In UTF-8 mode RETR gives the same octets as without it."""
    before = stocked.retr(1).require(OK).body
    stocked.quit().require(OK)
    after = in_utf8().retr(1).expect(OK).body
    if after != before:
        raise Violation([repr(before[-60:])], repr(after[-60:]))


@requirement("6856/2.1/no-utf8-before", needs=UTF8)
def test_header_without_utf8_mode(international: bytes, open_maildrop: Callable[[], Pop3Client]) -> None:
    """Without UTF-8 mode neither RETR nor TOP gives UTF-8 in a header."""
    assert international
    session = open_maildrop()
    require_refusals(session)
    for command in (b"RETR 1", b"TOP 1 0"):
        reply = session.multi(command).require(OK, ERR)
        header = reply.body.partition(b"\r\n\r\n")[0] if reply.ok else b""
        if not header.isascii():
            raise Violation(["-ERR, or a header in ASCII"], repr(header))


@requirement("6856/2.1/surrogate-or-refusal", needs=UTF8)
def test_retr_without_utf8_mode(international: bytes, open_maildrop: Callable[[], Pop3Client]) -> None:
    """Without UTF-8 mode RETR gets -ERR, or a message with a header and a body."""
    assert international
    session = open_maildrop()
    require_refusals(session)
    reply = session.multi(b"RETR 1").expect(OK, ERR)
    if reply.ok and b"\r\n\r\n" not in reply.body:
        raise Violation(["-ERR, or a whole message"], repr(reply.octets[:80]))


@requirement("6856/5/utf8-code", needs=(*UTF8, "pop3 RESP-CODES"))
def test_refusal_has_its_code(international: bytes, open_maildrop: Callable[[], Pop3Client]) -> None:
    """Where RETR is refused for want of UTF-8 mode, the code is UTF8."""
    assert international
    session = open_maildrop()
    require_refusals(session)
    reply = session.multi(b"RETR 1").require(OK, ERR)
    if not reply.ok and reply.code != b"UTF8":
        raise Violation(["-ERR [UTF8]"], repr(reply.octets))


def login_as(session: Pop3Client, name: bytes, secret: bytes) -> bool:
    """Say whether a name and the right password log in."""
    session.recorder.transcript.secrets.add(secret)
    if not session.command(b"USER " + name).require(OK, ERR).ok:
        return False
    reply = session.command(b"PASS " + secret).require(OK, ERR, CLOSED)
    return reply.failure is None and reply.ok


@requirement("6856/2.2/saslprep", needs=UTF8_USER, tier="destructive")
def test_soft_hyphen_in_a_name(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A name with a soft hyphen inside is the name without it, for SASLprep maps it to nothing."""
    assert wrong_password
    name = account.login[:1] + "\u00ad".encode() + account.login[1:]
    if not login_as(pop3, name, account.secret):
        raise Violation(["+OK"], "a refused login")
    require_refusals(pop3)


@requirement("6856/2.2/prohibited-refused", needs=UTF8_USER, tier="destructive")
def test_prohibited_character_in_a_name(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A name with a character for private use behind it does not log in."""
    assert wrong_password
    if login_as(pop3, account.login + "\ue000".encode(), account.secret):
        raise Violation(["-ERR"], "a login")


@requirement("6856/2.2/bad-utf8-refused", needs=UTF8_USER, tier="destructive")
def test_name_that_is_no_utf8(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A name with an octet behind it that UTF-8 does not have does not log in."""
    assert wrong_password
    if login_as(pop3, account.login + b"\xff", account.secret):
        raise Violation(["-ERR"], "a login")


@requirement("6856/3.2/lang-listing", needs=LANG)
def test_languages_are_listed(pop3: Pop3Client) -> None:
    """LANG alone gets -ERR, or lines that each begin with a language tag."""
    require_refusals(pop3)
    reply = pop3.multi(b"LANG").expect(OK, ERR)
    if reply.ok and (wrong := [line for line in reply.lines if not LISTING.fullmatch(line)]):
        raise Violation(["language tag, and perhaps a description"], repr(wrong))


@requirement("6856/3.2/lang-chosen", needs=LANG)
def test_language_is_chosen(pop3: Pop3Client) -> None:
    """LANG with a language that is listed gets +OK, its tag and a space."""
    listed = pop3.multi(b"LANG").require(OK, ERR)
    if not listed.ok or not listed.lines:
        msg = "no language is listed"
        raise Blocked(msg)
    tag = listed.lines[0].split(b" ")[0]
    reply = pop3.command(b"LANG " + tag).expect(OK)
    if not CHOSEN.fullmatch(reply.text):
        raise Violation(["+OK, language tag, space"], repr(reply.octets))


@requirement("6856/3.2/lang-star", needs=LANG)
def test_preferred_language(pop3: Pop3Client) -> None:
    """LANG with an asterisk gets +OK."""
    pop3.command(b"LANG *").expect(OK)
    require_refusals(pop3)


@requirement("6856/3.2/lang-unknown", needs=LANG)
def test_unknown_language(pop3: Pop3Client) -> None:
    """LANG with a language that nobody speaks gets -ERR."""
    pop3.command(b"LANG qaa-nobodys").expect(ERR)


@requirement("6856/3.2/lang-both-states", needs=LANG)
def test_lang_after_login(maildrop: Pop3Client) -> None:
    """LANG with an asterisk gets +OK after login as well."""
    maildrop.command(b"LANG *").expect(OK)
    require_refusals(maildrop)
