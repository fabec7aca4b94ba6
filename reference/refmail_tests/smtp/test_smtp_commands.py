"""Each command by itself: replies, states, and what they leave behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from refmail.directory import LocalDirectory, MailingList
from refmail.message.envelope import Address
from refmail.smtp.states import State

Begin = Callable[..., Any]

REPLY_LINE = re.compile(rb"[2-5][0-5][0-9][ -][\t\x20-\x7e]+")


def test_greeting_names_the_host(begin: Begin) -> None:
    assert begin(hello=False).greeting.startswith(b"220 mail.example.test ")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"EHLO client.test", 250),
        (b"ehlo [192.0.2.7]", 250),
        (b"EHLO [IPv6:2001:db8::1]", 250),
        (b"EHLO client.test and more words", 250),
        (b"EHLO", 501),
        (b"EHLO under_score.test", 501),
        (b"EHLO [300.1.1.1]", 501),
        (b"HELO client.test", 250),
        (b"HeLo client.test", 250),
        (b"NOOP", 250),
        (b"NOOP whatever you say", 250),
        (b"NOOP  ", 250),
        (b"RSET", 250),
        (b"RSET now", 501),
        (b"HELP", 214),
        (b"HELP mail", 214),
        (b"HELP nothing", 504),
        (b"VRFY alice", 250),
        (b"VRFY Postmaster", 250),
        (b"VRFY <alice@example.test>", 250),
        (b"VRFY alice@example.org", 250),
        (b'VRFY "alice"', 250),
        (b'VRFY "alice@example.test"', 250),
        (b"VRFY nobody", 550),
        (b"VRFY someone@elsewhere.test", 252),
        (b"VRFY", 501),
        (b"VRFY <>", 501),
        (b"VRFY a b", 501),
        (b"EXPN postmaster", 250),
        (b"EXPN alice", 550),
        (b"EXPN", 501),
        (b"QUIT now", 501),
        (b"QUIT", 221),
        (b"MAIL FROM:<a@b.test>", 503),
        (b"RCPT TO:<alice@example.test>", 503),
        (b"DATA", 503),
        (b"AUTH PLAIN", 503),
        (b"FOO", 500),
        (b"", 500),
        (b" NOOP", 500),
        (b"XPRIVATE", 500),
        (b"TURN", 502),
        (b"ETRN x", 502),
        (b"NOOP \x00", 501),
        (b"NOOP a\rb", 500),
        (b"NOOP a\nb", 500),
        (b"NOOP \xff", 501),
        (b"NOOP \x01", 501),
        (b"N" * 600, 500),
        (b"NOOP " + b"x" * 505, 250),
        (b"NOOP " + b"x" * 5000, 500),
    ],
)
def test_reply_before_a_transaction(begin: Begin, line: bytes, code: int) -> None:
    smtp = begin(hello=False)
    octets = smtp.say(line + b"\r\n")
    assert all(REPLY_LINE.fullmatch(reply) for reply in octets.split(b"\r\n")[:-1])
    assert int(octets[:3]) == code
    assert smtp.closed == (code == 221)
    if not smtp.closed:
        assert smtp.code(b"NOOP\r\n") == 250


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"FROM:<>", 250),
        (b"from:<a@b.test>", 250),
        (b'FROM:<"a b\\"c"@b.test>', 250),
        (b"FROM:<a@[192.0.2.1]>", 250),
        (b"FROM:<a@[IPv6:::1]>", 250),
        (b"FROM:<@x.test,@y.test:a@b.test>", 250),
        (b"FROM:<a@b.test> SIZE=1000", 250),
        (b"FROM:<a@b.test> size=0 body=8bitmime", 250),
        (b"FROM:<a@b.test> BODY=7BIT", 250),
        (b"FROM:<a@b.test> AUTH=<>", 250),
        (b"FROM:<a@b.test> AUTH=e+3Dmc2@example.com", 250),
        (b"FROM:<a@b.test>  ", 250),
        (b"FROM:<a@b.test> SIZE=999999999999", 552),
        (b"FROM:<a@b.test> SIZE=x", 501),
        (b"FROM:<a@b.test> SIZE", 501),
        (b"FROM:<a@b.test> SIZE=1 SIZE=1", 501),
        (b"FROM:<a@b.test> SIZE=" + b"9" * 21, 501),
        (b"FROM:<a@b.test> BODY=9BIT", 501),
        (b"FROM:<a@b.test> AUTH=+zz", 501),
        (b"FROM:<a@b.test> AUTH=nobody", 501),
        (b"FROM:<a@b.test> FOO=1", 555),
        (b"FROM:<a@b.test> =1", 501),
        (b"FROM:<a@b.test>SIZE=1", 501),
        (b"FROM:<a@b.test> SIZE=1  BODY=7BIT", 501),
        (b"FROM: <a@b.test>", 501),
        (b"FROM:a@b.test", 501),
        (b"FROM:<a@b.test", 501),
        (b"FROM:<a>", 501),
        (b"FROM:<a..b@b.test>", 501),
        (b"FROM:<a@b_c.test>", 501),
        (b"FROM:<a@b.test.>", 501),
        (b"FROM:<\xc3\xa9@b.test>", 550),
        (b"", 501),
        (b"TO:<a@b.test>", 501),
    ],
)
def test_mail(smtp: Any, argument: bytes, code: int) -> None:
    assert smtp.code(b"MAIL " + argument + b"\r\n") == code
    assert smtp.session.state is (State.MAIL if code == 250 else State.READY)


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        (b"TO:<alice@example.test>", 250),
        (b"to:<ALICE@EXAMPLE.ORG>", 250),
        (b'TO:<"alice"@example.test>', 250),
        (b'TO:<"al\\ice"@example.test>', 250),
        (b"TO:<Postmaster>", 250),
        (b"TO:<POSTMASTER>", 250),
        (b"TO:<postMaster@example.org>", 250),
        (b"TO:<@relay.test,@other.test:alice@example.test>", 250),
        (b"TO:<alice@[192.0.2.1]>", 250),
        (b"TO:<nobody@example.test>", 550),
        (b"TO:<alice@elsewhere.test>", 550),
        (b"TO:<alice@[192.0.2.99]>", 550),
        (b"TO:<alice>", 501),
        (b"TO:<>", 501),
        (b"TO: <alice@example.test>", 501),
        (b"TO:alice@example.test", 501),
        (b"TO:<alice@example.test> FOO=1", 555),
        (b"TO:<alice@example.test> SIZE=1", 555),
        (b"", 501),
    ],
)
def test_rcpt(smtp: Any, argument: bytes, code: int) -> None:
    smtp.say(b"MAIL FROM:<>\r\n")
    assert smtp.code(b"RCPT " + argument + b"\r\n") == code
    assert smtp.session.state is (State.RCPT if code == 250 else State.MAIL)


def test_ehlo_lists_what_is_offered(smtp: Any) -> None:
    lines = smtp.say(b"EHLO client.test\r\n").split(b"\r\n")
    assert lines[0].startswith(b"250-mail.example.test")
    keywords = {line[4:].split(b" ")[0] for line in lines[1:-1]}
    assert keywords == {
        b"PIPELINING",
        b"SIZE",
        b"8BITMIME",
        b"CHUNKING",
        b"BINARYMIME",
        b"ENHANCEDSTATUSCODES",
        b"DSN",
        b"SMTPUTF8",
        b"HELP",
        b"EXPN",
        b"STARTTLS",
        b"AUTH",
    }


def test_parameters_need_ehlo(begin: Begin) -> None:
    smtp = begin(hello=False)
    smtp.say(b"HELO client.test\r\n")
    assert smtp.codes(b"MAIL FROM:<> SIZE=1\r\nAUTH PLAIN\r\nMAIL FROM:<>\r\n") == [555, 503, 250]


def test_nested_mail_changes_nothing(smtp: Any) -> None:
    smtp.say(b"MAIL FROM:<one@b.test>\r\n")
    assert smtp.code(b"MAIL FROM:<two@b.test>\r\n") == 503
    assert str(smtp.session.transaction.reverse_path) == "one@b.test"


@pytest.mark.parametrize("command", [b"RSET", b"EHLO client.test", b"HELO client.test"])
def test_transaction_is_aborted(smtp: Any, command: bytes) -> None:
    smtp.say(b"MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n")
    assert smtp.codes(command + b"\r\nDATA\r\n") == [250, 503]


@pytest.mark.parametrize("command", [b"NOOP", b"VRFY alice", b"EXPN alice", b"HELP", b"FOO", b"EHLO", b"RCPT TO:<x>"])
def test_transaction_survives(smtp: Any, command: bytes) -> None:
    smtp.say(b"MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n")
    smtp.say(command + b"\r\n")
    assert smtp.code(b"DATA\r\n") == 354


def test_hundred_recipients_and_not_one_more(smtp: Any) -> None:
    smtp.say(b"MAIL FROM:<>\r\n")
    assert smtp.codes(b"RCPT TO:<alice@example.test>\r\n" * 101) == [250] * 100 + [452]
    assert smtp.code(b"DATA\r\n") == 354


def test_every_final_reply_has_an_enhanced_code_of_its_class(smtp: Any) -> None:
    octets = smtp.say(b"NOOP\r\nMAIL FROM:<>\r\nMAIL\r\nRCPT TO:<x@example.test>\r\nFOO\r\nVRFY x\r\nDATA\r\n")
    for line in octets.splitlines():
        match = re.fullmatch(rb"(\d)\d\d[ -](\d)\.\d{1,3}\.\d{1,3} .*", line)
        assert match is not None, line
        assert match[1] == match[2]


def test_submission_wants_a_login_first(begin: Begin) -> None:
    smtp = begin(listener="submission")
    assert smtp.codes(b"MAIL FROM:<>\r\nAUTH PLAIN AGFsaWNlAGFsaWNlLXNlY3JldA==\r\nMAIL FROM:<>\r\n") == [530, 235, 250]
    assert smtp.code(b"RCPT TO:<someone@elsewhere.test>\r\n") == 250


def test_nothing_is_relayed_where_there_is_no_way_out(begin: Begin) -> None:
    smtp = begin(listener="submission", changes={"can_relay": False})
    smtp.say(b"AUTH PLAIN AGFsaWNlAGFsaWNlLXNlY3JldA==\r\nMAIL FROM:<>\r\n")
    assert smtp.code(b"RCPT TO:<someone@elsewhere.test>\r\n") == 550


def test_silence_is_answered_with_421(smtp: Any) -> None:
    assert smtp.session.deadline() == 300
    assert smtp.finish(smtp.session.expired()).startswith(b"421 ")
    assert smtp.closed


def test_shutdown_is_announced_with_421(smtp: Any) -> None:
    assert smtp.finish(smtp.session.stop()).startswith(b"421 ")
    assert smtp.closed


def test_commands_after_quit_are_not_answered(smtp: Any) -> None:
    assert smtp.codes(b"QUIT\r\nNOOP\r\n") == [221]


def test_aliases_lists_and_details(begin: Begin, accepted: Any) -> None:
    alice, bob = Address(b"alice", b"example.test"), Address(b"bob", b"example.test")
    directory = LocalDirectory(
        ["example.test"],
        ["alice", "bob"],
        "alice",
        aliases={"both": [alice, bob]},
        lists={"staff": MailingList((bob,), alice)},
        separator="+",
    )
    smtp = begin(changes={"directory": directory})
    assert smtp.say(b"EXPN both\r\n") == b"250-2.1.5 <alice@example.test>\r\n250 2.1.5 <bob@example.test>\r\n"
    assert smtp.say(b"EXPN <staff@example.test>\r\n") == b"250 2.1.5 <bob@example.test>\r\n"
    assert smtp.codes(b"VRFY both\r\nVRFY staff\r\nVRFY alice+x\r\nVRFY carol+x\r\n") == [250, 250, 250, 550]
    smtp.say(b"MAIL FROM:<>\r\n")
    names = [b"both", b"STAFF", b"Bob+lists", b"carol+x"]
    assert smtp.codes(b"".join(b"RCPT TO:<%b@example.test>\r\n" % name for name in names)) == [250, 250, 250, 550]
    assert smtp.codes(b"DATA\r\n.\r\n") == [354, 250]
    assert [recipient.user for recipient in accepted[0][0].recipients] == [None, None, "bob"]
