"""How addresses may be written: RFC 5321 sections 3.3, 4.1.1.2, 4.1.1.3, 4.1.2, 4.1.3, 4.5.1 and 4.5.3.1."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.steps import Envelope, MessageMaker, Sender, require_refusals
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import PERMANENT, TRANSIENT, SmtpClient

#: What a server says to an argument that breaks the syntax, or to a command that it lacks.
SYNTAX = (500, 501, 502, 503, 504, 555)


def quoted_forms(local: bytes) -> dict[str, bytes]:
    """Return ways to write a local part that mean the same (section 4.1.2)."""
    return {
        "plain-quotes": b'"%s"' % local,
        "first-escaped": b'"\\%s"' % local,
        "last-escaped": b'"%s\\%s"' % (local[:-1], local[-1:]),
        "all-escaped": b'"%s"' % b"".join(b"\\%c" % octet for octet in local),
    }


@requirement("5321/4.1.2/quoted-local-part")
@pytest.mark.parametrize("form", ["plain-quotes", "first-escaped", "last-escaped", "all-escaped"])
def test_quoted_recipient(form: str, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A recipient that is accepted bare is accepted in any quoted form."""
    local, _, domain = envelope.recipient.partition(b"@")
    smtp_mail.rcpt(envelope.recipient).require(250, 251)
    smtp_mail.rcpt(quoted_forms(local)[form] + b"@" + domain).expect(250, 251)
    require_refusals(smtp_mail)


#: Local parts that only quotes make possible.
ODD_LOCAL_PARTS = {
    "space": b'"a b"',
    "at": b'"a@b"',
    "escaped-quote": b'"a\\"b"',
    "escaped-backslash": b'"a\\\\b"',
    "dots": b'"..a.."',
    "brackets": b'"<a>"',
    "comma": b'"a,b:c;d"',
    # Without "!" and "%", in which some see routes.
    "atext": b"#$&'*+-/=?^_`{|}~",
}


@requirement("5321/4.1.2/sender-forms")
@pytest.mark.parametrize("form", list(ODD_LOCAL_PARTS))
def test_odd_sender(form: str, smtp: SmtpClient, envelope: Envelope) -> None:
    """A reverse-path with an unusual local part is no syntax error."""
    domain = envelope.sender.rpartition(b"@")[2]
    smtp.mail(ODD_LOCAL_PARTS[form] + b"@" + domain).expect_not(*SYNTAX)
    require_refusals(smtp)


