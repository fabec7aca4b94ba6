"""What the built package contains, and whether it works from an empty directory.

Run by `tox -e pkg` with the project's folder as its argument; exits 1 with the findings.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = {"mailspec", "refmail", "mailspec_corpus", "mailspec_reports"}
#: Names of our folders that other projects own in site-packages.
NOT_IMPORTABLE = ("reference", "conformance", "fixtures", "reports")
#: File endings that are not code and yet must be in the wheel, with the folder they stand in.
DATA = {
    "mailspec/requirements": ".toml",
    "mailspec/requirements/index": ".tsv",
    "mailspec/requirements/index/grammar": ".tsv",
    "mailspec/requirements/index/prose": ".tsv",
    "mailspec/readings": ".toml",
    "mailspec/suite": ".ini",
    "mailspec_corpus/messages": ".eml",
    "mailspec_corpus/zones": ".zone",
    "mailspec_reports/templates": ".jinja",
    "mailspec_reports/schema": ".json",
}


def build_wheel(project: Path, out: Path) -> Path:
    """Build the wheel of the project into `out` and return its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(project)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = out.glob("*.whl")
    return wheel


def wheel_findings(wheel: Path) -> list[str]:
    """Say what is in the wheel that should not be, and what is missing."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    findings = [f"the wheel installs {sorted(tops)}, not {sorted(PACKAGES)}"] if tops != PACKAGES else []
    findings += [f"{name} is a test" for name in names if "_tests/" in name]
    findings += [f"{package}/py.typed is missing" for package in PACKAGES if f"{package}/py.typed" not in names]
    for folder, ending in DATA.items():
        if not any(name.startswith(folder) and name.endswith(ending) for name in names):
            findings.append(f"no *{ending} below {folder}")
    return findings


def import_findings(folder: Path) -> list[str]:
    """Say which folder names can be imported by somebody who stands in an empty directory."""
    program = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is not None)"
    return [
        f"{name} is importable"
        for name in NOT_IMPORTABLE
        if subprocess.run([sys.executable, "-c", program, name], cwd=folder, check=False).returncode != 0
    ]


def command(name: str) -> str:
    """Return the path of one of our commands in this environment."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        sys.exit(f"{name} is not beside {sys.executable}: the package is not installed here")
    return str(path)


def run_findings(folder: Path) -> list[str]:
    """Run the suite from an empty directory and say what is wrong with the result."""
    out = folder / "result"
    run = subprocess.run(
        [command("mailspec"), "run", "--out", str(out)], cwd=folder, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        return [f"mailspec run exited {run.returncode}:\n{run.stdout[-4000:]}\n{run.stderr[-4000:]}"]
    result = json.loads((out / "result.json").read_text())
    findings = [] if result["footer"]["complete"] else ["result.json says complete: false"]
    html = list(out.glob("*.html"))
    if not html:
        findings.append("no HTML page was written")
    left = sorted(path.name for path in folder.iterdir() if path.name != "result")
    if left:
        findings.append(f"the run left {left} in the directory it was started in")
    return findings


def main() -> int:
    """Collect all findings and print them."""
    project = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "dist").mkdir()
        (folder / "empty").mkdir()
        findings = wheel_findings(build_wheel(project, folder / "dist"))
        findings += import_findings(folder / "empty")
        findings += run_findings(folder / "empty")
    for finding in findings:
        print(f"pkg: {finding}", file=sys.stderr)  # noqa: T201 - a program's output
    if not findings:
        version = importlib.metadata.version("mailspec")
        print(f"pkg: the wheel of mailspec {version} is complete and runs from an empty directory")  # noqa: T201 - the same
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
