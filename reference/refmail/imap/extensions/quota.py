"""QUOTA (RFC 9208, and the commands of RFC 2087): what a user's mail takes and may take.

There is one quota root, named "", for all mailboxes of a user. It is there where
anything is limited, or where the user may set a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from refmail.imap import wire
from refmail.imap.commands.base import Command, mailbox_argument, space_and_mailbox
from refmail.imap.extensions.base import Extension
from refmail.imap.parsing.cursor import Cursor
from refmail.imap.parsing.strings import astring, atom, number64
from refmail.imap.states import AUTHENTICATED_OR_SELECTED
from refmail.imap.status import Refused, Status, no, ok
from refmail.machine import Steps
from refmail.store.api import Quota, QuotaLimits

if TYPE_CHECKING:
    from refmail.imap.session import ImapSession

__all__ = ["QUOTA", "QUOTA_MESSAGE", "QUOTA_SET", "QUOTA_STORAGE", "GetQuota", "GetQuotaRoot", "SetQuota"]

#: Octets in the unit of STORAGE (RFC 9208 section 5.1).
_UNIT = 1024
_ROOT = b""


@dataclass(frozen=True, slots=True)
class GetQuota(Command):
    """Show usage and limits of a quota root."""

    root: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: getquota = "GETQUOTA" SP quota-root-name."""
        cursor.space("getquota")
        return cls(astring(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        quota = yield from session.call(session.services.store.quota, session.user)
        if self.root != _ROOT or not _has_root(session, quota):
            raise Refused(no(b"There is no such quota root", b"NONEXISTENT"))
        session.send(quota_response(quota))
        return ok(b"GETQUOTA completed")


@dataclass(frozen=True, slots=True)
class GetQuotaRoot(Command):
    """Show the quota roots of a mailbox, which need not exist."""

    mailbox: bytes

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: getquotaroot = "GETQUOTAROOT" SP mailbox."""
        return cls(space_and_mailbox(cursor))

    def run(self, session: ImapSession) -> Steps[Status]:
        name = mailbox_argument(self.mailbox)
        quota = yield from session.call(session.services.store.quota, session.user)
        # quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)
        line = b"* QUOTAROOT " + session.revision.mailbox(name)
        if _has_root(session, quota):
            session.send(b"%s %s\r\n" % (line, wire.astring(_ROOT)))
            session.send(quota_response(quota))
        else:
            session.send(line + b"\r\n")
        return ok(b"GETQUOTAROOT completed")


@dataclass(frozen=True, slots=True)
class SetQuota(Command):
    """Set the limits of a quota root; what is not named is not limited any more."""

    root: bytes
    #: Resource, upper case -> limit.
    limits: Mapping[bytes, int]

    @classmethod
    def parse(cls, cursor: Cursor) -> Self:
        """ABNF: setquota = "SETQUOTA" SP quota-root-name SP "(" [setquota-resource *(SP setquota-resource)] ")"."""
        cursor.space("setquota")
        root = astring(cursor)
        cursor.space("setquota")
        cursor.expect(b"(", "setquota-list")
        limits: dict[bytes, int] = {}
        while not cursor.skip(b")"):
            if limits:
                cursor.space("setquota-list")
            resource = atom(cursor).upper()
            cursor.space("setquota-resource")
            if resource in limits:
                cursor.fail("setquota-list", "a resource is named twice")
            limits[resource] = number64(cursor)
        return cls(root, limits)

    def run(self, session: ImapSession) -> Steps[Status]:
        if not session.services.policy.imap_setquota:
            raise Refused(no(b"The quota is for the administrator to set", b"NOPERM"))
        if self.root != _ROOT:
            raise Refused(no(b"There is no such quota root", b"NONEXISTENT"))
        if not {b"STORAGE", b"MESSAGE"}.issuperset(self.limits):
            raise Refused(no(b"There is no such resource", b"CANNOT"))
        storage = self.limits.get(b"STORAGE")
        limits = QuotaLimits(None if storage is None else storage * _UNIT, self.limits.get(b"MESSAGE"))
        store, user = session.services.store, session.user
        yield from session.call(store.set_quota, user, limits)
        session.send(quota_response((yield from session.call(store.quota, user))))
        return ok(b"SETQUOTA completed")


def _has_root(session: ImapSession, quota: Quota) -> bool:
    return session.services.policy.imap_setquota or not quota.limits.unlimited


def quota_response(quota: Quota) -> bytes:
    """ABNF: quota-response = "QUOTA" SP quota-root-name SP quota-list; only limited resources are listed."""
    resources: list[bytes] = []
    if quota.limits.octets is not None:
        resources.append(b"STORAGE %d %d" % (_units(quota.usage.octets), _units(quota.limits.octets)))
    if quota.limits.messages is not None:
        resources.append(b"MESSAGE %d %d" % (quota.usage.messages, quota.limits.messages))
    return b"* QUOTA %s (%s)\r\n" % (wire.astring(_ROOT), b" ".join(resources))


def _units(octets: int) -> int:
    return -(-octets // _UNIT)


_COMMANDS: Mapping[bytes, type[Command]] = {
    b"GETQUOTA": GetQuota,
    b"GETQUOTAROOT": GetQuotaRoot,
    b"SETQUOTA": SetQuota,
}

QUOTA = Extension(b"QUOTA", _COMMANDS, dict.fromkeys(_COMMANDS, AUTHENTICATED_OR_SELECTED))
QUOTA_STORAGE = Extension(b"QUOTA=RES-STORAGE")
QUOTA_MESSAGE = Extension(b"QUOTA=RES-MESSAGE")
QUOTA_SET = Extension(b"QUOTASET", offered_by=lambda policy: policy.imap_setquota)
