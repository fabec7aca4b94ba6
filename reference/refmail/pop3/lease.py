"""The exclusive lock on a maildrop, given back exactly once, however the session ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from refmail.pop3.maildrop import Maildrop
from refmail.store.api import Mailbox, MailStore

__all__ = ["Lease"]


class Lease:
    """Holds the lock of one session (RFC 1939 section 4).

    `acquire` may still run in a thread when the connection is already lost, so both
    ends look at the other: whichever comes last gives the lock back.

    Args:
        store: where the maildrops are.
        keep_days: older messages are removed when a maildrop is opened (RFC 2449 section 6.7); None or 0: none are.
        now: the time of day with a time zone.
    """

    def __init__(
        self, store: MailStore, keep_days: int | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._keep_days = keep_days
        self._now = now
        # One entry while the lock is held: taking it out is the right to give the lock back.
        self._held: list[str] = []
        self._over = False

    def acquire(self, user: str) -> Maildrop:
        """Lock the user's maildrop and take a snapshot of it. Blocks.

        Raises:
            MaildropBusy: another session has it.
            StoreError: it cannot be opened; the lock is not kept.
        """
        self._store.lock_maildrop(user)
        self._held.append(user)
        try:
            mailbox = self._store.open(user, "INBOX")
            self._expire(mailbox)
            maildrop = Maildrop(mailbox, mailbox.uid_validity, mailbox.messages())
        except BaseException:
            self.release()
            raise
        if self._over:
            self.release()
        return maildrop

    def _expire(self, mailbox: Mailbox) -> None:
        if self._keep_days:
            oldest = self._now() - timedelta(days=self._keep_days)
            expired = [meta.uid for meta in mailbox.messages() if meta.internal_date < oldest]
            if expired:
                mailbox.expunge(expired)

    def release(self) -> None:
        """Give the lock back if it is held."""
        try:
            user = self._held.pop()
        except IndexError:
            return
        self._store.unlock_maildrop(user)

    def end(self) -> None:
        """Give the lock back now, or as soon as an `acquire` under way has it."""
        self._over = True
        self.release()
