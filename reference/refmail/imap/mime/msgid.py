"""Message IDs as threading compares them (RFC 5322 section 3.6.4, RFC 5256 section 3)."""

from __future__ import annotations

import re

__all__ = ["message_ids"]

# msg-id = "<" id-left "@" id-right ">"; an id-left may be quoted, wholly or (in old messages) in part.
_MSG_ID = re.compile(
    rb'<[ \t]*((?:"(?:[^"\\]|\\.)*"|[^\x00-\x20"()<>@,;:\\\[\]])+)@'
    rb"(\[(?:[^\[\]\\<>]|\\.)*\]|[^\x00-\x20\"()<>@,;:\\\[\]]+)[ \t]*>",
    re.DOTALL,
)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


def message_ids(value: bytes | None) -> list[bytes]:
    """Return the valid message IDs of a field in order, without brackets and quoting; their case matters."""
    if not value or b"<" not in value:
        return []
    return [_unquoted(found[1]) + b"@" + _ESCAPE.sub(rb"\1", found[2]) for found in _MSG_ID.finditer(value)]


def _unquoted(left: bytes) -> bytes:
    return _QUOTED.sub(lambda found: _ESCAPE.sub(rb"\1", found[1]), left) if b'"' in left else left
