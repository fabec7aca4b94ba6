"""Who may import whom: the rules of ARCHITECTURE.md, read from the sources without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "mailspec": ROOT / "conformance" / "mailspec",
    "refmail": ROOT / "reference" / "refmail",
    "mailspec_reports": ROOT / "reports" / "mailspec_reports",
    "mailspec_corpus": ROOT / "fixtures" / "mailspec_corpus",
}

IO = ("asyncio", "socket", "ssl", "select", "selectors", "threading", "time", "subprocess", "multiprocessing")


@dataclass(frozen=True, slots=True)
class Rule:
    """Modules below `who` must not import anything below `forbidden`, except what is below `allowed`."""

    who: str
    forbidden: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    #: Modules below `who` to which the rule does not apply.
    besides: tuple[str, ...] = ()


STARTERS = ("mailspec.target.embedded", "mailspec.prove", "mailspec.cli.serve", "mailspec.lab")
RULES = [
    Rule("refmail", ("mailspec", "mailspec_reports", "mailspec_corpus")),
    *(Rule(f"refmail.{part}", IO) for part in ("smtp", "imap", "pop3", "sasl", "message", "machine")),
    Rule("mailspec.wire", ("refmail",)),
    Rule("mailspec.suite", ("refmail",)),
    Rule("mailspec.lab", ("refmail",), allowed=("refmail.dns",)),
    Rule("mailspec", ("refmail",), besides=STARTERS),
    Rule("mailspec_reports", ("mailspec",), allowed=("mailspec.result", "mailspec.verdict")),
    Rule("mailspec_reports", ("refmail", "mailspec_corpus")),
    Rule("mailspec_corpus", ("mailspec", "refmail", "mailspec_reports")),
    Rule("mailspec.result", ("mailspec",), allowed=("mailspec.result", "mailspec.verdict")),
    Rule("mailspec.wire", ("mailspec.suite", "mailspec.plugin", "mailspec.cli", "mailspec.target", "mailspec_reports")),
    Rule("mailspec.plugin", ("mailspec.suite", "mailspec.cli", "mailspec.prove", "mailspec_reports")),
]


def below(name: str, *tops: str) -> bool:
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield ".".join((package, *(part for part in parts if part != "__init__"))), path


def imported(name: str, path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything imported, also inside functions and for typing only."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join((*above, *([base] if base else [])))
            # `from a import b` may name the module a.b, or something in a.
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def breaches(rule: Rule, name: str, path: Path, tree: ast.AST) -> Iterator[str]:
    if not below(name, rule.who) or below(name, *rule.besides):
        return
    for line, target in imported(name, path, tree):
        if below(target, *rule.forbidden) and not below(target, *rule.allowed):
            yield f"{path.name}:{line}: {name} imports {target}"


@pytest.fixture(scope="module")
def sources() -> list[tuple[str, Path, ast.AST]]:
    return [(name, path, ast.parse(path.read_text())) for name, path in modules()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.who} not {rule.forbidden[0]}")
def test_a_layer_imports_only_what_it_may(rule: Rule, sources: list[tuple[str, Path, ast.AST]]) -> None:
    found = [breach for name, path, tree in sources for breach in breaches(rule, name, path, tree)]

    assert not found


@pytest.mark.parametrize(
    ("who", "source", "caught"),
    [
        ("mailspec.suite.smtp.test_a", "import refmail.server", True),
        ("mailspec.suite.smtp.test_a", "from refmail import server", True),
        ("mailspec.suite.smtp.test_a", "def f():\n    from refmail.server import Server", True),
        ("mailspec.suite.smtp.test_a", "import refmailer", False),
        ("refmail.smtp.session", "from socket import socket", True),
        ("refmail.smtp.session", "from ..transport import x", False),
        ("refmail.store.maildir", "import threading", False),
        ("mailspec.lab.zones", "from refmail.dns import FakeDns", False),
        ("mailspec.lab.zones", "from refmail.queue import Queue", True),
        ("mailspec_reports.html", "from mailspec.result import load", False),
        ("mailspec_reports.html", "from mailspec import plugin", True),
        ("mailspec.target.embedded", "from refmail.embed import ServerThread", False),
        ("mailspec.target.profile", "from refmail.embed import ServerThread", True),
    ],
)
def test_the_rules_catch_what_they_should(who: str, source: str, caught: bool) -> None:
    tree = ast.parse(source)
    path = Path(who.rpartition(".")[2] + ".py")

    assert any(found for rule in RULES for found in breaches(rule, who, path, tree)) == caught


def test_every_source_is_looked_at() -> None:
    names = {name for name, _ in modules()}

    assert {"mailspec.wire.smtp", "mailspec.plugin.hooks", "mailspec_reports.html", "refmail.machine"} <= names
