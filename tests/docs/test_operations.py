"""docs/operations.md and docs/metrics.md say what is so."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability import kit
from tools import metrics_reference
from webhook.__main__ import parser
from webhook.cluster.tls_secret import ROTATE
from webhook.core.decision import Reason
from webhook.telemetry.cluster_metrics import API_USES

Json = Any

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
BASE = ROOT / "manifests" / "base"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
METRIC = re.compile(r"\b(?:noxus_secrets|process)_[a-z_]+\b")


def slug(heading: str) -> str:
    """Return the anchor that a heading is given on the web."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without their backticks."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in line.split("|")[1:-1]] for line in lines[2:]]


def rights() -> set[tuple[str, str, str]]:
    """Return what the manifests allow our ServiceAccount, as the page says it."""
    found = set()
    for file in ("16-rbac.yaml", "17-rbac-certificates.yaml"):
        for role in yaml.safe_load_all((BASE / file).read_text()):
            for rule in role.get("rules", []):
                (group,) = rule["apiGroups"]
                what = ", ".join(".".join(filter(None, (it, group))) for it in rule["resources"])
                names = rule.get("resourceNames", [])
                what += f" named {', '.join(names)}" if names else ""
                where = "cluster" if role["kind"] == "ClusterRole" else "noxus-secrets"
                found.add((", ".join(rule["verbs"]), what, where))
    return found


def test_every_alert_has_its_section_and_no_other_is_told_of() -> None:
    told = re.findall(r"^### (NoxusSecrets\w+)$", PAGE, re.MULTILINE)

    assert sorted(told) == sorted(kit.alerts())


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = {slug(it) for it in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    pointers = {it["annotations"]["runbook"].partition("#")[2] for it in kit.alerts().values()}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) - headings == set()
    assert pointers - headings == set()


@pytest.mark.parametrize(
    "file",
    [ROOT / "docs" / "operations.md", kit.RULE_FILE, kit.DASHBOARD_FILE],
    ids=lambda file: file.name,
)
def test_every_metric_that_is_named_exists(file: Path) -> None:
    named = set(METRIC.findall(file.read_text()))

    assert named
    assert named - metrics_reference.names() - set(kit.of_commands()) == set()


def test_every_metric_of_ours_is_shown_on_the_dashboard() -> None:
    shown = set(METRIC.findall(kit.DASHBOARD_FILE.read_text()))
    every = {name for name in metrics_reference.names() if name.startswith("noxus_secrets_")}

    # Of a histogram the buckets are shown, of which the other two are sums.
    assert {name for name in every - shown if not name.endswith(("_sum", "_count"))} == set()


def test_the_page_of_the_metrics_is_what_the_registry_says() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text()

    assert written == metrics_reference.reference(), (
        "run: python -m tools.metrics_reference > docs/metrics.md"
    )


def test_the_table_of_rights_is_what_the_manifests_allow() -> None:
    assert {
        (may, on, where) for may, on, where, _why in rows("What the webhook may do")
    } == rights()


def test_the_sizes_are_those_of_the_deployment() -> None:
    deployment = yaml.safe_load((BASE / "40-deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    resources = container["resources"]
    said = {what: how_much for what, how_much, _where in rows("Sizing")}

    assert said["CPU request"] == resources["requests"]["cpu"]
    assert said["CPU limit"] == resources["limits"].get("cpu", "none")
    assert said["memory request"] == resources["requests"]["memory"]
    assert said["memory limit"] == resources["limits"]["memory"]
    assert said["replicas"] == str(deployment["spec"]["replicas"])


def test_every_command_of_ours_takes_the_flags_that_are_given() -> None:
    lines = [line for block in CONSOLE.findall(PAGE) for line in block.splitlines()]
    called = re.findall(r"(?:^\$|\|) (noxus-secrets [a-z][^|>\n]*)", "\n".join(lines), re.MULTILINE)
    called += re.findall(r"`(noxus-secrets [a-z]+ [^`]+)`", PAGE)

    for text in called:
        words = shlex.split(text)[1:]
        parser(words[:1]).parse_args(words)  # exits where it does not take them
    assert len(called) >= 4


def test_each_use_of_the_api_server_is_told_what_does_not_happen_without() -> None:
    section = PAGE.split("\n### NoxusSecretsApiErrors\n")[1].split("\n### ")[0]

    assert re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE) == list(API_USES)


def test_a_rotation_is_asked_for_as_the_leader_understands_it() -> None:
    assert set(re.findall(r"(\S+/rotate)=(leaf|ca)", PAGE)) == {(ROTATE, "leaf"), (ROTATE, "ca")}


def test_the_reasons_that_are_named_exist() -> None:
    named = set(re.findall(r'reason == \\?"(\w+)\\?"', PAGE))

    assert named
    assert named <= {str(reason) for reason in Reason}


def test_the_figures_of_the_drills_have_their_place() -> None:
    assert PAGE.count("<!-- drills -->") == 1
    assert PAGE.index("## Drills") < PAGE.index("<!-- drills -->") < PAGE.index("<!-- /drills -->")
