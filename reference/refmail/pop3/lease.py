"""The exclusive lock on a maildrop, given back exactly once, however the session ends."""

from __future__ import annotations

from refmail.pop3.maildrop import Maildrop
from refmail.store.api import MailStore

__all__ = ["Lease"]


class Lease:
    """Holds the lock of one session (RFC 1939 section 4).

    `acquire` may still run in a thread when the connection is already lost, so both
    ends look at the other: whichever comes last gives the lock back.
    """

    def __init__(self, store: MailStore) -> None:
        self._store = store
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
            maildrop = Maildrop(mailbox, mailbox.uid_validity, mailbox.messages())
        except BaseException:
            self.release()
            raise
        if self._over:
            self.release()
        return maildrop

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
