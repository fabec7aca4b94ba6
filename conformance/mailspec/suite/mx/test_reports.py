"""What a report looks like: RFC 3461 sections 6 and 9 with RFC 3464, where DSN is offered."""

from __future__ import annotations

import re

import pytest

from mailspec.plugin.fixtures import Census
from mailspec.requirement import case, requirement
from mailspec.suite.inbox import message_id
from mailspec.suite.reports import Post
from mailspec.verdict import Violation

NEEDS = ("smtp DSN",)

# Domain = sub-domain *("." sub-domain), or an address literal.
DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[.+\]"
)

BODY = b"a body that nobody else has\r\n"


def expect(found: str | None, *right: str | None) -> None:
    """Judge the value of a field, None where it is missing."""
    if found not in right:
        raise Violation([repr(each) for each in right], repr(found))


def of_type(value: str, name: str) -> str:
    """Return what stands behind a type and its semicolon; judges the type."""
    kind, separator, rest = value.partition(";")
    if not separator or kind.strip().lower() != name:
        raise Violation([f"{name}; ..."], repr(value))
    return rest.strip()


# The envelope of a report.


@requirement("3461/6.1/no-ret", needs=NEEDS)
def test_no_ret(post: Post) -> None:
    """A report is sent without RET."""
    parameters = post.failure(mail=("RET=FULL",)).delivery.parameters
    if any(each.upper().startswith("RET=") for each in parameters):
        raise Violation(["MAIL without RET"], " ".join(parameters))


@requirement("3461/6.1/notify-never", needs=NEEDS)
def test_notify_never(post: Post) -> None:
    """A report is sent with NOTIFY=NEVER or without NOTIFY."""
    (parameters,) = post.failure("NOTIFY=FAILURE").delivery.recipient_parameters
    if any(each.upper().startswith("NOTIFY=") and each.upper() != "NOTIFY=NEVER" for each in parameters):
        raise Violation(["NOTIFY=NEVER", "no NOTIFY"], " ".join(parameters))


@requirement("3461/6.1/own-envid", needs=NEEDS)
def test_parameters(post: Post, census: Census) -> None:
    """The parameters with which a report is sent are noted."""
    delivery = post.failure(mail=("ENVID=mine",)).delivery
    census("MAIL", " ".join(sorted(each.partition("=")[0] for each in delivery.parameters)))
    census("RCPT", " ".join(sorted(each.partition("=")[0] for each in delivery.recipient_parameters[0])))


# The fields.


@pytest.mark.parametrize(
    ("envid", "said"),
    [
        case("3461/6.3/envelope-id", "QQ314159", "QQ314159", name="plain", needs=NEEDS),
        case("3461/6.3/envelope-id", "a+2Bb+3Dc+20d", "a+b=c d", name="xtext", needs=NEEDS),
        case("3461/6.3/no-envelope-id", "", None, name="none", needs=NEEDS),
    ],
)
def test_envelope_id(envid: str, said: str | None, post: Post) -> None:
    """Original-Envelope-Id is the ENVID, decoded."""
    report = post.failure(mail=(f"ENVID={envid}",) if envid else ())
    expect(report.message.get("original-envelope-id"), said)


@pytest.mark.parametrize(
    ("orcpt", "said"),
    [
        case(
            "3461/6.3/original-recipient", "rfc822;Some.One@Else.test", "Some.One@Else.test", name="plain", needs=NEEDS
        ),
        case("3461/6.3/original-recipient", "rfc822;a+2Bb+3Dc@else.test", "a+b=c@else.test", name="xtext", needs=NEEDS),
        case("3461/6.3/no-original-recipient", "", None, name="none", needs=NEEDS),
    ],
)
def test_original_recipient(orcpt: str, said: str | None, post: Post) -> None:
    """Original-Recipient is the ORCPT, decoded."""
    report = post.failure(*((f"ORCPT={orcpt}",) if orcpt else ()))
    value = report.recipients[0].get("original-recipient")
    expect(None if value is None else of_type(value, "rfc822"), said)


@requirement("3461/6.3/reporting-mta", needs=NEEDS)
def test_reporting_mta(post: Post) -> None:
    """Reporting-MTA is a full domain of type dns."""
    name = of_type(post.failure().message.get("reporting-mta", ""), "dns")
    if DOMAIN.fullmatch(name) is None or "." not in name:
        raise Violation(["a full domain"], repr(name))


@requirement("3461/6.3/final-recipient", needs=NEEDS)
def test_final_recipient(post: Post) -> None:
    """Final-Recipient is the address of type rfc822."""
    domain = post.host(refuses=550)
    post.send((f"x@{domain}",), (f"y@{domain}",))
    report = post.report()
    found = {of_type(group.get("final-recipient", ""), "rfc822").lower() for group in report.recipients}
    if not found or not found <= {f"x@{domain}", f"y@{domain}"}:
        raise Violation([f"x@{domain} and y@{domain}"], repr(found))


