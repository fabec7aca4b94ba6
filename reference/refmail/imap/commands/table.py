"""Which type serves which command name."""

from __future__ import annotations

from collections.abc import Mapping

from refmail.imap.commands.append import Append
from refmail.imap.commands.authenticate import Authenticate
from refmail.imap.commands.base import Command
from refmail.imap.commands.capability import Capability
from refmail.imap.commands.close import Close
from refmail.imap.commands.copy import Copy, UidCopy
from refmail.imap.commands.create import Create
from refmail.imap.commands.delete import Delete
from refmail.imap.commands.expunge import Expunge
from refmail.imap.commands.fetch import Fetch, UidFetch
from refmail.imap.commands.list import List, Lsub
from refmail.imap.commands.login import Login
from refmail.imap.commands.logout import Logout
from refmail.imap.commands.noop import Check, Noop
from refmail.imap.commands.rename import Rename
from refmail.imap.commands.search import Search, UidSearch
from refmail.imap.commands.select import Examine, Select
from refmail.imap.commands.starttls import StartTls
from refmail.imap.commands.status import Status
from refmail.imap.commands.store import Store, UidStore
from refmail.imap.commands.subscribe import Subscribe, Unsubscribe

__all__ = ["COMMANDS"]

#: Command name, upper case, as in `states.LEGAL` -> the type that parses and runs it.
COMMANDS: Mapping[bytes, type[Command]] = {
    b"CAPABILITY": Capability,
    b"NOOP": Noop,
    b"LOGOUT": Logout,
    b"STARTTLS": StartTls,
    b"AUTHENTICATE": Authenticate,
    b"LOGIN": Login,
    b"SELECT": Select,
    b"EXAMINE": Examine,
    b"CREATE": Create,
    b"DELETE": Delete,
    b"RENAME": Rename,
    b"SUBSCRIBE": Subscribe,
    b"UNSUBSCRIBE": Unsubscribe,
    b"LIST": List,
    b"LSUB": Lsub,
    b"STATUS": Status,
    b"APPEND": Append,
    b"CHECK": Check,
    b"CLOSE": Close,
    b"EXPUNGE": Expunge,
    b"SEARCH": Search,
    b"FETCH": Fetch,
    b"STORE": Store,
    b"COPY": Copy,
    b"UID SEARCH": UidSearch,
    b"UID FETCH": UidFetch,
    b"UID STORE": UidStore,
    b"UID COPY": UidCopy,
}
