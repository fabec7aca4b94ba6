"""What stands behind the keywords of the EHLO reply, where an extension has a form for it."""

from __future__ import annotations

import re

import pytest

from mailspec.requirement import case
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.smtp import SmtpClient

# size-param ::= [1*DIGIT] (RFC 1870 section 4)
SIZE_PARAMETER = re.compile(rb"[0-9]*")
NOTHING = re.compile(rb"")


@pytest.mark.parametrize(
    ("keyword", "form"),
    [
        case("1870/4/ehlo-parameter", b"SIZE", SIZE_PARAMETER, name="size", needs=("smtp SIZE",)),
        case("2920/2/no-parameter", b"PIPELINING", NOTHING, name="pipelining", needs=("smtp PIPELINING",)),
        case("3207/2/no-parameter", b"STARTTLS", NOTHING, name="starttls", needs=("smtp STARTTLS",)),
    ],
)
def test_parameters_have_their_form(keyword: bytes, form: re.Pattern[bytes], smtp_clear: SmtpClient) -> None:
    """Behind the keyword stands what its extension has there, and nothing else."""
    if keyword not in smtp_clear.capabilities:
        msg = f"{keyword.decode()} is not listed before TLS"
        raise Blocked(msg)
    found = smtp_clear.capabilities[keyword]
    if not form.fullmatch(found):
        raise Violation(["a number or nothing" if keyword == b"SIZE" else "nothing"], repr(found))
    require_refusals(smtp_clear)
