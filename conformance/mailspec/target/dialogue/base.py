"""What the steps of each protocol have in common that probing, `doctor` and `init` need: greet, capabilities, TLS, login, count mail.

These are lenient on purpose: they find out what is there and judge nothing. Each step raises a StepFailed
that names the step, what happened, and a remedy.
"""

from __future__ import annotations

import enum
from types import TracebackType
from typing import Self

from mailspec.target.dialogue.remedies import tls_remedy
from mailspec.target.offers import spread
from mailspec.transcript import visible
from mailspec.wire.deadline import Deadline
from mailspec.wire.endpoint import Login
from mailspec.wire.failure import Failure
from mailspec.wire.stream import Stream

__all__ = ["REPLY_LINES", "Dialogue", "Step", "StepFailed"]

#: Octets of the longest line read here; no capability list comes near.
LINE_OCTETS = 64 * 1024

#: Lines of the longest reply read here: a large message by POP3, or a maildrop of as many entries.
REPLY_LINES = 200_000

#: Octets of the longest message read here; larger than what any check sends.
MESSAGE_OCTETS = 64 * 1024 * 1024


class Step(enum.StrEnum):
    """The steps in which a connection is set up."""

    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    CAPABILITIES = "capabilities"
    LOGIN = "login"
    INBOX = "INBOX"


class StepFailed(Exception):
    """A step did not succeed.

    Args:
        step: which one.
        reason: what happened.
        remedy: what the user can do.
    """

    def __init__(self, step: Step, reason: str, remedy: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.remedy = remedy


class Dialogue:
    """One connection, as far as setting up goes; a context manager that closes it."""

    #: Name of the capability that offers TLS, and the command for it.
    tls_capability = "STARTTLS"
    tls_command = b"STARTTLS"

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        #: Capability lines as last read.
        self.capabilities: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Close the connection."""
        self.stream.close()

    # What differs by protocol.

    def greet(self) -> str:
        """Read the greeting and return its first line."""
        raise NotImplementedError

    def ask_capabilities(self) -> tuple[str, ...]:
        """Ask what is offered now; remembered in `capabilities`."""
        raise NotImplementedError

    def start_tls(self) -> None:
        """Go on inside TLS."""
        raise NotImplementedError

    def login(self, login: Login) -> None:
        """Authenticate."""
        raise NotImplementedError

    def command(self, step: Step, command: bytes, remedy: str, *, allow: tuple[bytes, ...] = ()) -> list[bytes]:
        """Run one command that must succeed, and return the lines of its reply.

        Args:
            step: what a refusal is reported as.
            command: without CRLF, and without a tag.
            remedy: what to do if it is refused.
            allow: statuses that pass, if not only success does.
        """
        raise NotImplementedError

    def listing(self, command: bytes, step: Step) -> list[bytes] | None:
        """Run a command of POP3 that answers with lines up to a dot; None where it is refused."""
        raise NotImplementedError

    @property
    def can_login(self) -> bool:
        """Whether a login makes sense here: some SMTP services take mail from everybody and know no accounts."""
        return True

    # What is common.

    def offered(self, capability: str) -> bool:
        """Say whether the capability was among those last read."""
        return any(capability in spread(line) for line in self.capabilities)

    def send(self, line: bytes) -> None:
        """Send one command line."""
        self.stream.send(line + b"\r\n")

    def line(self, step: Step, deadline: Deadline) -> bytes:
        """Read one line without its line end."""
        return self._got(step, self.stream.read_line(LINE_OCTETS, deadline)).rstrip(b"\r\n")

    def octets(self, step: Step, size: int, deadline: Deadline) -> bytes:
        """Read exactly `size` octets."""
        if size > MESSAGE_OCTETS:
            reason = f"the target announces {size} octets"
            raise StepFailed(step, reason, "use an account without such large messages in its INBOX")
        return self._got(step, self.stream.read_exact(size, deadline))

    def _got(self, step: Step, octets: bytes | Failure) -> bytes:
        if isinstance(octets, Failure):
            shown = f"; before that came {self._shown(octets.octets, 80)}" if octets.octets else ""
            raise StepFailed(step, octets.reason + shown, _remedy_of_silence(octets))
        return octets

    def room(self, step: Step, lines: list[bytes]) -> bool:
        """Return True while a reply may go on; the caller keeps its lines.

        Raises:
            StepFailed: it is longer than anything that is wanted here.
        """
        if len(lines) < REPLY_LINES:
            return True
        reason = f"the target sends more than {REPLY_LINES} lines in one reply"
        raise StepFailed(step, reason, "use an account with little mail in its INBOX")

    def handshake(self) -> None:
        if failure := self.stream.start_tls():
            raise StepFailed(Step.TLS, failure.reason, tls_remedy(failure.reason))

    def refused(self, step: Step, line: bytes, remedy: str) -> StepFailed:
        return StepFailed(step, f"the target answered {self._shown(line, 60)}", remedy)

    def hide(self, login: Login) -> None:
        """Keep a password out of what is shown, should the target repeat it."""
        self.stream.recorder.transcript.secrets.add(login.secret)

    def _shown(self, octets: bytes, size: int) -> str:
        return visible(self.stream.recorder.transcript.secrets.mask(octets)[:size])


def _remedy_of_silence(failure: Failure) -> str:
    if "within" in failure.reason:
        return "a slow target needs a larger timeout_factor; a port with TLS first answers nothing in the clear"
    return "look into the target's log: it may refuse this client's address, or be out of connections"
