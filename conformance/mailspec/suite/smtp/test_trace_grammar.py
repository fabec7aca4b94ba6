"""The grammar of Received and Return-Path, clause by clause: RFC 5321 sections 4.1.3 and 4.4."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mailspec.requirement import case, requirement
from mailspec.suite.inbox import Inbox, fields
from mailspec.suite.smtp.test_trace import added, flat
from mailspec.suite.steps import MessageMaker, Sender
from mailspec.verdict import Blocked, Violation

# Domain = sub-domain *("." sub-domain) ; sub-domain = Let-dig [Ldh-str] (RFC 5321 section 4.1.2)
SUB_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
DOMAIN = rb"%b(?:\.%b)*" % (SUB_DOMAIN, SUB_DOMAIN)
LITERAL = rb"\[[^\s\[\]\\]+\]"
# Atom = 1*atext (RFC 5322 section 3.2.3)
ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

HOST = re.compile(rb"%b|%b" % (DOMAIN, LITERAL))
# TCP-info = address-literal / ( Domain FWS address-literal )
TCP_INFO = re.compile(rb"\((?:%b\s+)?%b\)" % (DOMAIN, LITERAL))
LINK = re.compile(ATOM)
# ID = CFWS "ID" FWS ( Atom / msg-id )
ID = re.compile(rb"%b|<[^<>\s@]+@[^<>\s@]+>" % ATOM)
# For = CFWS "FOR" FWS ( Path / Mailbox )
MAILBOX = rb'(?:[^\s<>@"]+|"(?:[^"\\]|\\.)*")@(?:%b|%b)' % (DOMAIN, LITERAL)
FOR = re.compile(rb"<(?:@[^<>:]+:)?%b>|%b|<postmaster>" % (MAILBOX, MAILBOX), re.IGNORECASE)
# Return-path-line = "Return-Path:" FWS Reverse-path <CRLF>
RETURN_PATH = re.compile(rb"[ \t]+<(?:%b)?>" % MAILBOX)

#: The clauses in their order; others, which somebody has registered, come behind them.
ORDER = (b"from", b"by", b"via", b"with", b"id", b"for")

# A parenthesis without another one in it, something in quotes with what clings to it, or what has no space in it.
TOKEN = re.compile(rb'\([^()]*\)|(?:"(?:[^"\\]|\\.)*"|[^\s()"])+')


@dataclass(slots=True)
class Clause:
    """A name, what stands behind it, and the parentheses behind that."""

    name: bytes
    value: bytes = b""
    parentheses: list[bytes] = field(default_factory=list[bytes])


def clauses(value: bytes) -> list[Clause]:
    """Take a Received field apart, up to its date."""
    stamp = flat(value).rpartition(b";")[0]
    # Comments within comments say nothing.
    while (simpler := re.sub(rb"\(([^()]*)\([^()]*\)", rb"(\1", stamp)) != stamp:
        stamp = simpler
    found: list[Clause] = []
    for token in TOKEN.findall(stamp):
        if token.startswith(b"("):
            if found:
                found[-1].parentheses.append(token)
        elif found and not found[-1].value:
            found[-1].value = token
        else:
            found.append(Clause(token.lower()))
    return found


def values(found: list[Clause], *names: bytes) -> list[bytes]:
    """Return what stands behind these names."""
    return [each.value for each in found if each.name in names]


def odd_by(found: list[Clause]) -> str:
    """Say what is wrong about BY."""
    hosts = values(found, b"by")
    return "" if len(hosts) == 1 and HOST.fullmatch(hosts[0]) else f"by {hosts!r}"


def odd_domains(found: list[Clause]) -> str:
    """Say what is wrong about FROM and BY."""
    for each in found:
        if each.name in {b"from", b"by"}:
            if not HOST.fullmatch(each.value):
                return f"{each.name.decode()} {each.value!r}"
            if each.value.startswith(b"[") and not (each.parentheses and TCP_INFO.fullmatch(each.parentheses[0])):
                return f"{each.value!r}, and behind it {each.parentheses!r}"
    return ""


def odd_literals(found: list[Clause]) -> str:
    """Say which address literal of FROM and BY is none."""
    shown = b" ".join(b" ".join((e.value, *e.parentheses[:1])) for e in found if e.name in {b"from", b"by"})
    for literal in re.findall(rb"\[([^\[\]]*)\]", shown):
        tag, colon, rest = literal.rpartition(b"IPv6:") if b"IPv6:" in literal else literal.partition(b":")
        try:
            if b"IPv6:" in literal:
                ipaddress.IPv6Address(rest.decode("ascii"))
            elif not (colon and re.fullmatch(rb"[A-Za-z-][A-Za-z0-9-]*[A-Za-z0-9]", tag) and rest):
                ipaddress.IPv4Address(literal.decode("ascii"))
        except ValueError:
            return f"[{literal.decode('latin-1')}]"
    return ""


def odd_values(names: tuple[bytes, ...], form: re.Pattern[bytes]) -> Callable[[list[Clause]], str]:
    """Return what says which clause of these names has not its form."""

    def odd(found: list[Clause]) -> str:
        wrong = [each for each in values(found, *names) if not form.fullmatch(each)]
        return f"{names[-1].decode()} {wrong[0]!r}" if wrong else ""

    return odd


def odd_order(found: list[Clause]) -> str:
    """Say how the clauses stand, where that is not their order."""
    places = [ORDER.index(each.name) if each.name in ORDER else len(ORDER) for each in found]
    known = [place for place in places if place < len(ORDER)]
    if places == sorted(places) and len(known) == len(set(known)):
        return ""
    return b" ".join(each.name for each in found).decode("latin-1")


@pytest.mark.parametrize(
    ("expected", "odd"),
    [
        case("5321/4.4/received-by", "by and a domain", odd_by, name="by"),
        case("5321/4.4/received-extended-domain", "a domain, or a literal and TCP-info", odd_domains, name="domains"),
        case("5321/4.1.3/literal-form", "address literals", odd_literals, name="literals"),
        case("5321/4.4/received-with-form", "one atom", odd_values((b"via", b"with"), LINK), name="with"),
        case("5321/4.4/received-id-form", "an atom or <a@b>", odd_values((b"id",), ID), name="id"),
        case("5321/4.4/received-for-form", "a path or a mailbox", odd_values((b"for",), FOR), name="for"),
        case("5321/4.4/received-clause-order", "via, with, id, for, others", odd_order, name="order"),
    ],
)
def test_received(
    expected: str, odd: Callable[[list[Clause]], str], make_message: MessageMaker, send: Sender, inbox: Inbox
) -> None:
    """Each Received field that was added keeps the production."""
    send(message := make_message())
    new = added(fields(inbox.wait(message)))
    if not new:
        msg = "no Received field was added"
        raise Blocked(msg)
    for value in new:
        if wrong := odd(clauses(value)):
            raise Violation([expected], wrong)


@requirement("5321/4.4/return-path-form")
def test_return_path(make_message: MessageMaker, send: Sender, inbox: Inbox) -> None:
    """Return-Path has a path in angle brackets and nothing more."""
    send(message := make_message())
    found = [value for name, value in fields(inbox.wait(message)) if name == b"return-path"]
    if not found:
        msg = "no Return-Path field was added"
        raise Blocked(msg)
    if not RETURN_PATH.fullmatch(found[0]):
        raise Violation(["<path> and nothing more"], repr(found[0]))
