"""Fixtures of the suite beside those of the plugin: protocol states, accounts, messages, the INBOX, the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.suite.fixtures.base import (
    account,
    make_message,
    other,
    sender,
    wrong_password,
)
from mailspec.suite.fixtures.imap import (
    free_name,
    imap,
    imap_auth,
    imap_clear,
    imap_connect,
    imap_login,
    imap_new,
    imap_selected,
    mailbox,
    new_mailbox,
)
from mailspec.suite.fixtures.inbox import own_mail
from mailspec.suite.fixtures.lab import lab, lab_connection
from mailspec.suite.fixtures.lmtp import lmtp, lmtp_clear, lmtp_greeted
from mailspec.suite.fixtures.pop3 import maildrop, open_maildrop, pop3, pop3_clear, pop3_connect, pop3_new
from mailspec.suite.fixtures.sending import envelope, inbox, send, smtp_mail, smtp_rcpt
from mailspec.suite.fixtures.smtp import smtp, smtp_clear, smtp_connect, smtp_greeted, smtp_new, submission
from mailspec.suite.fixtures.smtp_states import reach
from mailspec.suite.fixtures.submission import submission_clear, submission_new, submission_ready
from mailspec.target.target import Target
from mailspec.wire.endpoint import Login

__all__ = [
    "account",
    "envelope",
    "free_name",
    "imap",
    "imap_auth",
    "imap_clear",
    "imap_connect",
    "imap_login",
    "imap_new",
    "imap_selected",
    "inbox",
    "lab",
    "lab_connection",
    "lmtp",
    "lmtp_clear",
    "lmtp_greeted",
    "mailbox",
    "maildrop",
    "make_message",
    "new_mailbox",
    "open_maildrop",
    "other",
    "own_mail",
    "pop3",
    "pop3_clear",
    "pop3_connect",
    "pop3_new",
    "reach",
    "send",
    "sender",
    "smtp",
    "smtp_clear",
    "smtp_connect",
    "smtp_greeted",
    "smtp_mail",
    "smtp_new",
    "smtp_rcpt",
    "store",
    "submission",
    "submission_clear",
    "submission_new",
    "submission_ready",
    "wrong_password",
]


@pytest.fixture(scope="session")
def store(target: Target, account: Login) -> Path:
    """Folder of the account's Maildir; *not run* where the profile has no [store]."""
    return target.maildir_of(account)
