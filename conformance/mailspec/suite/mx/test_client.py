"""How the target talks to the hosts it sends mail to: RFC 5321 sections 2.2.1, 4.2.1, 4.5.2, 4.5.4.1 and 6.1."""

from __future__ import annotations

import re

from mailspec.lab import Lab, Stage, answers, helo_only
from mailspec.requirement import requirement
from mailspec.suite.outgoing import Outgoing
from mailspec.verdict import Inconclusive, Violation


@requirement("5321/2.2.1/helo-fallback")
def test_helo_is_used_where_ehlo_is_unknown(outgoing: Outgoing, lab: Lab) -> None:
    """A host that answers EHLO with 502 gets the message after HELO."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(host, helo_only())
    lab.set_mx(domain, [(10, host)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, host)


@requirement("5321/4.2.1/permanent-not-repeated")
def test_550_at_rcpt_is_final(outgoing: Outgoing, lab: Lab) -> None:
    """A recipient that one host refuses with 550 is neither asked for again nor at the next host."""
    domain = lab.domain()
    hosts = lab.hosts(2)
    for host in hosts:
        lab.behave(host, answers(Stage.RCPT, 550))
    lab.set_mx(domain, [(10, hosts[0]), (20, hosts[1])])
    message = outgoing.send(f"x@{domain}")
    if not outgoing.reported(message, outgoing.deadline):
        msg = f"the refusal was not reported in {outgoing.deadline:g} seconds"
        raise Inconclusive(msg)
    if len(attempts := lab.attempts(domain)) != 1:
        raise Violation(["one RCPT"], f"{len(attempts)}, to {', '.join(attempt.host for attempt in attempts)}")


@requirement("5321/4.5.2/stuff")
def test_leading_periods_are_doubled(outgoing: Outgoing, lab: Lab) -> None:
    """No line goes out with a single period at its beginning, and a line without any is left alone."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, host)])
    outgoing.send(f"x@{domain}", body=b".one\r\n..two\r\na.b\r\n")
    raw = outgoing.delivered_to(domain, host).raw
    if re.search(rb"(?m)^\.(?!\.)", raw) or b"\r\na.b\r\n" not in raw:
        raise Violation(["lines that begin with two periods, and a.b"], repr(raw[-40:]))


@requirement("5321/4.5.4.1/one-copy")
def test_recipients_of_one_host_share_a_copy(outgoing: Outgoing, lab: Lab) -> None:
    """A message for two recipients in one domain is sent once, with two RCPT."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(domain, [(10, host)])
    both = (f"x@{domain}", f"y@{domain}")
    outgoing.send(*both)
    delivery = outgoing.arrived(domain)
    if sorted(delivery.recipients) != sorted(both):
        raise Violation([f"one copy for {' and '.join(both)}"], f"a copy for {', '.join(delivery.recipients)}")


@requirement("5321/6.1/report-null-reverse-path")
def test_failure_report_has_the_null_reverse_path(outgoing: Outgoing, lab: Lab) -> None:
    """The report about a refused recipient goes to the sender with MAIL FROM:<>."""
    home, away = lab.domain("home"), lab.domain("away")
    near, far = lab.hosts(2)
    lab.set_mx(home, [(10, near)])
    lab.behave(far, answers(Stage.RCPT, 550))
    lab.set_mx(away, [(10, far)])
    outgoing.send(f"x@{away}", sender=f"sender@{home}".encode())
    report = outgoing.delivered_to(home, near)
    if report.sender:
        raise Violation(["MAIL FROM:<>"], f"MAIL FROM:<{report.sender}>")


@requirement("5321/6.1/report-to-return-path")
def test_failure_report_goes_to_the_return_path(outgoing: Outgoing, lab: Lab) -> None:
    """The report about a refused recipient goes to the address in MAIL, and to no other."""
    home, away = lab.domain("home"), lab.domain("away")
    near, far = lab.hosts(2)
    lab.set_mx(home, [(10, near)])
    lab.behave(far, answers(Stage.RCPT, 550))
    lab.set_mx(away, [(10, far)])
    outgoing.send(f"x@{away}", sender=f"Sender@{home}".encode())
    report = outgoing.delivered_to(home, near)
    if report.recipients != (f"Sender@{home}",):
        raise Violation([f"RCPT TO:<Sender@{home}>"], ", ".join(report.recipients))
