"""Each variant is still a server that takes mail, and says so in the grammar of replies."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pytest

from refmail.blueprint import Blueprint
from refmail.smtp.session import SmtpSession
from refmail.variants import all_variants, by_name

Begin = Callable[..., Any]

#: A host that takes no mail at all is legal too, and nothing to send to.
CLOSED = "smtp-takes-no-mail"
NAMES = [each.name for each in all_variants() if "smtp" in each.apply(Blueprint()).parts and each.name != CLOSED]
REPLY = re.compile(rb"(?:(\d{3})-[\t\x20-\x7e]*\r\n)*(\d{3})( [\t\x20-\x7e]+)?\r\n")


@pytest.mark.parametrize("name", NAMES)
def test_variant_takes_mail(begin: Begin, accepted: Any, name: str) -> None:
    session = cast("type[SmtpSession]", by_name(name).apply(Blueprint()).parts["smtp"])
    smtp = begin(session=session, hello=False)
    assert smtp.greeting.startswith((b"220 mail.example.test", b"220-mail.example.test"))
    octets = smtp.say(
        b"EHLO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\nRCPT TO:<x@example.test>\r\nVRFY alice\r\n"
        b"HELP\r\nEXPN x\r\nFOO\r\nDATA\r\n..\r\n.\r\nDATA\r\nQUIT\r\n"
    )
    codes: list[int] = []
    while octets:
        match = REPLY.match(octets)
        assert match is not None, octets
        codes.append(int(match[2]))
        octets = octets[match.end() :]
    classes = [code // 100 for code in codes]
    assert classes[:4] == [2, 2, 2, 5]
    assert classes[7:] == [5, 3, 2, 5, 2]
    assert [octets.endswith(b"\r\n.\r\n") for _, octets in accepted] == [True]


def test_a_host_that_takes_no_mail_says_so_until_quit(begin: Begin) -> None:
    session = cast("type[SmtpSession]", by_name(CLOSED).apply(Blueprint()).parts["smtp"])
    smtp = begin(session=session, hello=False)

    assert smtp.greeting.startswith(b"554 ")
    assert [line[:3] for line in smtp.say(b"EHLO client.test\r\nQUIT\r\n").splitlines()] == [b"503", b"221"]


def test_unknown_names_get_close_ones() -> None:
    with pytest.raises(KeyError, match="smtp-terse"):
        by_name("smtp-ters")
