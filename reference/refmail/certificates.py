"""TLS contexts: from files, or from a certificate authority made for this process."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme

__all__ = ["context_from_files", "lab_authority_pem", "lab_context", "names_for"]

#: Names under which a lab server is reached besides its own.
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA(organization_name="refmail lab")


def lab_authority_pem() -> bytes:
    """Return the certificate that vouches for every `lab_context` of this process, as PEM."""
    return _authority().cert_pem.bytes()


@functools.cache
def lab_context(names: tuple[str, ...]) -> ssl.SSLContext:
    """Return a server context with a certificate for the names and for the local host."""
    certificate = _authority().issue_cert(*dict.fromkeys((*names, *_LOCAL_NAMES)))
    context = _server_context()
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


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8314 section 4, RFC 8996.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def names_for(hostname: str, domains: Sequence[str]) -> tuple[str, ...]:
    """Return the names a server's certificate needs; an address literal is named by its address."""
    literal = hostname.removeprefix("[").removesuffix("]").removeprefix("IPv6:")
    return tuple(dict.fromkeys((literal, *domains)))
