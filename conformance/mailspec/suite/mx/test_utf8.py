"""Internationalised mail on its way to the next host: RFC 6531, where SMTPUTF8 is offered."""

from __future__ import annotations

import re

import pytest

from mailspec.lab import ALL, Behaviour, Delivery, Lab, Reply, Stage
from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.mx.test_content import arrived_or_returned
from mailspec.suite.reports import Post, Report
from mailspec.verdict import Inconclusive, NotRun, Violation
from mailspec.wire.poll import until

NEEDS = ("smtp SMTPUTF8",)

UTF8 = ("SMTPUTF8", "BODY=8BITMIME")
#: A host that takes eight bits in the body alone.
NO_UTF8 = ("8BITMIME", "DSN")

#: A label in both forms.
U_LABEL, A_LABEL = "bücher", "xn--bcher-kva"

HEADER = "X-Name: José\r\n".encode()


def kinds() -> list[object]:
    """Return what makes a message need SMTPUTF8: the recipient's local part, the sender's, or a header field."""
    return [pytest.param(kind, id=kind) for kind in ("recipient", "sender", "header")]


def send(post: Post, domain: str, kind: str) -> bytes:
    """Submit a message that needs SMTPUTF8 for one reason."""
    message = post.outgoing.make_message(extra=HEADER if kind == "header" else b"")
    recipient = f"josé@{domain}" if kind == "recipient" else f"x@{domain}"
    sender = f"josé@{post.home}" if kind == "sender" else None
    return post.send((recipient,), mail=UTF8, sender=sender, message=message)


def reported(post: Post, kind: str) -> Report:
    """Send a message to a host without SMTPUTF8 and return the report on it.

    Raises:
        NotRun: it was sent on.
    """
    send(post, domain := post.host(*NO_UTF8), kind)
    if arrived_or_returned(post, domain) is not None:
        msg = "what the next host does not take is sent on, and not returned"
        raise NotRun(msg)
    return post.report()


def says_utf8(delivery: Delivery) -> bool:
    """Say whether MAIL had SMTPUTF8."""
    return any(each.upper() == "SMTPUTF8" for each in delivery.parameters)


@requirement("6531/3.4/parameter-sent", needs=NEEDS)
@pytest.mark.parametrize("kind", kinds())
def test_parameter(kind: str, post: Post) -> None:
    """A host with SMTPUTF8 is told that a message needs it."""
    send(post, domain := post.host(*ALL), kind)
    if not says_utf8(delivery := post.outgoing.arrived(domain)):
        raise Violation(["SMTPUTF8"], " ".join(delivery.parameters))


@requirement("6531/3.1/parameters-ignored", needs=NEEDS)
def test_keyword_with_parameters(post: Post) -> None:
    """SMTPUTF8 with parameters in the EHLO reply is SMTPUTF8."""
    send(post, domain := post.host("8BITMIME", "SMTPUTF8 NFC=1 more"), "recipient")
    if not post.lab.wait_deliveries(domain, 1, post.outgoing.deadline):
        raise Violation(["a delivery"], f"none in {post.outgoing.deadline:g} seconds")


@requirement("6531/3.4/parameter-only-when-needed", needs=NEEDS)
def test_parameter_not_needed(post: Post) -> None:
    """A message in ASCII that came without SMTPUTF8 goes on without it."""
    domain = post.host(*ALL)
    post.send((f"x@{domain}",))
    if says_utf8(post.outgoing.arrived(domain)):
        raise Violation(["MAIL without SMTPUTF8"], "MAIL with it")


def in_utf8(delivery: Delivery) -> list[str]:
    """Return what of envelope and header section is in UTF-8."""
    envelope = (delivery.sender, *delivery.recipients)
    header = delivery.octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [each for each in envelope if not each.isascii()] + [repr(line) for line in header if not line.isascii()]


@requirement("6531/3.2/not-unasked", needs=NEEDS)
@pytest.mark.parametrize("kind", kinds())
def test_not_to_others(kind: str, post: Post) -> None:
    """A host without SMTPUTF8 gets neither an address nor a header field in UTF-8."""
    send(post, domain := post.host(*NO_UTF8), kind)
    delivery = arrived_or_returned(post, domain)
    if delivery is not None and (found := in_utf8(delivery)):
        raise Violation(["ASCII", "a report"], ", ".join(found))


@requirement("6531/3.2/returned-otherwise", needs=NEEDS)
@pytest.mark.parametrize("kind", kinds())
def test_returned(kind: str, post: Post) -> None:
    """A message that needs SMTPUTF8 is returned where the next host does not offer it, or changed into ASCII.

    That choice is given to submission, by which the message came.
    """
    send(post, domain := post.host(*NO_UTF8), kind)
    if not until(lambda: post.lab.deliveries(domain) or post.lab.deliveries(post.home), post.outgoing.deadline):
        raise Violation(["a report", "a message in ASCII"], f"neither in {post.outgoing.deadline:g} seconds")
    if any(in_utf8(delivery) for delivery in post.lab.deliveries(domain)):
        raise Violation(["a report", "a message in ASCII"], "a message in UTF-8")


