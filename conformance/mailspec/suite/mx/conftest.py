"""What the MX checks start from: a way to make the target send mail."""

from __future__ import annotations

import pytest

from mailspec.lab import Lab
from mailspec.suite.inbox import Inbox
from mailspec.suite.outgoing import Outgoing
from mailspec.suite.reports import Post
from mailspec.suite.steps import MessageMaker
from mailspec.target.target import Target
from mailspec.wire.endpoint import Login
from mailspec.wire.smtp import SmtpClient


@pytest.fixture
def outgoing(
    lab: Lab, target: Target, submission: SmtpClient, make_message: MessageMaker, inbox: Inbox, account: Login
) -> Outgoing:
    """A submission session through which mail for the lab's domains goes out."""
    return Outgoing(lab, target, submission, make_message, inbox, account.address)


@pytest.fixture
def post(lab: Lab, outgoing: Outgoing) -> Post:
    """A sender at a host of ours, to whom reports come back."""
    return Post(lab, outgoing)
