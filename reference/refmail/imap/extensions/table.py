"""The extensions that a session has, in the order in which CAPABILITY lists them."""

from __future__ import annotations

from collections.abc import Sequence

from refmail.imap.extensions.base import Extension
from refmail.imap.extensions.binary import BINARY
from refmail.imap.extensions.children import CHILDREN
from refmail.imap.extensions.condstore import CONDSTORE, QRESYNC
from refmail.imap.extensions.enable import ENABLE
from refmail.imap.extensions.esearch import ESEARCH
from refmail.imap.extensions.identify import ID
from refmail.imap.extensions.idle import IDLE
from refmail.imap.extensions.imap4rev2 import IMAP4REV2
from refmail.imap.extensions.list_extended import LIST_EXTENDED
from refmail.imap.extensions.list_status import LIST_STATUS, STATUS_SIZE
from refmail.imap.extensions.move import MOVE
from refmail.imap.extensions.multiappend import MULTIAPPEND
from refmail.imap.extensions.namespace import NAMESPACE
from refmail.imap.extensions.quota import QUOTA, QUOTA_MESSAGE, QUOTA_SET, QUOTA_STORAGE
from refmail.imap.extensions.searchres import SEARCHRES
from refmail.imap.extensions.sort import ESORT, SORT
from refmail.imap.extensions.special_use import CREATE_SPECIAL_USE, SPECIAL_USE
from refmail.imap.extensions.syntax import LITERAL_PLUS, SASL_IR
from refmail.imap.extensions.thread import THREAD_ORDEREDSUBJECT, THREAD_REFERENCES
from refmail.imap.extensions.uidplus import UIDPLUS
from refmail.imap.extensions.unselect import UNSELECT
from refmail.imap.extensions.within import WITHIN

__all__ = ["EXTENSIONS"]

EXTENSIONS: Sequence[Extension] = (
    IMAP4REV2,
    LITERAL_PLUS,
    SASL_IR,
    ID,
    ENABLE,
    IDLE,
    NAMESPACE,
    CHILDREN,
    LIST_EXTENDED,
    LIST_STATUS,
    STATUS_SIZE,
    SPECIAL_USE,
    CREATE_SPECIAL_USE,
    QUOTA,
    QUOTA_STORAGE,
    QUOTA_MESSAGE,
    QUOTA_SET,
    UIDPLUS,
    UNSELECT,
    ESEARCH,
    SEARCHRES,
    WITHIN,
    SORT,
    ESORT,
    THREAD_ORDEREDSUBJECT,
    THREAD_REFERENCES,
    MULTIAPPEND,
    BINARY,
    MOVE,
    CONDSTORE,
    QRESYNC,
)
