"""Other choices that RFC 3501 leaves to an IMAP server: states, codes, news, and when they are told."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from refmail import variants
from refmail.imap import names
from refmail.imap.commands.append import Appended
from refmail.imap.commands.capability import Capability
from refmail.imap.commands.expunge import Expunge
from refmail.imap.commands.noop import Noop
from refmail.imap.commands.rename import Rename
from refmail.imap.commands.table import COMMANDS
from refmail.imap.extensions.move import Move
from refmail.imap.extensions.multiappend import MultiAppend
from refmail.imap.extensions.special_use import CreateWithUse
from refmail.imap.extensions.uidplus import UidExpunge
from refmail.imap.reading import Request
from refmail.imap.session import ImapSession
from refmail.imap.states import LEGAL
from refmail.imap.status import Refused, Status, no, ok
from refmail.imap.view import View
from refmail.machine import Steps
from refmail.store.api import MailStore
from refmail.variants.imap_parts import serving


@variants.imap
class ImapBaseOnly(ImapSession):
    """IMAP4rev1 without any extension."""

    commands = COMMANDS
    legal = LEGAL
    extensions = ()


@variants.imap
class ImapQuietAboutCapabilities(ImapSession):
    """Neither the greeting nor the reply to LOGIN has a CAPABILITY code (RFC 3501 section 7.1)."""

    def greet(self) -> None:
        self.send(ok(b"Welcome").to_wire(b"*"))

    def authenticated_as(self, user: str, text: bytes) -> Status:
        super().authenticated_as(user, text)
        return ok(text)


@variants.imap
class ImapCapabilityUntagged(ImapSession):
    """The reply to LOGIN comes with an untagged CAPABILITY instead of a code (RFC 3501 section 6.2.3)."""

    def authenticated_as(self, user: str, text: bytes) -> Status:
        super().authenticated_as(user, text)
        self.send(b"* %s\r\n" % self.capability_code())
        return ok(text)


@variants.imap
class ImapTerse(ImapSession):
    """The text of tagged responses is as short as the grammar allows."""

    def conclude(self, request: Request, status: Status) -> None:
        super().conclude(request, Status(status.condition, b".", status.code))


@variants.imap
class ImapLowerCase(ImapSession):
    """The conditions of tagged responses are in lower case: ASCII case does not matter in ABNF."""

    def conclude(self, request: Request, status: Status) -> None:
        super().conclude(request, Status(status.condition.lower(), status.text, status.code))


@variants.imap
class ImapTalkative(ImapSession):
    """Untagged OK, NO and CAPABILITY come with the reply to every command (RFC 3501 sections 7.1 and 7.2.1)."""

    def conclude(self, request: Request, status: Status) -> None:
        self.send(b"* OK [XREFMAIL 7 of 9] All is well\r\n* NO The disk is nearly full\r\n")
        if not isinstance(request.command, Capability):
            self.send(b"* %s\r\n" % self.capability_code())
        super().conclude(request, status)


@variants.wire("imap")
def imap_no_for_bad(octets: bytes) -> bytes:
    """Commands that are malformed, unknown or out of state get NO and not BAD (RFC 3501 section 3)."""
    return re.sub(rb"(?m)^([^* ][^ ]*) BAD ", rb"\1 NO ", octets)


@variants.wire("imap")
def imap_few_codes(octets: bytes) -> bytes:
    """UNSEEN, PERMANENTFLAGS, READ-WRITE and BADCHARSET are not sent (RFC 3501 sections 6.3.1 and 7.1)."""
    octets = re.sub(rb"(?m)^\* OK \[(?:UNSEEN|PERMANENTFLAGS) [^\r\n]*\r\n", b"", octets)
    return re.sub(rb"(?m)^([^* ][^ ]* (?:OK|NO) )\[(?:READ-WRITE|BADCHARSET [^\]]*)\] ", rb"\1", octets)


@variants.imap
class ImapUnsolicited(ImapSession):
    """With every command come EXISTS, RECENT and the flags of the last message (RFC 3501 section 7)."""

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Steps[None]:
        view = self.view_or_none
        if view is not None and view.uids and view.uids[-1] in view.metas:
            self.send(b"* %d EXISTS\r\n* %d RECENT\r\n" % (len(view.uids), len(view.recent)))
            self.send(view.fetch_line(view.uids[-1], with_uid=True))
        yield from super().report(may_expunge=may_expunge, with_uid=with_uid)


@variants.imap
class ImapExpungeHeldBack(ImapSession):
    """EXPUNGE responses come only with NOOP, EXPUNGE, UID EXPUNGE and MOVE (RFC 3501 section 7.4.1)."""

    _tells_now: bool = False

    def handle(self, request: Request) -> Steps[None]:
        self._tells_now = isinstance(request.command, Noop | Expunge | UidExpunge | Move)
        yield from super().handle(request)

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Steps[None]:
        return super().report(may_expunge=may_expunge and self._tells_now, with_uid=with_uid)


class _LateView(View):
    """Tells new messages every third time only."""

    _looks: int = 0

    def report(self, *, may_expunge: bool, with_uid: bool = False) -> Iterator[bytes]:
        self._looks += 1
        late = [uid for uid in self._arrived if uid not in self._expunged] if self._looks % 3 else []
        self._arrived = [uid for uid in self._arrived if uid not in late]
        # The flags of what is not known yet are no news.
        self._reflagged.difference_update(late)
        yield from super().report(may_expunge=may_expunge, with_uid=with_uid)
        self._arrived = late


@variants.imap
class ImapLateNews(ImapSession):
    """New messages are noticed only now and then (RFC 3501 section 5.2)."""

    view_type = _LateView


class _AppendSkipping(MultiAppend):
    def add(self, store: MailStore, user: str, name: str, now: dt.datetime) -> Appended:
        skipped = super().add(store, user, name, now)
        store.open(user, name).expunge(skipped.uids)
        return super().add(store, user, name, now)


@variants.imap
class ImapUidGaps(ImapSession):
    """Each APPEND uses up two UIDs (RFC 3501 section 2.3.1.1)."""

    commands = serving({b"APPEND": _AppendSkipping})


def _flat(name: bytes) -> None:
    if names.DELIMITER.encode() in name:
        raise Refused(no(b"Names of mailboxes have no slashes here"))


class _CreateFlat(CreateWithUse):
    def run(self, session: ImapSession) -> Steps[Status]:
        _flat(self.mailbox)
        return super().run(session)


class _RenameFlat(Rename):
    def run(self, session: ImapSession) -> Steps[Status]:
        _flat(self.new)
        return super().run(session)


@variants.imap
class ImapFlatNames(ImapSession):
    """Mailbox names have no hierarchy: the delimiter is NIL (RFC 3501 section 5.1)."""

    commands = serving({b"CREATE": _CreateFlat, b"RENAME": _RenameFlat})

    def send(self, octets: bytes) -> None:
        super().send(re.sub(rb'(?m)^(\* L(?:IST|SUB) \([^)]*\)) "/" ', rb"\1 NIL ", octets))


#: "/" and "." in each other's place.
_SWAPPED = bytes.maketrans(b"/.", b"./")
_NAMING = re.compile(rb"(?i)\A[^ ]+ (?:SELECT|EXAMINE|CREATE|DELETE|RENAME|LIST|LSUB|STATUS|(?:UN)?SUBSCRIBE|COPY) ")
_NAMED = re.compile(rb"(?m)^\* (?:LIST \([^)]*\) |LSUB \([^)]*\) |STATUS )[^\r\n]*")


@variants.imap
class ImapDots(ImapSession):
    """The hierarchy delimiter is "." (RFC 3501 section 5.1.1)."""

    def read_line(self, limit: int) -> Steps[bytes]:
        line = yield from super().read_line(limit)
        return line.translate(_SWAPPED) if _NAMING.match(line) else line

    def send(self, octets: bytes) -> None:
        super().send(_NAMED.sub(lambda found: found[0].translate(_SWAPPED), octets))
