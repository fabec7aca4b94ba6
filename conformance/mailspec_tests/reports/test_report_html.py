"""The HTML page: alone, complete, harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from mailspec.result import Footer, RunResult
from mailspec.verdict import Verdict
from mailspec_reports import LEGEND, render_html, write_html

#: Elements that have no end tag.
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask for, and checks that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_stands_alone(result: RunResult, folder: Path) -> None:
    html = render_html(result, folder)

    page = Page(html)
    assert not page.all("link")
    assert not [element for element in page.elements if "src" in element[1]]
    assert not re.search(r"@import|url\(", html)


def test_every_record_has_a_row_with_its_verdict(result: RunResult, folder: Path) -> None:
    page = Page(render_html(result, folder))

    rows = [row for row in page.all("details") if "data-verdict" in row]
    assert {row["id"] for row in rows} == {check.id.replace("/", ".") for check in result.checks}
    assert {row["data-verdict"] for row in rows} == {verdict.replace(" ", "-") for verdict in Verdict}
    opened = {row["data-verdict"] for row in rows if "open" in row}
    assert opened == {"violated", "error"}


def test_each_verdict_can_be_filtered_and_is_explained(result: RunResult) -> None:
    html = render_html(result)

    boxes = {box["value"] for box in Page(html).all("input") if box.get("type") == "checkbox"}
    assert boxes == {verdict.replace(" ", "-") for verdict in Verdict}
    assert set(LEGEND) == set(Verdict)
    for legend in LEGEND.values():
        assert legend.meaning in html


def test_sections_link_to_the_documents(result: RunResult) -> None:
    links = {link["href"] for link in Page(render_html(result)).all("a")}

    assert "https://www.rfc-editor.org/rfc/rfc5321#section-4.10" in links
    assert "#smtp.noop.plain" in links


def test_the_transcript_marks_what_deviates(result: RunResult, folder: Path) -> None:
    html = render_html(result, folder)

    assert re.search(r"<mark>&gt;&gt; +0\.750 #1 S 500 \\xff\\r\\n</mark>", html)
    assert "mailspec run smtp/noop/plain" in html


def test_octets_of_the_target_are_escaped(result: RunResult, folder: Path) -> None:
    html = render_html(result, folder)

    assert "alert(1)" in html
    assert "<script>alert" not in html
    assert "<b>&amp;amp;" not in html


def test_a_run_that_was_cut_short_says_so(result: RunResult) -> None:
    assert "cut short" in render_html(msgspec.structs.replace(result, footer=Footer()))


def test_a_missing_transcript_is_named(result: RunResult, tmp_path: Path) -> None:
    write_html(result, tmp_path / "sub" / "page.html", tmp_path)

    assert "cannot be read" in (tmp_path / "sub" / "page.html").read_text()
