"""The base of the protocol machines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.machine import (
    Call,
    Close,
    Disconnected,
    Expired,
    LineTooLong,
    Machine,
    Send,
    StartTls,
    Steps,
    Stopping,
    TlsInfo,
)

TLS = TlsInfo("TLSv1.3", "cipher")


class Echo(Machine):
    """Sends back each line, and what became of it."""

    idle_timeout = 9.0

    def __init__(self) -> None:
        super().__init__()
        self.released = 0
        self.ended_by: type[BaseException] | None = None

    def session(self) -> Steps[None]:
        try:
            while True:
                try:
                    line = yield from self.read_line(8)
                except LineTooLong:
                    self.send(b"long;")
                    continue
                if line == b"tls\r\n":
                    self.send((yield from self.start_tls()).version.encode())
                elif line == b"quit\r\n":
                    return
                elif line == b"call\r\n":
                    yield from self.call_and_report()
                elif line == b"exact\r\n":
                    self.send(b"(" + (yield from self.read_exact(3)) + b")")
                elif line == b"wait\r\n":
                    self.send((yield from self.wait()).value.encode())
                elif line == b"bug\r\n":
                    msg = "a bug"
                    raise RuntimeError(msg)
                else:
                    self.send(b"[" + line[:-2] + b"]")
        except (Disconnected, Expired, Stopping) as end:
            self.ended_by = type(end)
            raise

    def call_and_report(self) -> Steps[None]:
        try:
            self.send(str((yield from self.call(divmod, 7, 2))).encode())
        except ValueError as error:
            self.send(str(error).encode())

    def on_disconnect(self) -> None:
        self.released += 1


@pytest.fixture
def echo() -> Echo:
    machine = Echo()
    assert machine.connected() == []
    return machine


def test_outputs_of_a_batch_leave_together(echo: Echo) -> None:
    assert echo.receive(b"a\r\nb\r\nc") == [Send(b"[a][b]")]
    assert echo.receive(b"\r\n") == [Send(b"[c]")]


@pytest.mark.parametrize("octets", [b"a\rb\r\n", b"a\nb\r\n", b"\r\r\n", b"\n\r\n"])
def test_only_crlf_ends_a_line(echo: Echo, octets: bytes) -> None:
    assert echo.receive(octets) == [Send(b"[" + octets[:-2] + b"]")]


def test_limit_counts_the_crlf(echo: Echo) -> None:
    assert echo.receive(b"123456\r\n1234567\r\nok\r\n") == [Send(b"[123456]long;[ok]")]


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"12345678"]), max_size=30), st.data())
def test_any_split_gives_the_same(pieces: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(pieces)
    cut = data.draw(st.integers(0, len(octets)))
    whole, halves, singles = Echo(), Echo(), Echo()
    said: list[bytes] = []
    for machine, parts in (
        (whole, [octets]),
        (halves, [octets[:cut], octets[cut:]]),
        (singles, [octets[i : i + 1] for i in range(len(octets))]),
    ):
        machine.connected()
        outputs = [output for part in parts for output in machine.receive(part)]
        said.append(b"".join(output.octets for output in outputs if isinstance(output, Send)))
    assert said[0] == said[1] == said[2]


def test_calls_hold_everything_else_up(echo: Echo) -> None:
    outputs = echo.receive(b"a\r\ncall\r\n")
    assert outputs == [Send(b"[a]"), Call(divmod, (7, 2))]
    assert echo.receive(b"b\r\n") == []
    assert echo.news() == []
    assert echo.expired() == []
    assert echo.deadline() is None
    assert isinstance(outputs[1], Call)
    assert echo.resume(outputs[1].run()) == [Send(b"(3, 1)[b]")]
    assert echo.deadline() == 9.0


def test_what_a_call_raises_is_raised_inside(echo: Echo) -> None:
    echo.receive(b"call\r\n")
    assert echo.resume(ValueError("no")) == [Send(b"no")]


def test_plaintext_does_not_survive_the_handshake(echo: Echo) -> None:
    assert echo.receive(b"tls\r\nplain\r\n") == [StartTls()]
    assert echo.receive(b"more\r\n") == []
    assert echo.tls_established(TLS) == [Send(b"TLSv1.3")]
    assert echo.receive(b"a\r\n") == [Send(b"[a]")]
    assert echo.tls == TLS


def test_octets_before_the_end_are_still_answered(echo: Echo) -> None:
    echo.receive(b"call\r\n")
    assert echo.receive(b"a\r\nhalf") == []
    assert echo.eof() == []
    assert echo.resume((0, 0)) == [Send(b"(0, 0)[a]"), Close()]
    assert (echo.finished, echo.released, echo.ended_by) == (True, 1, Disconnected)


def test_read_exact(echo: Echo) -> None:
    assert echo.receive(b"exact\r\nab") == []
    assert echo.receive(b"cd\r\n") == [Send(b"(abc)[d]")]


def test_news_wakes_a_waiting_machine(echo: Echo) -> None:
    echo.receive(b"wait\r\n")
    assert echo.news() == [Send(b"news")]


def test_expired(echo: Echo) -> None:
    assert echo.expired() == [Close()]
    assert (echo.released, echo.ended_by) == (1, Expired)


def test_stop_while_waiting(echo: Echo) -> None:
    assert echo.stop() == [Close()]
    assert echo.ended_by is Stopping


def test_stop_during_a_call_lets_it_finish(echo: Echo) -> None:
    echo.receive(b"call\r\n")
    assert echo.stop() == []
    assert echo.resume(1) == [Send(b"1"), Close()]
    assert echo.ended_by is Stopping


def test_abandon_releases_once(echo: Echo) -> None:
    echo.receive(b"call\r\n")
    echo.abandon()
    echo.abandon()
    assert (echo.finished, echo.released) == (True, 1)
    assert echo.resume(1) == []


def test_quit_closes(echo: Echo) -> None:
    assert echo.receive(b"a\r\nquit\r\nb\r\n") == [Send(b"[a]"), Close()]
    assert echo.released == 1


def test_a_bug_comes_out_and_releases(echo: Echo) -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        echo.receive(b"bug\r\n")
    assert (echo.finished, echo.released) == (True, 1)
