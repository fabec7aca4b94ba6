"""The steps of IMAP."""

from __future__ import annotations

import re

from mailspec.target.dialogue.base import Dialogue, Step, StepFailed
from mailspec.target.dialogue.plain import plain_response
from mailspec.target.dialogue.remedies import TLS_REFUSED, login_remedy
from mailspec.transcript import visible
from mailspec.wire.endpoint import Login

__all__ = ["LITERAL", "ImapDialogue"]


# literal = "{" number "}" CRLF *CHAR8 (RFC 3501 section 9)
LITERAL = re.compile(rb"\{([0-9]{1,10})\}$")


class ImapDialogue(Dialogue):
    """IMAP (RFC 3501)."""

    _count = 0

    def greet(self) -> str:
        line = self.line(Step.GREETING, self.stream.recorder.until())
        if line.upper().startswith(b"* BYE"):
            raise self.refused(Step.GREETING, line, "look into the target's log why it turns clients away")
        if not re.match(rb"\* (OK|PREAUTH)\b", line, re.IGNORECASE):
            raise self.refused(Step.GREETING, line, "this is no IMAP server: is the port right, and its TLS mode?")
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
        self.handshake()

    def login(self, login: Login) -> None:
        self.hide(login)
        if self.offered("LOGINDISABLED") and not self.offered("AUTH PLAIN"):
            remedy = 'set tls = "starttls" or "implicit" in the profile'
            raise StepFailed(Step.LOGIN, "the target says LOGINDISABLED", remedy)
        if self.offered("AUTH PLAIN"):
            self.send(b"p1 AUTHENTICATE PLAIN")
            line = self.line(Step.LOGIN, self.stream.recorder.until())
            if not line.startswith(b"+"):
                raise self.refused(Step.LOGIN, line, login_remedy(login))
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
        """Return the lines before the tagged one; a literal stands whole behind the line that announces it."""
        deadline = self.stream.recorder.until()
        lines: list[bytes] = []
        while self.room(step, lines):
            line = self.line(step, deadline)
            if line.startswith(tag + b" "):
                if not line[len(tag) + 1 :].upper().startswith(allow):
                    raise self.refused(step, line, remedy)
                break
            lines.append(line)
            if announced := LITERAL.search(line):
                lines.append(self.octets(step, int(announced[1]), deadline))
        return lines
