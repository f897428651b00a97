"""`make sbom` and `make licenses`: what the image holds beside our own code, and on what terms.

Both look at an environment with the pinned run-time dependencies and nothing else, as the image
has. The list is written by cyclonedx-bom, which lives in an environment of its own.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RUN: Final = ROOT / "requirements" / "run.txt"
TOOL: Final = ROOT / "requirements" / "sbom.txt"
OUTPUT: Final = ROOT / "dist" / "sbom.cdx.json"

# Terms under which the image may be passed on as it is: permissive ones, and those that ask for
# changes to the library's own files only. Anything else is for people to decide.
ALLOWED: Final = frozenset(
    {
        *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"),
        *("MPL-2.0", "PSF-2.0", "Python-2.0"),
    }
)
# What a few packages say by a classifier, which no licence list knows.
CLASSIFIERS: Final = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}

Json = dict[str, Any]


def write(output: Path) -> Json:
    """Write the list in CycloneDX's JSON, the same bytes for the same pins; returns it."""
    runtime, tool = _environment(RUN), _environment(TOOL)
    output.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml")]
    _run(
        str(tool / "bin" / "cyclonedx-py"),
        *("environment", str(runtime / "bin" / "python"), *flags, "-o", str(output)),
    )
    document: Json = json.loads(output.read_text())
    return document


def terms(component: Json) -> Iterator[str]:
    """Name each licence of a component, by its SPDX identifier where it has one."""
    for item in component.get("licenses", ()):
        if expression := item.get("expression"):
            # We take either side of an OR; both sides of an AND bind us. Each has to be allowed.
            yield from (
                word for word in expression.strip("()").split() if word not in {"AND", "OR"}
            )
        else:
            name = item["license"].get("id") or item["license"]["name"]
            yield CLASSIFIERS.get(name, name)


def table(document: Json) -> tuple[list[str], list[str]]:
    """Return a line for each component, and those components whose terms are not allowed."""
    lines, doubtful = [], []
    for component in sorted(document["components"], key=lambda it: str(it["name"]).lower()):
        found = sorted(set(terms(component)))
        title = f"{component['name']} {component['version']}"
        lines.append(f"{title:32} {', '.join(found) or 'unknown'}")
        if not found or not ALLOWED.issuperset(found):
            doubtful.append(title)
    return lines, doubtful


def _environment(requirements: Path) -> Path:
    """Return a virtual environment with these pins, made once for each state of the file."""
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    home = ROOT / ".cache" / "sbom" / f"{requirements.stem}-{digest}"
    complete = home / "complete"
    if not complete.is_file():
        venv.create(home, with_pip=False, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
        _run(*pip, "install", "--quiet", "--require-hashes", "--requirement", str(requirements))
        complete.touch()
    return home


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603  our own interpreter, and what we installed
        command, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{Path(command[0]).name} failed:\n{(done.stderr or done.stdout).strip()}")


def main(arguments: Sequence[str]) -> int:
    """Write the list, or print the licences; 1 where a licence is not one of those allowed."""
    parser = argparse.ArgumentParser(prog="python -m tools.sbom", description=__doc__)
    parser.add_argument("--licenses", action="store_true", help="print the licences")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="(%(default)s)")
    args = parser.parse_args(arguments)
    document = write(args.output)
    if not args.licenses:
        print(args.output)
        return 0
    lines, doubtful = table(document)
    print("\n".join(lines))
    if doubtful:
        print(f"Look at the terms of {', '.join(doubtful)}: ALLOWED lacks them.", file=sys.stderr)
    return 1 if doubtful else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
