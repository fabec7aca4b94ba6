"""TLS contexts: from files, or from a certificate authority made for this process."""

from __future__ import annotations

import functools
import ssl
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import trustme

__all__ = [
    "accept_clients_of",
    "context_from_files",
    "lab_authority_pem",
    "lab_context",
    "mail_addresses",
    "names_for",
]

#: Names under which a lab server is reached besides its own.
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


#: Two threads that ask for the first time at once must not get two authorities.
_ONE_AT_A_TIME = threading.Lock()


def _authority() -> trustme.CA:
    with _ONE_AT_A_TIME:
        return _made_authority()


@functools.cache
def _made_authority() -> trustme.CA:
    # It takes a third of a start, and a server with certificates of its own does without.
    import trustme

    return trustme.CA(organization_name="refmail lab")


def lab_authority_pem() -> bytes:
    """Return the certificate that vouches for every `lab_context` of this process, as PEM."""
    return _authority().cert_pem.bytes()


@functools.cache
def _lab_certificate(names: tuple[str, ...]) -> trustme.LeafCert:
    # Clients look at the alternative names, but fetchmail 6 takes no certificate that has no common name as well.
    return _authority().issue_cert(*dict.fromkeys((*names, *_LOCAL_NAMES)), common_name=names[0])


@functools.cache
def lab_context(names: tuple[str, ...], client_ca: Path | None = None) -> ssl.SSLContext:
    """Return a server context with a certificate for the names and for the local host.

    Raises:
        ValueError: `client_ca` is given and cannot be used.
    """
    certificate = _lab_certificate(names)
    context = _server_context()
    if client_ca is not None:
        accept_clients_of(context, client_ca)
    certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - also takes untyped OpenSSL contexts
    return context


def context_from_files(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a server context with a certificate chain and key from PEM files.

    Raises:
        ValueError: the files cannot be read or do not belong together; the message says which.
    """
    for path in (certificate, key):
        if not path.is_file():
            msg = f"there is no file {path}"
            raise ValueError(msg)
    context = _server_context()
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        msg = f"{certificate} and {key} are not a PEM certificate and its key: {error.reason}"
        raise ValueError(msg) from error
    return context


def accept_clients_of(context: ssl.SSLContext, authorities: Path) -> None:
    """Let a server ask clients for a certificate; without one they are served as well, with a wrong one they are not.

    Args:
        context: of the server.
        authorities: PEM file with the certificates of those who may vouch for clients.

    Raises:
        ValueError: the file cannot be read or holds no certificate.
    """
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        msg = f"{authorities} is no PEM file with certificates of client authorities: {error}"
        raise ValueError(msg) from error
    context.verify_mode = ssl.CERT_OPTIONAL


def mail_addresses(certificate: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the e-mail addresses in a verified certificate, as `ssl.SSLObject.getpeercert` describes it.

    Those of the subject count only where the alternative names have none (RFC 5280 section 4.2.1.6).
    """
    names: list[str] = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "email"]
    if not names:
        subject = (pair for part in certificate.get("subject", ()) for pair in part)
        names = [value for kind, value in subject if kind == "emailAddress"]
    return tuple(name.encode() for name in names)


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8314 section 4, RFC 8996.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def names_for(hostname: str, domains: Sequence[str]) -> tuple[str, ...]:
    """Return the names a server's certificate needs; an address literal is named by its address."""
    literal = hostname.removeprefix("[").removesuffix("]").removeprefix("IPv6:")
    return tuple(dict.fromkeys((literal, *domains)))
