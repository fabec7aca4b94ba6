"""Messages of the corpus from SMTP into the mail store: RFC 5321 section 4.1.1.4."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.suite.inbox import Inbox
from mailspec.suite.journey.conftest import changes
from mailspec.suite.steps import Sender
from mailspec.verdict import Violation
from mailspec_corpus import message

#: What any server takes: seven bits, and no lines that transparency or limits are about, which have checks of their own.
PLAIN = ("blank_lines", "empty_body", "folded_header", "from_lines", "nested")


@pytest.mark.parametrize("name", PLAIN)
@requirement("5321/4.1.1.4/content-delivered")
def test_corpus_is_delivered(send: Sender, inbox: Inbox, name: str) -> None:
    """The delivered message has every header field and the body of the one that was sent."""
    octets = message(name)
    send(octets)
    if changed := changes(octets, inbox.wait(octets)):
        raise Violation(["what was sent"], f"changed or gone: {changed!r}")
