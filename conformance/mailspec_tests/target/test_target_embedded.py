"""The embedded target: its profile leads to the listeners that were asked for."""

from __future__ import annotations

import pytest

from mailspec.target import load_profile
from mailspec.target.embedded import Embedded, Listeners


@pytest.mark.parametrize(
    ("listeners", "smtp", "others"),
    [("clear", "none", "none"), ("starttls", "starttls", "starttls"), ("implicit", "starttls", "implicit")],
)
def test_the_profile_says_how_to_come_in(listeners: Listeners, smtp: str, others: str) -> None:
    with Embedded(listeners=listeners, store="memory") as embedded:
        profile = load_profile(embedded.profile)

    assert profile.smtp is not None
    assert profile.smtp.tls == smtp
    for service in (profile.pop3, profile.imap):
        assert service is not None
        assert service.tls == others
    # No password crosses a submission port in the clear.
    assert profile.submission is not None
    assert profile.submission.tls == ("implicit" if listeners == "implicit" else "starttls")
    assert profile.submissions is not None
    assert profile.submissions.tls == "implicit"
    assert profile.lmtp is not None
