"""Which host is tried, and in which order: RFC 5321 section 5.1."""

from __future__ import annotations

import time

import mailspec_corpus
from mailspec.lab import REFUSED, Lab, Stage, answers, dropped, greets
from mailspec.requirement import requirement
from mailspec.suite.outgoing import Outgoing
from mailspec.verdict import Violation
from mailspec.wire.poll import until

#: Enough that one of two equal hosts stays without any by chance once in half a million runs.
MANY = 20

#: As many seconds as a chooser that begins anew each second is given to come to another choice.
SECONDS = 16


@requirement("5321/5.1/lowest-preference-first")
def test_lowest_preference_gets_the_message(outgoing: Outgoing, lab: Lab) -> None:
    """Of three good hosts the one with the lowest preference takes the message, wherever it stands in the answer."""
    domain = lab.domain()
    high, low, middle = lab.hosts(3)
    lab.set_mx(domain, [(300, high), (9, low), (20, middle)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, low)


@requirement("5321/5.1/next-after-refused-connection")
def test_refused_connection_leads_to_the_next_host(outgoing: Outgoing, lab: Lab) -> None:
    """Nobody listens at the first host; the second takes the message."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, REFUSED)
    lab.set_mx(domain, [(10, first), (20, second)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, second)


@requirement("5321/5.1/next-after-lost-connection")
def test_dropped_connection_leads_to_the_next_host(outgoing: Outgoing, lab: Lab) -> None:
    """The first host resets each connection at once; the second takes the message."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, dropped())
    lab.set_mx(domain, [(10, first), (20, second)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, second)


@requirement("5321/5.1/next-after-421-greeting")
def test_greeting_421_leads_to_the_next_host(outgoing: Outgoing, lab: Lab) -> None:
    """The first host greets with 421 and closes; the second takes the message."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, greets(421))
    lab.set_mx(domain, [(10, first), (20, second)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, second)


@requirement("5321/5.1/next-after-554-greeting")
def test_greeting_554_leads_to_the_next_host(outgoing: Outgoing, lab: Lab) -> None:
    """The first host says in its greeting that it takes no mail; the second takes the message."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, greets(554))
    lab.set_mx(domain, [(10, first), (20, second)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, second)


@requirement("5321/5.1/next-after-4yz")
def test_451_at_mail_leads_to_the_next_host(outgoing: Outgoing, lab: Lab) -> None:
    """The first host answers MAIL with 451; the second takes the message."""
    domain = lab.domain()
    first, second = lab.hosts(2)
    lab.behave(first, answers(Stage.MAIL, 451))
    lab.set_mx(domain, [(10, first), (20, second)])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, second)


@requirement("5321/5.1/equal-preference-spread")
def test_equal_preferences_share_the_messages(outgoing: Outgoing, lab: Lab) -> None:
    """Of messages for many domains, all with the same two hosts of equal preference, each host gets some.

    One connection may serve many messages for one domain, and what is chosen by chance may be chosen anew once a
    second only: so each message has a domain of its own, and where a burst goes to one host, more follow in later seconds.
    """
    both = lab.hosts(2)

    def send() -> str:
        domain = lab.domain()
        lab.set_mx(domain, [(10, host) for host in both])
        outgoing.send(f"x@{domain}")
        return domain

    used = {outgoing.arrived(domain).host for domain in [send() for _ in range(MANY)]}
    for _ in range(SECONDS):
        if len(used) > 1:
            return
        second = int(time.time())
        until(lambda: int(time.time()) != second, 2)  # noqa: B023 - called within the round
        used.add(outgoing.arrived(send()).host)
    if len(used) == 1:
        raise Violation([f"deliveries to both hosts among {MANY + SECONDS}"], f"all to {used.pop()}")


@requirement("5321/5.1/all-addresses-tried")
def test_every_address_of_a_host_is_tried(outgoing: Outgoing, lab: Lab) -> None:
    """Nobody listens at two of a host's three addresses; the message arrives at the third."""
    domain = lab.domain()
    first, second, good = lab.hosts(3)
    lab.behave(first, REFUSED)
    lab.behave(second, REFUSED)
    lab.set_mx(domain, [(10, (first, second, good))])
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, good)


@requirement("5321/5.1/preference-order")
def test_five_hosts_are_tried_in_order(outgoing: Outgoing, lab: Lab) -> None:
    """Of five hosts as a large provider has them the first four are out of order, and the fifth takes the message."""
    domain = lab.domain()
    lab.load_zone(mailspec_corpus.zone("five_mx"), domain)
    hosts = lab.hosts(5)
    names = ("in.smtp", "alt1.in.smtp", "alt2.in.smtp", "alt3.in.smtp", "alt4.in.smtp")
    for name, host, behaviour in zip(names, hosts, (dropped(), REFUSED, REFUSED, dropped(), None), strict=True):
        lab.set_a(f"{name}.{domain}", host)
        if behaviour is not None:
            lab.behave(host, behaviour)
    before = outgoing.latest_connection()
    outgoing.send(f"x@{domain}")
    outgoing.delivered_to(domain, hosts[4])
    # Nobody can see who was tried at the hosts that refuse connections.
    visible = [hosts[0].address, hosts[3].address, hosts[4].address]
    if (seen := outgoing.contacted(hosts, before)) != visible:
        raise Violation([f"connections to {', '.join(visible)} in this order"], ", ".join(seen))
