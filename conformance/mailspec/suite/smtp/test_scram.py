"""SCRAM (RFC 5802, RFC 7677 for SHA-256): what the server says of itself, and what it must look at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from mailspec.requirement import case
from mailspec.suite.smtp.auth import KNOWN, listed, rows
from mailspec.verdict import Blocked, NotOffered, NotRun, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.sasl import Mechanism, SaslError, Scram, decoded, encoded
from mailspec.wire.smtp import CLOSED, PERMANENT, SUCCESS, TRANSIENT, SmtpClient, SmtpReply

SCRAMS = tuple(mechanism for mechanism in KNOWN if mechanism.name.startswith(b"SCRAM"))

#: Attributes of `Scram` that make it say something else, for an account.
Deviation = Callable[[Login], dict[str, Any]]


def says(**attributes: bytes) -> Deviation:
    """Return a deviation that is the same for every account."""
    return lambda _login: attributes


def hexadecimal(login: Login) -> dict[str, Any]:
    """Write the first letter of the name as nobody may."""
    return {"name": b"=%02X" % login.login[0] + login.login[1:]}


def forbidden(login: Login) -> dict[str, Any]:
    """Put a control character behind the name, which SASLprep forbids."""
    return {"name": login.login + b"\x07"}


def open_ended(login: Login) -> dict[str, Any]:
    """Put an equals sign behind the name."""
    return {"name": login.login + b"="}


#: What a client may not say, by the requirement that has it fail: how it says so.
FATAL: dict[str, tuple[str, Deviation]] = {
    "nonce": ("5.1/nonce-verified", says(nonce_suffix=b"0")),
    "header-other": ("6/header-verified", says(repeated=b"y,,")),
    "header-empty": ("6/header-verified", says(repeated=b"")),
    "header-and-more": ("6/header-verified", says(repeated=b"n,,more")),
    "flag-unknown": ("5/unknown-flag-fails", says(header=b"x,,")),
    "flag-in-capital": ("5/unknown-flag-fails", says(header=b"N,,")),
    "binding-unknown": ("6/unknown-binding-fails", says(header=b"p=x-made-up,,")),
    "escape-hexadecimal": ("5.1/bad-escape-fails", hexadecimal),
    "escape-open": ("5.1/bad-escape-fails", open_ended),
    "name-forbidden": ("5.1/unprepared-name-fails", forbidden),
    "mandatory-first": ("5.1/mandatory-extension-fails", says(before=b"m=x-made-up,")),
    "mandatory-final": ("5.1/mandatory-in-final-fails", says(behind_final=b",m=x-made-up")),
}


def talking(mechanism: Mechanism, deviation: Deviation) -> Mechanism:
    """Return the mechanism with a client that says what it is told."""

    def responder(login: Login) -> Scram:
        scram = mechanism.responder(login)
        assert isinstance(scram, Scram)
        return replace(scram, **deviation(login))

    return replace(mechanism, responder=responder)


def fatal() -> Iterator[object]:
    """Yield a row for each mechanism and each mistake."""
    for each in SCRAMS:
        for name, (about, deviation) in FATAL.items():
            row = f"{name}-{each.name.decode().lower()}"
            yield case(f"5802/{about}", each, deviation, name=row, needs=each.needs, tier="destructive")


@pytest.mark.parametrize(("mechanism", "deviation"), list(fatal()))
def test_what_must_fail(
    mechanism: Mechanism, deviation: Deviation, submission_ready: SmtpClient, account: Login
) -> None:
    """A client that knows the password does not get in by what SCRAM forbids."""
    exchange = submission_ready.authenticate(talking(mechanism, deviation), account)
    exchange.reply.expect(PERMANENT, TRANSIENT, CLOSED)


@pytest.mark.parametrize(
    ("mechanism", "deviation"),
    [
        case(
            "5802/5.1/optional-ignored",
            each,
            says(**{where: b",x=made-up"}),
            name=f"{name}-{each.name.decode().lower()}",
            needs=each.needs,
        )
        for each in SCRAMS
        for name, where in (("first", "behind"), ("final", "behind_final"))
    ],
)
def test_optional_extensions(
    mechanism: Mechanism, deviation: Deviation, submission_ready: SmtpClient, account: Login
) -> None:
    """An attribute that nobody knows, where extensions may stand, is passed over."""
    submission_ready.authenticate(talking(mechanism, deviation), account).reply.expect(SUCCESS)


@pytest.mark.parametrize("mechanism", list(rows("5802/5.1/name-prepared", SCRAMS)))
def test_name_is_prepared(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """A user name is who SASLprep says that it is, and the proof is over the name as it was sent."""
    soft = account.login[:1] + "\u00ad".encode() + account.login[1:]
    submission_ready.authenticate(talking(mechanism, says(name=soft)), account).reply.expect(SUCCESS)


#: server-first-message = nonce "," salt "," iteration-count ["," extensions] (section 7; a mandatory extension fails)
FIRST = re.compile(rb"r=[\x21-\x2b\x2d-\x7e]+,s=([A-Za-z0-9+/=]+),i=[1-9][0-9]*(?:,[A-Za-z]=[^,\0]+)*")
#: server-final-message = (server-error / verifier) ["," extensions] ; verifier = "v=" base64
FINAL = re.compile(rb"(?:e=[^,=\0]+|v=([A-Za-z0-9+/=]+))(?:,[A-Za-z]=[^,\0]+)*")


def expect_form(form: re.Pattern[bytes], message: bytes | None) -> None:
    """Judge a message of the server; base64 that is none is judged elsewhere (RFC 4954 section 4).

    Raises:
        Blocked: there is no message to judge.
        Violation: it has another form.
    """
    if message is None:
        msg = "what 334 carries is no base64"
        raise Blocked(msg)
    found = form.fullmatch(message)
    if found is None or (found[1] is not None and not decoded(found[1])):
        raise Violation([form.pattern.decode()], repr(message))


def challenge(reply: SmtpReply) -> bytes | None:
    """Return what a reply of 334 carries, None where that is no base64."""
    return decoded(reply.text)


@pytest.mark.parametrize("mechanism", list(rows("5802/7/server-first", SCRAMS)))
def test_first_message(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """The server's first message has nonce, salt and count, in that order."""
    first = encoded(mechanism.responder(account).respond(b""))
    expect_form(FIRST, challenge(submission_ready.command(b"AUTH " + mechanism.name + b" " + first).require(334)))
    submission_ready.command(b"*").require(PERMANENT, TRANSIENT)


