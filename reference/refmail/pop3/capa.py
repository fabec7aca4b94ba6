"""CAPA (RFC 2449 section 5)."""

from __future__ import annotations

from refmail.pop3 import arguments
from refmail.pop3.auth import AuthCommand
from refmail.pop3.capabilities import capabilities
from refmail.pop3.replies import multi_line
from refmail.pop3.states import State

__all__ = ["CapaCommand"]


class CapaCommand(AuthCommand):
    """Lists what the server can do, in every state."""

    def do_capa(self, argument: bytes | None) -> bytes:
        arguments.none(argument)
        return multi_line("capability list follows", self.capabilities())

    def capabilities(self) -> list[str]:
        """Return the capability lines of this moment."""
        before_login = self.state is not State.TRANSACTION
        return capabilities(
            mechanisms=self.offered_mechanisms(),
            passwords=self.secure or self.policy.plaintext_login,
            tls_possible=before_login and self.services.tls_available and not self.secure and not self.utf8,
            login_delay=self.policy.pop3_login_delay,
            expire=self.policy.pop3_expire,
        )
