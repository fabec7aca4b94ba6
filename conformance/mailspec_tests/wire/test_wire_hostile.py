"""Every client ends in a value, in time and in little memory, whatever the target does."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from mailspec.verdict import Blocked, Inconclusive, Violation
from mailspec.wire.client import Client
from mailspec.wire.imap import ImapClient
from mailspec.wire.pop3 import OK, Pop3Client
from mailspec.wire.recorder import Recorder
from mailspec.wire.smtp import SmtpClient
from mailspec_tests import hostile

#: Seconds for one reply, and seconds of grace for parsing what came until then on a busy machine.
DEADLINE, GRACE = 0.4, 4.0

#: Octets that one session may allocate at its peak: the largest reply kept, the transcript and their copies.
PEAK_OCTETS = 160 * 1024 * 1024

Session = Callable[[hostile.HostileServer, Recorder], None]


def smtp_session(server: hostile.HostileServer, recorder: Recorder) -> None:
    smtp = SmtpClient.connect(server.endpoint, recorder)
    smtp.greeting().expect(220)
    smtp.ehlo().expect(250)
    smtp.mail(b"a@client.test").expect(250)
    smtp.quit().expect(221)
    smtp.expect_closed()


def pop3_session(server: hostile.HostileServer, recorder: Recorder) -> None:
    pop3 = Pop3Client.connect(server.endpoint, recorder)
    pop3.greeting().expect(OK)
    pop3.multi(b"CAPA").expect(OK)
    pop3.quit().expect(OK)
    pop3.expect_closed()


def imap_session(server: hostile.HostileServer, recorder: Recorder) -> None:
    imap = ImapClient.connect(server.endpoint, recorder)
    imap.greeting().expect("OK")
    imap.command(b"NOOP").expect("OK")
    imap.append(b"INBOX", b"x" * 100).expect("OK")
    imap.logout().expect("OK")
    imap.expect_closed()


SESSIONS: dict[str, tuple[bytes, Session]] = {
    "smtp": (b"220 a.test hello\r\n", smtp_session),
    "pop3": (b"+OK hello\r\n", pop3_session),
    "imap": (b"* OK hello\r\n", imap_session),
}


@pytest.mark.parametrize("behaviour", hostile.BEHAVIOURS)
@pytest.mark.parametrize("greets", [False, True], ids=["first", "greeted"])
@pytest.mark.parametrize("protocol", SESSIONS)
def test_a_hostile_target_ends_in_an_outcome(protocol: str, greets: bool, behaviour: str) -> None:
    greeting, session = SESSIONS[protocol]
    recorder = Recorder(deadline=DEADLINE)
    tracemalloc.start()
    began = time.monotonic()
    try:
        with hostile.HostileServer(hostile.BEHAVIOURS[behaviour], greeting if greets else b"") as server:
            with pytest.raises((Violation, Blocked, Inconclusive)):
                session(server, recorder)
            recorder.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert time.monotonic() - began < 6 * DEADLINE + GRACE
    assert peak < PEAK_OCTETS
    assert recorder.unjudged() == []
    assert recorder.transcript.to_json_lines()


@pytest.mark.parametrize("protocol", SESSIONS)
def test_an_octet_at_a_time_does_not_extend_the_deadline(protocol: str) -> None:
    _, session = SESSIONS[protocol]
    began = time.monotonic()
    recorder = Recorder(deadline=DEADLINE)
    with hostile.HostileServer(hostile.trickle) as server, pytest.raises(Inconclusive):
        session(server, recorder)
    recorder.close()

    assert time.monotonic() - began < DEADLINE + 1


@pytest.mark.parametrize("protocol", SESSIONS)
def test_a_port_without_a_server_is_blocked(protocol: str) -> None:
    with hostile.HostileServer(hostile.close_at_once) as server:
        pass

    with pytest.raises(Blocked, match="cannot connect"):
        SESSIONS[protocol][1](server, Recorder(deadline=DEADLINE))


@pytest.mark.parametrize("client", [SmtpClient, Pop3Client, ImapClient])
def test_an_open_connection_is_a_violation_where_its_end_is_expected(client: type[Client]) -> None:
    with hostile.HostileServer(hostile.say_nothing) as server:
        connected = client.connect(server.endpoint, Recorder(deadline=DEADLINE))
        with pytest.raises(Violation, match="still open"):
            connected.expect_closed()
        connected.close()
