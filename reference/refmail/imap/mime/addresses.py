"""Address lists of header fields, read leniently (RFC 5322 section 3.4, obsolete forms included)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from refmail.imap.mime.parameters import comment_end

__all__ = ["Address", "addresses"]


@dataclass(frozen=True, slots=True)
class Address:
    """An address structure of ENVELOPE (RFC 3501 section 7.4.2).

    A group begins with an address that has a mailbox but no host, and ends with
    one that has neither.
    """

    name: bytes | None = None
    route: bytes | None = None
    mailbox: bytes | None = None
    host: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    #: "word", "comment", or the special octet itself.
    kind: str
    text: bytes
    #: Whether white space or a comment stood before it.
    spaced: bool


_SPECIALS = b"<>@,;:"
_WORD = re.compile(rb'[^\x00-\x20()<>@,;:"\[\]\\]+')
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
_DOMAIN_LITERAL = re.compile(rb"\[(?:[^\[\]\\]|\\.)*\]?", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)

_END = _Token("end", b"", spaced=False)


def _tokens(value: bytes) -> Iterator[_Token]:
    position, spaced = 0, False
    while position < len(value):
        octet = value[position : position + 1]
        if octet == b"(":
            end = comment_end(value, position)
            yield _Token("comment", _ESCAPE.sub(rb"\1", value[position + 1 : end].removesuffix(b")")), spaced)
            position, spaced = end, True
        elif octet in (b" ", b"\t", b"\r", b"\n"):
            position, spaced = position + 1, True
        elif octet in _SPECIALS:
            yield _Token(octet.decode("ascii"), octet, spaced)
            position, spaced = position + 1, False
        else:
            text, position = _word(value, position)
            yield _Token("word", text, spaced)
            spaced = False


def _word(value: bytes, position: int) -> tuple[bytes, int]:
    quoted = _QUOTED.match(value, position)
    if quoted:
        return _ESCAPE.sub(rb"\1", quoted[1]), quoted.end()
    plain = _DOMAIN_LITERAL.match(value, position) or _WORD.match(value, position)
    if plain:
        return plain[0], plain.end()
    return value[position : position + 1], position + 1


def _text(words: list[_Token]) -> bytes:
    """Join words with the white space that was between them, one SP at most."""
    return b"".join(b" " + word.text if word.spaced and n else word.text for n, word in enumerate(words))


def addresses(value: bytes) -> list[Address]:
    """Parse an address-list; what is no address is made one with an empty host, rather than lost."""
    return list(_Parser(value).parse())


class _Parser:
    """One pass over the tokens of an address list."""

    def __init__(self, value: bytes) -> None:
        self._tokens = _tokens(value)
        self._token = next(self._tokens, _END)
        self._words: list[_Token] = []
        self._comment: bytes | None = None

    def _step(self) -> _Token:
        token, self._token = self._token, next(self._tokens, _END)
        return token

    def parse(self) -> Iterator[Address]:
        """ABNF: address-list = (address *("," address)) / obs-addr-list."""
        in_group = False
        while self._token is not _END:
            token = self._step()
            if token.kind == "word":
                self._words.append(token)
            elif token.kind == "comment":
                self._comment = token.text
            elif token.kind == "<":
                yield self._angle()
            elif token.kind == "@":
                yield self._plain(self._domain())
            elif token.kind == ":":
                # group = display-name ":" [group-list] ";" [CFWS]
                in_group = True
                yield Address(mailbox=self._take())
            elif token.kind in {",", ";"}:
                if self._words:
                    yield self._plain(b"")
                self._comment = None
                if token.kind == ";" and in_group:
                    in_group = False
                    yield Address()
        if self._words:
            yield self._plain(b"")
        if in_group:
            yield Address()

    def _take(self) -> bytes:
        text = _text(self._words)
        self._words = []
        self._comment = None
        return text

    def _plain(self, host: bytes) -> Address:
        """ABNF: addr-spec = local-part "@" domain, perhaps with a name in a comment behind it."""
        while self._token.kind == "comment":
            self._comment = self._step().text
        name = self._comment
        return Address(name, None, self._take(), host)

    def _domain(self) -> bytes:
        words: list[_Token] = []
        while self._token.kind == "word":
            words.append(self._step())
        return b"".join(word.text for word in words)

    def _angle(self) -> Address:
        """ABNF: angle-addr = "<" [obs-route] addr-spec ">", after the display name."""
        name = self._take() or None
        route: list[bytes] = []
        local: list[_Token] = []
        host = b""
        while self._token is not _END and self._token.kind not in {">", ";"}:
            token = self._step()
            if token.kind == ":":
                route.append(b"@" + host)
                host, local = b"", []
            elif token.kind == "," and host:
                route.append(b"@" + host)
                host = b""
            elif token.kind == "@":
                host = self._domain()
            elif token.kind == "word":
                local.append(token)
        if self._token.kind == ">":
            self._step()
        return Address(name, b",".join(route) or None, _text(local), host)
