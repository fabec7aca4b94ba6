"""One self-contained HTML page per run: every requirement with its verdict and the bytes behind it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from mailspec.result import CheckResult, Line, RunResult, failure_block, read_lines, transcript_text
from mailspec.verdict import Verdict
from mailspec_reports.grouping import by_section
from mailspec_reports.legend import LEGEND

__all__ = ["render_html", "write_html"]

#: Verdicts whose rows are open when the page is.
_OPEN = frozenset({Verdict.VIOLATED, Verdict.ERROR})


@dataclass(frozen=True, slots=True)
class _Row:
    """One record as the template shows it."""

    check: CheckResult
    #: Failure block without the transcript.
    block: str
    transcript: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Fragment by which others link to the row."""
        return self.check.id.replace("/", ".")

    @property
    def css(self) -> str:
        """Class of the verdict."""
        return _css(self.check.verdict)


def render_html(result: RunResult, folder: Path | None = None) -> str:
    """Return the page.

    Args:
        result: the run.
        folder: where its transcripts are; without it the page has none.
    """
    sections = [(section, [_row(check, folder) for check in section.checks]) for section in by_section(result.checks)]
    counts = {verdict: result.footer.counts.get(verdict.value, 0) for verdict in LEGEND}
    return _template().render(
        result=result,
        header=result.header,
        footer=result.footer,
        sections=sections,
        documents=_documents(result.checks),
        counts=counts,
        legend=LEGEND,
        opened=_OPEN,
        known=Counter(check.verdict for check in result.checks if check.known is not None),
        css=_css,
    )


def write_html(result: RunResult, path: Path, folder: Path | None = None) -> None:
    """Write the page to a file, whose folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_html(result, folder), encoding="utf-8", newline="\n")


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mailspec_reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _row(check: CheckResult, folder: Path | None) -> _Row:
    lines: Sequence[Line] = read_lines(folder, check.transcript) if folder is not None and check.transcript else ()
    return _Row(check, failure_block(check), tuple(transcript_text(lines, check.event)))


def _documents(checks: Sequence[CheckResult]) -> list[tuple[str, dict[Verdict, int]]]:
    """Return the counts by document, in the order of the documents."""
    documents: dict[str, dict[Verdict, int]] = {}
    for section in by_section(checks):
        counts = documents.setdefault(section.source, dict.fromkeys(LEGEND, 0))
        for check in section.checks:
            counts[check.verdict] += 1
    return list(documents.items())


def _css(verdict: Verdict) -> str:
    return verdict.replace(" ", "-")
