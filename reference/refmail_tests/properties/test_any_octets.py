"""Whatever octets come, a parser returns a value or raises its own error, and a store survives what is done to its files."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refmail.config import load_config
from refmail.credentials import ScramKeys
from refmail.dns.answers import RequestError
from refmail.imap.mime.addresses import addresses
from refmail.imap.mime.bodystructure import body, bodystructure
from refmail.imap.mime.decode import body_texts, faithful_header_text, header_text
from refmail.imap.mime.entity import Entity
from refmail.imap.mime.envelope import envelope
from refmail.imap.mime.msgid import message_ids
from refmail.imap.mime.parameters import content_type, disposition, first_token, tokens
from refmail.imap.names import BadName, mailbox_name, new_mailbox_name
from refmail.imap.names import decode as decode_name
from refmail.imap.parsing.cursor import Cursor, LiteralWanted, ParseError
from refmail.imap.parsing.dates import date, date_text, date_time
from refmail.imap.parsing.fetch import fetch_att, fetch_items, section, section_binary
from refmail.imap.parsing.flags import flag, flag_list, flags
from refmail.imap.parsing.modifiers import fetch_modifiers, mod_sequence, select_params, store_modifiers
from refmail.imap.parsing.sequences import sequence_set
from refmail.imap.parsing.strings import (
    astring,
    list_mailbox,
    mailbox,
    number,
    number64,
    nz_number,
    quoted,
    string,
    tag,
)
from refmail.imap.search.parse import search_criteria, search_program
from refmail.imap.search.sentdate import sent_instant
from refmail.imap.search.subject import base_subject
from refmail.imap.status import Refused
from refmail.message.address import (
    AddressError,
    is_address_literal,
    is_domain,
    literal_address,
    parse_forward_path,
    parse_mailbox,
    parse_reverse_path,
)
from refmail.message.completion import incomplete_domain
from refmail.message.header import fields, without
from refmail.message.idn import folded, to_a_labels
from refmail.message.trace import count_received
from refmail.message.utf8_address import from_unitext, is_utf8_address
from refmail.pop3 import arguments
from refmail.pop3.replies import Refusal
from refmail.sasl import Malformed, from_base64
from refmail.saslprep import Unpreparable, saslprep
from refmail.smtp.parameters import decode_xtext, parse_parameters
from refmail.smtp.replies import Rejection
from refmail.store.api import InvalidName, MailStore
from refmail.store.disk_store import DiskStore
from refmail.store.filenames import flags_of, size_hint, split_name
from refmail.store.maildir import MaildirStore
from refmail.store.mbox import MboxStore
from refmail.store.names import canonical_name, check_user
from refmail.store.utf7 import decode as decode_utf7
from refmail.tomlfile import ConfigError
from refmail.users import PasswordHash

#: Pieces of all the languages that are parsed here, so that what is tried comes far.
_PIECES = [
    *(b" ", b"\r\n", b"\r", b"\n", b"\0", b"\xff", b'"', b"\\", b"(", b")", b"[", b"]", b"<", b">", b"@", b",", b";", b":"),
    *(b"=", b"&", b"-", b"+", b"*", b"%", b".", b"..", b"/", b"{3}\r\n", b"{3+}\r\nabc", b"{99999999999}\r\n", b"~{1}\r\n"),
    *(b"a", b"A1", b"0", b"1:*", b"*:4294967295", b"4294967296", b"18446744073709551616", b"$", b"\\Seen", b"\\*"),
    *(b"[127.0.0.1]", b"[IPv6:::1]", b"IPv6:", b"xn--", b"example.test", b"FROM:", b"TO:", b"SIZE=", b"+41", b"=?utf-8?q?a?="),
    *(b"BODY[", b"1.2.MIME", b"HEADER.FIELDS (A)", b"BINARY.PEEK[1]<0.5>", b"NOT ", b"OR ", b"UID ", b"CHARSET x ", b"HEADER "),
    *(b"1-Jan-2026", b'" 1-Jan-2026 00:00:00 +0000"', b"29-Feb-2026", b"Mon, 1 Jan 26 25:61:99 ABC", b"(CHANGEDSINCE 1)"),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n", b"--b--", b"Content-Transfer-Encoding: base64\r\n"),
    *(b"charset*0*=utf-8''%41", b"message/rfc822", b"MIME-Version: 1.0\r\n", b"Subject: ", b"Received: ", b"&AOk-", b"&!", "\u00e9".encode()),
]  # fmt: skip
OCTETS = st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4)), max_size=12).map(b"".join)
TEXT = OCTETS.map(lambda octets: octets.decode("utf-8", "surrogateescape"))

_IMAP = (ParseError, LiteralWanted, Refused)
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def _of_cursor(parse: Callable[[Cursor], object]) -> Callable[[bytes], object]:
    return lambda octets: parse(Cursor(octets))


#: By name: what parses, and what it may raise.
PARSERS: Mapping[str, tuple[Callable[[bytes], object], tuple[type[Exception], ...]]] = {
    "mailbox": (parse_mailbox, (AddressError,)),
    "utf-8 mailbox": (lambda octets: parse_mailbox(octets, utf8=True), (AddressError,)),
    "reverse path": (parse_reverse_path, (AddressError,)),
    "forward path": (lambda octets: parse_forward_path(octets, utf8=True), (AddressError,)),
    "domain": (lambda octets: (is_domain(octets), is_domain(octets, utf8=True), to_a_labels(octets), folded(octets)), ()),
    "literal": (lambda octets: (is_address_literal(octets), literal_address(octets)), ()),
    "parameters": (parse_parameters, (Rejection,)),
    "xtext": (decode_xtext, ()),
    "utf-8 address": (lambda octets: (is_utf8_address(octets), from_unitext(octets)), ()),
    "header": (lambda octets: (list(fields(octets)), without(octets, b"Subject"), count_received(octets)), ()),
    "completion": (incomplete_domain, ()),
    "base64": (from_base64, (Malformed,)),
    "saslprep": (saslprep, (Unpreparable,)),
    "pop3 number": (arguments.number, (Refusal,)),
    "pop3 numbers": (arguments.two_numbers, (Refusal,)),
    "pop3 login": (arguments.login, (Refusal,)),
    "pop3 digest": (arguments.login_and_word, (Refusal,)),
    "imap name": (decode_name, (BadName,)),
    "imap mailbox": (mailbox_name, (BadName,)),
    "imap new mailbox": (new_mailbox_name, (BadName,)),
    "addresses": (addresses, ()),
    "content type": (lambda octets: (content_type(octets), disposition(octets), first_token(octets), tokens(octets)), ()),
    "words": (lambda octets: (header_text(octets), faithful_header_text(octets), message_ids(octets)), ()),
    "base subject": (lambda octets: base_subject(header_text(octets)), ()),
    "sent date": (lambda octets: sent_instant(octets, _MOMENT), ()),
    "structure": (lambda octets: (body(Entity(octets)), bodystructure(Entity(octets)), envelope(Entity(octets))), ()),
    "texts": (lambda octets: list(body_texts(Entity(octets))), ()),
    **{
        f"imap {parse.__name__}": (_of_cursor(parse), _IMAP)
        for parse in (
            *(astring, list_mailbox, mailbox, number, number64, nz_number, quoted, string, tag, flag, flag_list, flags),
            *(date, date_text, date_time, fetch_att, fetch_items, section, section_binary, sequence_set),
            *(search_criteria, search_program, store_modifiers, select_params),
        )
    },
    "imap fetch modifiers": (lambda octets: fetch_modifiers(Cursor(octets), by_uid=True), _IMAP),
    "imap mod-sequence": (lambda octets: mod_sequence(Cursor(octets), zero=False), _IMAP),
    "imap utf-8 string": (lambda octets: astring(Cursor(octets, utf8=True)), _IMAP),
}  # fmt: skip


@pytest.mark.parametrize("name", PARSERS)
def test_parsers_raise_only_their_own_errors(name: str) -> None:
    parse, errors = PARSERS[name]

    @settings(max_examples=80, deadline=None)
    @given(OCTETS)
    def try_it(octets: bytes) -> None:
        with suppress(*errors):
            parse(octets)

    try_it()


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_names_on_disk_are_read_or_passed_over(text: str) -> None:
    assert decode_utf7(text) is None or isinstance(decode_utf7(text), str)
    flags_of(split_name(text)[1])
    size_hint(text)
    for check in (canonical_name, check_user):
        with suppress(InvalidName):
            name = check(text)
            assert "\0" not in name
            assert not {"", ".", ".."} & set(name.split("/"))


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_what_stands_in_a_configuration_is_read_or_refused(text: str) -> None:
    for read in (PasswordHash.from_text, ScramKeys.from_text):
        with suppress(ValueError):
            read(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "refmail.toml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(ConfigError):
            load_config(path)
    assert issubclass(RequestError, ValueError)


def make(kind: str, root: Path) -> MailStore:
    return (MaildirStore if kind == "maildir" else MboxStore)(root, sync=False)


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_file_of_ours_is_needed_to_read_the_mail(kind: str, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="refmail-properties-") as folder:
        root = Path(folder)
        store = make(kind, root)
        inbox = store.open("ada", "INBOX")
        texts = {b"Subject: %d\r\n\r\nx\r\n" % number for number in range(3)}
        for text in sorted(texts):
            inbox.add(text, [b"$Work", rb"\Seen"])
        store.create("ada", "Other")
        store.subscribe("ada", "Other")
        store.close()
        ours = sorted(path for path in root.rglob("*refmail-*") if path.is_file()) + sorted(root.rglob("subscriptions"))
        assert len(ours) > 3
        for path in data.draw(st.lists(st.sampled_from(ours), min_size=1, max_size=3, unique=True)):
            damage(path, data)
        again = make(kind, root)
        inbox = again.open("ada", "INBOX")
        assert {inbox.read(meta.uid) for meta in inbox.messages()} == texts
        assert inbox.add(b"Subject: new\r\n\r\n") == inbox.uid_next - 1
        assert {info.name for info in again.list("ada")} >= {"INBOX", "Other"}
        assert isinstance(again, DiskStore)
        again.close()


def damage(path: Path, data: st.DataObject) -> None:
    """Remove, cut, empty or garble a file."""
    octets = path.read_bytes()
    how = data.draw(st.sampled_from(["remove", "cut", "garble", "append", "replace"]))
    if how == "remove":
        path.unlink()
        return
    at = data.draw(st.integers(0, len(octets)))
    junk: bytes = data.draw(st.one_of(OCTETS, st.binary(max_size=20)))
    changed: dict[str, Any] = {
        "cut": octets[:at],
        "garble": octets[:at] + junk + octets[at + len(junk) :],
        "append": octets + junk,
        "replace": junk,
    }
    path.write_bytes(changed[how])


@given(OCTETS)
def test_base64_that_is_taken_comes_back(octets: bytes) -> None:
    assert from_base64(base64.b64encode(octets) or b"=") == octets
