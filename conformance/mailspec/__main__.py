"""`python -m mailspec` is `mailspec`."""

from __future__ import annotations

from mailspec.cli import main

if __name__ == "__main__":
    main(prog_name="mailspec")
