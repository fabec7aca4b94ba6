"""The client's side of SASL mechanisms, against the examples of their documents."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailspec.wire.endpoint import Login
from mailspec.wire.sasl import MECHANISMS, SaslError, Scram, decoded, encoded

TIM = Login(b"tim@example.test", b"tim", b"tanstaaftanstaaf")
USER = Login(b"user@example.test", b"user", b"pencil")


def test_plain() -> None:
    responder = MECHANISMS[b"PLAIN"].responder(TIM)

    assert responder.respond(b"") == b"\0tim\0tanstaaftanstaaf"
    with pytest.raises(SaslError, match="more challenges"):
        responder.respond(b"again")


def test_cram_md5_as_in_rfc_2195() -> None:
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"

    response = MECHANISMS[b"CRAM-MD5"].responder(TIM).respond(challenge)

    assert response == b"tim b913a602c7eda7a495b4e6e7334d3890"


SHA_1 = (
    b"fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
SHA_256 = (
    b"rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


@pytest.mark.parametrize(("digest", "example"), [("sha1", SHA_1), ("sha256", SHA_256)], ids=["rfc-5802", "rfc-7677"])
def test_scram_as_in_its_document(digest: str, example: tuple[bytes, bytes, bytes, bytes]) -> None:
    nonce, server_first, client_final, server_final = example
    scram = Scram(USER, digest, nonce=nonce)

    assert scram.respond(b"") == b"n,,n=user,r=" + nonce
    assert scram.respond(server_first) == client_final
    before = scram.verified
    assert scram.respond(server_final) == b""
    assert (before, scram.verified, scram.iterations) == (None, True, 4096)


def test_scram_tells_a_wrong_signature() -> None:
    scram = Scram(USER, "sha1", nonce=SHA_1[0])
    scram.respond(b"")
    scram.respond(SHA_1[1])

    scram.respond(b"v=" + base64.b64encode(bytes(20)))

    assert scram.verified is False


@pytest.mark.parametrize("challenge", [b"", b"r=abc", b"r=a,s=!,i=1", b"r=a,s=QQ==,i=99999999999", b"\xff" * 40])
def test_scram_refuses_what_is_no_first_message(challenge: bytes) -> None:
    scram = Scram(USER, "sha256")
    scram.respond(b"")

    with pytest.raises(SaslError):
        scram.respond(challenge)


@given(st.binary(max_size=60))
def test_base64_is_read_as_it_was_written(octets: bytes) -> None:
    assert decoded(encoded(octets)) == octets


@pytest.mark.parametrize("text", [b"A", b"QQ", b"QQ=", b"QQ==QQ==", b"Q Q=", b"!!!!", b"="])
def test_what_is_no_base64_is_none(text: bytes) -> None:
    assert decoded(text) is None
