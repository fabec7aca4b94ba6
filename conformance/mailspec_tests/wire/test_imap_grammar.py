"""IMAP response grammar: RFC 3501 section 9, erratum 261, and the data of known extensions."""

from __future__ import annotations

import pytest

from mailspec.wire.grammar.imap import Dialect, Parsed, parse_greeting, parse_response
from mailspec.wire.grammar.imap.frame import announced_literal
from mailspec.wire.grammar.imap.quota_values import Quota, QuotaRoot, Resource
from mailspec.wire.grammar.imap.values import (
    Address,
    AppendUid,
    Capability,
    Continuation,
    CopyUid,
    Disposition,
    Enabled,
    Envelope,
    ESearch,
    Exists,
    Expunge,
    Extension,
    Fetch,
    Flags,
    ListEntry,
    Multipart,
    Part,
    Recent,
    ResponseCode,
    Search,
    Status,
    StatusResponse,
    Tagged,
    Unparsed,
    Vanished,
)


def right(octets: bytes, dialect: Dialect | None = None) -> object:
    """Return the value of a response that must be right."""
    parsed = parse_response(octets, dialect or Dialect())
    assert parsed.error is None, parsed.error
    return parsed.value


def fetched(items: bytes) -> Fetch:
    value = right(b"* 1 FETCH (" + items + b")\r\n")
    assert isinstance(value, Fetch)
    return value


