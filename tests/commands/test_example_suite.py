"""The suite of the examples: it passes, it covers what the page says, and it would notice."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.kit import POLICY, ROOT, run
from webhook.core.decision import Reason

Json = Any

SUITE = ROOT / "examples" / "policy-tests"
CASES: list[Json] = [
    {**{key: value for key, value in document.items() if key != "cases"}, **case}
    for file in sorted(SUITE.glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text())
    for case in document["cases"]
]
# What these cases cannot show: what concerns no pod, and guards set otherwise.
NOT_SHOWN = {Reason.NOT_JUDGED, Reason.ANNOTATED, Reason.UNMANAGED_SECRET, Reason.SHADOWING}


def test_it_passes_as_its_reader_runs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "webhook", "test", "examples/policy-tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{len(CASES)} cases: {len(CASES)} passed, 0 failed (")
    assert max(map(len, done.stdout.splitlines())) <= 80


def rows() -> list[list[str]]:
    """Return the table of the page: before, role and pool, after."""
    page = (ROOT / "docs" / "decisions.md").read_text()
    table = page.split("| before | role, pool | after |\n|---|---|---|\n")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()]
    return [[re.sub(r"\*cm\*", "settings", it).replace("*", "") for it in row] for row in cells]


def names(container: Json) -> str:
    elements = container.get("envFrom") or []
    found = [(it.get("secretRef") or it["configMapRef"])["name"] for it in elements]
    return " · ".join(found) or "(none)"


def told(case: Json) -> list[str] | None:
    """Return a case as a row of the table; None for one about other things."""
    value, expect = case.get("object"), case["expect"]
    if isinstance(value, str):
        value = yaml.safe_load((SUITE / value.partition("#")[0]).read_text().split("---")[0])
    if value["kind"] != "Pod" or case.get("hook") or case.get("mode") == "dry-run":
        return None
    labels = value["metadata"]["labels"]
    who = [labels.get(f"noxus.ai/{key}") for key in ("role", "worker-pool")]
    container = value["spec"]["containers"][0]
    after = "refused"
    if expect["decision"] == "injected":
        if container["name"] not in expect.get("envFrom", {}):
            return None
        order = expect["envFrom"][container["name"]]
        elements = [it if isinstance(it, dict) else {"secretRef": {"name": it}} for it in order]
        after = names({"envFrom": elements})
    return [names(container), ", ".join(filter(None, who)), after]


def test_each_row_of_the_page_is_a_case() -> None:
    shown = [told(case) for case in CASES]
    # A greedy frontend asks for what it is given, too.
    wanted = [[before, who, after.partition(":")[0]] for before, who, after in rows()]

    assert len(wanted) == 10
    assert [row for row in wanted if row not in shown] == []


def test_every_way_to_be_refused_is_a_case() -> None:
    reasons = {case["expect"].get("reason") for case in CASES}

    assert {str(it) for it in Reason} - {str(it) for it in NOT_SHOWN} - reasons == set()


def scope(policy: Json, name: str) -> Json:
    return next(it for it in policy["spec"]["scopes"] if it["name"] == name)


def swap(policy: Json) -> None:
    scopes = policy["spec"]["scopes"]
    scopes[0], scopes[1] = scopes[1], scopes[0]


def pool(policy: Json, name: str) -> Json:
    return policy["spec"]["worker"]["pools"][name]


BROKEN: dict[str, Callable[[Json], object]] = {
    "two scopes change places": swap,
    "frontends get the workers' Secret": lambda p: scope(p, "worker")["roles"].append("frontend"),
    "frontends get nothing": lambda p: scope(p, "shared")["roles"].remove("frontend"),
    "backends get nothing": lambda p: scope(p, "shared")["roles"].remove("backend"),
    "workers get no shared Secret": lambda p: scope(p, "shared")["roles"].remove("worker"),
    "the workers' scope is another Secret": lambda p: scope(p, "worker").update(
        envFrom=[{"secretRef": {"name": "other"}}]
    ),
    "a Secret becomes optional": lambda p: scope(p, "shared")["envFrom"][0]["secretRef"].update(
        optional=True
    ),
    "keys reach every container": lambda p: scope(p, "plugin-keys").pop("containers"),
    "keys reach sidecars": lambda p: p["spec"].update(containers={"exclude": ["none"]}),
    "keys reach frontends": lambda p: scope(p, "plugin-keys")["roles"].append("frontend"),
    "what is on request comes by itself": lambda p: scope(p, "ai-providers").pop("onRequest"),
    "any ServiceAccount may ask": lambda p: scope(p, "ai-providers").pop("serviceAccounts"),
    "a prefix is lost": lambda p: scope(p, "ai-providers")["envFrom"][0].pop("prefix"),
    "a pool is for every namespace": lambda p: pool(p, "tenant-a").pop("namespaces"),
    "a pool has another's Secret": lambda p: pool(p, "tenant-a").update(
        envSecretRef="tenant-b-llm"
    ),
    "a pool is switched off": lambda p: pool(p, "tenant-a").update(enabled=False),
    "a pool's Secret is managed no more": lambda p: p["spec"]["worker"]["pools"].pop("tenant-b"),
    "the default pool has a Secret": lambda p: pool(p, "default").update(envSecretRef="new"),
    "another role belongs to pools": lambda p: p["spec"]["worker"].update(role="frontend"),
    "unlisted pools are allowed": lambda p: p["spec"].update(guard={"unknownPool": "Allow"}),
    "unknown roles are refused": lambda p: p["spec"].update(guard={"unknownRole": "Deny"}),
    "shadowing is refused": lambda p: p["spec"].update(guard={"shadowing": "Deny"}),
    "other Secrets are refused": lambda p: p["spec"].update(guard={"unmanagedSecrets": "Deny"}),
    "nothing is enforced": lambda p: p["spec"].update(mode="DryRun"),
    "another namespace is covered": lambda p: p["spec"].update(namespaces=["noxus"]),
    "other labels hold the role": lambda p: p["spec"].update(identity={"roleLabels": ["app"]}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_policy_makes_cases_fail(name: str, tmp_path: Path) -> None:
    policy = yaml.safe_load(POLICY.read_text())
    BROKEN[name](policy)
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(policy, sort_keys=False))

    ran = run("test", SUITE, "--policy", file, "-o", "json")

    assert ran.err == ""
    assert ran.code == 1
    assert json.loads(ran.out)["failed"] > 0
