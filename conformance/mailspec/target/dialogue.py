"""The few steps of each protocol that probing, `doctor` and `init` need: greet, capabilities, TLS, login, count mail.

These are lenient on purpose: they find out what is there and judge nothing. Each step raises a StepFailed
that names the step, what happened, and a remedy.
"""

from __future__ import annotations

import base64
import enum
import re
from types import TracebackType
from typing import Self

from mailspec.target.offers import spread
from mailspec.target.profile import ServiceName
from mailspec.transcript import visible
from mailspec.verdict import Blocked
from mailspec.wire.deadline import Deadline
from mailspec.wire.endpoint import Endpoint, Login
from mailspec.wire.failure import Failure
from mailspec.wire.recorder import Recorder
from mailspec.wire.stream import Stream

__all__ = ["KINDS", "Dialogue", "Step", "StepFailed", "open_dialogue"]

#: Octets of the longest line read here; no capability list comes near.
LINE_OCTETS = 64 * 1024

#: Lines of the longest reply read here: a message of a megabyte, or a maildrop of as many entries.
REPLY_LINES = 20_000


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
        octets = self.stream.read_line(LINE_OCTETS, deadline)
        if isinstance(octets, Failure):
            shown = f"; before that came {self._shown(octets.octets, 80)}" if octets.octets else ""
            raise StepFailed(step, octets.reason + shown, _remedy_of_silence(octets))
        return octets.rstrip(b"\r\n")

    def _handshake(self) -> None:
        if failure := self.stream.start_tls():
            raise StepFailed(Step.TLS, failure.reason, tls_remedy(failure.reason))

    def _refused(self, step: Step, line: bytes, remedy: str) -> StepFailed:
        return StepFailed(step, f"the target answered {self._shown(line, 60)}", remedy)

    def _hide(self, login: Login) -> None:
        """Keep a password out of what is shown, should the target repeat it."""
        self.stream.recorder.transcript.secrets.add(login.secret)

    def _shown(self, octets: bytes, size: int) -> str:
        return visible(self.stream.recorder.transcript.secrets.mask(octets)[:size])


class SmtpDialogue(Dialogue):
    """SMTP and submission (RFC 5321, 3207, 4954)."""

    def greet(self) -> str:
        code, lines = self._reply(Step.GREETING)
        if code != b"220":
            raise self._refused(Step.GREETING, lines[0], "look into the target's log why it turns clients away")
        return visible(lines[0])

    def ask_capabilities(self) -> tuple[str, ...]:
        self.send(b"EHLO client.test")
        code, lines = self._reply(Step.CAPABILITIES)
        if code != b"250":
            raise self._refused(Step.CAPABILITIES, lines[0], "the target must know EHLO (RFC 5321 section 4.1.1.1)")
        self.capabilities = tuple(line[4:].decode("ascii", "replace") for line in lines[1:])
        return self.capabilities

    def start_tls(self) -> None:
        self.send(self.tls_command)
        code, lines = self._reply(Step.TLS)
        if code != b"220":
            raise self._refused(Step.TLS, lines[0], TLS_REFUSED)
        self._handshake()

    def login(self, login: Login) -> None:
        self._hide(login)
        if self.offered("AUTH LOGIN") and not self.offered("AUTH PLAIN"):
            self.send(b"AUTH LOGIN")
            self._reply(Step.LOGIN)
            self.send(base64.b64encode(login.login))
            self._reply(Step.LOGIN)
            self.send(base64.b64encode(login.secret))
        else:
            self.send(b"AUTH PLAIN " + plain_response(login))
        code, lines = self._reply(Step.LOGIN)
        if code != b"235":
            raise self._refused(Step.LOGIN, lines[0], login_remedy(login))

    @property
    def can_login(self) -> bool:
        return self.offered("AUTH")

    def command(self, step: Step, command: bytes, remedy: str, *, allow: tuple[bytes, ...] = ()) -> list[bytes]:
        self.send(command)
        code, lines = self._reply(step)
        if not code.startswith(allow or b"2"):
            raise self._refused(step, lines[0], remedy)
        return lines

    def _reply(self, step: Step) -> tuple[bytes, list[bytes]]:
        deadline = self.stream.recorder.until()
        lines: list[bytes] = []
        while len(lines) < REPLY_LINES:
            line = self.line(step, deadline)
            if not re.match(rb"[2-5][0-9][0-9](?:[ -]|$)", line):
                raise self._refused(step, line, "this is no SMTP server: is the port right, and its TLS mode?")
            lines.append(line)
            if line[3:4] != b"-":
                break
        return lines[-1][:3], lines


