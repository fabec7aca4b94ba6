"""The INBOX of an account as setting up and cleaning up need it, through whatever the profile offers.

The store is asked first, then IMAP, then POP3: what is nearest to the disk depends least on the server
being right. None of this is recorded or judged.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from mailspec.target.dialogue import Dialogue, Step, StepFailed, open_dialogue
from mailspec.target.dialogue.imap import LITERAL
from mailspec.target.maildir import MaildirInbox
from mailspec.target.profile import ServiceName
from mailspec.target.target import Target
from mailspec.verdict import NotRun
from mailspec.wire.endpoint import Login
from mailspec.wire.recorder import Recorder

__all__ = ["Inbox", "count_messages", "delete_mailbox", "log_in", "open_inbox"]

#: UIDs or numbers in one command; servers limit the length of lines.
CHUNK = 50


# mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox (RFC 3501 section 9)
_LISTED = re.compile(rb'\* LIST \([^)]*\) (?:"(?:\\.|[^"\\])"|NIL) (.+)$', re.IGNORECASE)


class Inbox(Protocol):
    """All messages of one account's INBOX."""

    def keys(self) -> frozenset[str]:
        """Return a key for each message, the same each time."""
        ...

    def octets(self, key: str) -> bytes:
        """Return a message's octets with CRLF line ends, b"" where it is gone."""
        ...

    def remove(self, keys: Iterable[str]) -> None:
        """Remove messages for good."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...


def log_in(target: Target, service: ServiceName, login: Login) -> Dialogue:
    """Return a dialogue that is logged in.

    Raises:
        StepFailed: any step did not succeed.
    """
    endpoint = target.endpoint(service)
    if why := target.failed_logins.exhausted:
        raise StepFailed(Step.LOGIN, why, "check the secrets in the profile; raise the limit if nobody is locked out")
    target.pace.before_connecting()
    dialogue = open_dialogue(service, endpoint, Recorder(deadline=target.deadline))
    try:
        dialogue.greet()
        dialogue.ask_capabilities()
        if endpoint.tls == "starttls":
            dialogue.start_tls()
            dialogue.ask_capabilities()
        dialogue.login(login)
    except BaseException as error:
        if isinstance(error, StepFailed) and error.step is Step.LOGIN:
            target.failed_logins.refused()
        dialogue.stream.close()
        raise
    return dialogue


def open_inbox(target: Target, login: Login) -> Inbox:
    """Return the account's INBOX.

    Raises:
        NotRun: the profile has nothing through which it can be seen.
    """
    if target.profile.store is not None:
        return MaildirInbox(target.maildir_of(login))
    if target.has("imap"):
        return ImapInbox(target, login)
    if target.has("pop3"):
        return Pop3Inbox(target, login)
    msg = "the profile has no [store], [imap] or [pop3]: what arrives cannot be seen"
    raise NotRun(msg)


def count_messages(target: Target, login: Login) -> int:
    """Return how many messages the account's INBOX holds.

    Raises:
        NotRun, StepFailed: it cannot be seen.
    """
    inbox = open_inbox(target, login)
    try:
        return len(inbox.keys())
    finally:
        inbox.close()


def delete_mailbox(target: Target, login: Login, name: bytes) -> None:
    """Delete a mailbox and those below it; that it is gone already is no failure.

    Raises:
        StepFailed: it is still there.
    """
    with log_in(target, "imap", login) as dialogue:
        below = _names_below(dialogue, name)
        for each in sorted({*below, name}, key=len, reverse=True):
            dialogue.command(Step.INBOX, b"DELETE " + _quoted(each), "", allow=(b"OK", b"NO"))
        if left := _names_below(dialogue, name):
            reason = f"DELETE leaves {len(left)} mailboxes"
            raise StepFailed(Step.INBOX, reason, "delete them with a mail client")


class ImapInbox:
    r"""An INBOX by IMAP; keys are UIDs. Messages are only peeked at, and EXAMINE leaves \\Recent alone."""

    def __init__(self, target: Target, login: Login) -> None:
        self._target = target
        self._login = login
        self._dialogue: Dialogue | None = None

    def keys(self) -> frozenset[str]:
        self._command(b"EXAMINE INBOX")
        return frozenset(
            number.decode()
            for line in self._command(b"UID SEARCH ALL")
            if line.upper().startswith(b"* SEARCH")
            for number in line.split()[2:]
        )

    def octets(self, key: str) -> bytes:
        lines = self._command(b"UID FETCH %s BODY.PEEK[]" % key.encode())
        for index, line in enumerate(lines):
            if re.search(rb"BODY\[\] \{[0-9]+\}$", line):
                return lines[index + 1]
        return b""

    def remove(self, keys: Iterable[str]) -> None:
        self._command(b"SELECT INBOX")
        for chunk in _chunks(sorted(keys, key=int)):
            uids = ",".join(chunk).encode()
            self._command(rb"UID STORE %s +FLAGS.SILENT (\Deleted)" % uids)
            self._command(b"UID EXPUNGE " + uids if self._opened().offered("UIDPLUS") else b"EXPUNGE")

    def close(self) -> None:
        if self._dialogue is not None:
            self._dialogue.stream.close()
            self._dialogue = None

    def _opened(self) -> Dialogue:
        if self._dialogue is None:
            self._dialogue = log_in(self._target, "imap", self._login)
            self._dialogue.ask_capabilities()
        return self._dialogue

    def _command(self, command: bytes) -> list[bytes]:
        return self._opened().command(Step.INBOX, command, "the account's INBOX must be usable")


class Pop3Inbox:
    """An INBOX by POP3; keys are unique-ids. Each look is a session of its own, for a maildrop is a snapshot."""

    def __init__(self, target: Target, login: Login) -> None:
        self._target = target
        self._login = login

    def keys(self) -> frozenset[str]:
        with self._session() as dialogue:
            return frozenset(self._numbers(dialogue))

    def octets(self, key: str) -> bytes:
        with self._session() as dialogue:
            number = self._numbers(dialogue).get(key)
            lines = None if number is None else dialogue.listing(b"RETR " + number, Step.INBOX)
            return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines or ())

    def remove(self, keys: Iterable[str]) -> None:
        with self._session() as dialogue:
            numbers = self._numbers(dialogue)
            for key in keys:
                if key in numbers:
                    dialogue.command(Step.INBOX, b"DELE " + numbers[key], "the maildrop must be writable")
            dialogue.command(Step.INBOX, b"QUIT", "the maildrop must be writable")

    def close(self) -> None:
        """Nothing is held open."""

    def _session(self) -> Dialogue:
        return log_in(self._target, "pop3", self._login)

    def _numbers(self, dialogue: Dialogue) -> dict[str, bytes]:
        """Map keys to message numbers; without UIDL the number and size must do."""
        lines = dialogue.listing(b"UIDL", Step.INBOX)
        if lines is not None:
            return {line.partition(b" ")[2].decode("latin-1"): line.partition(b" ")[0] for line in lines}
        lines = dialogue.listing(b"LIST", Step.INBOX) or []
        return {line.decode("latin-1"): line.partition(b" ")[0] for line in lines}


def _names_below(dialogue: Dialogue, name: bytes) -> list[bytes]:
    """Return `name` and the mailboxes below it, as far as they exist."""
    lines = dialogue.command(Step.INBOX, b'LIST "" ' + _quoted(name + b"*"), "LIST must work")
    pairs = itertools.pairwise((*lines, b""))
    return [_unquoted(found[1], following) for line, following in pairs if (found := _LISTED.match(line))]


def _unquoted(mailbox: bytes, literal: bytes) -> bytes:
    """Return the name that an atom, a quoted string, or the literal behind it stands for."""
    if LITERAL.fullmatch(mailbox):
        return literal
    return re.sub(rb"\\(.)", rb"\1", mailbox.strip(b'"'))


def _quoted(name: bytes) -> bytes:
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", name) + b'"'


def _chunks(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
