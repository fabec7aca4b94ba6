"""Extensions of the syntax alone: the parser knows them, CAPABILITY says so."""

from __future__ import annotations

from refmail.imap.extensions.base import Extension
from refmail.imap.states import ANY, NOT_AUTHENTICATED_ONLY

__all__ = ["LITERAL_PLUS", "SASL_IR"]

#: Non-synchronising literals of any length (RFC 7888): `parsing.cursor` and `reading`.
LITERAL_PLUS = Extension(b"LITERAL+", offered=ANY)

#: The initial response of AUTHENTICATE (RFC 4959): `commands.authenticate`.
SASL_IR = Extension(b"SASL-IR", offered=NOT_AUTHENTICATED_ONLY)
