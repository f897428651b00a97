"""`make mutation`: put thousands of small bugs into webhook/core; of each, a test must fail.

mutmut makes the bugs and runs, for each, the tests that execute the changed function. What stays
unnoticed must be explained in tests/mutation/survivors.txt; tests/mutation/README.md says more.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.mutation_report import Report, read_explanations, read_results

CACHE: Final = Path(".cache/mutation")
REQUIREMENTS: Final = Path("tests/mutation/requirements.txt")
SURVIVORS: Final = Path("tests/mutation/survivors.txt")
COPIED: Final = ("webhook", "tests", "examples", "tools")
# The tests that need neither a control plane nor a minute. The last is a random search against an
# independent oracle, and is asked last, since it is the slowest.
TESTS: Final = (
    "tests/core",
    "tests/wire",
    "tests/loading",
    "tests/golden",
    "tests/commands/test_explain.py",
    "tests/properties/test_rules.py",
    "tests/properties/test_search.py",
)
# It counts calls by the names of functions, and mutmut gives them others.
LEFT_OUT: Final = (
    (
        "tests/wire/test_pods_made_to_cost.py::"
        "test_who_reaches_a_volume_is_asked_once_however_often_it_names_a_secret"
    ),
)
OPTIONS: Final = [
    *("-p", "no:cacheprovider", "-p", "no:cov", "-p", "tests.mutation.fresh"),
    *(f"--deselect={it}" for it in LEFT_OUT),
]
CONFIGURATION: Final = f"""
[tool.mutmut]
source_paths = ["webhook/core/"]
pytest_add_cli_args_test_selection = {list(TESTS)}
pytest_add_cli_args = {OPTIONS}
also_copy = {["webhook", "examples", "tools"]}
# Seconds that a run may take beyond what its tests took without a bug; mutmut multiplies it by 15.
timeout_constant = 2.0
"""


def main(arguments: list[str]) -> int:
    """Run it all, or only what survived the last time; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("only", nargs="*", help="names of bugs or patterns, as in the report")
    parser.add_argument("--survivors", action="store_true", help="try those that survived again")
    parser.add_argument("--report", action="store_true", help="only read the last results")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2)
    given = parser.parse_args(arguments)
    work = CACHE / "work"
    if not given.report:
        names = list(given.only)
        if given.survivors:
            names = [it.name for it in read_results(work) if it.survived]
        prepare(work, again=bool(names))
        run(work, names, given.processes)
    report = Report(read_results(work), read_explanations(SURVIVORS.read_text()))
    print(*report.lines, sep="\n")
    return 0 if report.is_good else 1


def prepare(work: Path, *, again: bool) -> None:
    """Copy what is needed beside the work tree; results of before stay only if asked for."""
    if not again:
        shutil.rmtree(work, ignore_errors=True)
    for folder in COPIED:
        shutil.rmtree(work / folder, ignore_errors=True)
        shutil.copytree(folder, work / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (work / "pyproject.toml").write_text(Path("pyproject.toml").read_text() + CONFIGURATION)


def run(work: Path, names: list[str], processes: int) -> None:
    """Let mutmut work. It draws its progress; what it prints beyond is in run.log."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
    environment = os.environ | {"PYTHONPATH": str(installed()), "HYPOTHESIS_PROFILE": "fast"}
    with (CACHE / "run.log").open("w") as log:
        done = subprocess.run(  # noqa: S603 - our own words
            command, cwd=work, env=environment, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        tail = (CACHE / "run.log").read_text()[-2000:]
        sys.exit(f"mutmut ended with {done.returncode}:\n{tail}")


def installed() -> Path:
    """Return the folder that holds mutmut; it is not one of the project's own dependencies."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = CACHE.absolute() / f"site-{digest}"
    if not folder.exists():
        making = folder.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        wanted = ["--require-hashes", "--no-deps", "--target", str(making), "-r", str(REQUIREMENTS)]
        subprocess.run([*pip, *wanted], check=True)  # noqa: S603 - our own words
        making.rename(folder)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
