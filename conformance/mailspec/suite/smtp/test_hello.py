"""EHLO, HELO and what they list: RFC 5321 sections 2.2.2, 2.4, 4.1.1.1, 4.1.2 and 4.1.4."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import requirement
from mailspec.suite.steps import Envelope, MessageMaker, require_refusals
from mailspec.target.target import Target
from mailspec.verdict import NotRun, Violation
from mailspec.wire.smtp import PERMANENT, SmtpClient

#: The registry of SMTP service extensions (IANA, "Mail Parameters"), with those that became obsolete.
REGISTERED = frozenset(
    b"""SEND SOML SAML VRFY EXPN HELP TURN 8BITMIME SIZE CHUNKING BINARYMIME CHECKPOINT DELIVERBY PIPELINING DSN ETRN
    ENHANCEDSTATUSCODES STARTTLS NO-SOLICITING MTRK SUBMITTER ATRN AUTH FUTURERELEASE CONPERM CONNEG BURL SMTPUTF8
    UTF8SMTP MT-PRIORITY RRVS REQUIRETLS LIMITS VERB ONEX""".split()
)

# sub-domain = Let-dig [Ldh-str] (section 4.1.2)
LABEL = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@requirement("5321/2.2.2/registered-keywords")
def test_keywords_are_registered(smtp: SmtpClient) -> None:
    """Every keyword that EHLO lists is registered, or begins with X."""
    keywords = {keyword.partition(b"=")[0] for keyword in smtp.capabilities}
    if odd := sorted(each for each in keywords - REGISTERED if not each.startswith(b"X")):
        raise Violation(["registered keywords, and those with X"], b" ".join(odd).decode("latin-1"))
    require_refusals(smtp)


@requirement("5321/2.4/eightbitmime-offered")
def test_eight_bit_mime_is_offered(smtp: SmtpClient) -> None:
    """EHLO lists 8BITMIME."""
    if b"8BITMIME" not in smtp.capabilities:
        raise Violation(["8BITMIME in the list"], b" ".join(smtp.capabilities).decode("latin-1"))
    require_refusals(smtp)


@requirement("5321/4.1.2/domain-characters")
@pytest.mark.parametrize("where", ["greeting", "ehlo", "helo"])
def test_domain_has_labels_of_letters_digits_and_hyphens(where: str, smtp_new: SmtpClient) -> None:
    """The name that the server gives itself is a domain name, or an address literal."""
    reply = smtp_new.greeting().require(220)
    if where == "ehlo":
        reply = smtp_new.ehlo().require(250)
    if where == "helo":
        reply = smtp_new.helo().require(250)
    name = reply.lines[0].partition(b" ")[0]
    if not name.startswith(b"[") and not all(LABEL.fullmatch(label) for label in name.split(b".")):
        raise Violation(["a domain name"], repr(name))
    require_refusals(smtp_new)


@requirement("5321/4.1.4/ehlo-refusals")
@pytest.mark.parametrize(
    "argument",
    [b"", b" ..", b" -", b" [300.1.2.3]", b" a_b.test", b" @"],
    ids=["nothing", "dots", "hyphen", "bad-literal", "underscore", "at"],
)
def test_ehlo_is_refused_as_it_should_be(argument: bytes, smtp_greeted: SmtpClient) -> None:
    """A doubtful EHLO is accepted, or refused with 500, 501, 502 or 550."""
    smtp_greeted.command(b"EHLO" + argument).expect(250, 500, 501, 502, 550)
    require_refusals(smtp_greeted)


@requirement("5321/4.1.4/failed-ehlo-keeps-state")
@pytest.mark.parametrize("argument", [b"", b" @@", b" [300.1.2.3]"], ids=["nothing", "ats", "bad-literal"])
def test_refused_ehlo_keeps_the_transaction(argument: bytes, smtp_rcpt: SmtpClient, envelope: Envelope) -> None:
    """After an EHLO that was refused a further recipient can be named."""
    if smtp_rcpt.command(b"EHLO" + argument).require(250, PERMANENT).code == 250:
        msg = "the target takes such an EHLO"
        raise NotRun(msg)
    smtp_rcpt.rcpt(envelope.recipient).expect(250, 251)


@requirement("5321/4.1.4/ehlo-resets")
@pytest.mark.parametrize("command", [b"EHLO", b"HELO"], ids=bytes.decode)
def test_hello_after_a_recipient_clears_it(command: bytes, smtp_rcpt: SmtpClient) -> None:
    """After another hello in a transaction with a recipient, DATA has nobody to go to."""
    smtp_rcpt.command(command + b" client.test").require(250)
    smtp_rcpt.command(b"DATA").expect(PERMANENT)


@requirement("5321/4.1.4/ehlo-name-no-refusal")
@pytest.mark.parametrize(
    "name",
    [b"elsewhere.test", b"[192.0.2.77]", b"mx.client.test"],
    ids=["no-such-name", "other-literal", "other-name"],
)
def test_name_is_no_reason_to_refuse(
    name: bytes, smtp_greeted: SmtpClient, target: Target, envelope: Envelope, make_message: MessageMaker
) -> None:
    """A message from a client whose name does not belong to its address is taken."""
    smtp = smtp_greeted
    if target.endpoint("smtp").tls == "starttls":
        smtp.ehlo().require(250)
        smtp.start_tls()
    smtp.ehlo(name).expect(250)
    smtp.mail(envelope.sender).expect(250)
    smtp.rcpt(envelope.recipient).expect(250, 251)
    smtp.data(make_message()).expect(250)
    require_refusals(smtp)


@requirement("5321/3.2/helo-plain-reply")
def test_helo_after_ehlo_lists_nothing(smtp: SmtpClient) -> None:
    """HELO after EHLO gets none of the keywords that EHLO listed."""
    offered = set(smtp.capabilities)
    reply = smtp.helo().require(250)
    if listed := [line for line in reply.lines[1:] if line.split(b" ")[0].upper() in offered]:
        raise Violation(["a reply without the extension list"], f"{len(listed)} of the lines that EHLO gets")
    require_refusals(smtp)


@requirement("3207/4/not-required-publicly")
def test_mail_without_tls(smtp_greeted: SmtpClient, target: Target, envelope: Envelope) -> None:
    """A server for the public takes a sender and a local recipient without TLS."""
    if target.endpoint("smtp").tls != "none":
        msg = "the profile says that this service is used inside TLS"
        raise NotRun(msg)
    smtp_greeted.ehlo().require(250)
    smtp_greeted.mail(envelope.sender).expect_not(530)
    smtp_greeted.rcpt(envelope.recipient).expect_not(530)
    require_refusals(smtp_greeted)
