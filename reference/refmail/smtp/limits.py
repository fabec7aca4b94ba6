"""What one session may take: so many commands, so many logins that fail, and not too many sessions of one user."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.smtp.base import SessionBase
from refmail.smtp.replies import Rejection

__all__ = ["SessionLimits"]


class SessionLimits(SessionBase):
    """Counts, and ends a session that has had enough with 421 (RFC 5321 section 3.8)."""

    _commands = 0
    _failed_logins = 0
    #: Whose sessions this one is counted among.
    _counted_for: str | None = None

    def exchange(self) -> Steps[None]:
        if self._commands >= self.policy.commands:
            return self.end_politely()
        self._commands += 1
        return super().exchange()

    def end_politely(self) -> Steps[None]:
        """Say goodbye instead of reading one more command."""
        yield from ()
        self.reply(self.farewell("That were commands enough"))
        self.closing = True

    def admit(self, user: str) -> None:
        """Count this session among the user's.

        Raises:
            Rejection: 454 where there are too many.
        """
        if not self.services.sessions.enter(user, self.policy.sessions_per_user):
            self.services.journal.note("smtp.sessions", user=user, peer=self.peer.address)
            raise Rejection(454, "4.7.0", "Too many sessions of that user are open")
        self._counted_for = user

    def check_failed_logins(self) -> None:
        """Count a login that failed.

        Raises:
            Rejection: 421, and the session ends, where it was one too many.
        """
        self._failed_logins += 1
        if self._failed_logins >= self.policy.failed_logins:
            self.closing = True
            raise Rejection(421, "4.7.0", f"{self.services.hostname} Too many logins have failed")

    def forget(self) -> None:
        super().forget()
        self._let_go()

    def on_disconnect(self) -> None:
        super().on_disconnect()
        self._let_go()

    def _let_go(self) -> None:
        if self._counted_for is not None:
            self.services.sessions.leave(self._counted_for)
            self._counted_for = None