class Pop3Dialogue(Dialogue):
    """POP3 (RFC 1939, 2449, 2595)."""

    tls_capability = "STLS"
    tls_command = b"STLS"
    _logged_in = False

    def greet(self) -> str:
        line = self._reply(Step.GREETING, "look into the target's log why it turns clients away")
        self._apop = bool(re.search(rb"<[^<>@]+@[^<>@]+>", line))
        return visible(line)

    def ask_capabilities(self) -> tuple[str, ...]:
        lines = self.listing(b"CAPA", Step.CAPABILITIES)
        found = [line.decode("ascii", "replace") for line in lines or ()]
        if lines is None:
            # Without CAPA (RFC 2449) the optional commands can only be tried.
            has_uidl = self._logged_in and self.listing(b"UIDL", Step.CAPABILITIES) is not None
            found = ["USER", *(["UIDL"] if has_uidl else [])]
        else:
            found.append("CAPA")
        self.capabilities = (*found, *(["APOP"] if self._apop else []))
        return self.capabilities

    def start_tls(self) -> None:
        self.send(self.tls_command)
        self._reply(Step.TLS, TLS_REFUSED)
        self._handshake()

    def login(self, login: Login) -> None:
        self._hide(login)
        if self.offered("SASL PLAIN") and not self.offered("USER"):
            self.send(b"AUTH PLAIN " + plain_response(login))
        else:
            self.send(b"USER " + login.login)
            self._reply(Step.LOGIN, login_remedy(login))
            self.send(b"PASS " + login.secret)
        self._reply(Step.LOGIN, login_remedy(login))
        self._logged_in = True

    def command(self, step: Step, command: bytes, remedy: str, *, allow: tuple[bytes, ...] = ()) -> list[bytes]:
        self.send(command)
        return [self._reply(step, remedy)] if not allow else [self.line(step, self.stream.recorder.until())]

    def _reply(self, step: Step, remedy: str) -> bytes:
        line = self.line(step, self.stream.recorder.until())
        if line.startswith(b"-ERR"):
            raise self._refused(step, line, remedy)
        if not line.startswith(b"+OK"):
            raise self._refused(step, line, "this is no POP3 server: is the port right, and its TLS mode?")
        return line

    def listing(self, command: bytes, step: Step) -> list[bytes] | None:
        self.send(command)
        deadline = self.stream.recorder.until()
        if not self.line(step, deadline).startswith(b"+OK"):
            return None
        lines: list[bytes] = []
        while (line := self.line(step, deadline)) != b"." and len(lines) < REPLY_LINES:
            lines.append(line)
        return lines


