"""LANG (RFC 6856 section 3): the texts of this server are English, and it says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import Refusal, multi_line, ok

__all__ = ["LangCommand"]

# language-range = (1*8ALPHA *("-" 1*8alphanum)) / "*"      (RFC 4647 section 2.1)
_RANGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*")


class LangCommand(SessionBase):
    """Lists the languages of reply texts, or chooses one."""

    #: Language tag -> its name in itself; the first is the one that "*" means.
    languages: ClassVar[Mapping[str, str]] = {"en": "English"}

    def do_lang(self, argument: bytes | None) -> bytes:
        words = arguments.params(argument, 0, 1)
        if not words:
            return multi_line("languages follow", [f"{tag} {name}" for tag, name in self.languages.items()])
        wanted = words[0].decode("ascii")
        tag = self.language(wanted) if _RANGE.fullmatch(wanted) is not None else None
        if tag is None:
            text = "that language is not spoken here"
            raise Refusal(text)
        return ok(f"{tag} this language it is")

    def language(self, wanted: str) -> str | None:
        """Return the tag for a range by lookup: the range loses subtags until a tag fits (RFC 4647 section 3.4)."""
        if wanted == "*":
            return next(iter(self.languages))
        subtags = wanted.lower().split("-")
        candidates = ("-".join(subtags[:count]) for count in range(len(subtags), 0, -1))
        return next((candidate for candidate in candidates if candidate in self.languages), None)
