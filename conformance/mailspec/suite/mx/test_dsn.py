"""What becomes of wishes for reports: RFC 3461 section 5.2, where DSN is offered."""

from __future__ import annotations

import re

import pytest

from mailspec.lab import ALL, Delivery, Lab
from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.reports import Post
from mailspec.verdict import Inconclusive, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.poll import until

NEEDS = ("smtp DSN",)


def relayed(post: Post, *parameters: str, mail: tuple[str, ...] = ()) -> Delivery:
    """Send a message to a host with DSN and return what arrives there."""
    domain = post.host(*ALL)
    post.send((f"X@{domain}", *parameters), mail=mail)
    return post.outgoing.arrived(domain)


def value_of(parameters: tuple[str, ...], keyword: str) -> str | None:
    """Return the value of a parameter, None where it is not there."""
    values = [each.partition("=")[2] for each in parameters if each.partition("=")[0].upper() == keyword]
    return values[0] if values else None


# A host with DSN.


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        case("3461/5.2.1/envid-relayed", "ENVID", "QQ314159", name="envid", needs=NEEDS),
        case("3461/5.2.1/envid-relayed", "ENVID", "a+2Bb+3Dc", name="envid-xtext", needs=NEEDS),
        case("3461/5.2.1/ret-relayed", "RET", "FULL", name="full", needs=NEEDS),
        case("3461/5.2.1/ret-relayed", "RET", "HDRS", name="hdrs", needs=NEEDS),
        case("3461/5.2.1/envid-not-invented", "ENVID", None, name="no-envid", needs=NEEDS),
        case("3461/5.2.1/ret-not-invented", "RET", None, name="no-ret", needs=NEEDS),
    ],
)
def test_mail_parameter(keyword: str, value: str | None, post: Post) -> None:
    """ENVID and RET are handed on, and not added."""
    found = value_of(relayed(post, mail=(f"{keyword}={value}",) if value else ()).parameters, keyword)
    if found != value and not (keyword == "RET" and found and value == found.upper()):
        raise Violation([f"{keyword}={value}"], f"{keyword}={found}")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        case("3461/5.2.1/notify-relayed", "NOTIFY", "NEVER", name="never", needs=NEEDS),
        case("3461/5.2.1/notify-relayed", "NOTIFY", "SUCCESS,DELAY", name="success-delay", needs=NEEDS),
        case("3461/5.2.1/notify-relayed", "NOTIFY", "FAILURE", name="failure", needs=NEEDS),
        case("3461/5.2.1/notify-not-invented", "NOTIFY", None, name="no-notify", needs=NEEDS),
        case("3461/5.2.1/orcpt-relayed", "ORCPT", "rfc822;Someone+2BElse@Where.test", name="orcpt", needs=NEEDS),
        case("3461/5.2.1/orcpt-relayed", "ORCPT", "x400;/S+3DSomeone/", name="foreign-orcpt", needs=NEEDS),
    ],
)
def test_rcpt_parameter(keyword: str, value: str | None, post: Post) -> None:
    """NOTIFY and ORCPT are handed on, and NOTIFY is not added."""
    (parameters,) = relayed(post, *((f"{keyword}={value}",) if value else ())).recipient_parameters
    found = value_of(parameters, keyword)
    if keyword == "NOTIFY" and found and value:
        same = set(found.upper().split(",")) == set(value.split(","))
    else:
        same = found == value
    if not same:
        raise Violation([f"{keyword}={value}"], f"{keyword}={found}")


def notified(lab: Lab, domain: str) -> dict[str, str | None]:
    """Return the NOTIFY of each recipient of a domain who was delivered to, in one transaction or several."""
    return {
        address: value_of(parameters, "NOTIFY")
        for delivery in lab.deliveries(domain)
        for address, parameters in zip(delivery.recipients, delivery.recipient_parameters, strict=True)
    }


