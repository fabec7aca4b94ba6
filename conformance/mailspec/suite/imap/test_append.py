"""APPEND: RFC 3501 section 6.3.11."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mailspec.requirement import requirement
from mailspec.suite.imap.conftest import Filled
from mailspec.suite.steps import MessageMaker
from mailspec.verdict import Violation
from mailspec.wire.imap import ImapClient

Maker = Callable[[], bytes]


def instant(date_time: bytes) -> datetime | None:
    """Return the moment that a date-time names (RFC 3501 section 9), or None for what is none."""
    try:
        return datetime.strptime(date_time.decode("latin-1").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None


@requirement("3501/6.3.11/append-octets")
def test_appended_octets_come_back(imap_auth: ImapClient, mailbox: bytes, make_message: MessageMaker) -> None:
    """A message with empty, long and eight-bit lines is fetched octet by octet as it was appended."""
    message = make_message(body=b"\r\n.\r\n..\r\n" + b"x" * 990 + b"\r\n\xe4\xf6\xfc\r\nlast\r\n")
    imap_auth.append(mailbox, message).expect("OK")
    imap_auth.select(mailbox)
    fetched = imap_auth.fetch(b"1", b"(BODY.PEEK[TEXT] BODY.PEEK[HEADER])").require("OK").fetched
    whole = b"".join(fetched[1].content(name) or b"" for name in (b"BODY[HEADER]", b"BODY[TEXT]"))
    if whole != message:
        raise Violation([f"the {len(message)} octets appended"], f"{len(whole)} octets, ending in {whole[-40:]!r}")


@requirement("3501/6.3.11/append-flags")
def test_appended_flags_are_set(filled: Filled, make_message: MessageMaker) -> None:
    r"""A message appended with (\Seen \Flagged) has these flags."""
    filled.imap.append(filled.name, make_message(), flags=(rb"\Seen", rb"\Flagged")).require("OK")
    filled.imap.select(filled.name)
    if filled.flags(4) != {rb"\seen", rb"\flagged"}:
        raise Violation([r"\Seen \Flagged"], repr(filled.flags(4)))


@requirement("3501/6.3.11/append-date")
def test_appended_date_is_kept(filled: Filled, make_message: MessageMaker) -> None:
    """A message appended with a date-time has it as its internal date, in whatever zone it is shown."""
    filled.imap.append(filled.name, make_message(), date=b"02-Jan-2006 15:04:05 +0000").require("OK")
    filled.imap.select(filled.name)
    shown = filled.imap.fetch(b"4", b"(INTERNALDATE)").require("OK").fetched[4].internal_date or b""
    if instant(shown) != instant(b"02-Jan-2006 15:04:05 +0000"):
        raise Violation(["02-Jan-2006 15:04:05 +0000"], shown.decode("latin-1"))


@requirement("3501/6.3.11/append-trycreate")
def test_append_to_no_mailbox_says_trycreate(
    imap_auth: ImapClient, free_name: Maker, make_message: MessageMaker
) -> None:
    """APPEND to a mailbox that does not exist gets NO with TRYCREATE, and does not create it."""
    name = free_name()
    reply = imap_auth.append(name, make_message()).expect("NO")
    if reply.code is None or reply.code.name != b"TRYCREATE":
        raise Violation(["NO [TRYCREATE]"], f"NO with {reply.code}")
    imap_auth.command(b"SELECT " + name).expect("NO")
