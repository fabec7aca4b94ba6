"""`mailspec doctor`: verify a profile step by step."""

from __future__ import annotations

import socket
import sys
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

import click

from mailspec.cli.exits import Exit
from mailspec.cli.targets import asked, open_profile, target_options
from mailspec.target.dialogue import Dialogue, Step, StepFailed, open_dialogue
from mailspec.target.inbox import open_inbox
from mailspec.target.probe import PROBE_SECONDS
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target, open_target
from mailspec.verdict import Blocked, NotRun
from mailspec.wire.endpoint import Endpoint, Login
from mailspec.wire.poll import until
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import SmtpClient

__all__ = ["Examination", "command"]

T = TypeVar("T")

#: Columns before the text of a step, and for it.
_INDENT, _COLUMNS = 17, 62


@click.command("doctor")
@target_options
@click.option("--no-mail", is_flag=True, help="Do not send a message to the first account.")
def command(*, no_mail: bool, **values: Any) -> None:
    """Verify every service and account of a profile: name, port, TLS, greeting, login, INBOX, delivery.

    Exits with 0 if all is well, and with 5 otherwise.
    """
    wanted = asked(values)
    with open_profile(wanted) as opened:
        examination = Examination(open_target(opened.path))
        for name in opened.profile.services:
            examination.service(name)
        examination.accounts()
        if not no_mail:
            examination.delivery()
        if examination.failures:
            click.echo(f"{examination.failures} problems")
            sys.exit(int(Exit.UNREACHABLE))
        click.echo("all is well")


