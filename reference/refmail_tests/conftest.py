"""Makes the helpers beside the tests importable as `refmail_tests.faults.process`.

The folder goes to the end of the path: what is tested is the installed package, not the one beside the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
