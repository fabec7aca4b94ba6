"""The IMAP client: literals, tags, continuation, typed data, and failures."""

from __future__ import annotations

import pytest

from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.failure import TimedOut, TooLong, Unparsable
from mailspec.wire.grammar.imap.values import Capability, Exists, ResponseCode, StatusResponse
from mailspec.wire.imap import CLOSED, ImapClient, Literal, quoted
from mailspec.wire.recorder import Recorder
from mailspec_tests import hostile
from mailspec_tests.scripted import ScriptedSocket, scripted_stream


def client(*received: bytes, silent: bool = False) -> tuple[ImapClient, ScriptedSocket]:
    recorder = Recorder()
    stream, sock = scripted_stream(received, recorder, silent=silent)
    return ImapClient(stream, recorder), sock


def charged(imap: ImapClient) -> list[str]:
    return [charge.requirement_id for charge in imap.recorder.charges.breaches]


def test_greeting_and_login() -> None:
    imap, sock = client(
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\na1 OK in\r\n* CAPABILITY IMAP4rev1 IDLE\r\na2 OK done\r\n"
    )
    imap.greeting().expect("OK", "PREAUTH")
    assert b"STARTTLS" in imap.capabilities

    imap.login(Login(b"u@t.test", b'u"x', b"open-sesame"))

    assert imap.capabilities == {b"IMAP4REV1", b"IDLE"}
    assert sock.sent == b'a1 LOGIN "u\\"x" "open-sesame"\r\na2 CAPABILITY\r\n'
    assert "sesame" not in imap.recorder.transcript.render()
    assert imap.recorder.unjudged() == []


@pytest.mark.parametrize(
    ("octets", "wire"),
    [(b"", b'""'), (b'a"\\', b'"a\\"\\\\"'), (b"a\r\n", Literal(b"a\r\n")), (b"\xff", Literal(b"\xff"))],
)
def test_strings_that_cannot_be_quoted_become_literals(octets: bytes, wire: bytes | Literal) -> None:
    assert quoted(octets) == wire


def test_a_literal_waits_for_the_request_to_go_on() -> None:
    with hostile.HostileServer(
        hostile.dialogue(b"* OK hi\r\n", b"+ go\r\n", b"a1 OK [APPENDUID 1 2] done\r\n")
    ) as server:
        imap = ImapClient.connect(server.endpoint, Recorder(deadline=2))
        imap.greeting().require()
        imap.append(b"INBOX", b"Subject: x\r\n", (rb"\Seen",), b"17-Jul-1996 02:44:25 -0700").expect("OK")
        sent = [event.octets for event in imap.recorder.transcript.events if str(event.direction) == "C"]
        imap.close()

    assert sent == [b'a1 APPEND "INBOX" (\\Seen) "17-Jul-1996 02:44:25 -0700" {12}\r\n', b"Subject: x\r\n\r\n"]


def test_a_refused_literal_is_not_sent() -> None:
    imap, sock = client(b"* 1 EXISTS\r\na1 NO [TRYCREATE] no\r\n")
    reply = imap.append(b"x", b"message").expect("NO")

    assert sock.sent == b'a1 APPEND "x" {7}\r\n'
    assert reply.code == ResponseCode(b"TRYCREATE")
    assert reply.all(Exists) == [Exists(1)]


def test_literals_without_waiting() -> None:
    imap, sock = client(b"a1 OK done\r\n")
    imap.command(b"LOGIN ", Literal(b"u", sync=False), b" ", Literal(b"p", sync=False)).expect("OK")

    assert sock.sent == b"a1 LOGIN {1+}\r\nu {1+}\r\np\r\n"


def test_pipelined_commands_end_in_any_order() -> None:
    imap, _ = client(b"* 1 EXISTS\r\na2 OK two\r\n* 2 EXISTS\r\na1 NO one\r\n")
    first, second = imap.begin(b"NOOP"), imap.begin(b"CHECK")

    assert imap.reply(first).expect("NO").text == b"one"
    assert imap.reply(second).expect("OK").text == b"two"


def test_continuation_and_waiting_as_in_idle() -> None:
    imap, sock = client(b"+ idling\r\n* OK still here\r\n* 3 EXISTS\r\na1 OK done\r\n")
    tag = imap.begin(b"IDLE")
    assert imap.continuation().expect("+").text == b"idling"
    assert imap.wait_for(Exists) == Exists(3)
    imap.send(b"DONE\r\n")

    assert imap.reply(tag).expect("OK").untagged == (StatusResponse("OK", None, b"still here"), Exists(3))
    assert sock.sent == b"a1 IDLE\r\nDONE\r\n"


def test_a_command_that_ends_instead_of_asking_to_go_on() -> None:
    imap, _ = client(b"a1 BAD no\r\n")
    tag = imap.begin(b"IDLE")

    imap.continuation().expect("BAD")
    imap.reply(tag).expect("BAD")