@requirement("3461/5.2.1/notify-relayed", needs=NEEDS)
def test_notify_of_each_recipient(post: Post, lab: Lab) -> None:
    """Each recipient keeps the NOTIFY that is its own."""
    domain = post.host(*ALL)
    wishes = {f"a@{domain}": "NEVER", f"b@{domain}": "FAILURE", f"c@{domain}": None}
    post.send(*((address, *([f"NOTIFY={wish}"] if wish else [])) for address, wish in wishes.items()))
    until(lambda: wishes.keys() <= notified(lab, domain).keys(), post.outgoing.deadline)
    found = notified(lab, domain)
    if not wishes.keys() <= found.keys():
        msg = f"only {sorted(found)} of {sorted(wishes)} were delivered to in {post.outgoing.deadline:g} seconds"
        raise Inconclusive(msg)
    if any(found.get(address) != wish for address, wish in wishes.items()):
        raise Violation([repr(wishes)], repr(found))


@requirement("3461/5.2.1/orcpt-added", needs=NEEDS)
def test_added_orcpt(post: Post) -> None:
    """Where a relay adds ORCPT, it is the address of the RCPT."""
    delivery = relayed(post)
    found = value_of(delivery.recipient_parameters[0], "ORCPT")
    if found is not None and found.lower() != f"rfc822;{delivery.recipients[0]}".lower():
        raise Violation([f"rfc822;{delivery.recipients[0]}", "none"], found)


# A host without DSN.


@requirement("3461/5.2.2/none-to-plain-host", needs=NEEDS)
def test_no_parameters_for_a_plain_host(post: Post) -> None:
    """A host that does not offer DSN gets none of its parameters."""
    domain = post.host("8BITMIME")
    post.send((f"x@{domain}", "NOTIFY=FAILURE", "ORCPT=rfc822;a@b.test"), mail=("ENVID=a", "RET=HDRS"))
    delivery = post.outgoing.arrived(domain)
    words = {each.partition("=")[0].upper() for each in (*delivery.parameters, *delivery.recipient_parameters[0])}
    if sent := words & {"ENVID", "RET", "NOTIFY", "ORCPT"}:
        raise Violation(["no parameter of DSN"], ", ".join(sorted(sent)))


@requirement("3461/5.2.2/relayed-report", needs=NEEDS)
@pytest.mark.parametrize("notify", ["SUCCESS", "SUCCESS,FAILURE,DELAY"], ids=["success", "all"])
def test_relayed(notify: str, post: Post) -> None:
    """Success at a host without DSN is reported as relayed."""
    domain = post.host()
    post.send((f"x@{domain}", f"NOTIFY={notify}"))
    post.expect_report(f"x@{domain}", "relayed")


@pytest.mark.parametrize(
    ("offers", "notify"),
    [
        case("3461/5.2.2/failed-report", (), "FAILURE", name="plain", needs=NEEDS),
        case("3461/5.2.2/failed-report", (), "SUCCESS,FAILURE", name="plain-both", needs=NEEDS),
        case("3461/5.2.2/failed-by-default", (), "", name="plain-default", needs=NEEDS),
        case("3461/5.2.6/failed-report", ALL, "FAILURE", name="dsn", needs=NEEDS),
        case("3461/5.2.6/failed-report", ALL, "DELAY,FAILURE", name="dsn-both", needs=NEEDS),
        case("3461/5.2.6/failed-by-default", ALL, "", name="dsn-default", needs=NEEDS),
    ],
)
def test_failed(offers: tuple[str, ...], notify: str, post: Post) -> None:
    """A failure is reported where that was asked for, and where nothing was asked for."""
    recipient = f"a-recipient-with-a-long-name@{post.host(*offers, refuses=550)}"
    post.send((recipient, *([f"NOTIFY={notify}"] if notify else [])))
    post.expect_report(recipient, "failed")


