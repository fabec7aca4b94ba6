"""What the DNS says about a domain, and what follows from it: RFC 5321 section 5.1, RFC 7505."""

from __future__ import annotations

from mailspec.lab import Fault, FaultKind, Lab
from mailspec.requirement import requirement
from mailspec.suite.outgoing import Outgoing
from mailspec.verdict import Blocked, Violation
from mailspec.wire.poll import until


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
    message = outgoing.send(f"x@{domain}")
    if not lab.wait_queries(domain, 1, outgoing.deadline):
        msg = f"the target did not ask for {domain}: does it use the lab's DNS?"
        raise Blocked(msg)
    retries = outgoing.target.profile.dns is not None and outgoing.target.profile.dns.retry_seconds is not None
    if retries:
        lab.heal(domain)
    until(lambda: lab.deliveries(domain) or outgoing.inbox.holds(message), outgoing.deadline)
    if outgoing.inbox.holds(message) or (retries and not lab.deliveries(domain)):
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
