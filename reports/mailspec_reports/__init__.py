"""Renderers over the result model: console and HTML."""

from __future__ import annotations

from mailspec_reports.console import print_check, print_summary
from mailspec_reports.html import render_html, write_html
from mailspec_reports.legend import LEGEND, Legend

__all__ = ["LEGEND", "Legend", "print_check", "print_summary", "render_html", "write_html"]
