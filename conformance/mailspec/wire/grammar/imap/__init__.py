"""Grammar of IMAP responses (RFC 3501 section 9), complete for what servers send.

`frame` cuts a stream into responses, `response` parses one; each function of the other modules is one ABNF rule.
Extension data is parsed generically, as RFC 4466 section 2 lays it out.
"""

from __future__ import annotations

from mailspec.wire.grammar.imap.dialect import Dialect
from mailspec.wire.grammar.imap.response import Parsed, parse_greeting, parse_response

__all__ = ["Dialect", "Parsed", "parse_greeting", "parse_response"]
