"""What the DNS says about a domain, and what follows from it: RFC 5321 section 5.1, RFC 7505."""

from __future__ import annotations

import pytest

from mailspec.lab import Fault, FaultKind, Lab
from mailspec.requirement import case, requirement
from mailspec.suite.outgoing import Outgoing
from mailspec.verdict import Blocked, NotOffered, Violation
from mailspec.wire.poll import until
from mailspec.wire.smtp import TRANSIENT


@requirement("5321/5.1/implicit-mx")
def test_domain_without_mx_is_its_own_host(outgoing: Outgoing, lab: Lab) -> None:
    """A domain with an address and no MX gets its mail at that address."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_a(domain, host)
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, host)


@requirement("5321/5.1/alias-followed")
def test_alias_of_a_domain_gets_mail_at_its_hosts(outgoing: Outgoing, lab: Lab) -> None:
    """Mail for a name that is a CNAME goes to the MX hosts of the name behind it."""
    alias, domain = lab.domain("alias"), lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, host)])
    lab.set_records(alias, "CNAME", f"{domain}.")
    outgoing.send(f"x@{alias}")
    # Whether the recipient's domain is rewritten to the real name is another matter.
    if not until(lambda: lab.deliveries(alias) + lab.deliveries(domain), outgoing.deadline):
        raise Violation([f"delivery to {host.address}"], f"nothing in {outgoing.deadline:g} seconds")


@requirement("5321/5.1/no-address-fallback")
def test_unusable_mx_does_not_lead_to_the_address(outgoing: Outgoing, lab: Lab) -> None:
    """A domain whose only MX has no address gets no mail at its own address."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, f"nowhere.{domain}")])
    lab.set_a(domain, host)
    message = outgoing.send(f"x@{domain}")
    until(lambda: lab.deliveries(domain) or outgoing.inbox.holds(message), outgoing.deadline)
    if lab.deliveries(domain):
        raise Violation(["no delivery"], f"delivery to {host.address}, which only the domain's A record names")


@requirement("5321/5.1/unusable-mx-reported")
def test_unusable_mx_is_reported(outgoing: Outgoing, lab: Lab) -> None:
    """Mail for a domain whose only MX does not exist comes back."""
    domain = lab.domain()
    lab.set_mx(domain, [(10, f"nowhere.{domain}")])
    outgoing.returned(f"x@{domain}")


@requirement("5321/5.1/nxdomain-reported")
def test_domain_that_does_not_exist_is_reported(outgoing: Outgoing, lab: Lab) -> None:
    """Mail for a domain that does not exist is refused, or comes back at once."""
    outgoing.returned(f"x@{lab.domain()}")


@requirement("5321/5.1/temporary-dns-error-queued")
def test_servfail_keeps_the_message_for_later(outgoing: Outgoing, lab: Lab) -> None:
    """Mail for a domain whose DNS fails is not returned, and is delivered once the DNS works."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, host)])
    lab.fault(domain, Fault(FaultKind.SERVFAIL))
    outgoing.client.mail(outgoing.sender).require(250)
    outgoing.client.rcpt(f"x@{domain}".encode()).require(250, 251)
    # A target may look already at RCPT whether the domain takes mail at all; what it does with the message is the point.
    asked = len(lab.queries(domain))
    outgoing.client.data(message := outgoing.make_message()).require(250)
    if not lab.wait_queries(domain, asked + 1, outgoing.deadline) and not asked:
        msg = f"the target did not ask for {domain}: does it use the lab's DNS?"
        raise Blocked(msg)
    retries = outgoing.target.profile.dns is not None and outgoing.target.profile.dns.retry_seconds is not None
    if retries:
        lab.heal(domain)
    until(lambda: lab.deliveries(domain) or outgoing.inbox.holds(message), outgoing.deadline)
    # What was delivered was kept; a report beside it may be one of success.
    if not lab.deliveries(domain) and (retries or outgoing.inbox.holds(message)):
        raise Violation(["the message is kept and tried again"], "a failure report, or no second attempt")


@requirement("7505/3/null-mx-not-contacted")
def test_null_mx_gets_no_mail_at_its_address(outgoing: Outgoing, lab: Lab) -> None:
    """Nobody tries to deliver at the address of a domain that says by a null MX that it takes no mail."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.null_mx(domain)
    lab.set_a(domain, host)
    outgoing.client.mail(outgoing.sender).require(250)
    if outgoing.client.rcpt(f"x@{domain}".encode()).code < 500:
        outgoing.client.data(message := outgoing.make_message()).require(250)
        until(lambda: lab.attempts(domain) or outgoing.inbox.holds(message), outgoing.deadline)
    # Connections are no witness: one may be an old message's next attempt.
    if lab.attempts(domain):
        raise Violation([f"no RCPT for {domain}"], f"RCPT at {host.address}, which only the domain's A record names")


@requirement("7505/4.1/null-mx-fails-at-once")
def test_null_mx_is_reported_at_once(outgoing: Outgoing, lab: Lab) -> None:
    """Mail for a domain with a null MX is refused, or comes back without retries."""
    domain = lab.domain()
    lab.null_mx(domain)
    outgoing.returned(f"x@{domain}")


@pytest.mark.parametrize(
    ("verb", "code", "status"),
    [
        case("7505/4.1/null-mx-556", "RCPT", 556, (5, 1, 10), name="recipient"),
        case("7505/4.1/sender-null-mx-550", "MAIL", 550, (5, 7, 27), name="sender"),
    ],
)
def test_code_for_null_mx(verb: str, code: int, status: tuple[int, int, int], outgoing: Outgoing, lab: Lab) -> None:
    """Where only a domain's null MX leads to a refusal, it has the code and the status for that."""
    nowhere, somewhere = lab.domain(), lab.domain()
    lab.null_mx(nowhere)
    lab.set_mx(somewhere, [(10, lab.hosts(1)[0])])
    client = outgoing.client
    for domain in (somewhere, nowhere):
        address = f"x@{domain}".encode()
        reply = client.mail(address if verb == "MAIL" else outgoing.sender)
        if verb == "RCPT":
            reply.require(250)
            reply = client.rcpt(address)
        if domain == somewhere:
            reply.require(250, 251)
            client.command(b"RSET").require(250)
    # 503 would be about the sequence of commands.
    if reply.require(250, 251, TRANSIENT, 550, 551, 552, 553, 554, 555, 556).code < 500:
        msg = f"{verb} is not refused for a null MX"
        raise NotOffered(msg)
    reply.expect(code)
    # A status of another class is wrong whatever it is about.
    if reply.enhanced is not None and reply.enhanced[0] == 5 and reply.enhanced != status:
        raise Violation([".".join(map(str, status))], repr(reply.lines[0]))
