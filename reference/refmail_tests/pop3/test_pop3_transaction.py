"""After login: listing, reading, marking, and how the session ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refmail.machine import Call
from refmail.pop3.replies import stuffed
from refmail.pop3.top import top
from refmail.store.api import MailStore, StoreError

if TYPE_CHECKING:
    from refmail_tests.pop3.conftest import Connect, Driver

ONE = b"Subject: one\r\n\r\nbody\r\n"
DOTS = b".first\r\n\r\n.\r\n..\r\n.x\r\n"
OPEN = b"Subject: no end\r\n\r\nlast line"


def unstuffed(reply: bytes) -> bytes:
    """Return the octets of a multi-line reply as a client reads them."""
    first, _, rest = reply.partition(b"\r\n")
    assert first.startswith(b"+OK")
    assert rest.endswith(b".\r\n")
    lines = rest.split(b"\r\n")[:-2]
    assert b"." not in lines
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)


def refused(octets: bytes) -> bool:
    return octets.startswith(b"-ERR") and octets.count(b"\r\n") == 1


@pytest.fixture
def driver(connect: Connect, store: MailStore) -> Driver:
    for octets in (ONE, DOTS, OPEN):
        store.deliver("ada", octets)
    return connect().log_in()


def left(store: MailStore) -> list[int]:
    return [meta.uid for meta in store.open("ada", "INBOX").messages()]


def test_stat_and_list_count_what_retr_sends(driver: Driver) -> None:
    sizes = [len(unstuffed(driver.command(b"RETR %d" % n))) for n in (1, 2, 3)]

    assert driver.command(b"STAT") == b"+OK 3 %d\r\n" % sum(sizes)
    assert unstuffed(driver.command(b"LIST")) == b"1 %d\r\n2 %d\r\n3 %d\r\n" % tuple(sizes)
    assert driver.command(b"LIST 2") == b"+OK 2 %d\r\n" % sizes[1]


def test_retr_gives_the_octets(driver: Driver) -> None:
    assert unstuffed(driver.command(b"RETR 1")) == ONE
    assert unstuffed(driver.command(b"RETR 2")) == DOTS
    assert unstuffed(driver.command(b"RETR 3")) == OPEN + b"\r\n"


@pytest.mark.parametrize(
    "line",
    [b"RETR", b"RETR 0", b"RETR 4", b"RETR -1", b"RETR x", b"RETR 1 2", b"RETR 99999999999", b"LIST 0", b"LIST 4",
     b"LIST 1 2", b"LIST ", b"DELE", b"DELE 0", b"DELE 4", b"DELE 1x", b"UIDL 0", b"UIDL 4", b"TOP 1", b"TOP",
     b"TOP 1 -1", b"TOP 4 1", b"TOP 1 x", b"TOP 1 1 1", b"STAT 1", b"NOOP x", b"RSET x", b"QUIT x", b"USER ada",
     b"PASS x", b"STLS", b"AUTH PLAIN", b"APOP a b", b"XYZZY", b"RETR  1", b"RETR 1 ", b"RETR \xd9\xa1"],
)  # fmt: skip
def test_refused_in_transaction_and_nothing_changes(driver: Driver, line: bytes) -> None:
    before = driver.command(b"STAT")

    assert refused(driver.command(line))
    assert driver.command(b"STAT") == before
    assert not driver.closed


def test_empty_maildrop(connect: Connect) -> None:
    driver = connect().log_in()

    assert driver.command(b"STAT") == b"+OK 0 0\r\n"
    assert unstuffed(driver.command(b"LIST")) == b""
    assert unstuffed(driver.command(b"UIDL")) == b""
    assert refused(driver.command(b"RETR 1"))


def test_top_gives_header_and_so_many_lines(driver: Driver) -> None:
    assert unstuffed(driver.command(b"TOP 2 0")) == b".first\r\n\r\n"
    assert unstuffed(driver.command(b"TOP 2 2")) == b".first\r\n\r\n.\r\n..\r\n"
    assert unstuffed(driver.command(b"TOP 2 99")) == DOTS
    assert unstuffed(driver.command(b"TOP 3 1")) == OPEN + b"\r\n"


@pytest.mark.parametrize(
    ("octets", "count", "expected"),
    [
        (b"", 0, b""),
        (b"H: x\r\n", 5, b"H: x\r\n"),
        (b"\r\nbody\r\nmore\r\n", 0, b"\r\n"),
        (b"\r\nbody\r\nmore\r\n", 1, b"\r\nbody\r\n"),
        (b"H: x\r\n\r\n\r\n\r\n", 1, b"H: x\r\n\r\n\r\n"),
        (b"H: x\r\n\r\nlast", 1, b"H: x\r\n\r\nlast"),
    ],
)
def test_top_of_unusual_messages(octets: bytes, count: int, expected: bytes) -> None:
    assert top(octets, count) == expected


def test_uidl_is_stable_and_never_used_again(driver: Driver, connect: Connect, store: MailStore) -> None:
    first = unstuffed(driver.command(b"UIDL"))
    ids = [line.split(b" ")[1] for line in first.splitlines()]
    assert driver.command(b"UIDL 2") == b"+OK 2 " + ids[1] + b"\r\n"
    driver.command(b"DELE 3")
    driver.command(b"QUIT")
    store.deliver("ada", OPEN)

    again = [line.split(b" ")[1] for line in unstuffed(connect().log_in().command(b"UIDL")).splitlines()]
    assert again[:2] == ids[:2]
    assert again[2] not in ids
    assert all(1 <= len(i) <= 70 and all(0x21 <= octet <= 0x7E for octet in i) for i in again)


def test_marked_message_is_out_of_reach_and_numbers_stay(driver: Driver) -> None:
    assert driver.command(b"DELE 2").startswith(b"+OK")

    for line in (b"DELE 2", b"RETR 2", b"LIST 2", b"TOP 2 0", b"UIDL 2"):
        assert refused(driver.command(line))
    assert driver.command(b"STAT") == b"+OK 2 %d\r\n" % (len(ONE) + len(OPEN) + 2)
    assert [line[:1] for line in unstuffed(driver.command(b"LIST")).splitlines()] == [b"1", b"3"]
    assert [line[:1] for line in unstuffed(driver.command(b"UIDL")).splitlines()] == [b"1", b"3"]
    assert unstuffed(driver.command(b"RETR 3")) == OPEN + b"\r\n"
    assert driver.command(b"RSET").startswith(b"+OK")
    assert driver.command(b"STAT").startswith(b"+OK 3 ")


def test_quit_removes_what_is_marked_and_nothing_else(driver: Driver, store: MailStore) -> None:
    driver.command(b"DELE 1")
    driver.command(b"DELE 3")
    store.deliver("ada", ONE)
    assert left(store) == [1, 2, 3, 4]

    assert driver.command(b"QUIT").startswith(b"+OK")
    assert driver.closed
    assert left(store) == [2, 4]


def test_dropped_connection_removes_nothing_and_unlocks(driver: Driver, connect: Connect, store: MailStore) -> None:
    driver.command(b"DELE 1")
    driver.disconnect()

    assert driver.closed
    assert left(store) == [1, 2, 3]
    assert connect().log_in().command(b"STAT").startswith(b"+OK 3 ")


def test_quit_without_its_line_end_is_no_quit(driver: Driver, store: MailStore) -> None:
    driver.command(b"DELE 1")
    driver.send(b"QUIT")
    driver.disconnect()

    assert left(store) == [1, 2, 3]


def test_autologout_removes_nothing_and_says_nothing(driver: Driver, connect: Connect, store: MailStore) -> None:
    driver.command(b"DELE 1")
    assert (driver.machine.deadline() or 0) >= 600

    assert driver.carry_out(driver.machine.expired()) == b""
    assert driver.closed
    assert left(store) == [1, 2, 3]
    connect().log_in()


def test_server_that_stops_removes_nothing(driver: Driver, connect: Connect, store: MailStore) -> None:
    driver.command(b"DELE 1")
    driver.carry_out(driver.machine.stop())

    assert driver.closed
    assert left(store) == [1, 2, 3]
    connect().log_in()


def test_connection_lost_while_the_lock_is_taken_gives_it_back(connect: Connect) -> None:
    driver = connect()
    driver.command(b"USER ada")
    (authenticate,) = driver.machine.receive(b"PASS  pass  word \r\n")
    assert isinstance(authenticate, Call)
    (acquire,) = driver.machine.resume(driver.result(authenticate))
    assert isinstance(acquire, Call)

    driver.machine.abandon()
    acquire.run()

    connect().log_in()


def test_mail_that_arrives_meanwhile_is_not_seen(driver: Driver, store: MailStore) -> None:
    store.deliver("ada", ONE)

    assert driver.command(b"STAT").startswith(b"+OK 3 ")
    assert refused(driver.command(b"RETR 4"))


def test_message_that_vanished_is_refused_and_no_failure_at_quit(driver: Driver, store: MailStore) -> None:
    store.open("ada", "INBOX").expunge([2])

    assert refused(driver.command(b"RETR 2"))
    assert refused(driver.command(b"TOP 2 0"))
    assert driver.command(b"STAT").startswith(b"+OK 3 ")
    driver.command(b"DELE 2")
    assert driver.command(b"QUIT").startswith(b"+OK")
    assert left(store) == [1, 3]


def test_removal_that_fails_is_told_and_unlocks(
    driver: Driver, connect: Connect, store: MailStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, uids: object) -> None:
        msg = f"{self} {uids}"
        raise StoreError(msg)

    driver.command(b"DELE 1")
    with monkeypatch.context() as patch:
        patch.setattr(type(store.open("ada", "INBOX")), "expunge", fail)
        assert refused(driver.command(b"QUIT"))
    assert driver.closed
    connect().log_in()


DIALOGUE = (
    b"CAPA\r\nUSER ada\r\nPASS  pass  word \r\nSTAT\r\nLIST\r\nUIDL 1\r\nRETR 2\r\nTOP 3 0\r\nDELE 1\r\nNOOP\r\n"
    + b"x" * 300
    + b"\r\nRSET\r\nDELE 2\r\nQUIT\r\nSTAT\r\n"
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, len(DIALOGUE) - 1), max_size=40))
def test_same_output_at_any_split(connect: Connect, store: MailStore, cuts: list[int]) -> None:
    inbox = store.open("ada", "INBOX")
    transcripts: list[bytes] = []
    for edges in ([], sorted(set(cuts)), list(range(1, len(DIALOGUE)))):
        inbox.expunge([meta.uid for meta in inbox.messages()])
        for octets in (ONE, DOTS, OPEN):
            store.deliver("ada", octets)
        driver = connect()
        for start, end in zip([0, *edges], [*edges, len(DIALOGUE)], strict=True):
            driver.send(DIALOGUE[start:end])
        uid = inbox.uid_next - 3
        transcripts.append(driver.received.replace(b"%d.%d" % (inbox.uid_validity, uid), b"ID"))
        assert driver.closed
        assert len(inbox.messages()) == 2
    assert transcripts[0] == transcripts[1] == transcripts[2]
    assert b"STAT" not in transcripts[0]


@given(st.lists(st.sampled_from([b".", b"a", b"\r\n", b"..", b"\r", b"\r\n."])).map(b"".join))
def test_stuffing_comes_undone(octets: bytes) -> None:
    whole = octets if not octets or octets.endswith(b"\r\n") else octets + b"\r\n"

    assert unstuffed(b"+OK\r\n" + stuffed(octets) + b".\r\n") == whole
