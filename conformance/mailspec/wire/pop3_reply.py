"""POP3 responses, and reading one from a stream under the strict grammar."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence

from mailspec.wire.deadline import Deadline
from mailspec.wire.failure import Failure, TooLong, Unparsable
from mailspec.wire.grammar import GrammarError
from mailspec.wire.grammar import pop3 as grammar
from mailspec.wire.reply import Ended, Reply
from mailspec.wire.stream import Stream

__all__ = ["CONTINUE", "ERR", "OK", "Pop3Reply", "Status", "read_response"]

#: Longest first line in octets that is still read; the RFC's 512 are judged, not enforced.
READ_LINE_OCTETS = 16 * 1024

#: Longest multi-line response in octets.
READ_BODY_OCTETS = 48 * 1024 * 1024


class Status(enum.Enum):
    """The status indicators (RFC 1939 section 3), and the request to go on (RFC 5034 section 4)."""

    OK = "+OK"
    ERR = "-ERR"
    CONTINUE = "+"


OK, ERR, CONTINUE = Status.OK, Status.ERR, Status.CONTINUE


class Pop3Reply(Reply[Status]):
    """One response; the alternatives of `.expect` are OK, ERR, CONTINUE and CLOSED."""

    def __init__(
        self,
        asked: bytes,
        octets: bytes,
        failure: Failure | None,
        event: int | None,
        status: Status = ERR,
        line: bytes = b"",
        wire_lines: Sequence[bytes] = (),
    ) -> None:
        super().__init__(asked, octets, failure, event)
        self._status = status
        self._line = line
        self._wire_lines = wire_lines

    @property
    def ok(self) -> bool:
        """Whether the status is +OK; Blocked if there is no response."""
        self._use()
        return self._status is OK

    @property
    def status(self) -> Status:
        """The status indicator; Blocked if there is no response."""
        self._use()
        return self._status

    @property
    def text(self) -> bytes:
        """What stands behind the status indicator and its space; Blocked if there is no response."""
        self._use()
        return self._line.partition(b" ")[2]

    @property
    def code(self) -> bytes | None:
        """The extended response code, upper-cased, for instance b"IN-USE" (RFC 2449 section 8)."""
        self._use()
        return grammar.response_code(self._line)

    @property
    def lines(self) -> list[bytes]:
        """The lines of a multi-line response, unstuffed, without CRLF; Blocked if there is no response."""
        self._use()
        return [grammar.unstuffed(line) for line in self._wire_lines]

    @property
    def body(self) -> bytes:
        """The lines of a multi-line response, unstuffed, each with its CRLF; Blocked if there is no response."""
        return b"".join(line + b"\r\n" for line in self.lines)

    def _default(self) -> Sequence[Status]:
        return (OK,)

    def _matches(self, alternative: Status | Ended) -> bool:
        return self._status is alternative

    def _show(self, alternative: Status) -> str:
        return alternative.value


def read_response(stream: Stream, asked: bytes, deadline: Deadline, *, multi: bool) -> Pop3Reply:
    """Read one whole response, and charge every breach of its grammar.

    Args:
        stream: where it comes from.
        asked: the command, for messages.
        deadline: for the whole response.
        multi: whether lines follow a positive first line.
    """
    wire = stream.read_line(READ_LINE_OCTETS, deadline)
    transcript = stream.recorder.transcript
    if isinstance(wire, Failure):
        return Pop3Reply(asked, b"", _charge_endless(stream, wire), transcript.last)
    line = _first_line(stream, wire)
    status = _status(line)
    if status is None:
        failure = Unparsable("the target sent a line that is no response", line[:512], grammar.REPLY_FORM)
        return Pop3Reply(asked, wire, failure, stream.event)
    if not (multi and status is OK):
        return Pop3Reply(asked, wire, None, stream.event, status, line)
    body = _read_body(stream, deadline)
    if isinstance(body, Failure):
        return Pop3Reply(asked, wire + body.octets, body, transcript.last)
    lines = body.split(b"\r\n")[:-2]
    for one in lines:
        _check(stream, grammar.MULTI_LINE_FORM, one, grammar.check_multi_line)
    return Pop3Reply(asked, wire + body, None, stream.event, OK, line, lines)


def _first_line(stream: Stream, wire: bytes) -> bytes:
    """Judge the first line and return it without its end."""
    if len(wire) > grammar.LINE_LIMIT:
        reason = f"a line of {len(wire)} octets, {grammar.LINE_LIMIT} are allowed"
        _charge(stream, grammar.REPLY_FORM, wire, grammar.LINE_LIMIT, reason)
    if not wire.endswith(b"\r\n"):
        _charge(stream, grammar.REPLY_FORM, wire, len(wire) - 1, "a line that ends with LF instead of CRLF")
    line = wire[:-2] if wire.endswith(b"\r\n") else wire[:-1]
    is_continuation = line[:1] == b"+" and grammar.lenient_status(line) is None
    rule = grammar.check_continuation if is_continuation else grammar.check_status_line
    _check(stream, grammar.REPLY_FORM, line, rule)
    return line


def _status(line: bytes) -> Status | None:
    positive = grammar.lenient_status(line)
    if positive is None:
        return CONTINUE if line[:2] in {b"+", b"+ "} else None
    return OK if positive else ERR


def _read_body(stream: Stream, deadline: Deadline) -> bytes | Failure:
    """Return the lines up to and including the final dot line, as they are on the wire."""
    first = stream.read_until(b"\r\n", READ_BODY_OCTETS, deadline)
    if isinstance(first, Failure) or first == b".\r\n":
        return _mended(stream, first) if isinstance(first, Failure) else first
    # The CRLF before the final dot may be the one that was just read.
    rest = stream.read_until(b"\r\n.\r\n", READ_BODY_OCTETS, deadline, before=b"\r\n")
    return _mended(stream, rest, first) if isinstance(rest, Failure) else first + rest


def _mended(stream: Stream, failure: Failure, first: bytes = b"") -> bytes | Failure:
    """Take a body that ends with bare LF for complete, charged, where nothing else came until the failure."""
    if isinstance(failure, TooLong):
        return failure
    for end in (b"\n.\n", b"\n.\r\n"):
        if (first + stream.unread).endswith(end):
            octets = first + stream.take_unread()
            reason = "the final line does not follow on a CRLF, or does not end with one"
            _charge(stream, grammar.MULTI_LINE_FORM, octets, len(octets) - len(end), reason)
            return octets[: -len(end)].removesuffix(b"\r") + b"\r\n.\r\n"
    return failure


def _charge_endless(stream: Stream, failure: Failure) -> Failure:
    if not isinstance(failure, TooLong):
        return failure
    _charge(stream, grammar.REPLY_FORM, failure.octets, grammar.LINE_LIMIT, "a line without an end")
    return TooLong(failure.reason, failure.octets, grammar.REPLY_FORM)


def _check(stream: Stream, requirement_id: str, line: bytes, rule: Callable[[bytes], None]) -> None:
    stream.recorder.charges.exercised(requirement_id)
    try:
        rule(line)
    except GrammarError as error:
        _charge(stream, requirement_id, line, error.position, f"{error.production}: {error.reason}")


def _charge(stream: Stream, requirement_id: str, octets: bytes, position: int, reason: str) -> None:
    stream.recorder.charges.charge(requirement_id, octets, position, reason, stream.connection, stream.event)
