"""Where a server's certificate comes from."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from refmail.certificates import context_from_files
from refmail.config import ListenerConfig, TlsConfig
from refmail.embed import ServerThread

Serve = Callable[..., ServerThread]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A certificate, its key and its authority in files."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    paths = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    certificate.private_key_pem.write_to_path(str(paths["key"]))
    certificate.cert_chain_pems[0].write_to_path(str(paths["cert"]))
    authority.cert_pem.write_to_path(str(paths["ca"]))
    return {name: str(path) for name, path in paths.items()}


def test_certificate_from_files(serve: Serve, connect: Callable[..., Any], files: dict[str, str]) -> None:
    tls = TlsConfig(mode="files", cert=files["cert"], key=files["key"])
    server = serve(tls=tls, listeners={"submissions": ListenerConfig()})
    assert server.ca_file is None
    wire = connect(server, "submissions")
    wire.handshake(ssl.create_default_context(cafile=files["ca"]))
    assert wire.sock.version() in {"TLSv1.2", "TLSv1.3"}
    assert wire.code() == 220


def test_no_tls_at_all(serve: Serve, connect: Callable[..., Any]) -> None:
    server = serve(tls=TlsConfig(mode="none"), listeners={"smtp": ListenerConfig()})
    wire = connect(server)
    wire.code()
    wire.ask(b"EHLO client.test")
    assert wire.ask(b"STARTTLS") == 502


def test_wrong_files_are_named(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        context_from_files(tmp_path / "none.pem", Path(files["key"]))
    with pytest.raises(ValueError, match="not a PEM certificate and its key"):
        context_from_files(Path(files["ca"]), Path(files["key"]))