def test_select_is_typed() -> None:
    imap, _ = client(
        b"* 3 EXISTS\r\n* 1 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n"
        b"* OK [UNSEEN 2] x\r\n* OK [PERMANENTFLAGS (\\*)] x\r\na1 OK [READ-ONLY] done\r\na2 OK done\r\n"
    )
    selected = imap.select(b"INBOX", b"EXAMINE")

    assert (selected.exists, selected.recent, selected.uidvalidity, selected.uidnext) == (3, 1, 7, 9)
    assert (selected.unseen, selected.flags, selected.permanent_flags) == (2, (rb"\Seen",), (rb"\*",))
    assert selected.read_only
    with pytest.raises(Blocked, match="EXISTS"):
        imap.select(b"INBOX")


def test_fetch_data_of_several_responses_are_joined() -> None:
    imap, _ = client(b"* 1 FETCH (UID 5)\r\n* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS \\Seen)\r\na1 OK done\r\n")
    messages = imap.fetch(b"1:*", b"(UID FLAGS)").expect("OK").fetched

    assert (messages[1].uid, messages[1].flags) == (5, ())
    assert charged(imap) == ["3501/9/fetch"]
    with pytest.raises(Blocked, match="1 responses broke the grammar for message 2"):
        assert messages[2]


def test_search_store_and_logout() -> None:
    imap, sock = client(b"* SEARCH 1 2\r\na1 OK x\r\n* SEARCH\r\na2 OK x\r\na3 OK x\r\n* BYE x\r\na4 OK x\r\n")

    assert imap.search(b"ALL").expect("OK").numbers == (1, 2)
    assert imap.search(b"SEEN", uid=True).expect("OK").numbers == ()
    imap.store(b"1", b"+FLAGS.SILENT", (rb"\Seen", b"x"), uid=True).expect("OK")
    assert imap.logout().expect("OK").one(StatusResponse).status == "BYE"
    assert sock.sent.splitlines()[2] == b"a3 UID STORE 1 +FLAGS.SILENT (\\Seen x)"


def test_another_condition_is_a_violation() -> None:
    imap, _ = client(b"a1 BAD what\r\na2 NO what\r\n")
    with pytest.raises(Violation) as caught:
        imap.command(b"NOOP").expect("OK", "NO")
    assert caught.value.expected == ("OK", "NO")
    with pytest.raises(Blocked, match="needed OK"):
        imap.command(b"NOOP").require()


def test_bye_and_the_end() -> None:
    imap, _ = client(b"* BYE too many errors\r\n")
    reply = imap.command(b"NOOP")

    reply.expect("BYE")
    reply.expect(CLOSED)
    with pytest.raises(Violation):
        reply.expect("OK")


def test_the_end_without_bye_is_no_bye() -> None:
    imap, _ = client()
    with pytest.raises(Violation):
        imap.command(b"NOOP").expect("BYE")


def test_a_line_that_is_no_response_blocks_and_is_charged() -> None:
    imap, _ = client(b"hello\r\na1 OK x\r\n")
    reply = imap.command(b"NOOP")

    assert isinstance(reply.failure, Unparsable)
    with pytest.raises(Blocked, match="charged to 3501/9/tagged"):
        reply.expect("OK")


def test_another_tag_does_not_end_the_command() -> None:
    imap, _ = client(b"a9 OK x\r\n", silent=True)
    with pytest.raises(Inconclusive):
        imap.command(b"NOOP").expect("OK")


@pytest.mark.parametrize(
    ("length", "charges"), [(2**32, ["3501/9/string"]), (2**32 - 1, []), (10**30, ["3501/9/string"])]
)
def test_an_unbearable_literal_is_not_read(length: int, charges: list[str]) -> None:
    imap, _ = client(b"* 1 FETCH (BODY[] {%d}\r\nabc" % length)
    reply = imap.command(b"FETCH 1 BODY[]")

    assert isinstance(reply.failure, TooLong)
    assert charged(imap) == charges
    with pytest.raises(Blocked):
        reply.expect("OK")


def test_a_flood_of_untagged_responses_ends() -> None:
    imap, _ = client(*[b"* 1 EXISTS\r\n" * 1000] * 60)
    reply = imap.command(b"NOOP")
    reply.judged = True

    assert isinstance(reply.failure, TooLong)


def test_waiting_ends_in_a_failure() -> None:
    imap, _ = client(b"* 1 RECENT\r\n", silent=True)

    assert isinstance(imap.wait_for(Exists), TimedOut)


def test_one_asks_for_exactly_one() -> None:
    imap, _ = client(b"* CAPABILITY IMAP4rev1\r\n* CAPABILITY IMAP4rev1\r\na1 OK x\r\n")
    reply = imap.command(b"CAPABILITY").expect("OK")

    with pytest.raises(Blocked, match="needed one Capability response; got 2"):
        reply.one(Capability)


def test_a_greeting_that_is_none() -> None:
    imap, _ = client(b"+ hello\r\n")
    with pytest.raises(Blocked, match="3501/9/greeting"):
        imap.greeting().expect("OK")