def charge_of(parsed: Parsed) -> str | None:
    return parsed.error.requirement_id if parsed.error else None


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"a1 OK done\r\n", Tagged(b"a1", "OK", None, b"done")),
        (b"a]1 no [ALERT] x\r\n", Tagged(b"a]1", "NO", ResponseCode(b"ALERT"), b"x")),
        (b"* OK {5}\r\n", StatusResponse("OK", None, b"{5}")),
        (b"* BYE [foo\r\n", StatusResponse("BYE", None, b"[foo")),
        (b"* OK [UNSEEN 12] x\r\n", StatusResponse("OK", ResponseCode(b"UNSEEN", 12), b"x")),
        (b"* NO [BADCHARSET] x\r\n", StatusResponse("NO", ResponseCode(b"BADCHARSET"), b"x")),
        (b'* NO [badcharset (a "b")] x\r\n', StatusResponse("NO", ResponseCode(b"BADCHARSET", (b"a", b"b")), b"x")),
        (b"* OK [PERMANENTFLAGS ()] x\r\n", StatusResponse("OK", ResponseCode(b"PERMANENTFLAGS", ()), b"x")),
        (
            b"* OK [PERMANENTFLAGS (\\Seen a \\*)] x\r\n",
            StatusResponse("OK", ResponseCode(b"PERMANENTFLAGS", (rb"\Seen", b"a", rb"\*")), b"x"),
        ),
        (b'* OK [XYZ-9 any text ( " {] x\r\n', StatusResponse("OK", ResponseCode(b"XYZ-9", b'any text ( " {'), b"x")),
        (b"* OK [APPENDUID 3 4:5] x\r\n", StatusResponse("OK", ResponseCode(b"APPENDUID", AppendUid(3, b"4:5")), b"x")),
        (
            b"a OK [COPYUID 3 4:5 7,9] x\r\n",
            Tagged(b"a", "OK", ResponseCode(b"COPYUID", CopyUid(3, b"4:5", b"7,9")), b"x"),
        ),
        (b"* OK [HIGHESTMODSEQ 9]\r\n", StatusResponse("OK", ResponseCode(b"HIGHESTMODSEQ", 9), b"")),
        (b"+ \r\n", Continuation(b"")),
        (b"+ YWJj\r\n", Continuation(b"YWJj")),
        (b"+ go ahead\r\n", Continuation(b"go ahead")),
        (b"* CAPABILITY IMAP4rev1 auth=PLAIN\r\n", Capability((b"IMAP4REV1", b"AUTH=PLAIN"))),
        (b"* FLAGS ()\r\n", Flags(())),
        (b"* FLAGS (\\Seen $Junk)\r\n", Flags((rb"\Seen", b"$Junk"))),
        (b'* LIST () "/" inbox\r\n', ListEntry(b"LIST", (), b"/", b"INBOX", {})),
        (b'* LSUB (\\Noselect \\X) "\\\\" {3}\r\na"b\r\n', ListEntry(b"LSUB", (rb"\Noselect", rb"\X"), b"\\", b'a"b', {})),
        (b'* LIST () NIL ""\r\n', ListEntry(b"LIST", (), None, b"", {})),
        (
            b'* LIST () "." x ("CHILDINFO" ("SUBSCRIBED"))\r\n',
            ListEntry(b"LIST", (), b".", b"x", {b"CHILDINFO": (b"SUBSCRIBED",)}),
        ),
        (b"* SEARCH\r\n", Search(())),
        (b"* SEARCH 1 4294967295\r\n", Search((1, 4294967295))),
        (b"* SEARCH 2 (MODSEQ 917162500)\r\n", Search((2,), 917162500)),
        (b'* ESEARCH (TAG "a1") UID COUNT 2 ALL 1:2\r\n', ESearch(b"a1", True, {b"COUNT": 2, b"ALL": b"1:2"})),
        (b"* ESEARCH\r\n", ESearch(None, False, {})),
        (b"* STATUS x ()\r\n", Status(b"x", {})),
        (
            b'* STATUS "a b" (MESSAGES 0 UIDNEXT 1 HIGHESTMODSEQ 5000000000 MAILBOXID (F1) APPENDLIMIT NIL)\r\n',
            Status(
                b"a b",
                {b"MESSAGES": 0, b"UIDNEXT": 1, b"HIGHESTMODSEQ": 5000000000, b"MAILBOXID": (b"F1",), b"APPENDLIMIT": None},
            ),
        ),
        (b"* 0 EXISTS\r\n", Exists(0)),
        (b"* 3 recent\r\n", Recent(3)),
        (b"* 3 EXPUNGE\r\n", Expunge(3)),
        (b"* VANISHED 1:3,5\r\n", Vanished(False, b"1:3,5")),
        (b"* VANISHED (EARLIER) 4\r\n", Vanished(True, b"4")),
        (b"* ENABLED\r\n", Enabled(())),
        (b"* ENABLED condstore\r\n", Enabled((b"CONDSTORE",))),
        (b'* NAMESPACE (("" "/")("#x" NIL)) NIL NIL\r\n', Extension(b"NAMESPACE", None, (((b"", b"/"), (b"#x", None)), None, None))),
        (b"* ID NIL\r\n", Extension(b"ID", None, (None,))),
        (b'* ID ("name" "x" "v" NIL)\r\n', Extension(b"ID", None, ((b"name", b"x", b"v", None),))),
        (b'* QUOTA "" (STORAGE 10 512)\r\n', Quota(b"", {b"STORAGE": Resource(10, 512)})),
        (b"* QUOTA u ()\r\n", Quota(b"u", {})),
        (b'* QUOTAROOT INBOX "" b\r\n', QuotaRoot(b"INBOX", (b"", b"b"))),
        (b"* QUOTAROOT x\r\n", QuotaRoot(b"x", ())),
        (b"* STATUS x (SIZE 9223372036854775807 DELETED-STORAGE 1)\r\n", Status(b"x", {b"SIZE": 2**63 - 1, b"DELETED-STORAGE": 1})),
        (
            b'* LIST (\\NonExistent \\HasChildren) "/" x (CHILDINFO ("SUBSCRIBED" "SPECIAL-USE") X-N 1:*)\r\n',
            ListEntry(
                b"LIST",
                (rb"\NonExistent", rb"\HasChildren"),
                b"/",
                b"x",
                {b"CHILDINFO": (b"SUBSCRIBED", b"SPECIAL-USE"), b"X-N": b"1:*"},
            ),
        ),
        (b'* LIST () "/" x (OLDNAME ("y"))\r\n', ListEntry(b"LIST", (), b"/", b"x", {b"OLDNAME": (b"y",)})),
        (b"* ACL INBOX fred rwipslda -fred wetqar\r\n", Extension(b"ACL", None, (b"INBOX", b"fred", b"rwipslda", b"-fred", b"wetqar"))),
    ],
)  # fmt: skip
def test_right_responses(octets: bytes, value: object) -> None:
    assert right(octets) == value


