"""The alerts: promtool accepts them, and each is shown firing and silent."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.observability import kit

SEVERITIES = {"critical", "warning", "info"}


def shown() -> dict[str, set[str]]:
    """Return how each alert is shown by the unit tests."""
    found: dict[str, set[str]] = {}
    for file in kit.UNIT_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                how = "firing" if case["exp_alerts"] else "silent"
                found.setdefault(case["alertname"], set()).add(how)
    return found


def test_promtool_finds_nothing_wrong_with_the_rules(promtool: Path, tmp_path: Path) -> None:
    rules = kit.write_rules(tmp_path)

    done = subprocess.run(
        [promtool, "check", "rules", "--lint=all", "--lint-fatal", rules],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert f"SUCCESS: {len(kit.alerts())} rules found" in done.stdout


@pytest.mark.parametrize("file", kit.UNIT_TESTS, ids=lambda file: file.stem)
def test_alerts_fire_when_they_should_and_only_then(
    promtool: Path, tmp_path: Path, file: Path
) -> None:
    kit.write_rules(tmp_path)
    shutil.copy(file, tmp_path)

    done = subprocess.run(
        [promtool, "test", "rules", tmp_path / file.name],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_shown_firing_and_silent_and_no_other_is_shown() -> None:
    assert shown() == {name: {"firing", "silent"} for name in kit.alerts()}


@pytest.mark.parametrize("name", kit.alerts())
def test_every_alert_says_what_it_means_and_where_to_read_on(name: str) -> None:
    alert = kit.alerts()[name]

    assert name.startswith("NoxusSecrets")
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
    assert alert["labels"]["severity"] in SEVERITIES
    for text in (alert["annotations"]["summary"], alert["annotations"]["description"]):
        assert text.endswith(".")
        assert "\n" not in text


def test_the_names_of_our_hooks_are_those_that_the_alerts_look_for() -> None:
    names = [
        hook["name"]
        for file in (kit.ROOT / "manifests" / "base").glob("*webhookconfiguration.yaml")
        for hook in yaml.safe_load(file.read_text())["webhooks"]
    ]

    assert names
    assert all(name.endswith(".secrets.noxus.ai") for name in names)
    # What fails closed is counted by this part of the name.
    assert any(".enabled.validate." in name for name in names)
