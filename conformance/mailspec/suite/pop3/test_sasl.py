"""AUTH: RFC 5034."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from mailspec.requirement import requirement
from mailspec.suite.steps import require_refusals
from mailspec.verdict import Blocked, Violation
from mailspec.wire.endpoint import Login
from mailspec.wire.pop3 import CLOSED, CONTINUE, ERR, OK, Pop3Client

PLAIN = ("pop3 SASL PLAIN",)
CRAM_MD5 = ("pop3 SASL CRAM-MD5",)

#: Base64 of an authorization name, a login and a password as long as may be (RFC 4616 section 2).
LONGEST = base64.b64encode(b"\0".join([b"a" * 255] * 3))


def plain(login: bytes, secret: bytes) -> bytes:
    """Return the response of PLAIN."""
    return base64.b64encode(b"\0" + login + b"\0" + secret)


@requirement("5034/4/success", needs=PLAIN)
def test_plain_with_initial_response(pop3: Pop3Client, account: Login) -> None:
    """AUTH PLAIN with the right response behind it gets +OK, and STAT works then."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH PLAIN " + plain(account.login, account.secret)).expect(OK)
    pop3.command(b"STAT").expect(OK)
    require_refusals(pop3)


@requirement("5034/4/success", needs=PLAIN)
def test_plain_without_initial_response(pop3: Pop3Client, account: Login) -> None:
    """AUTH PLAIN, a challenge, and the right response get +OK."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(plain(account.login, account.secret)).expect(OK)
    pop3.command(b"STAT").expect(OK)


@requirement("5034/4/success", needs=CRAM_MD5)
def test_cram_md5(pop3: Pop3Client, account: Login) -> None:
    """The digest over the challenge with the right password gets +OK (RFC 2195)."""
    challenge = base64.b64decode(pop3.command(b"AUTH CRAM-MD5").require(CONTINUE).text)
    digest = hmac.new(account.secret, challenge, hashlib.md5).hexdigest().encode()
    pop3.command(base64.b64encode(account.login + b" " + digest)).expect(OK)
    pop3.command(b"STAT").expect(OK)


@requirement("5034/4/success", needs=("pop3 SASL LOGIN",))
def test_login(pop3: Pop3Client, account: Login) -> None:
    """Name and password, each behind a challenge, get +OK."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH LOGIN").require(CONTINUE)
    pop3.command(base64.b64encode(account.login)).require(CONTINUE)
    pop3.command(base64.b64encode(account.secret)).expect(OK)
    pop3.command(b"STAT").expect(OK)


@requirement("5034/5/any-case", needs=PLAIN)
def test_mechanism_in_lower_case(pop3: Pop3Client) -> None:
    """The name of the mechanism in lower case begins the exchange."""
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(b"*").require(ERR)
    pop3.command(b"auth plain").expect(CONTINUE)


@requirement("5034/4/empty-challenge", needs=PLAIN)
def test_challenge_of_plain_is_empty(pop3: Pop3Client) -> None:
    """The challenge is a plus sign and a space."""
    reply = pop3.command(b"AUTH PLAIN").require(CONTINUE)
    if reply.text.strip():
        raise Violation(["an empty challenge"], repr(reply.octets))


@requirement("5034/4/challenge-form", needs=("pop3 SASL",))
def test_challenges_have_their_form(pop3_new: Pop3Client) -> None:
    """A plus sign, one space, base64, and nothing else."""
    pop3_new.greeting().require(OK)
    if pop3_new.stream.endpoint.tls == "starttls":
        pop3_new.start_tls()
    names = {name.upper() for name in pop3_new.capa().get(b"SASL", b"").split()}
    known = sorted(names & {b"PLAIN", b"LOGIN", b"CRAM-MD5"})
    if not known:
        msg = f"no mechanism that this check knows: {b' '.join(sorted(names)).decode('latin-1')}"
        raise Blocked(msg)
    for name in known:
        octets = pop3_new.command(b"AUTH " + name).require(CONTINUE).octets
        if not octets.startswith(b"+ ") or not is_base64(octets[2:].removesuffix(b"\r\n")):
            raise Violation(["+, one space, base64"], repr(octets))
        pop3_new.command(b"*").require(ERR)


def is_base64(text: bytes) -> bool:
    """Say whether it is base64 and nothing else."""
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


@requirement("5034/4/cancel", needs=PLAIN)
def test_cancel(pop3: Pop3Client) -> None:
    """An asterisk gets -ERR, and the session is where it was."""
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(b"*").expect(ERR)
    pop3.command(b"AUTH PLAIN").expect(CONTINUE)


@requirement("5034/4/unknown-mechanism", needs=("pop3 SASL",))
def test_unknown_mechanism(pop3: Pop3Client) -> None:
    """AUTH with a mechanism that nobody has defined gets -ERR."""
    pop3.command(b"AUTH X-NOBODYS").expect(ERR)