class Examination:
    """Goes through a target and says what it finds, a line for each step."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.failures = 0
        self._recorder = Recorder(deadline=PROBE_SECONDS * target.timeout_factor)

    def service(self, name: ServiceName) -> None:
        """Resolve, connect, TLS, greeting, capabilities, and each account's login."""
        endpoint = self.target.endpoint(name)
        click.echo(click.style(f"{name} {endpoint.host}:{endpoint.port}, tls {endpoint.tls}", bold=True))
        try:
            self._step("name", lambda: resolve(endpoint), lambda found: ", ".join(found))
            with self._connected(name, endpoint) as dialogue:
                login = dialogue.can_login
        except StepFailed:
            return
        for account in self.target.logins if login else ():
            self._login(name, endpoint, account)
        if not login and self.target.logins:
            self._say("login", "not offered here")

    def accounts(self) -> None:
        """Say how many workers the accounts serve, and whether their INBOXes are empty."""
        click.echo(click.style(f"accounts: {len(self.target.logins)}", bold=True))
        if len(self.target.logins) < 2:
            self._say("pairs", "checks that need a second account will not run", sign="--")
        for login in self.target.logins:
            self._inbox(login)

    def delivery(self) -> None:
        """Send one message to the first account, and take it away again."""
        login = self.target.accounts.primary
        if login is None or not self.target.has("smtp"):
            return
        click.echo(click.style("delivery", bold=True))
        try:
            self._step("arrives", lambda: self._deliver(login), lambda seconds: f"after {seconds:.1f} s")
        except StepFailed:
            return

    def _connected(self, name: ServiceName, endpoint: Endpoint) -> Dialogue:
        dialogue = self._step("connect", lambda: open_dialogue(name, endpoint, self._recorder), lambda _: "")
        if endpoint.tls == "implicit":
            self._say("tls", dialogue.stream.tls_version or "")
        try:
            self._step("greeting", dialogue.greet, str)
            self._step("offers", dialogue.ask_capabilities, ", ".join)
            if endpoint.tls == "starttls":
                self._step("tls", dialogue.start_tls, lambda _: dialogue.stream.tls_version or "")
                self._step("offers", dialogue.ask_capabilities, ", ".join)
        except StepFailed:
            dialogue.stream.close()
            raise
        return dialogue

    def _login(self, name: ServiceName, endpoint: Endpoint, account: Login) -> None:
        if why := self.target.failed_logins.exhausted:
            self._say("login", why, sign="--")
            return
        try:
            with open_dialogue(name, endpoint, self._recorder) as dialogue:
                dialogue.greet()
                dialogue.ask_capabilities()
                if endpoint.tls == "starttls":
                    dialogue.start_tls()
                    dialogue.ask_capabilities()
                shown = account.address.decode(errors="replace")
                self._step("login", lambda: dialogue.login(account), lambda _: shown)
        except StepFailed as failed:
            if failed.step is Step.LOGIN:
                self.target.failed_logins.refused()
            else:
                self._fail("login", failed)

    def _inbox(self, login: Login) -> None:
        shown = login.address.decode(errors="replace")
        try:
            inbox = open_inbox(self.target, login)
            count = len(inbox.keys())
            inbox.close()
        except NotRun as cause:
            self._say("INBOX", f"{shown}: {cause.reason}", sign="--")
        except (StepFailed, OSError) as error:
            hint = "is [store] right, and readable from here?"
            failed = error if isinstance(error, StepFailed) else StepFailed(Step.INBOX, str(error), hint)
            self._fail("INBOX", failed)
        else:
            if count:
                remedy = "use accounts made for tests; or empty it; or run with --force-nonempty"
                self._fail("INBOX", StepFailed(Step.INBOX, f"{shown} holds {count} messages", remedy))
            else:
                self._say("INBOX", f"{shown}: empty")

    def _deliver(self, login: Login) -> float:
        """Return the seconds that a message took."""
        clock = self._recorder.clock
        try:
            inbox = open_inbox(self.target, login)
        except NotRun as cause:
            raise StepFailed(Step.INBOX, cause.reason, "most checks of delivery will not run") from cause
        try:
            before = inbox.keys()
            began = clock()
            self._send(login)
            new = until(lambda: inbox.keys() - before, self.target.arrival_deadline)
            took = clock() - began
            inbox.remove(new)
        finally:
            inbox.close()
        if not new:
            where = self.target.profile.store
            hint = f"is store.path right? it gives {self.target.maildir_of(login)}" if where else "look into its log"
            raise StepFailed(Step.INBOX, f"accepted, and not there after {took:.0f} s", hint)
        return took

    def _send(self, login: Login) -> None:
        endpoint = self.target.endpoint("smtp")
        sender = self.target.profile.quirks.sender.encode()
        message = b"From: <%s>\r\nTo: <%s>\r\nSubject: mailspec doctor\r\n\r\nHello.\r\n" % (sender, login.address)
        try:
            with SmtpClient.connect(endpoint, self._recorder) as smtp:
                smtp.greeting().require(220)
                smtp.ehlo().require(250)
                if endpoint.tls == "starttls":
                    smtp.start_tls()
                    smtp.ehlo().require(250)
                smtp.deliver(sender, login.address, message)
        except Blocked as error:
            hint = "the target must take mail for its accounts; quirks.sender names another sender"
            raise StepFailed(Step.INBOX, error.reason, hint) from error

    def _step(self, name: str, run: Callable[[], T], show: Callable[[T], str]) -> T:
        try:
            value = run()
        except StepFailed as failed:
            # Connecting includes TLS where it comes first.
            self._fail("tls" if failed.step is Step.TLS else name, failed)
            raise
        self._say(name, show(value))
        return value

    def _fail(self, name: str, failed: StepFailed) -> None:
        self.failures += 1
        self._say(name, failed.reason, sign="!!")
        for line in textwrap.wrap(failed.remedy, _COLUMNS, break_long_words=False, break_on_hyphens=False):
            click.echo(" " * _INDENT + line)

    def _say(self, name: str, text: str, sign: str = "ok") -> None:
        lines = textwrap.wrap(text, _COLUMNS, break_long_words=False, break_on_hyphens=False) or [""]
        if sign == "ok":
            lines = [textwrap.shorten(text, _COLUMNS, placeholder=" ...")]
        mark = click.style(sign, fg="red" if sign == "!!" else "green")
        click.echo(f"  {mark}  {name:<10} {lines[0]}".rstrip())
        for line in lines[1:]:
            click.echo(" " * _INDENT + line)


def resolve(endpoint: Endpoint) -> list[str]:
    """Return the addresses of the endpoint's host.

    Raises:
        StepFailed: it has none.
    """
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        # ValueError: what can be no name, for its label is too long or it holds a NUL.
        why = error.strerror if isinstance(error, OSError) else error
        reason = f"{endpoint.host} has no address: {why}"
        raise StepFailed(Step.CONNECT, reason, "is host right in the profile, and does DNS work here?") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
