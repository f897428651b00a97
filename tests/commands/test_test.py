"""`noxus-secrets test`: what its user sees, and what its exit code says."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.commands import policy_suite
from tests.commands.kit import run
from tests.commands.policy_suite import CASES


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return policy_suite.make(tmp_path / "suite")


def timeless(text: str) -> str:
    """Return what was printed, with every time the same."""
    return re.sub(r" +\d+\.\d ms  ", " X ms  ", re.sub(r"\(\d+\.\d ms\)", "(X ms)", text))


def test_what_passed_is_a_line_and_what_failed_shows_both_sides(suite: Path) -> None:
    ran = run("test", suite)

    assert (ran.code, ran.err) == (1, "")
    assert timeless(ran.out).replace(f"{suite}/", "") == (
        """\
cases.yaml
  pass X ms  the pool comes last
  FAIL X ms  the pool comes first
                  cases.yaml:8
        decision: expected refused, got injected
        envFrom of container 'app'
            expected       got
          - tenant-a-llm
            app-env        app-env
            worker-env     worker-env
          +                tenant-a-llm
        message
          - must hold  may not read
          + got        (nothing)

2 cases: 1 passed, 1 failed (X ms)
"""
    )


def test_it_exits_with_0_when_all_passed(suite: Path) -> None:
    ran = run("test", suite, "--run", "*last")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith("1 case: 1 passed, 0 failed (")


def test_several_globs_choose_what_any_of_them_fits(suite: Path) -> None:
    ran = run("test", suite, "--run", "*last", "--run", "the pool * first", "-o", "json")

    assert [case["name"] for case in json.loads(ran.out)["cases"]] == [
        "the pool comes last",
        "the pool comes first",
    ]


def test_a_glob_that_fits_nothing_is_no_success(suite: Path) -> None:
    ran = run("test", suite, "--run", "*nobody*")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"noxus-secrets: none of the 2 cases in {suite} has a name that fits *nobody*\n"
    )


def test_a_folder_without_cases_is_no_success(suite: Path) -> None:
    (suite / "cases.yaml").unlink()

    ran = run("test", suite)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"noxus-secrets: {suite}: no case found; a file of cases has `kind: PolicyTest`, see "
        "docs/policy-tests.md\n"
    )


def test_json_holds_what_the_table_shows(suite: Path) -> None:
    ran = run("test", suite, "-o", "json")
    report = json.loads(ran.out)

    assert ran.code == 1
    assert {k: report[k] for k in ("kind", "passed", "failed")} == {
        "kind": "PolicyTestReport",
        "passed": 1,
        "failed": 1,
    }
    assert report["seconds"] >= sum(case["seconds"] for case in report["cases"]) - 1e-5
    failed = report["cases"][1]
    assert {k: failed[k] for k in ("file", "line", "name", "passed", "undecided")} == {
        "file": f"{suite}/cases.yaml",
        "line": 8,
        "name": "the pool comes first",
        "passed": False,
        "undecided": False,
    }
    assert failed["differences"] == [
        {"what": "decision", "expected": ["refused"], "got": ["injected"], "parts": False},
        {
            "what": "envFrom of container 'app'",
            "expected": ["tenant-a-llm", "app-env", "worker-env"],
            "got": ["app-env", "worker-env", "tenant-a-llm"],
            "parts": False,
        },
        {"what": "message", "expected": ["may not read"], "got": [], "parts": True},
    ]


def test_junit_is_written_beside_what_is_printed(suite: Path) -> None:
    file = suite / "out.xml"

    ran = run("test", suite, "--junit", file)

    assert ran.code == 1
    assert ran.out.startswith(f"{suite}/cases.yaml\n")
    root = ET.fromstring(file.read_text())  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert [it.name for it in suite.iterdir() if it.name.startswith(".")] == []


def test_junit_that_cannot_be_written_leaves_what_was_there(suite: Path) -> None:
    before = suite / "sub" / "out.xml"

    ran = run("test", suite, "--junit", before)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"noxus-secrets: {before} cannot be written: No such file or directory\n"


def test_junit_is_not_written_into_a_folder(suite: Path) -> None:
    ran = run("test", suite, "--junit", suite)

    assert (ran.code, ran.err) == (
        2,
        f"noxus-secrets: {suite} is a folder: name the file to write\n",
    )


def test_what_cannot_be_read_leaves_the_junit_of_before(suite: Path) -> None:
    file = suite / "out.xml"
    file.write_text("before")
    (suite / "cases.yaml").write_text(CASES.replace("expect:", "expct:"))

    assert run("test", suite, "--junit", file).code == 2
    assert file.read_text() == "before"


def test_no_value_of_a_variable_is_shown_anywhere(suite: Path) -> None:
    cases = f"{CASES}      env: {{app: [OTHER]}}\n"
    (suite / "cases.yaml").write_text(cases)
    file = suite / "out.xml"

    table, machine = run("test", suite, "--junit", file), run("test", suite, "-o", "json")

    for told in (table.out, machine.out, file.read_text()):
        assert "LEVEL" in told
        assert "hunter2" not in told