@requirement("5321/4.1.2/recipient-forms")
@pytest.mark.parametrize("form", list(ODD_LOCAL_PARTS))
def test_odd_recipient(form: str, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A forward-path with an unusual local part may be unknown, but is no syntax error."""
    smtp_mail.rcpt(ODD_LOCAL_PARTS[form] + b"@" + envelope.domain).expect_not(*SYNTAX)
    require_refusals(smtp_mail)


LITERALS = {
    "ipv4": b"[192.0.2.1]",
    "ipv4-edges": b"[10.0.0.255]",
    "ipv6": b"[IPv6:2001:db8:0:0:0:0:0:1]",
    "ipv6-short": b"[IPv6:2001:db8::1]",
    "ipv6-case": b"[ipv6:2001:DB8::A]",
    "ipv6-ipv4": b"[IPv6:::ffff:192.0.2.1]",
}


@requirement("5321/4.1.3/literal-understood")
@pytest.mark.parametrize("form", list(LITERALS))
def test_literal_in_sender(form: str, smtp: SmtpClient) -> None:
    """A reverse-path with an address literal is no syntax error."""
    smtp.mail(b"someone@" + LITERALS[form]).expect_not(*SYNTAX)
    require_refusals(smtp)


@requirement("5321/4.1.3/literal-understood")
@pytest.mark.parametrize("form", list(LITERALS))
def test_literal_in_recipient(form: str, smtp_mail: SmtpClient) -> None:
    """A forward-path with an address literal may be refused as policy, not as bad syntax."""
    smtp_mail.rcpt(b"someone@" + LITERALS[form]).expect_not(*SYNTAX)
    require_refusals(smtp_mail)


@requirement("5321/4.1.3/literal-understood")
@pytest.mark.parametrize("form", list(LITERALS))
def test_literal_in_ehlo(form: str, smtp_greeted: SmtpClient) -> None:
    """EHLO with an address literal is no syntax error."""
    smtp_greeted.ehlo(LITERALS[form]).expect_not(*SYNTAX)
    require_refusals(smtp_greeted)


@requirement("5321/4.1.1.3/source-route")
@pytest.mark.parametrize("hops", [1, 2, 5])
def test_source_route_in_recipient(hops: int, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A source route of several hosts is understood; following it may be refused."""
    route = b",".join(b"@hop%d.test" % number for number in range(hops))
    smtp_mail.command(b"RCPT TO:<%s:%s>" % (route, envelope.recipient)).expect_not(*SYNTAX)
    require_refusals(smtp_mail)


@requirement("5321/3.6.1/route-ignored")
def test_source_route_is_left_out(
    smtp_mail: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox, send: Sender
) -> None:
    """Mail by a source route to a mailbox of the target arrives there, where such routes are taken."""
    reply = smtp_mail.command(b"RCPT TO:<@hop.test:%s>" % envelope.recipient)
    if reply.code // 100 != 2:
        msg = f"the target refuses source routes: {reply.code}"
        raise NotRun(msg)
    routed, later = make_message(), make_message()
    smtp_mail.data(routed).require(250)
    send(later)
    inbox.wait(later)
    if not inbox.overtaken(routed):
        raise Violation(["the message in the mailbox at the end of the route"], "only a later message without a route")


@requirement("5321/4.1.1.2/null-reverse-path")
def test_null_reverse_path_delivers(
    smtp: SmtpClient, envelope: Envelope, make_message: MessageMaker, inbox: Inbox
) -> None:
    """A whole message with a null reverse-path is taken, and arrives."""
    message = make_message()
    smtp.mail(b"").expect(250)
    smtp.rcpt(envelope.recipient).expect(250, 251)
    smtp.data(message).expect(250)
    inbox.wait(message)


@requirement("5321/4.5.1/postmaster")
@pytest.mark.parametrize("name", [b"postmaster", b"POSTMASTER", b"pOSTmASTER"], ids=bytes.decode)
def test_postmaster_alone(name: bytes, smtp_mail: SmtpClient) -> None:
    """Postmaster without a domain is accepted, however it is written."""
    smtp_mail.rcpt(name).expect(250, 251)
    require_refusals(smtp_mail)


@requirement("5321/2.4/domain-any-case")
def test_domain_in_capitals(smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """A recipient is the same with its domain in capitals."""
    local, _, domain = envelope.recipient.partition(b"@")
    smtp_mail.rcpt(local + b"@" + domain.upper()).expect(250, 251)
    require_refusals(smtp_mail)


#: Arguments of MAIL that break the grammar in a way that nobody can take for another form.
BAD_PATHS = {
    "nothing": b"",
    "no-colon": b"FROM <a@client.test>",
    "unclosed": b"FROM:<a@client.test",
    "two-ats": b"FROM:<a@@client.test>",
    "open-quote": b'FROM:<"a@client.test>',
    "empty-label": b"FROM:<a@client..test>",
    "bad-literal": b"FROM:<a@[300.1.2.3]>",
    "wrong-word": b"TO:<a@client.test>",
}


@requirement("5321/4.1.4/bad-argument-501")
@pytest.mark.parametrize("form", list(BAD_PATHS))
def test_bad_mail_argument(form: str, smtp: SmtpClient) -> None:
    """A MAIL whose argument is no reverse-path is refused with 501, if it is refused as such."""
    reply = smtp.command((b"MAIL " + BAD_PATHS[form]).rstrip())
    if form in {"nothing", "wrong-word"}:
        reply.expect(501)
    else:
        # Section 4.2.3 has 553 for the syntax of a mailbox, and tolerance is not forbidden.
        reply.expect(501, 553, 250)
    require_refusals(smtp)


@requirement("5321/4.1.4/bad-argument-501")
def test_bad_mail_argument_keeps_the_state(smtp: SmtpClient, envelope: Envelope) -> None:
    """After a MAIL without argument a good one is no nested one."""
    smtp.command(b"MAIL").require(PERMANENT)
    smtp.mail(envelope.sender).expect(250)
    require_refusals(smtp)


@requirement("5321/3.3/refused-reverse-path")
@pytest.mark.parametrize("form", list(BAD_PATHS))
def test_bad_sender_is_told(form: str, smtp: SmtpClient) -> None:
    """A doubtful reverse-path is accepted, or refused with 4yz or 5yz."""
    smtp.command((b"MAIL " + BAD_PATHS[form]).rstrip()).expect(250, TRANSIENT, PERMANENT)
    require_refusals(smtp)


BAD_RECIPIENTS = {
    "nothing": b"RCPT",
    "wrong-word": b"RCPT FROM:<a@client.test>",
    "unclosed": b"RCPT TO:<a@client.test",
    "two-ats": b"RCPT TO:<a@@client.test>",
}


@requirement("5321/4.2.2/501-for-syntax")
@pytest.mark.parametrize("form", list(BAD_RECIPIENTS))
def test_bad_rcpt_argument(form: str, smtp_mail: SmtpClient) -> None:
    """A RCPT whose argument breaks the syntax gets 501; a bad mailbox may be refused as one that is not here, too."""
    mailbox = form in {"unclosed", "two-ats"}
    smtp_mail.command(BAD_RECIPIENTS[form]).expect(501, *([550, 553, 554] if mailbox else []))


@requirement("5321/4.2.2/501-for-syntax")
@pytest.mark.parametrize("command", [b"EHLO", b"HELO", b"VRFY", b"EXPN"], ids=bytes.decode)
def test_missing_argument(command: bytes, smtp: SmtpClient) -> None:
    """A command that needs an argument gets 501 without it, or 502 where it is not implemented."""
    reply = smtp.command(command)
    # Section 7.3 allows to switch VRFY and EXPN off, whatever their argument.
    if reply.code in {500, 502} or (command in {b"VRFY", b"EXPN"} and reply.code in {252, 550}):
        msg = f"{command.decode()} is not implemented"
        raise NotRun(msg)
    reply.expect(501)


@requirement("5321/3.3/unknown-recipient")
@pytest.mark.parametrize("form", list(BAD_RECIPIENTS))
def test_bad_recipient_is_refused(form: str, smtp_mail: SmtpClient) -> None:
    """What is no recipient is refused with 4yz or 5yz."""
    smtp_mail.command(BAD_RECIPIENTS[form]).expect(TRANSIENT, PERMANENT)


@requirement("5321/3.3/failed-rcpt-keeps-transaction")
@pytest.mark.parametrize("form", list(BAD_RECIPIENTS))
def test_bad_recipient_keeps_the_transaction(form: str, smtp_mail: SmtpClient, envelope: Envelope) -> None:
    """After a RCPT that breaks the syntax, a good one is accepted."""
    smtp_mail.command(BAD_RECIPIENTS[form]).require(PERMANENT, TRANSIENT)
    smtp_mail.rcpt(envelope.recipient).expect(250, 251)


@requirement("5321/4.1.1.11/unknown-parameter")
@pytest.mark.parametrize("parameter", [b"XFROB", b"XFROB=1", b"X-FROB=a,b;c", b"9FROB=x"], ids=bytes.decode)
def test_unknown_parameter(parameter: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """A well-formed parameter that nobody has defined gets 555."""
    smtp.mail(envelope.sender, parameter).expect(555)


@requirement("5321/4.1.1.11/unknown-parameter")
def test_no_parameter_after_helo(smtp_greeted: SmtpClient, envelope: Envelope) -> None:
    """After HELO no extension is in force, so a parameter of one is not known."""
    smtp_greeted.helo().require(250)
    smtp_greeted.mail(envelope.sender, b"XFROB=1").expect(555)


@requirement("5321/2.4/verbs-any-case")
@pytest.mark.parametrize("keyword", [b"SIZE", b"size", b"SiZe"], ids=bytes.decode)
def test_parameter_in_any_case(keyword: bytes, smtp: SmtpClient, envelope: Envelope) -> None:
    """The keyword of a parameter may be in any case, where SIZE is offered."""
    if b"SIZE" not in smtp.capabilities:
        msg = "SIZE is not offered"
        raise NotRun(msg)
    smtp.mail(envelope.sender, keyword + b"=1000").expect_not(500, 501, 504, 555)
    require_refusals(smtp)
