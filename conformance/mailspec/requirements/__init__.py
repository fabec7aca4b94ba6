"""The ledger: every obligation the suite knows, from the TOML files in this folder."""

from __future__ import annotations

from mailspec.requirements.loader import Ledger, LedgerError, UnknownRequirement, load_ledger
from mailspec.requirements.model import DOCUMENTS, Document, Level, Requirement

__all__ = [
    "DOCUMENTS",
    "Document",
    "Ledger",
    "LedgerError",
    "Level",
    "Requirement",
    "UnknownRequirement",
    "load_ledger",
]
