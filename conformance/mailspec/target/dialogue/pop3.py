"""The steps of POP3."""

from __future__ import annotations

import re

from mailspec.target.dialogue.base import Dialogue, Step
from mailspec.target.dialogue.plain import plain_response
from mailspec.target.dialogue.remedies import TLS_REFUSED, login_remedy
from mailspec.transcript import visible
from mailspec.wire.endpoint import Login

__all__ = ["Pop3Dialogue"]


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
        self.handshake()

    def login(self, login: Login) -> None:
        self.hide(login)
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
            raise self.refused(step, line, remedy)
        if not line.startswith(b"+OK"):
            raise self.refused(step, line, "this is no POP3 server: is the port right, and its TLS mode?")
        return line

    def listing(self, command: bytes, step: Step) -> list[bytes] | None:
        self.send(command)
        deadline = self.stream.recorder.until()
        if not self.line(step, deadline).startswith(b"+OK"):
            return None
        lines: list[bytes] = []
        while self.room(step, lines) and (line := self.line(step, deadline)) != b".":
            lines.append(line)
        return lines
