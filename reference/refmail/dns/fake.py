"""A fake authoritative DNS server, UDP and TCP on one port, whose every answer a test decides."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self, cast

from refmail.dns.answers import Question, RequestError, answer, faulty, parse_query
from refmail.dns.faults import Fault, FaultKind, FaultPlan
from refmail.dns.loopthread import LoopThread
from refmail.dns.records import Record, ZoneError, fold, parse_zone

__all__ = ["FakeDns", "Query"]

#: How often a port that TCP got is tried for UDP before giving up.
PORT_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Query:
    """One query that the server received."""

    #: Seconds of the server's clock.
    at: float
    #: Lower case, without the final dot.
    name: str
    type: str
    #: "udp" or "tcp".
    transport: str
    #: The fault it got, or None for the right answer.
    fault: FaultKind | None


class FakeDns:
    """An authoritative server for the whole name space: what it does not know does not exist.

    Zones may change at any time, from any thread. An unknown type at a known name
    (AAAA, for instance) gets an empty NOERROR; every unknown name, PTR names
    included, gets NXDOMAIN at once.

    Args:
        host: the address to listen on.
        port: the port, or 0 for one that the kernel chooses, the same for UDP and TCP.
        clock: seconds, for the history.
        on_query: called after each query, on the server's thread.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_query: Callable[[Query], None] | None = None,
    ) -> None:
        self._wanted = (host, port)
        self._clock = clock
        self._on_query = on_query
        self._lock = threading.Lock()
        self._records: dict[str, dict[str, tuple[Record, ...]]] = {}
        self._faults: dict[str, FaultPlan] = {}
        self._history: list[Query] = []
        self._thread: LoopThread | None = None
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._address = self._wanted

    # Life.

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on, once started."""
        return self._address

    def start(self) -> None:
        """Bind and serve.

        Raises:
            OSError: the port is taken.
        """
        self._thread = LoopThread("fake-dns")
        try:
            self._thread.run(self._listen())
        except BaseException:
            self._thread.close()
            self._thread = None
            raise

    def stop(self) -> None:
        """Stop serving and close every socket."""
        if self._thread is not None:
            self._thread.run(self._close())
            self._thread.close()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Zones.

    def add(self, *records: Record) -> None:
        """Add records to what is there.

        Raises:
            ZoneError: one is malformed; nothing was added.
        """
        for record in records:
            record.to_rr()
        with self._lock:
            for record in records:
                node = self._records.setdefault(fold(record.name), {})
                node[record.type] = (*node.get(record.type, ()), record)

    def replace(self, name: str, record_type: str, *data: str) -> None:
        """Make `data` the only records of that type at the name; none removes them."""
        records = tuple(Record(name, record_type, item) for item in data)
        for record in records:
            record.to_rr()
        with self._lock:
            node = dict(self._records.get(fold(name), {}))
            node.pop(record_type, None)
            if records:
                node[record_type] = records
            # A name without records still exists: removing its last record is no NXDOMAIN; `remove` is.
            self._records[fold(name)] = node

    def remove(self, name: str) -> None:
        """Let a name, everything below it, and their faults, cease to exist."""
        key = fold(name)
        with self._lock:
            for table in (self._records, self._faults):
                for known in [known for known in table if known == key or known.endswith(f".{key}")]:
                    del table[known]

    def load(self, text: str, origin: str) -> tuple[Record, ...]:
        """Add the records of a zone file and return them.

        Raises:
            ZoneError: it is malformed; nothing was added.
        """
        records = parse_zone(text, origin)
        if not records:
            msg = f"the zone of {origin} has no records"
            raise ZoneError(msg)
        self.add(*records)
        return records

    # Faults and history.

    def fault(self, name: str, fault: Fault) -> None:
        """Let queries for a name go wrong; several faults are looked at in the order they were added."""
        with self._lock:
            self._faults.setdefault(fold(name), FaultPlan()).add(fault)

    def heal(self, name: str) -> None:
        """Remove the faults of a name."""
        with self._lock:
            self._faults.pop(fold(name), None)

    def queries(self, name: str | None = None, query_type: str | None = None) -> tuple[Query, ...]:
        """Return the queries so far, oldest first, of one name and one type if given."""
        with self._lock:
            return tuple(
                query
                for query in self._history
                if (name is None or query.name == fold(name)) and (query_type is None or query.type == query_type)
            )

    def forget_queries(self) -> None:
        """Begin the history anew."""
        with self._lock:
            self._history.clear()

    # Serving; all of it runs on the loop's thread.

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        tcp, udp = _bind_both(*self._wanted)
        host, port = tcp.getsockname()[:2]
        self._address = (str(host), int(port))
        self._tcp = await asyncio.start_server(self._serve_tcp, sock=tcp)
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)

    async def _close(self) -> None:
        if self._tcp is not None:
            self._tcp.close()
        if self._udp is not None:
            self._udp.close()

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer query after query on one connection, each with its length before it (RFC 1035 section 4.2.2)."""
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                delay, octets = self.respond(await reader.readexactly(length), udp=False)
                if delay:
                    await asyncio.sleep(delay)
                if octets is not None:
                    writer.write(len(octets).to_bytes(2, "big") + octets)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def respond(self, octets: bytes, *, udp: bool) -> tuple[float, bytes | None]:
        """Return the seconds to wait and the octets to send, None for silence."""
        try:
            question = parse_query(octets)
        except RequestError:
            return 0.0, None
        with self._lock:
            plan = self._faults.get(question.key)
            fault = plan.next(question.type) if plan is not None else None
            reply = (
                answer(question, self._records, udp=udp)
                if fault is None
                else faulty(question, fault, self._records, udp=udp)
            )
            query = self._note(question, fault, udp=udp)
        if self._on_query is not None:
            self._on_query(query)
        return (fault.delay if fault is not None else 0.0), reply

    def _note(self, question: Question, fault: Fault | None, *, udp: bool) -> Query:
        kind = fault.kind if fault is not None else None
        query = Query(self._clock(), question.key, question.type, "udp" if udp else "tcp", kind)
        self._history.append(query)
        return query


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side: one datagram in, at most one out."""

    def __init__(self, server: FakeDns) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's own datagram transport is no subclass of DatagramTransport.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        delay, octets = self._server.respond(data, udp=True)
        if octets is not None:
            asyncio.get_running_loop().call_later(delay, self._send, octets, addr)

    def _send(self, octets: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(octets, addr)


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind TCP and UDP to one port; where the kernel chooses, another is taken until both are free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for attempt in _attempts(port):
        # Only where the protocol is named does asyncio set TCP_NODELAY.
        tcp = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            udp.bind((host, tcp.getsockname()[1]))
        except OSError:
            tcp.close()
            udp.close()
            if attempt == 0:
                raise
        else:
            return tcp, udp
    raise AssertionError


def _attempts(port: int) -> Iterable[int]:
    return range(PORT_ATTEMPTS - 1 if port == 0 else 0, -1, -1)