@pytest.mark.parametrize(
    ("octets", "requirement"),
    [
        (b"a1 OK\r\n", "tagged"),
        (b"a1 OKAY x\r\n", "tagged"),
        (b"a1 BYE x\r\n", "tagged"),
        (b"a1  OK x\r\n", "tagged"),
        (b"a+1 OK x\r\n", "tagged"),
        (b"hello\r\n", "tagged"),
        (b"*  OK x\r\n", "tagged"),
        (b"a1 OK \r\n", "resp-text"),
        (b"* OK \xc3\xa4\r\n", "resp-text"),
        (b"* OK a\rb\r\n", "resp-text"),
        (b"* OK [ALERT]x\r\n", "resp-text"),
        (b"* OK [UIDNEXT] x\r\n", "resp-text"),
        (b"* OK [UIDNEXT 0] x\r\n", "number"),
        (b"* OK [UIDVALIDITY 4294967296] x\r\n", "number"),
        (b'* QUOTA "" (STORAGE 1)\r\n', "number"),
        (b'* QUOTA "" (STORAGE 1 9223372036854775808)\r\n', "number"),
        (b'* QUOTA "" (STORAGE 1 2 STORAGE 1 2)\r\n', "number"),
        (b'* QUOTA "" (STORAGE 1 2 )\r\n', "number"),
        (b"* QUOTAROOT x  y\r\n", "string"),
        (b"* STATUS x (SIZE 9223372036854775808)\r\n", "number"),
        (b'* LIST (\\NonExistent \\Noselect) "/" x\r\n', "mailbox-list"),
        (b'* LIST (\\HasChildren \\HasNoChildren) "/" x\r\n', "mailbox-list"),
        (b'* LIST () "/" x (CHILDINFO (SUBSCRIBED))\r\n', "mailbox-list"),
        (b'* LIST () "/" x (CHILDINFO ())\r\n', "mailbox-list"),
        (b'* LIST () "/" x (OLDNAME (a b))\r\n', "mailbox-list"),
        (b'* LIST () "/" x (OLDNAME y)\r\n', "mailbox-list"),
        (b'* LIST () "/" x (CHILDINFO "SUBSCRIBED")\r\n', "mailbox-list"),
        (b'* LIST () "/" x (X-Y z)\r\n', "mailbox-list"),
        (b"+\r\n", "continue-req"),
        (b"+go\r\n", "continue-req"),
        (b"* CAPABILITY PLAIN\r\n", "capability-data"),
        (b"* CAPABILITY IMAP4rev1 \r\n", "capability-data"),
        (b"* OK [CAPABILITY X] x\r\n", "capability-data"),
        (b"* FLAGS \\Seen\r\n", "flag-list"),
        (b"* FLAGS (\\Seen  a)\r\n", "flag-list"),
        (b"* FLAGS (\\Recent)\r\n", "flag-list"),
        (b"* FLAGS (\\*)\r\n", "flag-list"),
        (b'* LIST (a) "/" x\r\n', "mailbox-list"),
        (b'* LIST () "//" x\r\n', "mailbox-list"),
        (b'* LIST () "/" a b\r\n', "mailbox-list"),
        (b'* LIST (\\Marked \\Noselect) "/" x\r\n', "mailbox-list"),
        (b'* LIST () "/" "\xc3\xa4"\r\n', "string"),
        (b"* SEARCH \r\n", "search"),
        (b"* SEARCH 0\r\n", "number"),
        (b"* SEARCH 1,2\r\n", "search"),
        (b"* STATUS x MESSAGES 1\r\n", "status"),
        (b"* STATUS x (MESSAGES 1 )\r\n", "status"),
        (b"* STATUS x (UIDNEXT 0)\r\n", "number"),
        (b"* 4294967296 EXISTS\r\n", "number"),
        (b"* 0 EXPUNGE\r\n", "number"),
        (b"* 1 EXISTS x\r\n", "number"),
        (b"* 1  EXISTS\r\n", "number"),
        (b"* 1 FETCH ()\r\n", "fetch"),
        (b"* 1 FETCH (UID 3 )\r\n", "fetch"),
        (b"* 1 FETCH (FLAGS \\Seen)\r\n", "fetch"),
        (b"* 1 FETCH (BODY[)] NIL)\r\n", "fetch"),
        (b"* 1 FETCH (BODY[0] NIL)\r\n", "fetch"),
        (b"* 1 FETCH (BODY[MIME] NIL)\r\n", "fetch"),
        (b"* 1 FETCH (BODY[] abc)\r\n", "fetch"),
        (b"* 1 FETCH (BODY[] {2}\r\na\0)\r\n", "string"),
        (b"* 1 FETCH (UID 0)\r\n", "number"),
        (b'* 1 FETCH (INTERNALDATE "1-Jan-2024 00:00:00 +0000")\r\n', "date-time"),
        (b'* 1 FETCH (INTERNALDATE "01-Jan-2024 00:00:00 UTC")\r\n', "date-time"),
        (b"* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL))\r\n", "envelope"),
        (b"* 1 FETCH (ENVELOPE (NIL NIL () NIL NIL NIL NIL NIL NIL NIL))\r\n", "envelope"),
        (b'* 1 FETCH (ENVELOPE (NIL "a\\b" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n', "string"),
        (b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3))\r\n', "body"),
        (b'* 1 FETCH (BODY ("TEXT" "PLAIN" () NIL NIL "7BIT" 3 1))\r\n', "body"),
        (b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL NIL 3 1))\r\n', "body"),
        (b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL))\r\n', "body"),
        (b'* 1 FETCH (BODYSTRUCTURE ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 3))\r\n', "body"),
        (b'* 1 FETCH (BODYSTRUCTURE ("A" "B" NIL NIL NIL "7BIT" 3 NIL "inline"))\r\n', "body"),
        (b'* 1 FETCH (BODYSTRUCTURE ("MIXED"))\r\n', "body"),
        (b"* 1 FETCH (BODYSTRUCTURE " + b"(" * 5000 + b"\r\n", "body"),
        (b"* X " + b"(" * 5000 + b"\r\n", "tagged"),
    ],
)
def test_broken_responses_are_charged(octets: bytes, requirement: str) -> None:
    parsed = parse_response(octets)

    assert charge_of(parsed) == f"3501/9/{requirement}"
    assert f"3501/9/{requirement}" in parsed.exercised | {"3501/9/tagged"}


