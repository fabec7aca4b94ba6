"""LOGIN: never standardised, still spoken by many clients; two prompts, two answers.

No document rules out an initial response, and Python's smtplib sends the name as one: it answers the first prompt.
"""

from __future__ import annotations

from refmail.machine import Call
from refmail.sasl.exchange import Challenge, Exchange, Failed, Mechanism
from refmail.services import Services

__all__ = ["LOGIN"]


def _login(services: Services) -> Exchange:
    login: bytes = yield Challenge(b"Username:")
    secret: bytes = yield Challenge(b"Password:")
    user: str | None = yield Call(services.users.authenticate, (login, secret))
    if user is None:
        raise Failed
    return user


LOGIN = Mechanism(b"LOGIN", _login, client_first=True, plaintext=True)
