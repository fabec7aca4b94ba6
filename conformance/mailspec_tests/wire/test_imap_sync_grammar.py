"""The strict parser on what UIDPLUS, CONDSTORE, QRESYNC and MOVE send."""

from __future__ import annotations

import pytest

from mailspec.wire.grammar.imap.response import parse_response
from mailspec.wire.grammar.imap.values import (
    AppendUid,
    CopyUid,
    Fetch,
    Response,
    ResponseCode,
    Search,
    Sort,
    Status,
    StatusResponse,
    Tagged,
    Vanished,
)

TOP = 2**63 - 1


def code(name: bytes, value: AppendUid | CopyUid | int | bytes | None = None) -> StatusResponse:
    return StatusResponse("OK", ResponseCode(name, value), b"x")


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"* OK [HIGHESTMODSEQ 9223372036854775807] x\r\n", code(b"HIGHESTMODSEQ", TOP)),
        (b"* OK [highestmodseq 1]\r\n", StatusResponse("OK", ResponseCode(b"HIGHESTMODSEQ", 1), b"")),
        (b"* OK [NOMODSEQ] x\r\n", code(b"NOMODSEQ")),
        (b"* OK [CLOSED] x\r\n", code(b"CLOSED")),
        (b"* OK [CLOSED]\r\n", StatusResponse("OK", ResponseCode(b"CLOSED"), b"")),
        (b"* OK [UIDNOTSTICKY] x\r\n", code(b"UIDNOTSTICKY")),
        (b"* OK [COPYUID 3 1,4:5 7:9] x\r\n", code(b"COPYUID", CopyUid(3, b"1,4:5", b"7:9"))),
        (b"* OK [APPENDUID 3 4294967295] x\r\n", code(b"APPENDUID", AppendUid(3, b"4294967295"))),
        (b"a OK [MODIFIED 7,9:12] x\r\n", Tagged(b"a", "OK", ResponseCode(b"MODIFIED", b"7,9:12"), b"x")),
        (b"a NO [MODIFIED 2] x\r\n", Tagged(b"a", "NO", ResponseCode(b"MODIFIED", b"2"), b"x")),
        (b"* 1 FETCH (UID 4 MODSEQ (12))\r\n", Fetch(1, {b"UID": 4, b"MODSEQ": 12})),
        (b"* VANISHED (EARLIER) 41,43:116,118\r\n", Vanished(True, b"41,43:116,118")),
        (b"* vanished 405\r\n", Vanished(False, b"405")),
        (b"* SEARCH 2 5 (MODSEQ 9)\r\n", Search((2, 5), 9)),
        (b"* SORT 5 2 (MODSEQ 9)\r\n", Sort((5, 2), 9)),
        (b"* STATUS x (HIGHESTMODSEQ 0)\r\n", Status(b"x", {b"HIGHESTMODSEQ": 0})),
    ],
)
def test_what_the_grammar_allows(octets: bytes, value: Response) -> None:
    parsed = parse_response(octets)
    assert parsed.error is None
    assert parsed.value == value


@pytest.mark.parametrize(
    ("octets", "production"),
    [
        (b"* OK [HIGHESTMODSEQ 0] x\r\n", "mod-sequence-value"),
        (b"* OK [HIGHESTMODSEQ 9223372036854775808] x\r\n", "number64"),
        (b"* OK [HIGHESTMODSEQ] x\r\n", "SP"),
        (b"* OK [HIGHESTMODSEQ 1 2] x\r\n", "resp-text"),
        (b"* OK [NOMODSEQ 1] x\r\n", "resp-text"),
        (b"* OK [CLOSED INBOX] x\r\n", "resp-text"),
        (b"* OK [COPYUID 3 1:* 7] x\r\n", "uid-set"),
        (b"* OK [COPYUID 0 1 7] x\r\n", "nz-number"),
        (b"* OK [COPYUID 3 1] x\r\n", "SP"),
        (b"* OK [COPYUID 3 1 7,] x\r\n", "uid-set"),
        (b"* OK [COPYUID 3 1 0] x\r\n", "uid-set"),
        (b"* OK [APPENDUID 3 4294967296] x\r\n", "append-uid"),
        (b"a OK [MODIFIED] x\r\n", "SP"),
        (b"a OK [MODIFIED 1, 2] x\r\n", "sequence-set"),
        (b"* 1 FETCH (MODSEQ 12)\r\n", "fetch-mod-resp"),
        (b"* 1 FETCH (MODSEQ (0))\r\n", "mod-sequence-value"),
        (b"* 1 FETCH (MODSEQ (1 2))\r\n", "fetch-mod-resp"),
        (b"* VANISHED\r\n", "SP"),
        (b"* VANISHED *\r\n", "known-uids"),
        (b"* VANISHED 1:*\r\n", "known-uids"),
        (b"* VANISHED 0:3\r\n", "known-uids"),
        (b"* VANISHED (LATER) 1\r\n", "known-uids"),
        (b"* VANISHED (EARLIER)\r\n", "SP"),
        (b"* VANISHED 1 2\r\n", "CRLF"),
        (b"* SEARCH (MODSEQ 9)\r\n", "nz-number"),
        (b"* SEARCH 2 (MODSEQ 0)\r\n", "mod-sequence-value"),
    ],
)
def test_what_it_does_not_allow(octets: bytes, production: str) -> None:
    error = parse_response(octets).error
    assert error is not None
    assert error.production == production
