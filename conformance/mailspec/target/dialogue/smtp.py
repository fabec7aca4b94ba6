"""The steps of SMTP, submission and LMTP."""

from __future__ import annotations

import base64
import re

from mailspec.target.dialogue.base import Dialogue, Step
from mailspec.target.dialogue.plain import plain_response
from mailspec.target.dialogue.remedies import TLS_REFUSED, login_remedy
from mailspec.transcript import visible
from mailspec.wire.endpoint import Login

__all__ = ["LmtpDialogue", "SmtpDialogue"]


class SmtpDialogue(Dialogue):
    """SMTP and submission (RFC 5321, 3207, 4954)."""

    hello = b"EHLO"

    def greet(self) -> str:
        code, lines = self._reply(Step.GREETING)
        if code != b"220":
            raise self.refused(Step.GREETING, lines[0], "look into the target's log why it turns clients away")
        return visible(lines[0])

    def ask_capabilities(self) -> tuple[str, ...]:
        self.send(self.hello + b" client.test")
        code, lines = self._reply(Step.CAPABILITIES)
        if code != b"250":
            raise self.refused(Step.CAPABILITIES, lines[0], f"the target must know {self.hello.decode()}")
        self.capabilities = tuple(line[4:].decode("ascii", "replace") for line in lines[1:])
        return self.capabilities

    def start_tls(self) -> None:
        self.send(self.tls_command)
        code, lines = self._reply(Step.TLS)
        if code != b"220":
            raise self.refused(Step.TLS, lines[0], TLS_REFUSED)
        self.handshake()

    def login(self, login: Login) -> None:
        self.hide(login)
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
            raise self.refused(Step.LOGIN, lines[0], login_remedy(login))

    @property
    def can_login(self) -> bool:
        return self.offered("AUTH")

    def command(self, step: Step, command: bytes, remedy: str, *, allow: tuple[bytes, ...] = ()) -> list[bytes]:
        self.send(command)
        code, lines = self._reply(step)
        if not code.startswith(allow or b"2"):
            raise self.refused(step, lines[0], remedy)
        return lines

    def _reply(self, step: Step) -> tuple[bytes, list[bytes]]:
        deadline = self.stream.recorder.until()
        lines: list[bytes] = []
        while self.room(step, lines):
            line = self.line(step, deadline)
            if not re.match(rb"[2-5][0-9][0-9](?:[ -]|$)", line):
                raise self.refused(step, line, "this is no SMTP server: is the port right, and its TLS mode?")
            lines.append(line)
            if line[3:4] != b"-":
                break
        return lines[-1][:3], lines


class LmtpDialogue(SmtpDialogue):
    """LMTP (RFC 2033), where nobody logs in."""

    hello = b"LHLO"

    @property
    def can_login(self) -> bool:
        return False
