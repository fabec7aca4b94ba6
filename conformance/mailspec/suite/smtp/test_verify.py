"""VRFY, EXPN and HELP: RFC 5321 sections 3.5, 4.1.1.6 to 4.1.1.8, 4.2.4 and 7.3."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.steps import Envelope, require_refusals
from mailspec.verdict import NotOffered, Violation
from mailspec.wire.smtp import SmtpClient, SmtpReply

# A reply of success: [ name ] "<" mailbox ">", or a bare mailbox; an enhanced status code may come first.
ENHANCED = re.compile(rb"\A[245]\.\d{1,3}\.\d{1,3} ")
MAILBOX = rb'(?:[A-Za-z0-9!#$%&\'*+/=?^_`{|}~.-]+|"(?:[^"\\]|\\.)*")@(?:[A-Za-z0-9.-]+|\[[^]]+\])'
FORM = re.compile(rb"(?:[^<>]*<%s>|%s)\s*" % (MAILBOX, MAILBOX))


def answer(smtp: SmtpClient, line: bytes) -> SmtpReply:
    """Return the reply to VRFY or EXPN if it names mailboxes; the check is not run otherwise."""
    reply = smtp.command(line)
    if reply.code not in {250, 251, 551}:
        msg = f"{line[:4].decode()} names no mailbox here: {reply.code}"
        raise NotOffered(msg)
    return reply


def texts(reply: SmtpReply) -> list[bytes]:
    """Return the lines without enhanced status codes."""
    return [ENHANCED.sub(b"", line) for line in reply.lines]


def addresses(reply: SmtpReply) -> list[bytes]:
    """Return what stands in angle brackets, or the mailboxes without them."""
    text = b"\n".join(texts(reply))
    return re.findall(rb"<([^>]*)>", text) or re.findall(MAILBOX, text)


@requirement("5321/3.5.1/vrfy-form")
def test_vrfy_gives_one_of_two_forms(smtp: SmtpClient, envelope: Envelope) -> None:
    """A VRFY reply of 250 is a name with a mailbox in angle brackets, or a mailbox."""
    reply = answer(smtp, b"VRFY " + envelope.recipient)
    if reply.code == 250 and (odd := [line for line in texts(reply)[:1] if not FORM.fullmatch(line)]):
        raise Violation(["name <mailbox>, or mailbox"], repr(odd))
    require_refusals(smtp)


@requirement("5321/3.5.2/vrfy-brackets")
@pytest.mark.parametrize("command", [b"VRFY", b"EXPN"], ids=bytes.decode)
def test_addresses_in_brackets(command: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """The address in a positive reply stands in angle brackets."""
    reply = answer(smtp, command + b" " + envelope.recipient)
    if b"<" not in reply.text or b">" not in reply.text:
        raise Violation(["an address in angle brackets"], repr(reply.lines))
    require_refusals(smtp)


@requirement("5321/3.5.2/vrfy-usable")
def test_verified_address_can_be_written_to(smtp: SmtpClient, envelope: Envelope) -> None:
    """The address that VRFY gives for a mailbox is accepted by RCPT."""
    found = addresses(answer(smtp, b"VRFY " + envelope.recipient))
    if not found:
        msg = "VRFY names no address"
        raise NotOffered(msg)
    smtp.mail(envelope.sender).require(250)
    smtp.rcpt(envelope.recipient).require(250, 251)
    smtp.rcpt(found[0]).expect(250, 251)
    require_refusals(smtp)


@requirement("5321/3.5.2/vrfy-no-route")
@pytest.mark.parametrize("command", [b"VRFY", b"EXPN"], ids=bytes.decode)
def test_no_source_route(command: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """A positive reply gives no source route."""
    reply = answer(smtp, command + b" " + envelope.recipient)
    if any(address.startswith(b"@") for address in addresses(reply)):
        raise Violation(["mailboxes"], repr(reply.lines))
    require_refusals(smtp)


def expect_known(smtp: SmtpClient, name: bytes) -> None:
    """Judge that VRFY of a mailbox that is here does not say that there is none."""
    reply = smtp.command(b"VRFY " + name)
    if reply.code in {500, 502}:
        msg = "VRFY is not implemented"
        raise NotOffered(msg)
    reply.expect_not(550, 553, 501, 504)
    require_refusals(smtp)


@requirement("5321/3.5.1/local-names")
def test_local_names(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY of a local part that is a mailbox here does not say that there is none."""
    expect_known(smtp, envelope.recipient.partition(b"@")[0])


