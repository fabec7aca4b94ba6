"""QUIT and the UPDATE state (RFC 1939 sections 4 and 6)."""

from __future__ import annotations

from refmail.machine import Steps
from refmail.pop3 import arguments
from refmail.pop3.base import SessionBase
from refmail.pop3.replies import err, ok
from refmail.pop3.states import State
from refmail.store.api import StoreError

__all__ = ["QuitCommand"]


class QuitCommand(SessionBase):
    """Ends the session; after login it removes what is marked first."""

    def do_quit(self, argument: bytes | None) -> Steps[bytes]:
        arguments.none(argument)
        self.closing = True
        if self.state is not State.TRANSACTION:
            return ok(f"{self.services.hostname} signing off")
        try:
            yield from self.update()
            reply = ok(f"{self.services.hostname} signing off ({len(self.maildrop.items)} messages left)")
        except StoreError as error:
            self.services.journal.fault("pop3.fault", error, peer=self.peer.address)
            reply = err("some deleted messages were not removed", "SYS/TEMP")
        # Before the reply, so that a client that comes back at once finds the maildrop free.
        yield from self.call(self.lease.release)
        return reply

    def update(self) -> Steps[None]:
        """Remove the marked messages; with EXPIRE 0 also what was retrieved (RFC 2449 section 6.7), and no others.

        Those already gone are no failure.
        """
        doomed = self.maildrop.doomed
        if self.policy.pop3_expire == 0:
            doomed = sorted([*doomed, *self.maildrop.left_behind])
        if doomed:
            yield from self.call(self.maildrop.mailbox.expunge, doomed)
