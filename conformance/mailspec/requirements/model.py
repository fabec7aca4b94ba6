"""One obligation, as the ledger's TOML files write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

__all__ = ["DOCUMENTS", "ID_PATTERN", "Document", "Level", "Requirement"]

#: How strongly a document binds; "implied" is plain prose of texts that do without RFC 2119's words.
Level = Literal["must", "should", "may", "implied"]

#: <document>/<section>/<slug>, for instance 5321/4.5.2/unstuff, 9051/E/rev2-only or maildir/delivery/unique-name.
ID_PATTERN = r"^(?:[0-9]{3,5}|[a-z][a-z0-9-]*)/[A-Za-z0-9][A-Za-z0-9.-]*/[a-z0-9]+(?:-[a-z0-9]+)*$"

Id = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
Text = Annotated[str, msgspec.Meta(min_length=1)]

_APPENDIX = re.compile(r"^[A-Z](?:\.|$)")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A source of obligations that is no RFC."""

    title: str
    url: str


#: The documents that are no RFC, by the first part of their ids.
DOCUMENTS: Mapping[str, Document] = {
    "maildir": Document(title="Maildir", url="https://cr.yp.to/proto/maildir.html"),
}


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One obligation: who it binds, how strongly, and what it says in our own words."""

    #: Permanent; a renamed requirement keeps its old id among `aliases`.
    id: Id
    level: Level
    says: Text
    binds: Literal["server", "client", "both"] = "server"
    #: Where its observance shows.
    observe: Literal["wire", "store", "dns", "config", "none"] = "wire"
    #: Why not, in a few words, where it shows nowhere from outside or only with another configuration.
    why: str | None = None
    #: K: keyword sentence, G: grammar production a server emits, P: table, limit or description of a command.
    kind: Literal["K", "G", "P"] = "K"
    #: Number of the reading of contested text, for instance "R-DOTS".
    reading: str | None = None
    #: Only the strict reading forbids it: what breaks it deviates, and is not violated.
    contested: bool = False
    #: Numbers of RFC errata that matter here.
    errata: tuple[int, ...] = ()
    #: Capabilities it belongs to, each "service CAPABILITY", or a service alone.
    needs: tuple[str, ...] = ()
    #: Other places that say it, as "5321/4.1.1.3".
    cite: tuple[str, ...] = ()
    #: Ids it had before.
    aliases: tuple[Id, ...] = ()

    @property
    def document(self) -> str:
        """The first part of the id: number of an RFC, or name of another document."""
        return self.id.split("/")[0]

    @property
    def rfc(self) -> int | None:
        """Number of the RFC, or None for other documents."""
        return int(self.document) if self.document.isdigit() else None

    @property
    def source(self) -> str:
        """The document's name for people, for instance "RFC 5321"."""
        if self.rfc is not None:
            return f"RFC {self.rfc}"
        known = DOCUMENTS.get(self.document)
        return known.title if known else self.document

    @property
    def section(self) -> str:
        """The second part of the id, for instance "4.5.2"."""
        return self.id.split("/")[1]

    @property
    def slug(self) -> str:
        """The last part of the id."""
        return self.id.split("/")[2]

    @property
    def url(self) -> str:
        """Where the section can be read."""
        if self.rfc is None:
            known = DOCUMENTS.get(self.document)
            return known.url if known else ""
        part = "appendix" if _APPENDIX.match(self.section) else "section"
        return f"https://www.rfc-editor.org/rfc/rfc{self.rfc}#{part}-{self.section}"