@requirement("5321/3.5.1/vrfy-whole-address")
def test_whole_address(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY of a mailbox with its domain does not say that there is none."""
    expect_known(smtp, envelope.recipient)


@requirement("5321/3.5.3/vrfy-syntax-only")
def test_vrfy_looks_at_more_than_syntax(smtp: SmtpClient, envelope: Envelope) -> None:
    """VRFY of a well-formed address that is no mailbox is not confirmed, as 250 and 251 would."""
    smtp.command(b"VRFY " + envelope.unknown).expect_not(250, 251)
    smtp.command(b"VRFY x" + envelope.unknown).expect_not(250, 251)


@requirement("5321/3.5.1/expn-supported")
def test_expn_is_supported(smtp: SmtpClient, envelope: Envelope) -> None:
    """EXPN is neither unknown nor unimplemented."""
    smtp.command(b"EXPN " + envelope.recipient).expect_not(500, 502)
    require_refusals(smtp)


@requirement("5321/3.5.2/expn-listed")
def test_expn_is_listed(smtp: SmtpClient, envelope: Envelope) -> None:
    """A server that answers EXPN lists it."""
    reply = smtp.command(b"EXPN " + envelope.recipient)
    # 252 is what section 7.3 has for an EXPN that is switched off.
    if reply.code == 250 and b"EXPN" not in smtp.capabilities:
        raise Violation(["EXPN in the EHLO reply"], f"EXPN gets {reply.code} and is not listed")
    require_refusals(smtp)


@requirement("5321/4.1.1.8/help-supported")
@pytest.mark.parametrize("state", ["before-ehlo", "in-transaction"])
def test_help_anywhere(state: str, smtp_greeted: SmtpClient, envelope: Envelope) -> None:
    """HELP gets 211 or 214 wherever it is sent."""
    if state == "in-transaction":
        smtp_greeted.ehlo().require(250)
        smtp_greeted.mail(envelope.sender).require(250)
    smtp_greeted.command(b"HELP").expect(211, 214)
    require_refusals(smtp_greeted)


#: The command of a keyword that is one, with an argument where it needs one.
COMMANDS = {
    b"EXPN": b"EXPN nobody",
    b"HELP": b"HELP",
    b"VRFY": b"VRFY nobody",
    b"ETRN": b"ETRN client.test",
    b"STARTTLS": b"STARTTLS now",
    b"AUTH": b"AUTH X-NO-SUCH-MECHANISM",
    b"CHUNKING": b"BDAT 0 LAST",
}


@pytest.mark.parametrize(
    "keyword",
    [
        case("5321/4.2.4/listed-is-implemented", each, name=each.decode(), needs=(f"smtp {each.decode()}",))
        for each in COMMANDS
    ],
)
def test_listed_command_is_implemented(keyword: bytes, smtp: SmtpClient) -> None:
    """A command that EHLO lists is neither unknown nor unimplemented."""
    if keyword not in smtp.capabilities:
        msg = f"{keyword.decode()} is not listed at this point"
        raise NotOffered(msg)
    smtp.command(COMMANDS[keyword]).expect_not(500, 502)
    require_refusals(smtp)


@requirement("5321/4.1.1.1/ehlo-lists-commands")
@pytest.mark.parametrize("keyword", [each for each in COMMANDS if each != b"VRFY"], ids=bytes.decode)
def test_implemented_command_is_listed(keyword: bytes, smtp: SmtpClient) -> None:
    """A command that is not required of every server, and is not listed by EHLO, is not carried out."""
    if keyword in smtp.capabilities:
        require_refusals(smtp)
        return
    reply = smtp.command(COMMANDS[keyword])
    # 252 is what section 7.3 has for an EXPN that is switched off.
    if reply.code // 100 in {2, 3} and reply.code != 252:
        raise Violation([f"{keyword.decode()} in the EHLO reply"], f"it is carried out without: {reply.code}")
    require_refusals(smtp)