@pytest.mark.parametrize("octets", [b"* OK hi\r\n", b"* PREAUTH hi\r\n", b"* BYE [ALERT] x\r\n"])
def test_greetings(octets: bytes) -> None:
    parsed = parse_greeting(octets)

    assert charge_of(parsed) is None
    assert "3501/9/greeting" in parsed.exercised


@pytest.mark.parametrize("octets", [b"* NO x\r\n", b"OK hi\r\n", b"*OK hi\r\n", b"* CAPABILITY IMAP4rev1\r\n", b"\r\n"])
def test_broken_greetings(octets: bytes) -> None:
    assert charge_of(parse_greeting(octets)) == "3501/9/greeting"


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"* 3 EXISTS\n", Exists(3)),
        (b"* 3  EXISTS\r\n", Exists(3)),
        (b"* FLAGS (\\Seen \\Recent)\r\n", Flags((rb"\Seen", rb"\Recent"))),
        (b"* SEARCH 1 2 \r\n", Search((1, 2))),
        (b"* CAPABILITY X  y\r\n", Capability((b"X", b"Y"))),
        (b'* LIST () "/" a b\r\n', ListEntry(b"LIST", (), b"/", b"a", {})),
        (b"* STATUS x (UIDNEXT 0 MESSAGES 3)\r\n", Status(b"x", {b"UIDNEXT": 0, b"MESSAGES": 3})),
        (b"a1 OK\r\n", Tagged(b"a1", "OK", None, b"")),
        (b"a1 OK [UIDNEXT 0]\r\n", Tagged(b"a1", "OK", ResponseCode(b"UIDNEXT", 0), b"")),
        (b"+go\r\n", Continuation(b"go")),
    ],
)
def test_broken_responses_are_read_leniently(octets: bytes, value: object) -> None:
    parsed = parse_response(octets)

    assert parsed.error is not None
    assert parsed.value == value


def test_what_nobody_can_read_stays_unparsed() -> None:
    assert isinstance(parse_response(b"* 1 FETCH (FLAGS\r\n").value, Unparsed)


def test_dialects_loosen_the_grammar() -> None:
    assert right(b"* OK [ALERT] \r\n", Dialect(rev2=True)) == StatusResponse("OK", ResponseCode(b"ALERT"), b"")
    assert right("* OK ä\r\n".encode(), Dialect(utf8=True)) == StatusResponse("OK", None, "ä".encode())
    assert charge_of(parse_response(b"* 1 FETCH (RFC822.SIZE 5000000000)\r\n")) == "3501/9/number"
    assert charge_of(parse_response(b"* 1 FETCH (RFC822.SIZE 5000000000)\r\n", Dialect(rev2=True))) is None


