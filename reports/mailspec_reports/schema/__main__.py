"""`python -m mailspec_reports.schema`: print the schema that belongs to the model as it stands."""

from __future__ import annotations

import sys

from mailspec_reports.schema import generate_schema

sys.stdout.write(generate_schema())
