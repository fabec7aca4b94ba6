"""What an authoritative server answers to a query, given its records (RFC 1034 section 4.3.2)."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# dnslib ships no types; what leaves this module is octets.
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dnslib import EDNS0, NS, QTYPE, RCODE, RR, SOA, DNSError, DNSRecord

from refmail.dns.faults import Fault, FaultKind
from refmail.dns.records import Record, fold

__all__ = ["Question", "Records", "RequestError", "answer", "faulty", "parse_query"]

#: Folded name -> record type -> the records.
Records = Mapping[str, Mapping[str, tuple[Record, ...]]]

#: Octets of a UDP answer to a query without EDNS (RFC 1035 section 4.2.1).
UDP_LIMIT = 512
#: Octets that we say we can receive over UDP (RFC 6891 section 6.2.3).
OUR_UDP_SIZE = 1232
#: CNAMEs followed in one answer before it is cut off as a loop.
MAX_ALIASES = 8
#: Seconds a negative answer may be cached (RFC 2308 section 5).
NEGATIVE_TTL = 1


class RequestError(ValueError):
    """What arrived is no DNS query that can be answered."""


@dataclass(frozen=True, slots=True)
class Question:
    """One query, parsed."""

    request: Any
    #: As it was asked, with the case that it had.
    name: str
    type: str
    #: Octets that the asker takes over UDP.
    udp_limit: int

    @property
    def key(self) -> str:
        return fold(self.name)


def parse_query(octets: bytes) -> Question:
    """Read a query.

    Raises:
        RequestError: it is malformed, a response, or has not exactly one question.
    """
    try:
        request = DNSRecord.parse(octets)
        questions = request.questions
    except (DNSError, ValueError, IndexError) as error:
        msg = f"malformed query: {error}"
        raise RequestError(msg) from error
    if request.header.qr or len(questions) != 1:
        msg = "not a query with one question"
        raise RequestError(msg)
    sizes = [int(extra.edns_len) for extra in request.ar if extra.rtype == QTYPE.OPT]
    question = questions[0]
    return Question(request, str(question.qname), str(QTYPE[question.qtype]), max([UDP_LIMIT, *sizes]))


def answer(question: Question, records: Records, *, udp: bool) -> bytes:
    """Return the octets of the right answer; over UDP it is cut with TC where it is too long."""
    reply = _reply(question)
    key = question.key
    for _ in range(MAX_ALIASES):
        found = _node(records, key)
        if found is None:
            reply.header.rcode = RCODE.NXDOMAIN
            break
        wanted = list(_matching(found, question.type))
        for record in wanted:
            # The owner is given back in the case it was asked in; of a wildcard it is the name asked for.
            owner = question.name if key == question.key else key
            reply.add_answer(_rr(record, owner))
        if wanted and wanted[0].type == "CNAME" and question.type not in ("CNAME", "ANY"):
            key = fold(wanted[0].data)
            continue
        break
    _complete(reply, records)
    return _pack(question, reply, udp=udp)


def faulty(question: Question, fault: Fault, records: Records, *, udp: bool) -> bytes | None:
    """Return the octets that a fault sends, or None for silence."""
    match fault.kind:
        case FaultKind.SILENCE:
            return None
        case FaultKind.GARBAGE:
            return int(question.request.header.id).to_bytes(2, "big") + fault.octets
        case FaultKind.DELAY:
            return answer(question, records, udp=udp)
        case FaultKind.TRUNCATE:
            return _truncated(question) if udp else answer(question, records, udp=False)
        case FaultKind.LAME:
            reply = _reply(question)
            reply.header.aa = 0
            reply.header.ra = 0
            reply.add_auth(RR(".", QTYPE.NS, ttl=NEGATIVE_TTL, rdata=NS("a.root-servers.test.")))
            return _pack(question, reply, udp=udp)
        case FaultKind.SERVFAIL | FaultKind.REFUSED | FaultKind.NXDOMAIN:
            reply = _reply(question)
            reply.header.rcode = getattr(RCODE, fault.kind.name)
            if fault.kind is FaultKind.NXDOMAIN:
                _complete(reply, records)
            return _pack(question, reply, udp=udp)


def _reply(question: Question) -> Any:
    # RA is set because stub resolvers of real servers ask for recursion and some insist on it.
    reply = question.request.reply(ra=1, aa=1)
    reply.ar.clear()
    return reply


def _node(records: Records, key: str) -> Mapping[str, tuple[Record, ...]] | None:
    """Return what is at a name, {} where it only has names below it, None where it does not exist."""
    if key in records:
        return records[key]
    if any(name.endswith(f".{key}") for name in records):
        return {}
    _, _, parent = key.partition(".")
    while parent:
        # A wildcard serves every name below its parent unless a nearer name exists (RFC 4592 section 3.3.1).
        if f"*.{parent}" in records:
            return records[f"*.{parent}"]
        if parent in records:
            return None
        _, _, parent = parent.partition(".")
    return None


def _matching(node: Mapping[str, tuple[Record, ...]], query_type: str) -> Iterator[Record]:
    if query_type == "ANY":
        for group in node.values():
            yield from group
    elif query_type in node:
        yield from node[query_type]
    else:
        yield from node.get("CNAME", ())


def _rr(record: Record, owner: str) -> Any:
    rr = record.to_rr()
    rr.rname = owner
    return rr


def _complete(reply: Any, records: Records) -> None:
    """Add the SOA of a negative answer, or the addresses of the exchangers."""
    if not any(rr.rtype != QTYPE.CNAME for rr in reply.rr):
        soa = SOA("dns.test.", "hostmaster.dns.test.", (1, 60, 60, 3600, NEGATIVE_TTL))
        reply.add_auth(RR(".", QTYPE.SOA, ttl=NEGATIVE_TTL, rdata=soa))
    for record in _exchanger_addresses(reply.rr, records):
        reply.add_ar(record.to_rr())


def _exchanger_addresses(answers: Iterable[Any], records: Records) -> Iterator[Record]:
    hosts = dict.fromkeys(fold(str(rr.rdata.label)) for rr in answers if rr.rtype == QTYPE.MX)
    for host in hosts:
        node = records.get(host, {})
        yield from node.get("A", ())
        yield from node.get("AAAA", ())


def _pack(question: Question, reply: Any, *, udp: bool) -> bytes:
    if _asked_with_edns(question):
        reply.add_ar(EDNS0(udp_len=OUR_UDP_SIZE))
    octets = bytes(reply.pack())
    if udp and len(octets) > question.udp_limit:
        return _truncated(question)
    return octets


def _truncated(question: Question) -> bytes:
    reply = _reply(question)
    reply.header.tc = 1
    if _asked_with_edns(question):
        reply.add_ar(EDNS0(udp_len=OUR_UDP_SIZE))
    return bytes(reply.pack())


def _asked_with_edns(question: Question) -> bool:
    return any(extra.rtype == QTYPE.OPT for extra in question.request.ar)
