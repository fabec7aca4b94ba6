"""What checks may name: mail goes to the profile's domains and to the lab's, whose names nobody can own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import mailspec.suite

# local-part "@" domain, the domain not left to a placeholder
ADDRESS = re.compile(r"[\w.+-]@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def literals() -> Iterator[str]:
    """Yield every text and octet string of the suite."""
    for path in Path(mailspec.suite.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")


def test_no_check_names_an_address_that_could_be_somebodys() -> None:
    domains = {domain for text in literals() for domain in ADDRESS.findall(text)}

    assert "client.test" in domains
    # Top-level names reserved by RFC 2606 section 2.
    assert not {domain for domain in domains if domain.rpartition(".")[2] not in {"test", "invalid"}}
