"""Wishes for reports about aliases and mailing lists: RFC 3461 section 5.2.7, where the profile names some."""

from __future__ import annotations

import pytest

from mailspec.lab import ALL, Delivery, Lab, offering
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import message_id
from mailspec.suite.mx.test_dsn import value_of
from mailspec.suite.reports import Post, Report, bare, parsed
from mailspec.target.expansions import (
    alias_of_one,
    alias_of_several,
    list_of_accounts,
    list_with_subscriber,
    subscriber_of,
)
from mailspec.target.target import Target
from mailspec.verdict import Inconclusive, NotOffered, Violation
from mailspec.wire.poll import until

NEEDS = ("smtp DSN",)

#: Of the original message; what they hold can come from nowhere else.
ENVID, ORCPT = "ENVID=QQ271828", "ORCPT=rfc822;Somebody@Original.test"


def reports_about(post: Post, message: bytes) -> list[Report]:
    """Return the reports about a message whose fate is known, up to one about a later message."""
    later = post.host(refuses=550)
    post.send((f"x@{later}",))
    found: tuple[Delivery, ...] = ()
    while not any(f"x@{later}".encode() in each.octets for each in found):
        count = len(found) + 1
        found = post.lab.wait_deliveries(post.home, count, post.outgoing.deadline)
        if len(found) < count:
            msg = f"a later failure was not reported in {post.outgoing.deadline:g} seconds"
            raise Inconclusive(msg)
    return [parsed(each) for each in found if message_id(message) in each.octets]


def actions(reports: list[Report]) -> list[str]:
    """Return what the reports say was done, about each recipient."""
    return [bare(group.get("action", "none")) for report in reports for group in report.recipients]


@requirement("3461/5.2.7.1/list-delivered", needs=NEEDS)
def test_arrival_at_a_list(post: Post, target: Target) -> None:
    """That a list got a message is reported as its delivery where that was asked for."""
    mailing_list = list_of_accounts(target)
    post.send((mailing_list.address, "NOTIFY=SUCCESS,FAILURE"))
    post.expect_report(mailing_list.address, "delivered")


def sent_on(post: Post, lab: Lab, target: Target) -> tuple[str, Delivery]:
    """Send a message with all parameters to a list, and return its subscriber elsewhere and what arrives there."""
    mailing_list = list_with_subscriber(target)
    subscriber = subscriber_of(target, mailing_list)
    domain = subscriber.rpartition("@")[2].lower()
    (host,) = lab.hosts(1)
    lab.behave(host, offering(*ALL))
    lab.set_mx(domain, [(10, host)])
    message = post.send((mailing_list.address, "NOTIFY=SUCCESS,DELAY", ORCPT), mail=(ENVID, "RET=HDRS"))

    def arrived() -> list[Delivery]:
        return [each for each in lab.deliveries(domain) if message_id(message) in each.octets]

    if not until(arrived, post.outgoing.deadline):
        msg = f"nothing arrived at {subscriber} in {post.outgoing.deadline:g} seconds"
        raise Inconclusive(msg)
    return subscriber, arrived()[0]


@requirement("3461/5.2.7.1/list-parameters-own", needs=NEEDS)
def test_parameters_of_a_list(post: Post, lab: Lab, target: Target) -> None:
    """What a list sends on has none of the parameters that came with the message."""
    _, delivery = sent_on(post, lab, target)
    (of_recipient,) = delivery.recipient_parameters
    found = {
        "ENVID": value_of(delivery.parameters, "ENVID") == ENVID.partition("=")[2],
        "RET": value_of(delivery.parameters, "RET") == "HDRS",
        "ORCPT": value_of(of_recipient, "ORCPT") == ORCPT.partition("=")[2],
        "NOTIFY": set((value_of(of_recipient, "NOTIFY") or "").upper().split(",")) == {"SUCCESS", "DELAY"},
    }
    if kept := [name for name, same in found.items() if same]:
        raise Violation(["none of them"], ", ".join(kept))


@requirement("3461/5.2.7.1/list-orcpt", needs=NEEDS)
def test_orcpt_of_a_list(post: Post, lab: Lab, target: Target) -> None:
    """An ORCPT that a list gives names its subscriber."""
    subscriber, delivery = sent_on(post, lab, target)
    (of_recipient,) = delivery.recipient_parameters
    value = value_of(of_recipient, "ORCPT")
    if value is None:
        msg = "the list gives no ORCPT"
        raise NotOffered(msg)
    if value.partition(";")[2].lower() != subscriber.lower():
        raise Violation([f"rfc822;{subscriber}"], value)


@pytest.mark.parametrize(
    "about",
    [
        case("3461/5.2.7.2/alias-no-report", "report", name="report", needs=NEEDS),
        case("3461/5.2.7.2/alias-parameters-kept", "parameters", name="parameters", needs=NEEDS),
    ],
)
def test_alias_of_one(about: str, post: Post, target: Target) -> None:
    """An alias of one says nothing itself; the delivery behind it is reported as it was asked for."""
    alias = alias_of_one(target)
    message = post.send((alias.address, "NOTIFY=SUCCESS", ORCPT), mail=(ENVID, "RET=HDRS"))
    reports = reports_about(post, message)
    said = actions(reports)
    if about == "report":
        if odd := [each for each in said if each in {"relayed", "expanded"}]:
            raise Violation(["no report of the alias"], f"Action: {odd[0]}")
        return
    delivered = [
        (report, group)
        for report in reports
        for group in report.recipients
        if bare(group.get("action", "none")) == "delivered"
    ]
    if len(delivered) != 1:
        raise Violation(["NOTIFY=SUCCESS passed on: Action: delivered"], repr(said))
    report, group = delivered[0]
    for name, value, found in (
        ("ENVID", ENVID, report.message.get("original-envelope-id", "")),
        ("ORCPT", ORCPT, group.get("original-recipient", "").replace(" ", "")),
    ):
        if value.partition("=")[2].lower() != found.lower():
            raise Violation([value], f"{name}: {found!r}")


@requirement("3461/5.2.7.3/alias-of-many", needs=NEEDS)
def test_alias_of_several(post: Post, target: Target) -> None:
    """An alias of several is reported as relayed or expanded, or the delivery to exactly one behind it is."""
    message = post.send((alias_of_several(target).address, "NOTIFY=SUCCESS"))
    said = actions(reports_about(post, message))
    if said not in (["relayed"], ["expanded"], ["delivered"]):
        raise Violation(["relayed", "expanded", "delivered, once"], repr(said))
