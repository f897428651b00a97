#!/usr/bin/python3
"""An OCI runtime for machines whose root lacks CAP_SYS_RESOURCE: runc, asked for a little less.

Without the capability nobody can hand it on, raise a limit or lower an OOM score, and runc gives up
where it should. This takes all three out of what the container engine wants, and becomes runc. It
runs with the system's Python and nothing else, since the engine starts it.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

MISSING = "CAP_SYS_RESOURCE"


def soften(process: dict[str, Any]) -> None:
    """Take out of an OCI process what this machine cannot give it."""
    process.pop("rlimits", None)
    if process.get("oomScoreAdj", 0) < 0:
        process["oomScoreAdj"] = 0
    for names in (process.get("capabilities") or {}).values():
        if MISSING in names:
            names.remove(MISSING)


def rewrite(path: Path, *, key: str | None = None) -> None:
    """Soften a file that holds a process, or holds one under a key."""
    document = json.loads(path.read_text())
    soften(document[key] if key else document)
    path.write_text(json.dumps(document))


def value(arguments: list[str], *flags: str) -> str | None:
    """Return the value of a flag, written `--flag VALUE` or `--flag=VALUE`."""
    for at, argument in enumerate(arguments):
        if argument in flags and at + 1 < len(arguments):
            return arguments[at + 1]
        name, equals, rest = argument.partition("=")
        if equals and name in flags:
            return rest
    return None


def main(arguments: list[str]) -> None:
    """Do what runc does with the same arguments."""
    if "create" in arguments or "run" in arguments:
        bundle = Path(value(arguments, "--bundle", "-b") or ".")
        rewrite(bundle / "config.json", key="process")
    process = value(arguments, "--process", "-p")
    if "exec" in arguments and process is not None:
        rewrite(Path(process))
    runc = shutil.which("runc")
    if runc is None:
        sys.exit("runc is not on PATH")
    os.execv(runc, [runc, *arguments])  # noqa: S606  becoming runc is the point


if __name__ == "__main__":
    main(sys.argv[1:])