@requirement("6531/3.2/submission-transforms", needs=NEEDS)
@pytest.mark.parametrize("kind", kinds())
def test_transformed(kind: str, post: Post, census: Census) -> None:
    """What becomes of a message that needs SMTPUTF8, and cannot have it, is noted."""
    send(post, domain := post.host(*NO_UTF8), kind)
    delivery = arrived_or_returned(post, domain)
    census("outcome", "returned" if delivery is None else "sent on")
    if delivery is not None:
        census("sender and recipients", " ".join((delivery.sender or "<>", *delivery.recipients)))


@requirement("6531/3.2/idna-lookup", needs=NEEDS)
def test_lookup(post: Post, lab: Lab) -> None:
    """A domain of U-labels is looked up by its A-labels."""
    parent = post.host(*ALL)
    post.send((f"x@{U_LABEL}.{parent}",), mail=UTF8)
    if not lab.wait_queries(f"{A_LABEL}.{parent}", 1, post.outgoing.deadline):
        raise Violation([f"a query for {A_LABEL}.{parent}"], f"none in {post.outgoing.deadline:g} seconds")


@requirement("6531/3.7/label-form", needs=NEEDS)
def test_labels(post: Post, lab: Lab) -> None:
    """A host with SMTPUTF8 gets a domain in U-labels as such."""
    parent = lab.domain()
    (host,) = lab.hosts(1)
    lab.set_mx(f"{A_LABEL}.{parent}", [(10, host)])
    post.send((f"josé@{U_LABEL}.{parent}",), mail=UTF8)
    sought = (f"{U_LABEL}.{parent}", f"{A_LABEL}.{parent}")
    found = until(lambda: [each for domain in sought for each in lab.deliveries(domain)], post.outgoing.deadline)
    if not found:
        msg = "nothing was delivered in time"
        raise Inconclusive(msg)
    if found[0].recipients != (f"josé@{U_LABEL}.{parent}",):
        raise Violation([f"josé@{U_LABEL}.{parent}"], repr(found[0].recipients))


@requirement("6531/3.7.1/ehlo-name-ascii", needs=NEEDS)
def test_name(post: Post) -> None:
    """The name in EHLO is in ASCII, also before a message in UTF-8."""
    send(post, domain := post.host(*ALL), "recipient")
    if not (name := post.outgoing.arrived(domain).helo).isascii():
        raise Violation(["a name in ASCII"], name)


@pytest.mark.parametrize(
    "kind",
    [
        case("6531/3.2/report-format", "recipient", name="recipient", needs=NEEDS),
        case("6531/3.2/report-format", "header", name="header", needs=NEEDS),
    ],
)
def test_report(kind: str, post: Post) -> None:
    """The report to a sender in ASCII has the null reverse-path, a delivery status, and no header field in UTF-8."""
    report = reported(post, kind)
    header = report.delivery.octets.partition(b"\r\n\r\n")[0]
    if report.delivery.sender or not header.isascii() or not report.recipients:
        raise Violation(["a delivery status notification from <>"], repr(header))


@requirement("6531/3.2/dsn-internationalised", needs=("smtp SMTPUTF8", "smtp DSN"))
def test_address_in_report(post: Post) -> None:
    """A recipient in UTF-8 stands in the report with type utf-8, in UTF-8 or in the form for ASCII."""
    report = reported(post, "recipient")
    if not report.recipients:
        msg = "the report names nobody"
        raise NotRun(msg)
    value = report.recipients[0].get("final-recipient", "")
    if re.match(r"utf-8\s*;\s*jos(?:é|\\x\{E9\})@", value, re.IGNORECASE) is None:
        raise Violation([r"utf-8; jos\x{E9}@...", "utf-8; josé@..."], repr(value))


@requirement("6531/3.7.4.1/client-takes-utf8", needs=NEEDS)
def test_reply_in_utf8(post: Post, lab: Lab) -> None:
    """A host that refuses with 551 and an address in UTF-8 is understood."""
    domain = lab.domain()
    (host,) = lab.hosts(1)
    lab.behave(
        host, Behaviour({Stage.RCPT: Reply(551, "User not local; please try <josé@elsewhere.test>")}, offers=ALL)
    )
    lab.set_mx(domain, [(10, host)])
    recipient = f"x@{domain}"
    post.send((recipient,), mail=UTF8)
    post.expect_report(recipient, "failed")
