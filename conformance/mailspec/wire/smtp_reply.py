"""SMTP replies, and reading one from a stream under the strict grammar."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Sequence

from mailspec.wire.charges import Charges
from mailspec.wire.deadline import Deadline
from mailspec.wire.failure import Failure, TooLong, Unparsable
from mailspec.wire.grammar import GrammarError
from mailspec.wire.grammar import smtp as grammar
from mailspec.wire.reply import Ended, Reply
from mailspec.wire.stream import Stream

__all__ = ["INTERMEDIATE", "PERMANENT", "SUCCESS", "TRANSIENT", "Answered", "CodeClass", "SmtpReply", "read_reply"]

#: Longest line in octets that is still read; the RFC's 512 are judged, not enforced.
READ_LINE_OCTETS = 16 * 1024

#: Longest reply in octets and in lines.
READ_REPLY_OCTETS, READ_REPLY_LINES = 1024 * 1024, 4096

#: Shutting down: the reply that any command may get (RFC 5321 section 3.8).
NOT_AVAILABLE = 421

# status-code = class "." subject "." detail (RFC 2034 section 4)
ENHANCED = re.compile(rb"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?= |\Z)")


_CHECK_UTF8_LINE = functools.partial(grammar.check_reply_line, utf8=True)


class CodeClass(enum.Enum):
    """Classes of reply codes (RFC 5321 section 4.2.1)."""

    SUCCESS = 2
    INTERMEDIATE = 3
    TRANSIENT = 4
    PERMANENT = 5


SUCCESS, INTERMEDIATE = CodeClass.SUCCESS, CodeClass.INTERMEDIATE
TRANSIENT, PERMANENT = CodeClass.TRANSIENT, CodeClass.PERMANENT


class Answered(enum.Enum):
    """What a reply answers, as far as its grammar depends on that."""

    CONNECTING = "connecting"
    EHLO = "EHLO"
    OTHER = "another command"


class SmtpReply(Reply[int | CodeClass]):
    """One reply, of one line or several; the alternatives of `.expect` are codes, classes and CLOSED."""

    def __init__(
        self,
        asked: bytes,
        octets: bytes,
        failure: Failure | None,
        event: int | None,
        code: int = 0,
        lines: Sequence[bytes] = (),
    ) -> None:
        super().__init__(asked, octets, failure, event)
        self._code = code
        self._lines = list(lines)

    @property
    def code(self) -> int:
        """The three digits of the last line; Blocked if there is no reply."""
        self._use()
        return self._code

    @property
    def lines(self) -> list[bytes]:
        """The text of each line, without code, separator and CRLF; Blocked if there is no reply."""
        self._use()
        return self._lines

    @property
    def text(self) -> bytes:
        """The texts of all lines, joined by LF; Blocked if there is no reply."""
        return b"\n".join(self.lines)

    @property
    def enhanced(self) -> tuple[int, int, int] | None:
        """The enhanced status code of the first line (RFC 2034), None if there is none."""
        found = ENHANCED.match(self.lines[0])
        return (int(found[1]), int(found[2]), int(found[3])) if found else None

    def _default(self) -> Sequence[int | CodeClass]:
        return (SUCCESS,)

    def _matches(self, alternative: int | CodeClass | Ended) -> bool:
        if isinstance(alternative, CodeClass):
            return self._code // 100 == alternative.value
        return self._code == alternative

    def _show(self, alternative: int | CodeClass) -> str:
        return f"{alternative.value}yz" if isinstance(alternative, CodeClass) else str(alternative)

    def _is_transient(self, wanted: Sequence[int | CodeClass | Ended]) -> bool:
        return self._code == NOT_AVAILABLE and not any(self._matches(one) for one in wanted)


class _Judge:
    """Charges breaches of one reply."""

    def __init__(self, stream: Stream) -> None:
        self.charges: Charges = stream.recorder.charges
        self.stream = stream

    def check(self, requirement_id: str, rule: Callable[[bytes], None], line: bytes) -> None:
        self.charges.exercised(requirement_id)
        try:
            rule(line)
        except GrammarError as error:
            self.charge(error.requirement_id, error.octets, error.position, f"{error.production}: {error.reason}")

    def charge(self, requirement_id: str, octets: bytes, position: int, reason: str) -> None:
        self.charges.charge(requirement_id, octets, position, reason, self.stream.connection, self.stream.event)

    def line_end(self, line: bytes) -> bytes:
        """Judge the length and the end of a line, and return the line without its end."""
        self.charges.exercised(grammar.LINE_LENGTH)
        if len(line) > grammar.LINE_LIMIT:
            reason = f"a reply line of {len(line)} octets, {grammar.LINE_LIMIT} are allowed"
            self.charge(grammar.LINE_LENGTH, line, grammar.LINE_LIMIT, reason)
        if line.endswith(b"\r\n"):
            return line[:-2]
        self.charges.exercised(grammar.REPLY_LINE)
        self.charge(grammar.REPLY_LINE, line, len(line) - 1, "a line that ends with LF instead of CRLF")
        return line[:-1]


def read_reply(stream: Stream, asked: bytes, deadline: Deadline, to: Answered, *, utf8: bool) -> SmtpReply:
    """Read one whole reply, and charge every breach of its grammar.

    Args:
        stream: where it comes from.
        asked: the command, for messages.
        deadline: for the whole reply.
        to: what is answered, which decides on the grammar of positive replies.
        utf8: whether its text may hold UTF-8.
    """
    judge = _Judge(stream)
    wire: list[bytes] = []
    lines: list[bytes] = []
    parsed: list[grammar.ReplyLine] = []
    size = 0
    failure: Failure | None = None
    while failure is None and not (parsed and parsed[-1].last):
        line = stream.read_line(READ_LINE_OCTETS, deadline)
        if isinstance(line, Failure):
            failure = _charge_length(line, judge)
            break
        wire.append(line)
        lines.append(judge.line_end(line))
        size += len(line)
        failure = _take_line(lines[-1], parsed, judge, utf8=utf8)
        if size > READ_REPLY_OCTETS or len(lines) > READ_REPLY_LINES:
            failure = TooLong("the reply has no end", line[:80])
    octets = b"".join(wire)
    if failure is not None:
        return SmtpReply(asked, octets, failure, stream.recorder.transcript.last)
    code = parsed[-1].code
    _check_whole(lines, code, to, judge)
    return SmtpReply(asked, octets, None, stream.event, code, [line.text for line in parsed])


def _charge_length(failure: Failure, judge: _Judge) -> Failure:
    """Charge an endless line to the limit of reply lines."""
    if not isinstance(failure, TooLong):
        return failure
    judge.charge(grammar.LINE_LENGTH, failure.octets, grammar.LINE_LIMIT, "a reply line without an end")
    return TooLong(failure.reason, failure.octets, grammar.LINE_LENGTH)


def _take_line(line: bytes, parsed: list[grammar.ReplyLine], judge: _Judge, *, utf8: bool) -> Failure | None:
    """Judge one line and append what a lenient client reads from it; return why it cannot be read."""
    judge.check(grammar.REPLY_LINE, _CHECK_UTF8_LINE if utf8 else grammar.check_reply_line, line)
    read = grammar.lenient_reply_line(line)
    if read is None:
        return Unparsable("the target sent a line that is no reply", line[:512], grammar.REPLY_LINE)
    if parsed and read.code != parsed[0].code:
        judge.charge(grammar.REPLY_LINE, line, 0, f"a line of a reply that began with code {parsed[0].code}")
    parsed.append(read)
    return None


def _check_whole(lines: list[bytes], code: int, to: Answered, judge: _Judge) -> None:
    """Judge what depends on the command that was answered."""
    if to is Answered.CONNECTING and code == 220:
        judge.check(grammar.GREETING_LINE, grammar.check_greeting, lines[0])
    if to is Answered.EHLO and code == 250:
        judge.check(grammar.EHLO_REPLY, grammar.check_ehlo_first, lines[0])
        for line in lines[1:]:
            judge.charges.exercised(grammar.EHLO_SEPARATOR)
            judge.check(grammar.EHLO_REPLY, grammar.check_ehlo_line, line)
