"""CRAM-MD5 and SCRAM by themselves: known vectors, refusals, and octets that are no message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refmail.credentials import SCRAM_HASHES, ScramKeys
from refmail.machine import Call
from refmail.sasl import Challenge, Failed, Malformed, usable_mechanisms
from refmail.services import Services
from refmail.users import PasswordHash, UserTable

CHEAP = PasswordHash.of(b"pencil", cost=2)
SCRAM = [ScramKeys.of(mechanism, "pencil") for mechanism in SCRAM_HASHES]
USERS = UserTable({"user": CHEAP}, ["example.test"], scram={"user": SCRAM}, clear={"user": b"pencil"})


class World:
    """As much of Services as a mechanism looks at."""

    def __init__(self, users: UserTable = USERS) -> None:
        self.users = users
        self.random = random.Random(1)
        self.hostname = "mail.test"

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class Exchange:
    """An exchange, answered by hand."""

    def __init__(self, name: bytes, users: UserTable = USERS) -> None:
        self._steps = usable_mechanisms(users)[name].start(cast("Services", World(users)))
        self.challenge = self._next(None)

    def _next(self, answer: object) -> bytes:
        step = self._steps.send(answer)
        while isinstance(step, Call):
            step = self._steps.send(step.run())
        assert isinstance(step, Challenge)
        return step.octets

    def respond(self, response: bytes) -> bytes:
        self.challenge = self._next(response)
        return self.challenge

    def finish(self, response: bytes) -> str:
        with pytest.raises(StopIteration) as stopped:
            self._next(response)
        return str(stopped.value.value)


def scram_client(kind: str, exchange: Exchange, password: bytes, *, login: str = "user", gs2: str = "n,,") -> bytes:
    """Send both messages of a client that shares no code with the server; return the signature it expects."""
    bare = f"n={login},r=clientnonce"
    server_first = exchange.respond(f"{gs2}{bare}".encode()).decode()
    values = dict(part.split("=", 1) for part in server_first.split(","))
    assert values["r"].startswith("clientnonce")
    assert len(values["r"]) > len("clientnonce")
    salted = hashlib.pbkdf2_hmac(kind, password, base64.b64decode(values["s"]), int(values["i"]))
    client_key = hmac.digest(salted, b"Client Key", kind)
    without_proof = f"c={base64.b64encode(gs2.encode()).decode()},r={values['r']}"
    message = f"{bare},{server_first},{without_proof}".encode()
    signature = hmac.digest(hashlib.new(kind, client_key).digest(), message, kind)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True))).decode()
    exchange.respond(f"{without_proof},p={proof}".encode())
    server_key = hmac.digest(salted, b"Server Key", kind)
    return b"v=" + base64.b64encode(hmac.digest(server_key, message, kind))


@pytest.mark.parametrize(("mechanism", "kind"), [(b"SCRAM-SHA-1", "sha1"), (b"SCRAM-SHA-256", "sha256")])
class TestScram:
    """Both SCRAM mechanisms."""

    @pytest.mark.parametrize("login", ["user", "USER", "user@example.test"])
    def test_the_right_password(self, mechanism: bytes, kind: str, login: str) -> None:
        exchange = Exchange(mechanism)
        assert exchange.challenge == b""
        signature = scram_client(kind, exchange, b"pencil", login=login)
        assert exchange.challenge == signature
        assert exchange.finish(b"") == "user"

    def test_a_client_that_could_bind_channels(self, mechanism: bytes, kind: str) -> None:
        exchange = Exchange(mechanism)
        scram_client(kind, exchange, b"pencil", gs2="y,,")
        assert exchange.finish(b"") == "user"

    def test_a_wrong_password(self, mechanism: bytes, kind: str) -> None:
        with pytest.raises(Failed):
            scram_client(kind, Exchange(mechanism), b"pen")

    def test_an_unknown_user_fails_like_a_wrong_password(self, mechanism: bytes, kind: str) -> None:
        first = [Exchange(mechanism).respond(b"n,,n=nobody,r=x") for _ in range(2)]
        assert first[0].split(b",")[1:] == first[1].split(b",")[1:]
        assert len(first[0]) == len(Exchange(mechanism).respond(b"n,,n=user,r=x"))
        with pytest.raises(Failed):
            scram_client(kind, Exchange(mechanism), b"pencil", login="nobody")

    def test_the_users_own_name_may_stand_there_twice(self, mechanism: bytes, kind: str) -> None:
        exchange = Exchange(mechanism)
        scram_client(kind, exchange, b"pencil", gs2="n,a=user,")
        assert exchange.finish(b"") == "user"
        with pytest.raises(Failed):
            scram_client(kind, Exchange(mechanism), b"pen", gs2="n,a=user,")

    @pytest.mark.parametrize("field", [b"user", b"a=us=er", b"a=user=2", b"a=user=2c", b"b=user"])
    def test_an_authorization_identity_is_written_as_a_name(self, mechanism: bytes, kind: str, field: bytes) -> None:
        del kind
        with pytest.raises(Malformed):
            Exchange(mechanism).respond(b"n," + field + b",n=user,r=x")

    def test_nobody_acts_for_someone_else(self, mechanism: bytes, kind: str) -> None:
        exchange = Exchange(mechanism)
        scram_client(kind, exchange, b"pencil", gs2="n,a=other,")
        with pytest.raises(Failed):
            exchange.respond(b"")

    @pytest.mark.parametrize(
        "first",
        [b"", b"n", b"n,,", b"n,,r=x", b"n,,n=user", b"n,,m=x,n=user,r=x", b"p=tls-unique,,n=user,r=x", b"\xff,,"],
    )
    def test_a_malformed_first_message(self, mechanism: bytes, kind: str, first: bytes) -> None:
        del kind
        with pytest.raises(Malformed):
            Exchange(mechanism).respond(first)

    @pytest.mark.parametrize(
        "final", [b"", b"c=biws,r=x,p=AAAA", b"c=biws,r=x", b"c=biws,p=AAAA", b"\xff", b"c=!,r=,p="]
    )
    def test_a_malformed_final_message(self, mechanism: bytes, kind: str, final: bytes) -> None:
        del kind
        exchange = Exchange(mechanism)
        exchange.respond(b"n,,n=user,r=x")
        with pytest.raises((Malformed, Failed)):
            exchange.respond(final)

    def test_nothing_comes_with_the_last_response(self, mechanism: bytes, kind: str) -> None:
        exchange = Exchange(mechanism)
        scram_client(kind, exchange, b"pencil")
        with pytest.raises(Malformed):
            exchange.respond(b"x")


FRAGMENTS = st.sampled_from(
    [b"n", b"y", b"p=", b",", b",,", b"n=user", b"r=x", b"c=biws", b"p=AAAA", b"=2C", b"a=b", b"\0"]
)
OCTETS = st.one_of(st.binary(max_size=40), st.lists(FRAGMENTS, max_size=10).map(b"".join))


@given(st.sampled_from([b"SCRAM-SHA-1", b"SCRAM-SHA-256", b"CRAM-MD5"]), st.lists(OCTETS, min_size=1, max_size=4))
def test_any_octets_are_refused_as_such(mechanism: bytes, responses: Sequence[bytes]) -> None:
    exchange = Exchange(mechanism)
    for response in responses:
        try:
            exchange.respond(response)
        except (Malformed, Failed):
            return


def cram(exchange: Exchange, login: bytes = b"user", secret: bytes = b"pencil") -> bytes:
    return login + b" " + hmac.digest(secret, exchange.challenge, "md5").hex().encode()


def test_cram_md5() -> None:
    exchange = Exchange(b"CRAM-MD5")
    assert exchange.challenge.startswith(b"<")
    assert exchange.challenge.endswith(b".1767225600@mail.test>")
    assert exchange.finish(cram(exchange)) == "user"


def test_cram_md5_computes_what_the_rfc_does() -> None:
    digest = hmac.digest(b"tanstaaftanstaaf", b"<1896.697170952@postoffice.reston.mci.net>", "md5").hex()
    assert digest == "b913a602c7eda7a495b4e6e7334d3890"


@pytest.mark.parametrize(("login", "secret"), [(b"user", b"pen"), (b"nobody", b"pencil")])
def test_cram_md5_refuses(login: bytes, secret: bytes) -> None:
    exchange = Exchange(b"CRAM-MD5")
    with pytest.raises(Failed):
        exchange.respond(cram(exchange, login, secret))


@pytest.mark.parametrize("response", [b"", b"user", b"user ", b"user " + b"A" * 32, b" " + b"0" * 32, b"user 0"])
def test_cram_md5_malformed(response: bytes) -> None:
    with pytest.raises(Malformed):
        Exchange(b"CRAM-MD5").respond(response)


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        ({}, [b"PLAIN", b"LOGIN"]),
        ({"clear": {"user": b"x"}}, [b"CRAM-MD5", b"PLAIN", b"LOGIN"]),
        ({"scram": {"user": SCRAM[:1]}}, [b"SCRAM-SHA-256", b"PLAIN", b"LOGIN"]),
    ],
)
def test_a_mechanism_is_usable_where_all_users_have_what_it_needs(stored: Any, names: list[bytes]) -> None:
    assert list(usable_mechanisms(UserTable({"user": CHEAP}, [], **stored))) == names
    assert list(usable_mechanisms(UserTable({"user": CHEAP, "other": CHEAP}, [], **stored))) == [b"PLAIN", b"LOGIN"]


def test_scram_keys_round_trip() -> None:
    for keys in SCRAM:
        assert ScramKeys.from_text(keys.to_text()) == keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scrypt$2$AAAA$AAAA",
        "SCRAM-MD5$4096:AAAAAAAAAAAAAAAA$AAAA:AAAA",
        "SCRAM-SHA-1$4096:AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-1$1:AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "SCRAM-SHA-1$4096:!$!:!",
    ],
)
def test_wrong_scram_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="refmail hash --scram"):
        ScramKeys.from_text(text)


def test_a_password_that_scram_cannot_carry() -> None:
    with pytest.raises(ValueError, match="no SCRAM client"):
        ScramKeys.of(b"SCRAM-SHA-1", "bell\a")
