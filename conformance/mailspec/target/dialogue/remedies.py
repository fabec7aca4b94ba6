"""What a user can do about a step that failed."""

from __future__ import annotations

from mailspec.wire.endpoint import Login

__all__ = ["TLS_REFUSED", "login_remedy", "tls_remedy"]

TLS_REFUSED = 'the target must have a certificate; or set tls = "none" or "implicit" in the profile'


def login_remedy(login: Login) -> str:
    """Say what to look at when a login is refused."""
    return f"check login and secret of the account {login.address.decode(errors='replace')} in the profile"


def tls_remedy(reason: str) -> str:
    """Say what to do about a failed handshake."""
    if "hostname mismatch" in reason.lower() or "doesn't match" in reason or "not valid for" in reason:
        return "set server_name in the profile to a name in the certificate"
    if "certificate" in reason.lower():
        return "set ca in the profile to the file of the authority, or verify = false to accept any certificate"
    if "WRONG_VERSION_NUMBER" in reason or "record layer" in reason.lower():
        return 'the port does not begin with TLS: set tls = "none" or "starttls" in the profile'
    return "is the TLS mode of the service right in the profile?"