def test_fetch_items() -> None:
    fetch = fetched(
        b'UID 7 FLAGS (\\Recent \\Seen) RFC822.SIZE 44 INTERNALDATE "17-Jul-1996 02:44:25 -0700" RFC822 {2}\r\nhi '
        b'BODY[1.2.HEADER.FIELDS.NOT (to "From")]<10> "x" body[text] NIL MODSEQ (624140003) BINARY.SIZE[1] 5 '
        b"BINARY[2.1]<0> ~{2}\r\n\0\1 X-GM-LABELS (a (b)) EMAILID (M1) SAVEDATE NIL"
    )

    assert fetch.uid == 7
    assert fetch.flags == (rb"\Recent", rb"\Seen")
    assert fetch.size == 44
    assert fetch.internal_date == b"17-Jul-1996 02:44:25 -0700"
    assert fetch.content(b"RFC822") == b"hi"
    assert fetch.content(b"BODY[1.2.HEADER.FIELDS.NOT (TO FROM)]<10>") == b"x"
    assert fetch.items[b"BODY[TEXT]"] is None
    assert fetch.items[b"MODSEQ"] == 624140003
    assert fetch.items[b"BINARY.SIZE[1]"] == 5
    assert fetch.items[b"BINARY[2.1]<0>"] == b"\0\1"
    assert fetch.items[b"X-GM-LABELS"] == (b"a", (b"b",))
    assert fetch.items[b"EMAILID"] == (b"M1",)


def test_envelope() -> None:
    fetch = fetched(
        b'ENVELOPE ("Wed, 17 Jul 1996" {3}\r\na"b (("A \\"q\\"" NIL "a" "x.test")(NIL NIL {1}\r\nb NIL)) NIL NIL NIL NIL '
        b'NIL "<1@x>" "<2@x>")'
    )

    assert fetch.envelope == Envelope(
        b"Wed, 17 Jul 1996",
        b'a"b',
        (Address(b'A "q"', None, b"a", b"x.test"), Address(None, None, b"b", None)),
        None,
        None,
        None,
        None,
        None,
        b"<1@x>",
        b"<2@x>",
    )


def test_nested_body_structure_with_all_extension_data() -> None:
    fetch = fetched(
        b'BODYSTRUCTURE ((("TEXT" "PLAIN" ("CHARSET" "UTF-8" "FORMAT" "flowed") "<i@x>" "d" "8BIT" 10 2 "md5" '
        b'("INLINE" NIL) "de" "loc" 5 ("x" (NIL)))("IMAGE" "PNG" NIL NIL NIL "BASE64" 99 NIL ("attachment" ("filename" "a.png"))'
        b' ("de" "en")) "ALTERNATIVE")("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 50 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1) 4 NIL) "MIXED" ("BOUNDARY" "b") NIL NIL "here" 7)'
    )
    mixed = fetch.structure

    assert isinstance(mixed, Multipart)
    assert (mixed.subtype, mixed.params, mixed.location, mixed.further) == (
        b"MIXED",
        ((b"BOUNDARY", b"b"),),
        b"here",
        (7,),
    )
    alternative, message = mixed.parts
    assert isinstance(alternative, Multipart)
    assert not alternative.extended
    text, image = alternative.parts
    assert text == Part(
        b"TEXT", b"PLAIN", ((b"CHARSET", b"UTF-8"), (b"FORMAT", b"flowed")), b"<i@x>", b"d", b"8BIT", 10, 2,
        None, None, True, b"md5", Disposition(b"INLINE", ()), (b"de",), b"loc", (5, (b"x", (None,))),
    )  # fmt: skip
    assert isinstance(image, Part)
    assert image.disposition == Disposition(b"attachment", ((b"filename", b"a.png"),))
    assert image.language == (b"de", b"en")
    assert image.lines is None
    assert isinstance(message, Part)
    assert message.lines == 4
    assert isinstance(message.body, Part)
    assert message.extended


@pytest.mark.parametrize(
    ("line", "first", "digits"),
    [
        (b"* 1 FETCH (BODY[] {12}\r\n", True, b"12"),
        (b"* 1 FETCH (BODY[] ~{12}\r\n", True, b"12"),
        (b"* 1 FETCH (BODY[] {12}\n", True, b"12"),
        (b"* 1 FETCH (BODY[] {12+}\r\n", True, None),
        (b"* OK done {12}\r\n", True, None),
        (b"a1 NO done {12}\r\n", True, None),
        (b"+ go {12}\r\n", True, None),
        (b" OK done {12}\r\n", False, b"12"),
        (b"* 1 FETCH {12} \r\n", True, None),
    ],
)
def test_framing(line: bytes, first: bool, digits: bytes | None) -> None:
    assert announced_literal(line, first=first) == digits
