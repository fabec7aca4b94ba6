"""mailspec: the conformance suite for e-mail servers."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
