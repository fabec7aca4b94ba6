"""Lines about hops, and what may be typed."""

from __future__ import annotations

import pytest

from refmail.journal import Entry, Journal
from refmail.lab.hops import Hop, hop_of, lines_of


def test_lines_fit_the_width() -> None:
    lines = lines_of("12:34:56", Hop("relay", "word " * 40), 80)
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("12:34:56 relay     word")
    assert lines[1].startswith(" " * 19 + "word")


def test_refused_connection_is_said_in_words() -> None:
    text = "no connection to 127.0.0.2 port 25: [Errno 111] Connect call failed ('127.0.0.2', 25)"
    facts: dict[str, object] = {
        "host": "mx1.test",
        "dialled": "127.0.0.2:25",
        "recipient": "a@b.test",
        "text": text,
        "verdict": "later",
    }
    hop = hop_of("mta.test", Entry(0.0, "relay.tried", facts))
    assert hop is not None
    assert hop.good is False
    assert "Errno" not in hop.text
    assert hop.text.endswith("refused; next")


@pytest.mark.parametrize("topic", ["smtp.login", "reply", "dns.question"])
def test_other_entries_show_nothing(topic: str) -> None:
    assert hop_of("mta.test", Entry(0.0, topic, {})) is None


def test_replies_are_noted_for_listeners_only() -> None:
    journal = Journal(lambda: 1.0)
    journal.reply("pop3", "127.0.0.1:1", command="STAT", reply="+OK 0 0", requirement="")
    assert journal.entries() == []
    heard: list[Entry] = []
    journal.subscribe(heard.append)
    journal.reply("pop3", "127.0.0.1:1", command="STAT", reply="+OK 0 0", requirement="")
    assert heard == journal.entries("reply")
    assert heard[0].facts["requirement"] is None