@requirement("3461/6.3/action", needs=NEEDS)
def test_action(post: Post) -> None:
    """Each recipient has an Action."""
    domain = post.host(refuses=550)
    post.send((f"x@{domain}",), (f"y@{domain}",))
    for group in post.report().recipients:
        expect(group.get("action", "").lower(), "failed")


@requirement("3461/6.3/status", needs=NEEDS)
@pytest.mark.parametrize("code", [550, 553, 554])
def test_status(code: int, post: Post) -> None:
    """Each recipient that failed has a Status of class 5, without leading zeros."""
    post.send((f"x@{post.host(refuses=code)}",))
    for group in post.report().recipients:
        status = group.get("status", "").split(" ")[0]
        if re.fullmatch(r"[45]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})", status) is None:
            raise Violation(["5.x.y", "4.x.y"], repr(status))


@requirement("3461/6.3/remote-mta", needs=NEEDS)
def test_remote_mta(post: Post) -> None:
    """A recipient that another host refused has a Remote-MTA."""
    if not post.failure().recipients[0].get("remote-mta"):
        raise Violation(["a Remote-MTA field"], "none")


@requirement("3461/6.3/diagnostic-code", needs=NEEDS)
def test_diagnostic_code(post: Post) -> None:
    """A recipient that another host refused has a Diagnostic-Code of type smtp."""
    of_type(post.failure().recipients[0].get("diagnostic-code", ""), "smtp")


@requirement("3461/9.2/reply-quoted", needs=NEEDS)
def test_reply_quoted(post: Post) -> None:
    """The Diagnostic-Code has the reply's code and text."""
    value = post.failure().recipients[0].get("diagnostic-code", "smtp;")
    if re.match(r"550[ -].*scripted", of_type(value, "smtp")) is None:
        raise Violation(["550 scripted"], repr(value))


@requirement("3461/9.3/valid-domains", needs=NEEDS)
def test_valid_domains(post: Post) -> None:
    """What is of type dns is a domain."""
    report = post.failure()
    for group in (report.message, *report.recipients):
        for name in ("reporting-mta", "remote-mta", "received-from-mta"):
            value = group.get(name, "")
            if value.lower().startswith("dns;") and DOMAIN.fullmatch(of_type(value, "dns").split(" ")[0]) is None:
                raise Violation(["a domain"], f"{name}: {value}")


@requirement("3461/9.1/address-not-mended", needs=NEEDS)
@pytest.mark.parametrize("local_part", ["MixedCase", '"quoted local"', "a+b=c"], ids=["case", "quoted", "signs"])
def test_address_as_it_came(local_part: str, post: Post) -> None:
    """Final-Recipient has the local part as it came."""
    address = f"{local_part}@{post.host(refuses=550)}"
    post.send((address,))
    expect(of_type(post.report().recipients[0].get("final-recipient", ""), "rfc822"), address)


# What is given back.


@requirement("3461/6.2/full-returned", needs=NEEDS)
def test_full(post: Post) -> None:
    """With RET=FULL a failure report has the whole message."""
    message = post.outgoing.make_message(body=BODY)
    report = post.failure(mail=("RET=FULL",), message=message)
    if BODY not in report.returned or message_id(message) not in report.returned:
        raise Violation(["the whole message"], f"{report.returned_type}: {report.returned[-80:]!r}")


@requirement("3461/6.2/headers-alone", needs=NEEDS)
@pytest.mark.parametrize("ret", ["RET=FULL", "RET=HDRS", ""], ids=["full", "hdrs", "none"])
def test_headers_alone(ret: str, post: Post) -> None:
    """A report about a success has no body of the message."""
    message = post.outgoing.make_message(body=BODY)
    domain = post.host()
    post.send((f"x@{domain}", "NOTIFY=SUCCESS"), mail=(ret,) if ret else (), message=message)
    report = post.report()
    if BODY in report.delivery.octets or message_id(message) not in report.returned:
        raise Violation(["the header section alone"], f"{report.returned_type}: {report.returned[-80:]!r}")


@requirement("3461/6.2/hdrs-obeyed", needs=NEEDS)
def test_headers_of_a_failure(post: Post, census: Census) -> None:
    """Whether RET=HDRS keeps the body out of a failure report is noted."""
    report = post.failure(mail=("RET=HDRS",), message=post.outgoing.make_message(body=BODY))
    census("body returned", BODY in report.delivery.octets)


@requirement("3461/4.3/ret-absent", needs=NEEDS)
def test_without_ret(post: Post, census: Census) -> None:
    """What a failure report gives back without RET is noted."""
    report = post.failure(message=post.outgoing.make_message(body=BODY))
    census("returned", report.returned_type or "nothing")
    census("body returned", BODY in report.delivery.octets)


@requirement("3461/6.2/long-cut", needs=NEEDS)
def test_long_message(post: Post, census: Census) -> None:
    """How much of a long message is given back with RET=FULL is noted."""
    message = post.outgoing.make_message(body=BODY * 10_000)
    report = post.failure(mail=("RET=FULL",), message=message)
    census("octets of the message", len(message))
    census("octets returned", len(report.returned))
