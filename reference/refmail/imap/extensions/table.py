"""The extensions that a session has, in the order in which CAPABILITY lists them."""

from __future__ import annotations

from collections.abc import Sequence

from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.children import CHILDREN
from refmail.imap.extensions.enable import ENABLE
from refmail.imap.extensions.identify import ID
from refmail.imap.extensions.idle import IDLE
from refmail.imap.extensions.namespace import NAMESPACE
from refmail.imap.extensions.syntax import LITERAL_PLUS, SASL_IR
from refmail.imap.extensions.uidplus import UIDPLUS
from refmail.imap.extensions.unselect import UNSELECT

__all__ = ["EXTENSIONS"]

EXTENSIONS: Sequence[Extension] = (
    LITERAL_PLUS,
    SASL_IR,
    ID,
    ENABLE,
    IDLE,
    NAMESPACE,
    CHILDREN,
    UIDPLUS,
    UNSELECT,
)
