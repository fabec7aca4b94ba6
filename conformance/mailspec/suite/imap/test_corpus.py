"""The corpus of messages through APPEND: RFC 3501 section 6.3.11."""

from __future__ import annotations

import pytest

from mailspec.requirement import requirement
from mailspec.verdict import Violation
from mailspec.wire.imap import ImapClient
from mailspec_corpus import message, messages


@pytest.mark.parametrize("name", messages())
@requirement("3501/6.3.11/append-octets")
def test_corpus_comes_back(imap_auth: ImapClient, mailbox: bytes, name: str) -> None:
    """A message of the corpus is fetched octet by octet as it was appended."""
    octets = message(name)
    imap_auth.append(mailbox, octets).expect("OK")
    imap_auth.select(mailbox)
    fetched = imap_auth.fetch(b"1", b"(BODY.PEEK[HEADER] BODY.PEEK[TEXT])").require("OK").fetched
    whole = b"".join(fetched[1].content(part) or b"" for part in (b"BODY[HEADER]", b"BODY[TEXT]"))
    if whole != octets:
        raise Violation([f"the {len(octets)} octets appended"], f"{len(whole)} octets: {whole[-80:]!r}")
