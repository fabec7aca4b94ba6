"""Wrong servers around TLS: how it begins and ends, and which versions of it are spoken (RFC 8314)."""

from __future__ import annotations

import ssl
import warnings

from refmail import mutants
from refmail.certificates import lab_context
from refmail.config import Config
from refmail.imap.session import ImapSession
from refmail.parts import TlsSource
from refmail.pop3.session import Pop3Session
from refmail.server import tls_source


def _own_context(config: Config) -> ssl.SSLContext | None:
    """Return a context that no other server of this process shares; None where there is no TLS."""
    lab_context.cache_clear()
    make = tls_source(config)
    made = make() if make is not None else None
    lab_context.cache_clear()
    return made


@mutants.part("tls", "8314/4.1/no-older-tls")
def older_tls_spoken(config: Config) -> TlsSource:
    """TLS 1.0 and 1.1 are spoken, too."""
    context = _own_context(config)
    if context is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return lambda: context


class _Silent(ssl.SSLObject):
    """Ends TLS without saying so."""

    def unwrap(self) -> None:
        """Leave the peer without a close_notify."""


@mutants.part("tls", "8314/3.4/closed-in-tls")
def tls_ends_with_tcp(config: Config) -> TlsSource:
    """The connection ends, and TLS inside it has not."""
    context = _own_context(config)
    if context is None:
        return None
    context.sslobject_class = _Silent
    return lambda: context


@mutants.pop3("8314/3.1/handshake-first")
class Pop3sTurnedAway(Pop3Session):
    """Whoever begins with TLS is told inside it to go to the other port."""

    def greeting(self) -> bytes:
        return super().greeting() if not self.peer.tls else b"-ERR Use STLS\r\n"


@mutants.imap("8314/3.2/handshake-first")
class ImapsTurnedAway(ImapSession):
    """Whoever begins with TLS is told inside it to go to the other port."""

    def greet(self) -> None:
        if self.peer.tls:
            self.send(b"* BYE Use STARTTLS\r\n")
        else:
            super().greet()
