"""The JSON Schema of result.json, generated from the model and published beside it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import msgspec

from mailspec.result import SCHEMA_VERSION, RunResult

__all__ = ["committed_schema", "generate_schema"]


def generate_schema() -> str:
    """Return the schema as the committed file must have it."""
    schema: dict[str, Any] = msgspec.json.schema(RunResult)
    title = f"mailspec result, schema version {SCHEMA_VERSION}"
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def committed_schema() -> str:
    """Return the schema that this version publishes."""
    return (files(__name__) / "result.schema.json").read_text(encoding="utf-8")