class ImapDialogue(Dialogue):
    """IMAP (RFC 3501)."""

    _count = 0

    def greet(self) -> str:
        line = self.line(Step.GREETING, self.stream.recorder.until())
        if line.upper().startswith(b"* BYE"):
            raise self._refused(Step.GREETING, line, "look into the target's log why it turns clients away")
        if not re.match(rb"\* (OK|PREAUTH)\b", line, re.IGNORECASE):
            raise self._refused(Step.GREETING, line, "this is no IMAP server: is the port right, and its TLS mode?")
        return visible(line)

    def ask_capabilities(self) -> tuple[str, ...]:
        found: list[str] = []
        for line in self.command(Step.CAPABILITIES, b"CAPABILITY", "the target must know CAPABILITY"):
            if line.upper().startswith(b"* CAPABILITY"):
                found += line[len(b"* CAPABILITY") :].decode("ascii", "replace").split()
        self.capabilities = tuple(found)
        return self.capabilities

    def start_tls(self) -> None:
        self.command(Step.TLS, b"STARTTLS", TLS_REFUSED)
        self._handshake()

    def login(self, login: Login) -> None:
        self._hide(login)
        if self.offered("LOGINDISABLED") and not self.offered("AUTH PLAIN"):
            remedy = 'set tls = "starttls" or "implicit" in the profile'
            raise StepFailed(Step.LOGIN, "the target says LOGINDISABLED", remedy)
        if self.offered("AUTH PLAIN"):
            self.send(b"p1 AUTHENTICATE PLAIN")
            line = self.line(Step.LOGIN, self.stream.recorder.until())
            if not line.startswith(b"+"):
                raise self._refused(Step.LOGIN, line, login_remedy(login))
            self.send(plain_response(login))
            self._completion(Step.LOGIN, b"p1", login_remedy(login))
            return
        quoted = [b'"' + re.sub(rb'(["\\])', rb"\\\1", octets) + b'"' for octets in (login.login, login.secret)]
        self.command(Step.LOGIN, b"LOGIN " + b" ".join(quoted), login_remedy(login))

    def command(self, step: Step, command: bytes, remedy: str, *, allow: tuple[bytes, ...] = ()) -> list[bytes]:
        self._count += 1
        tag = b"p0%d" % self._count
        self.send(tag + b" " + command)
        return self._completion(step, tag, remedy, allow or (b"OK",))

    def _completion(self, step: Step, tag: bytes, remedy: str, allow: tuple[bytes, ...] = (b"OK",)) -> list[bytes]:
        """Return the lines before the tagged one, those of literals among them."""
        deadline = self.stream.recorder.until()
        lines: list[bytes] = []
        while len(lines) < REPLY_LINES:
            line = self.line(step, deadline)
            if line.startswith(tag + b" "):
                if not line[len(tag) + 1 :].upper().startswith(allow):
                    raise self._refused(step, line, remedy)
                break
            lines.append(line)
        return lines


TLS_REFUSED = 'the target must have a certificate; or set tls = "none" or "implicit" in the profile'

#: How each service is spoken to.
KINDS: dict[ServiceName, type[Dialogue]] = {
    "smtp": SmtpDialogue,
    "submission": SmtpDialogue,
    "pop3": Pop3Dialogue,
    "imap": ImapDialogue,
}


def open_dialogue(service: ServiceName, endpoint: Endpoint, recorder: Recorder) -> Dialogue:
    """Connect, with TLS first where the endpoint says so.

    Raises:
        StepFailed: the target cannot be reached.
    """
    try:
        return KINDS[service](Stream.connect(endpoint, recorder))
    except Blocked as error:
        if endpoint.tls == "implicit" and not error.reason.startswith("cannot connect"):
            raise StepFailed(Step.TLS, error.reason, tls_remedy(error.reason)) from error
        remedy = f"is the server running, and are host and port of [{service}] right?"
        raise StepFailed(Step.CONNECT, error.reason.partition(";")[0], remedy) from error


def plain_response(login: Login) -> bytes:
    """Return the SASL PLAIN response in base64 (RFC 4616)."""
    return base64.b64encode(b"\0" + login.login + b"\0" + login.secret)


def login_remedy(login: Login) -> str:
    """Say what to look at when a login is refused."""
    return f"check login and secret of the account {login.address.decode(errors='replace')} in the profile"


def tls_remedy(reason: str) -> str:
    """Say what to do about a failed handshake."""
    if "hostname mismatch" in reason.lower() or "doesn't match" in reason or "not valid for" in reason:
        return "set server_name in the profile to a name in the certificate"
    if "certificate" in reason.lower():
        return "set ca in the profile to the file of the authority, or verify = false to accept any certificate"
    if "WRONG_VERSION_NUMBER" in reason or "record layer" in reason.lower():
        return 'the port does not begin with TLS: set tls = "none" or "starttls" in the profile'
    return "is the TLS mode of the service right in the profile?"


def _remedy_of_silence(failure: Failure) -> str:
    if "within" in failure.reason:
        return "a slow target needs a larger timeout_factor; a port with TLS first answers nothing in the clear"
    return "look into the target's log: it may refuse this client's address, or be out of connections"
