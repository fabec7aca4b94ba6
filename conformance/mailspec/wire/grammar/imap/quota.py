"""quota-response and quotaroot-response (RFC 9208 section 7)."""

from __future__ import annotations

from mailspec.wire.grammar.imap.basic import astring, atom, mailbox, number64, sp
from mailspec.wire.grammar.imap.cursor import Cursor, charged_to
from mailspec.wire.grammar.imap.quota_values import Quota, QuotaRoot, Resource

__all__ = ["quota", "quotaroot"]


@charged_to("3501/9/number")
def quota(cursor: Cursor) -> Quota:
    """Parse quota-response = "QUOTA" SP quota-root-name SP quota-list.

    quota-list = "(" [quota-resource *(SP quota-resource)] ")"; section 4.2.1 tells what an empty one means.
    """
    sp(cursor)
    root = astring(cursor)
    sp(cursor)
    cursor.expect(b"(", "quota-list")
    resources: dict[bytes, Resource] = {}
    while not cursor.accept(b")"):
        if resources:
            sp(cursor)
        name, resource = _quota_resource(cursor)
        if name in resources:
            cursor.fail("quota-list", "expected each resource once")
        resources[name] = resource
    return Quota(root, resources)


def _quota_resource(cursor: Cursor) -> tuple[bytes, Resource]:
    # quota-resource = resource-name SP resource-usage SP resource-limit
    name = atom(cursor).upper()
    sp(cursor)
    usage = number64(cursor)
    sp(cursor)
    return name, Resource(usage, number64(cursor))


@charged_to("3501/9/string")
def quotaroot(cursor: Cursor) -> QuotaRoot:
    """Parse quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)."""
    sp(cursor)
    name = mailbox(cursor)
    roots: list[bytes] = []
    while cursor.accept(b" "):
        roots.append(astring(cursor))
    return QuotaRoot(name, tuple(roots))
