"""Reading ledger files, and what is said about those that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailspec.requirements import LedgerError, Requirement, UnknownRequirement, load_ledger

ENTRY = '[[requirement]]\nid = "{id}"\nlevel = "must"\nsays = "It does."\n'


def entry(name: str, more: str = "") -> str:
    return ENTRY.format(id=name) + more + "\n"


def test_an_entry_is_read_with_its_defaults(tmp_path: Path) -> None:
    (tmp_path / "rfc5321.toml").write_text(
        "# A comment.\n\n" + entry("5321/4.5.2/unstuff", 'aliases = ["5321/4.5.2/dots"]')
    )

    ledger = load_ledger(tmp_path)

    assert list(ledger) == ["5321/4.5.2/unstuff"]
    found = ledger["5321/4.5.2/dots"]
    assert (found.rfc, found.section, found.slug, found.source) == (5321, "4.5.2", "unstuff", "RFC 5321")
    assert (found.binds, found.observe, found.kind, found.contested) == ("server", "wire", "K", False)
    assert ledger.place("5321/4.5.2/unstuff") == "rfc5321.toml:3"


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("5321/4.5.2/x", "https://www.rfc-editor.org/rfc/rfc5321#section-4.5.2"),
        ("9051/E/x", "https://www.rfc-editor.org/rfc/rfc9051#appendix-E"),
        ("9051/A.1/x", "https://www.rfc-editor.org/rfc/rfc9051#appendix-A.1"),
        ("maildir/delivery/x", "https://cr.yp.to/proto/maildir.html"),
    ],
)
def test_a_requirement_links_to_its_section(name: str, url: str) -> None:
    assert Requirement(id=name, level="must", says="x").url == url


@pytest.mark.parametrize(
    ("file", "text", "line", "words"),
    [
        (
            "rfc5321.toml",
            entry("5321/1/a") + entry("5321/1/b", "levl = 1"),
            10,
            ["5321/1/b", "'levl'", "accepted", "level"],
        ),
        ("rfc5321.toml", entry("5321/1/a").replace("must", "musst"), 3, ["5321/1/a", "'musst'", "implied", "should"]),
        ("rfc5321.toml", entry("5321/1"), 2, ["5321/1"]),
        ("rfc5321.toml", entry("5321/1/A_b"), 2, ["5321/1/A_b"]),
        ("rfc5321.toml", entry("5321/1/a").replace('says = "It does."', ""), 1, ["5321/1/a", "'says'"]),
        ("rfc5321.toml", entry("1939/1/a"), 1, ["1939/1/a", "5321/"]),
        ("rfc5321.toml", entry("5321/1/a") + "\n" + entry("5321/1/a"), 7, ["taken", "rfc5321.toml:1"]),
        ("rfc5321.toml", entry("5321/1/a") + entry("5321/1/b", 'aliases = ["5321/1/a"]'), 6, ["taken", "5321/1/b"]),
        ("rfc5321.toml", "[[requirement]\n", 1, ["TOML"]),
        ("maildir.toml", entry("5321/1/a"), 1, ["maildir/"]),
    ],
)
def test_errors_name_file_line_id_and_what_is_accepted(
    tmp_path: Path, file: str, text: str, line: int, words: list[str]
) -> None:
    path = tmp_path / file
    path.write_text(text)

    with pytest.raises(LedgerError) as caught:
        load_ledger(tmp_path)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_id_comes_with_close_ones(tmp_path: Path) -> None:
    (tmp_path / "rfc5321.toml").write_text(entry("5321/4.5.2/unstuff"))

    with pytest.raises(UnknownRequirement, match=r"close ids: 5321/4\.5\.2/unstuff"):
        load_ledger(tmp_path)["5321/4.5.2/unstuf"]


def test_the_digest_changes_with_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "rfc5321.toml"
    path.write_text(entry("5321/4.5.2/unstuff"))
    before = load_ledger(tmp_path).digest

    path.write_text(entry("5321/4.5.2/unstuff").replace("must", "should"))

    assert load_ledger(tmp_path).digest != before