@requirement("5034/4/server-first", needs=CRAM_MD5)
def test_initial_response_to_cram_md5(pop3: Pop3Client) -> None:
    """AUTH CRAM-MD5 with an initial response gets -ERR."""
    pop3.command(b"AUTH CRAM-MD5 " + base64.b64encode(b"nobody")).expect(ERR)


@requirement("5034/4/empty-initial", needs=PLAIN)
def test_equals_sign(pop3: Pop3Client) -> None:
    """An empty initial response is a response: PLAIN finds it wrong, and asks for no other."""
    pop3.command(b"AUTH PLAIN =").expect(ERR)


@requirement("5034/4/bad-base64", needs=PLAIN)
def test_response_that_is_no_base64(pop3: Pop3Client) -> None:
    """A response of one character, which no octets lead to, gets -ERR, in either place."""
    pop3.command(b"AUTH PLAIN A").expect(ERR)
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(b"A").expect(ERR)


@pytest.mark.parametrize("junk", [b"!", b".", b"-"], ids=["exclamation", "dot", "minus"])
@requirement("5034/4/alphabet", needs=PLAIN, tier="destructive")
def test_character_outside_base64(pop3: Pop3Client, account: Login, wrong_password: bytes, junk: bytes) -> None:
    """The right response with a foreign character inside gets -ERR."""
    assert wrong_password
    right = plain(account.login, account.secret)
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(right[:8] + junk + right[8:]).expect(ERR)


@requirement("5034/4/padding", needs=PLAIN, tier="destructive")
def test_padding_within(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """The right response with padding inside gets -ERR."""
    assert wrong_password
    right = plain(account.login, account.secret)
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(right[:8] + b"====" + right[8:]).expect(ERR)


@requirement("5034/4/largest", needs=PLAIN, tier="destructive")
def test_longest_response(pop3: Pop3Client, wrong_password: bytes) -> None:
    """A response as long as PLAIN may have gets one -ERR, and the session goes on."""
    assert wrong_password
    pop3.command(b"AUTH PLAIN").require(CONTINUE)
    pop3.command(LONGEST).expect(ERR)
    pop3.command(b"AUTH PLAIN").expect(CONTINUE, CLOSED)


@requirement("5034/4/failure", needs=PLAIN, tier="destructive")
def test_wrong_password(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A wrong password gets -ERR and opens nothing."""
    pop3.command(b"AUTH PLAIN " + plain(account.login, wrong_password)).expect(ERR)
    pop3.command(b"STAT").expect(ERR, CLOSED)


@requirement("5034/4/failure-changes-nothing", needs=PLAIN, tier="destructive")
def test_login_after_failure(pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """After a failed exchange the right one logs in, where the connection stays open."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH PLAIN " + plain(account.login, wrong_password)).require(ERR)
    pop3.command(b"AUTH PLAIN " + plain(account.login, account.secret)).expect(OK, CLOSED)


@requirement("5034/4/only-authorization", needs=PLAIN)
def test_auth_after_pass(maildrop: Pop3Client, account: Login) -> None:
    """AUTH gets -ERR after USER and PASS."""
    maildrop.command(b"AUTH PLAIN " + plain(account.login, account.secret)).expect(ERR)


@requirement("5034/4/once", needs=PLAIN)
def test_auth_after_auth(pop3: Pop3Client, account: Login) -> None:
    """AUTH gets -ERR after AUTH."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH PLAIN " + plain(account.login, account.secret)).require(OK)
    pop3.command(b"AUTH PLAIN").expect(ERR)


@requirement("5034/3/listed-after-auth", needs=PLAIN)
def test_sasl_is_listed_after_auth(pop3: Pop3Client, account: Login) -> None:
    """CAPA lists SASL after AUTH as well."""
    pop3.recorder.transcript.secrets.add(account.secret)
    pop3.command(b"AUTH PLAIN " + plain(account.login, account.secret)).require(OK)
    tags = pop3.capa()
    if not tags:
        msg = "CAPA lists nothing"
        raise Blocked(msg)
    if b"SASL" not in tags:
        raise Violation(["SASL"], b" ".join(sorted(tags)).decode("latin-1"))


@requirement("5034/4/unprepared-refused", needs=PLAIN, tier="destructive")
@pytest.mark.parametrize("name", [b"\x07", "\u00ad".encode(), b"\xff\xfe"], ids=["control", "nothing", "not-utf-8"])
def test_name_that_cannot_be_prepared(name: bytes, pop3: Pop3Client, account: Login, wrong_password: bytes) -> None:
    """A name to act for that SASLprep forbids or leaves empty does not log in, the password being right."""
    assert wrong_password
    pop3.recorder.transcript.secrets.add(account.secret)
    response = base64.b64encode(b"\0".join([name, account.login, account.secret]))
    pop3.command(b"AUTH PLAIN " + response).expect(ERR, CLOSED)