@pytest.mark.parametrize("mechanism", list(rows("5802/7/server-final", SCRAMS)))
def test_final_message(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """The server's final message has its signature."""
    reply = final_reply(mechanism, submission_ready, account)
    expect_form(FINAL, challenge(reply.require(334)))
    submission_ready.command(b"").judged = True


def final_reply(mechanism: Mechanism, client: SmtpClient, login: Login) -> SmtpReply:
    """Return the reply to the client's final message."""
    responder = mechanism.responder(login)
    reply = client.command(b"AUTH " + mechanism.name + b" " + encoded(responder.respond(b""))).require(334)
    try:
        response = responder.respond(challenge(reply) or b"")
    except SaslError as error:
        raise Blocked(str(error)) from error
    return client.command(encoded(response))


@pytest.mark.parametrize("mechanism", list(rows("5802/5.1/error-attribute", SCRAMS, tier="destructive")))
def test_final_message_of_a_failure(
    mechanism: Mechanism, submission_ready: SmtpClient, account: Login, wrong_password: bytes
) -> None:
    """Where the server has a last word for a wrong password, that is an error and no signature."""
    reply = final_reply(mechanism, submission_ready, replace(account, secret=wrong_password))
    if reply.require(334, PERMANENT, TRANSIENT).code != 334:
        return
    message = challenge(reply)
    submission_ready.command(b"").judged = True
    if message is None or not message.startswith(b"e="):
        raise Violation(["e="], repr(message))


@pytest.mark.parametrize("mechanism", list(rows("5802/6/flag-y-fails", SCRAMS)))
def test_flag_y_of_a_downgrade(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """Where the server supports channel binding, a client fails that was made to believe that it does not."""
    if mechanism.name + b"-PLUS" not in listed(submission_ready):
        msg = f"AUTH does not list {mechanism.name.decode()}-PLUS"
        raise NotOffered(msg)
    submission_ready.authenticate(talking(mechanism, says(header=b"y,,")), account).reply.expect(PERMANENT, TRANSIENT)


@pytest.mark.parametrize("mechanism", list(rows("5802/6/flag-y", SCRAMS)))
def test_flag_y(mechanism: Mechanism, submission_ready: SmtpClient, account: Login) -> None:
    """A client that could bind to the channel, and believes that the server cannot, gets in where that is so."""
    if any(name.upper().endswith(b"-PLUS") for name in listed(submission_ready)):
        msg = "the target supports channel binding, so that the flag must fail"
        raise NotRun(msg)
    submission_ready.authenticate(talking(mechanism, says(header=b"y,,")), account).reply.expect(SUCCESS)


@pytest.mark.parametrize(
    ("mechanism", "asked"),
    [
        case(f"5802/{about}", each, asked, name=f"{asked}-{each.name.decode().lower()}", needs=each.needs)
        for each in SCRAMS
        for about, asked in (
            ("3/server-signature", "signature"),
            ("5.1/nonce-extended", "nonce"),
            ("5.1/iteration-count", "iterations"),
        )
    ],
)
def test_scram(mechanism: Mechanism, asked: str, submission_ready: SmtpClient, account: Login) -> None:
    """What the server says in an exchange of SCRAM is as it should be."""
    exchange = submission_ready.authenticate(mechanism, account)
    exchange.reply.judged = True
    scram = exchange.responder
    assert isinstance(scram, Scram)
    if not scram.server_nonce:
        msg = "the server sent no first message"
        raise Blocked(msg)
    if asked == "nonce" and (not scram.server_nonce.startswith(scram.nonce) or scram.server_nonce == scram.nonce):
        raise Violation(["the client's nonce with more behind it"], repr(scram.server_nonce))
    if asked == "iterations" and scram.iterations < 4096:
        raise Violation(["4096 iterations or more"], str(scram.iterations))
    if asked == "signature" and not (scram.verified is True and exchange.reply.code // 100 == 2):
        wrong = "a signature of another key" if scram.verified is False else f"none, and {exchange.reply.octets!r}"
        raise Violation(["the server's signature, and then success"], wrong)
