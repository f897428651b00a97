"""`noxus-secrets plan` of manifests; of a cluster in tests/e2e/test_audit.py."""

import json
from pathlib import Path

import pytest

from tests.commands.kit import POLICY, ROOT, Ran, run

DEPLOYMENTS = ROOT / "examples" / "deployments"


@pytest.fixture
def wider(tmp_path: Path) -> Path:
    """The example policy, with the second circle for the backend, too, and before the first."""
    lines = POLICY.read_text().splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if "- name: worker" in line)
    second = lines[start : start + 4]
    del lines[start : start + 4]
    first = next(i for i, line in enumerate(lines) if "- name: shared" in line)
    text = "".join([*lines[:first], *second, *lines[first:]])
    file = tmp_path / "wider.yaml"
    file.write_text(text.replace("roles: [worker]", "roles: [worker, backend]", 1))
    return file


def plan(before: Path, after: Path, *words: str | Path) -> Ran:
    ran = run("plan", "--from", before, "--to", after, "-f", DEPLOYMENTS, *words)
    assert ran.err == ""
    return ran


def test_one_line_says_that_nothing_changes() -> None:
    ran = plan(POLICY, POLICY, "--fail-on-widening")

    assert (ran.code, ran.out) == (
        0,
        "nothing changes: 4 workloads compared, and no Secret reaches further\n",
    )


def test_the_table_tells_what_is_gained_and_in_which_order(wider: Path) -> None:
    ran = plan(POLICY, wider)

    assert ran.code == 0
    assert ran.out == (
        "noxus ──────────────────────────────────────────────────────────────────────────\n"
        "deployment/noxus-backend          backend           changes\n"
        "  gains      api: worker-env\n"
        "deployment/noxus-worker-default   worker, default   changes\n"
        "  order      worker: before app-env · worker-env\n"
        "             worker: after  worker-env · app-env\n"
        "deployment/noxus-worker-tenant-a  worker, tenant-a  changes\n"
        "  order      worker: before app-env · worker-env · tenant-a-llm\n"
        "             worker: after  worker-env · app-env · tenant-a-llm\n"
        "\n"
        "widened: Secret 'worker-env' reaches role backend, which it did not reach\n"
        "4 workloads compared: 3 change; 0 newly refused; 0 no longer refused; 1 widening\n"
    )


def test_a_widening_ends_with_one_where_that_is_asked_for(wider: Path) -> None:
    assert plan(POLICY, wider, "--fail-on-widening").code == 1
    assert plan(wider, POLICY, "--fail-on-widening").code == 0


def test_what_is_refused_or_no_longer_is_told_with_the_sentence(
    wider: Path, tmp_path: Path
) -> None:
    greedy = tmp_path / "greedy.yaml"
    greedy.write_text(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, namespace: noxus}\n"
        "spec: {template: {metadata: {labels: {noxus.ai/role: backend}}, spec: {containers: "
        "[{name: app, envFrom: [{secretRef: {name: worker-env}}]}]}}}\n"
    )

    newly = run("plan", "--from", wider, "--to", POLICY, "-f", greedy)
    no_longer = run("plan", "--from", POLICY, "--to", wider, "-f", greedy)

    sentence = (
        "container 'app' may not read Secret 'worker-env'\n"
        "             (spec.template.spec.containers[0].envFrom[0].secretRef): it belongs\n"
        "             to scope 'worker', and role backend is not entitled to it (only\n"
        "             worker); remove it, or have the policy's owner add role backend to\n"
        "             it\n"
    )
    assert f"job/j  backend  refused\n  refused    {sentence}" in newly.out
    assert "1 change; 1 newly refused; 0 no longer refused" in newly.out
    assert f"job/j  backend  no longer refused\n  was        {sentence}" in no_longer.out


def test_dry_run_that_is_switched_off_is_told(tmp_path: Path) -> None:
    observed = tmp_path / "observed.yaml"
    observed.write_text(POLICY.read_text().replace("spec:\n", "spec:\n  mode: DryRun\n", 1))

    out = plan(observed, POLICY).out

    assert "  mode       reported only before, applied and enforced after\n" in out


def test_json_holds_each_change_and_each_widening(wider: Path) -> None:
    ran = plan(POLICY, wider, "-o", "json")

    found = json.loads(ran.out)
    assert list(found) == [
        *("kind", "from", "to", "source", "empty", "compared", "unreadable", "widenings"),
        "changes",
    ]
    assert (found["kind"], found["from"], found["to"]) == ("Plan", str(POLICY), str(wider))
    assert found["widenings"] == [
        {
            "secret": "worker-env",
            "dimension": "role",
            "value": "backend",
            "keys": None,
            "message": "Secret 'worker-env' reaches role backend, which it did not reach",
        }
    ]
    assert found["changes"][0]["containers"] == [
        {
            "container": "api",
            "gains": ["worker-env"],
            "loses": [],
            "before": ["app-env"],
            "after": ["worker-env", "app-env"],
        }
    ]


def test_json_of_no_change_says_that_it_is_empty() -> None:
    found = json.loads(plan(POLICY, POLICY, "-o", "json").out)

    assert (found["empty"], found["changes"], found["widenings"]) == (True, [], [])


def test_every_field_of_the_json_is_documented(wider: Path) -> None:
    page = (ROOT / "docs" / "commands.md").read_text()
    _, _, documented = page.partition("## What `plan -o json` prints")

    def fields(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(fields, value.values()))
        return set().union(*map(fields, value)) if isinstance(value, list) else set()

    found = fields(json.loads(plan(POLICY, wider, "-o", "json").out))
    assert [name for name in sorted(found) if f"`{name}`" not in documented] == []


def test_the_page_is_one_that_names_both_policies(wider: Path) -> None:
    page = plan(POLICY, wider, "-o", "html").out

    assert page.startswith("<!doctype html>")
    assert str(wider) in page


def test_a_policy_that_does_not_load_is_a_usage_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(POLICY.read_text().replace("roles: [worker]", "role: [worker]", 1))

    ran = run("plan", "--from", POLICY, "--to", broken, "-f", DEPLOYMENTS)

    assert ran.code == 2
    assert ran.err.startswith("noxus-secrets: the policy does not load:\n")


def test_both_policies_have_to_be_named() -> None:
    ran = run("plan", "--from", POLICY, "-f", DEPLOYMENTS)

    assert ran.code == 2
    assert "the following arguments are required: --to" in ran.err
