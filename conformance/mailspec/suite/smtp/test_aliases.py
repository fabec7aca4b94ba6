"""Aliases and mailing lists: RFC 5321 sections 3.5.1 and 3.9, where the profile names some."""

from __future__ import annotations

import re
from typing import Protocol

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, body_of, fields
from mailspec.suite.smtp.test_delivery import TRACE
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.target.expansions import (
    alias_of_one,
    alias_of_several,
    list_beyond_ascii,
    list_of_accounts,
    logins_of,
)
from mailspec.target.profile import Alias, MailingList
from mailspec.target.target import Target
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.smtp import PERMANENT, SUCCESS, TRANSIENT, SmtpClient

#: What says that there is no such address, or that it gets no mail.
NOBODY = (550, 551, 553, 554)

ALIASES = {"one": alias_of_one, "several": alias_of_several}


class Distribution(Protocol):
    """Sends a message to an alias or a list, and returns the copies that come of it, one for each behind it."""

    def __call__(self, to: Alias | MailingList, message: bytes, sender: bytes, *, judged: bool = False) -> list[bytes]:
        """Send it.

        Raises:
            Violation: somebody behind it gets no copy, where that is judged.
            Inconclusive: somebody gets none, where it is not.
        """
        ...


@pytest.fixture
def distribute(smtp: SmtpClient, target: Target, envelope: Envelope, make_message: MessageMaker) -> Distribution:
    """Send to an alias or a list on one session."""

    def distributed(to: Alias | MailingList, message: bytes, sender: bytes, *, judged: bool = False) -> list[bytes]:
        smtp.deliver(sender, to.address.encode(), message)
        copies: list[bytes] = []
        for login in logins_of(target, to):
            smtp.deliver(envelope.sender, login.address, later := make_message())
            box = Inbox(target, login)
            box.wait(later)
            if judged and not box.overtaken(message):
                raise Violation([f"a copy for {login.address.decode()}"], "only a later message")
            copies.append(box.wait(message))
        return copies

    return distributed


def return_path(message: bytes) -> bytes:
    """Return what Return-Path says, without its brackets."""
    found = [value.strip() for name, value in fields(message) if name == b"return-path"]
    if not found:
        msg = "the message was delivered without Return-Path"
        raise Blocked(msg)
    return found[0].partition(b"<")[2].partition(b">")[0]


def sent_fields(message: bytes) -> list[tuple[bytes, bytes]]:
    """Return the fields that came with a message, trace fields left out."""
    return [(name, value) for name, value in fields(message) if name not in TRACE]


@requirement("5321/3.9.1/alias-expands")
@pytest.mark.parametrize("kind", list(ALIASES))
@pytest.mark.parametrize("about", ["path", "message"])
def test_alias(
    kind: str, about: str, distribute: Distribution, target: Target, envelope: Envelope, make_message: MessageMaker
) -> None:
    """All behind an alias get the message as it was, and with the reverse-path that it had."""
    message = make_message()
    for copy in distribute(ALIASES[kind](target), message, envelope.sender, judged=True):
        if about == "path" and return_path(copy) != envelope.sender:
            raise Violation([f"Return-Path: <{envelope.sender.decode()}>"], repr(return_path(copy)))
        if about == "message" and (sent_fields(copy), body_of(copy)) != (sent_fields(message), body_of(message)):
            raise Violation(["the message as it was sent"], repr(copy[-300:]))


@requirement("5321/3.9/alias-and-list")
def test_both_are_there(smtp_mail: SmtpClient, target: Target) -> None:
    """A recipient may be an alias, and it may be a mailing list."""
    smtp_mail.rcpt(alias_of_one(target).address.encode()).require(SUCCESS, *NOBODY).expect(SUCCESS)
    smtp_mail.rcpt(list_of_accounts(target).address.encode()).require(SUCCESS, *NOBODY).expect(SUCCESS)
    require_refusals(smtp_mail)


@requirement("5321/3.9/list-return-path")
def test_list_administrator(
    distribute: Distribution, target: Target, envelope: Envelope, make_message: MessageMaker
) -> None:
    """What a list sends on has its administrator as the reverse-path."""
    mailing_list = list_of_accounts(target)
    for copy in distribute(mailing_list, make_message(), envelope.sender):
        if return_path(copy).lower() != mailing_list.owner.encode().lower():
            raise Violation([f"Return-Path: <{mailing_list.owner}>"], repr(return_path(copy)))


@requirement("5321/3.9/list-header-kept")
def test_header_of_list_mail(
    distribute: Distribution, target: Target, envelope: Envelope, make_message: MessageMaker
) -> None:
    """What a list sends on has the header section that it had."""
    message = make_message(extra=b"Reply-To: <author@client.test>\r\nX-Odd:  two  spaces\r\n")
    for copy in distribute(list_of_accounts(target), message, envelope.sender):
        if sent_fields(copy) != sent_fields(message):
            raise Violation([repr(sent_fields(message))], repr(sent_fields(copy)))


@requirement("5321/3.9/list-plain")
def test_nobody_is_left_out(
    distribute: Distribution, target: Target, envelope: Envelope, make_message: MessageMaker
) -> None:
    """Who has written a message, or is named in it, gets the list's copy like everybody else."""
    mailing_list = list_of_accounts(target)
    author = b"From: <%s>\r\n" % envelope.recipient
    message = re.sub(rb"(?m)^From: .*\r\n", author, make_message(extra=b"Cc: <%s>\r\n" % mailing_list.address.encode()))
    distribute(mailing_list, message, envelope.recipient, judged=True)


@pytest.mark.parametrize(
    "verb",
    [
        case("5321/3.5.1/expn-mailboxes", b"EXPN", name="expn"),
        case("5321/3.5.1/vrfy-of-list", b"VRFY", name="vrfy"),
    ],
)
def test_question_about_a_list(
    verb: bytes,
    smtp: SmtpClient,
    distribute: Distribution,
    target: Target,
    envelope: Envelope,
    make_message: MessageMaker,
) -> None:
    """EXPN names all on a list; VRFY confirms it only where a message reaches all of them."""
    mailing_list = list_of_accounts(target)
    reply = smtp.command(verb + b" " + mailing_list.address.encode()).require(SUCCESS, PERMANENT, TRANSIENT)
    require_refusals(smtp)
    if reply.code not in {250, 251}:
        if verb == b"VRFY" and reply.code not in {500, 502}:
            return
        msg = f"{verb.decode()} tells nothing: {reply.code}"
        raise NotOffered(msg)
    if verb == b"VRFY":
        distribute(mailing_list, make_message(), envelope.sender, judged=True)
        return
    missing = [member for member in mailing_list.members if member.lower().encode() not in reply.text.lower()]
    if missing:
        raise Violation(list(mailing_list.members), repr(reply.lines))


@requirement("6531/3.7.4.2/vrfy-252-or-550", needs=("smtp SMTPUTF8",))
def test_list_that_needs_utf8(smtp: SmtpClient, target: Target) -> None:
    """EXPN without SMTPUTF8 of a list with a name beyond ASCII gets 252 or 550."""
    line = b"EXPN " + list_beyond_ascii(target).address.encode()
    if (code := smtp.command(line + b" SMTPUTF8").code) != 250:
        msg = f"EXPN names no mailboxes, with SMTPUTF8 either: {code}"
        raise NotOffered(msg)
    smtp.command(line).expect(252, 550)