@pytest.mark.parametrize(
    ("offers", "refuses", "notify"),
    [
        case("3461/5.2.2/never-silent", (), 550, "NEVER", name="plain-refused", needs=NEEDS),
        case("3461/5.2.2/never-silent", (), 0, "NEVER", name="plain-taken", needs=NEEDS),
        case("3461/5.2.2/no-success-unasked", (), 0, "", name="plain-default", needs=NEEDS),
        case("3461/5.2.2/no-success-unasked", (), 0, "FAILURE,DELAY", name="plain-failure", needs=NEEDS),
        case("3461/5.2.6/failed-unasked", ALL, 550, "SUCCESS", name="refused-success", needs=NEEDS),
        case("3461/5.2.6/failed-unasked", ALL, 550, "DELAY", name="refused-delay", needs=NEEDS),
        case("3461/5.2.5/delayed-unasked", ALL, 450, "FAILURE", name="deferred-failure", needs=NEEDS),
        case("3461/5.2.5/delayed-unasked", ALL, 450, "NEVER", name="deferred-never", needs=NEEDS),
    ],
)
def test_silence(offers: tuple[str, ...], refuses: int, notify: str, post: Post, lab: Lab) -> None:
    """What nobody asked for is not reported."""
    domain = post.host(*offers, refuses=refuses)
    message = post.send((f"x@{domain}", *([f"NOTIFY={notify}"] if notify else [])))
    if not lab.wait_attempts(domain, 1, post.outgoing.deadline):
        msg = "the message was not tried in time"
        raise Inconclusive(msg)
    if not refuses:
        post.outgoing.arrived(domain)
    post.expect_silence(message)


@requirement("3461/5.2/none-for-null", needs=NEEDS)
@pytest.mark.parametrize("notify", ["SUCCESS,FAILURE,DELAY", "FAILURE", ""], ids=["all", "failure", "none"])
def test_null_sender(notify: str, post: Post, lab: Lab) -> None:
    """Nothing is reported about a message with the null reverse-path to its author; the postmaster may be told."""
    domain = post.host(refuses=550)
    author = b"From: <%s>" % post.sender.encode()
    message = re.sub(rb"^From: <[^>]+>", author, post.outgoing.make_message(), count=1, flags=re.MULTILINE)
    post.send((f"x@{domain}", *([f"NOTIFY={notify}"] if notify else [])), sender="", message=message)
    lab.wait_attempts(domain, 1, post.outgoing.deadline)
    post.expect_silence(message)


# Delivery here.


@requirement("3461/5.2.3/delivered-report", needs=NEEDS)
@pytest.mark.parametrize("notify", ["SUCCESS", "FAILURE,SUCCESS"], ids=["success", "both"])
def test_delivered(notify: str, post: Post, account: Login) -> None:
    """A delivery into a mailbox is reported where that was asked for."""
    post.send((account.address.decode(), f"NOTIFY={notify}"))
    post.expect_report(account.address.decode(), "delivered")


@requirement("3461/5.2.3/delivered-unasked", needs=NEEDS)
@pytest.mark.parametrize("notify", ["FAILURE,DELAY", "NEVER", ""], ids=["others", "never", "none"])
def test_delivered_in_silence(notify: str, post: Post, account: Login, inbox: Inbox) -> None:
    """A delivery into a mailbox is not reported where that was not asked for."""
    message = post.send((account.address.decode(), *([f"NOTIFY={notify}"] if notify else [])))
    inbox.wait(message)
    post.expect_silence(message)


@requirement("3461/5.2.8/only-who-asked", needs=NEEDS)
def test_others_not_named(post: Post) -> None:
    """A report does not name a recipient who wanted none."""
    domain = post.host(refuses=550)
    post.send((f"asked@{domain}", "NOTIFY=FAILURE"), (f"not-asked@{domain}", "NOTIFY=SUCCESS"))
    named = [group.get("final-recipient", "") for group in post.report().recipients]
    if any("not-asked@" in each for each in named):
        raise Violation([f"asked@{domain} alone"], repr(named))


@requirement("3461/5.2.2/never-null-path", needs=NEEDS)
def test_sender_of_never(post: Post, census: Census) -> None:
    """With which reverse-path a recipient with NOTIFY=NEVER goes to a host without DSN is noted."""
    domain = post.host()
    post.send((f"x@{domain}", "NOTIFY=NEVER"))
    census("reverse-path", "its own" if post.outgoing.arrived(domain).sender else "null")
