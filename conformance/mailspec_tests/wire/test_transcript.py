"""Transcripts keep exact octets in bounded memory and never show a secret."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from mailspec.transcript import Direction, Ending, Secrets, Transcript, visible


def clock_of(*seconds: float) -> Transcript:
    times = iter(seconds)
    return Transcript(clock=lambda: next(times))


def test_events_carry_time_connection_and_octets() -> None:
    transcript = clock_of(10.0, 10.5, 11.0, 12.0)

    connection = transcript.open("a.test:25")
    transcript.add(connection, Direction.SENT, b"NOOP\r\n")
    transcript.add(connection, Direction.RECEIVED, b"250 \xff\r\n")

    assert [(event.at, str(event.direction), event.octets) for event in transcript.events[1:]] == [
        (1.0, "C", b"NOOP\r\n"),
        (2.0, "S", b"250 \xff\r\n"),
    ]
    assert [event.index for event in transcript.events] == [0, 1, 2]


def test_the_first_ending_counts() -> None:
    transcript = Transcript()
    connection = transcript.open("a.test:25")

    transcript.ended(connection, Ending.RESET)
    transcript.ended(connection, Ending.CLEAN)

    assert transcript.endings == {connection: Ending.RESET}


def test_octets_survive_as_latin_1() -> None:
    transcript = Transcript()
    transcript.add(transcript.open("x"), Direction.RECEIVED, bytes(range(256)))

    last = json.loads(transcript.to_json_lines().splitlines()[-1])

    assert last["octets"].encode("latin-1") == bytes(range(256))


def test_memory_is_bounded_and_says_what_is_missing() -> None:
    transcript = Transcript(limit_octets=1000)
    for number in range(300):
        transcript.add(1, Direction.RECEIVED, b"%08d\r\n" % number)

    kept = [event for event in transcript.events if event.direction is Direction.RECEIVED]
    notes = [event for event in transcript.events if event.direction is Direction.NOTE]

    assert sum(len(event.octets) for event in kept) <= 1000
    assert kept[0].octets == b"00000000\r\n"
    assert kept[-1].octets == b"00000299\r\n"
    assert kept[-1].index == 299
    assert transcript.omitted_octets == 3000 - sum(len(event.octets) for event in kept)
    assert len(notes) == 1
    assert b"left out" in notes[0].octets


def test_a_long_event_is_cut_and_says_so() -> None:
    transcript = Transcript()
    transcript.add(1, Direction.RECEIVED, b"x" * 100_000)

    assert len(transcript.events[0].octets) + transcript.events[0].omitted == 100_000
    assert "left out" in transcript.render()


def test_rendering_shows_line_ends_and_marks_the_event() -> None:
    transcript = Transcript()
    transcript.add(1, Direction.SENT, b"A\r\nB\r\n")
    marked = transcript.add(1, Direction.RECEIVED, b"500 \x00\n")

    lines = transcript.render(mark=marked).splitlines()

    assert [line[0] for line in lines] == [" ", " ", ">"]
    assert lines[0].endswith(r"#1 C A\r\n")
    assert lines[2].endswith(r"#1 S 500 \x00\n")


def test_rendering_leaves_out_the_middle() -> None:
    transcript = Transcript()
    for number in range(50):
        transcript.add(1, Direction.SENT, b"%d\r\n" % number)

    assert len(transcript.render(limit_lines=10).splitlines()) == 11


def test_visible_is_printable_ascii() -> None:
    assert visible(bytes(range(256))).isascii()
    assert visible(bytes(range(256))).isprintable()


def test_secrets_are_masked_in_every_form() -> None:
    secrets = Secrets()
    secrets.add(b'hun"ter2')
    forms = [
        b'PASS hun"ter2\r\n',
        b'a1 LOGIN "u" "hun\\"ter2"\r\n',
        b"AUTH PLAIN " + base64.b64encode(b'\0user\0hun"ter2') + b"\r\n",
        b"AUTH PLAIN " + base64.b64encode(b'someone\0user\0hun"ter2'),
        base64.b64encode(b'hun"ter2') + b"\r\n",
        b"x" + base64.b64encode(b'\0user\0hun"ter2'),
    ]

    for form in forms:
        for masked in (secrets.mask(form), secrets.mask_text(form.decode()).encode()):
            assert b"********" in masked
            assert b"ter2" not in masked
            assert not any(piece in masked for piece in (b"aHVu", b"h1biJ0", b"odW4i"))


def test_text_forms_of_octets_above_ascii_are_masked() -> None:
    secrets = Secrets()
    secrets.add("pässwort".encode())

    for text in ("pässwort", "pässwort".encode().decode("latin-1"), repr("pässwort".encode())):
        assert "sswort" not in secrets.mask_text(text)


def test_a_secret_added_later_is_masked_in_earlier_events() -> None:
    transcript = Transcript()
    transcript.add(1, Direction.SENT, b"PASS open-sesame\r\n")
    transcript.secrets.add(b"open-sesame")

    assert "sesame" not in transcript.render() + transcript.to_json_lines().decode()


def test_no_secret_masks_nothing() -> None:
    secrets = Secrets()
    secrets.add(b"")

    assert secrets.mask(b"AAAAAAAAAA hello") == b"AAAAAAAAAA hello"
    assert secrets.mask_text("hello") == "hello"


@given(st.binary(min_size=4, max_size=30), st.binary(max_size=30), st.binary(max_size=30))
def test_no_secret_survives_masking(secret: bytes, before: bytes, after: bytes) -> None:
    secrets = Secrets()
    secrets.add(secret)

    masked = secrets.mask(before + secret + after)

    assert secret not in masked.replace(b"********", b"") or secret in before + after
