"""The alerts and the dashboard as they are installed, and the expressions in them."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from webhook.core.policy_upkeep import Risk
from webhook.report.exposition import write_rotation_metrics
from webhook.rotation.limits import Limit
from webhook.rotation.report import Held, rotation_report

Json = Any

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "manifests" / "components"
RULE_FILE = COMPONENTS / "prometheus" / "prometheusrule.yaml"
DASHBOARD_FILE = COMPONENTS / "grafana" / "noxus-secrets.json"
UNIT_TESTS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))

# What Grafana puts in for its variables: all of our replicas, and a window of a few scrapes.
VARIABLES = {"$__rate_interval": "5s", "$__range": "1m", "$pod": ".*"}


@dataclass(frozen=True)
class Query:
    """One expression of a panel."""

    panel: str
    expression: str  # with Grafana's variables in it

    def __str__(self) -> str:
        return self.panel

    @property
    def promql(self) -> str:
        """The expression as Prometheus gets it."""
        text = self.expression
        for name, value in VARIABLES.items():
            text = text.replace(name, value)
        return text


def rule_groups() -> Json:
    """Return the PrometheusRule as a rule file of Prometheus."""
    return {"groups": yaml.safe_load(RULE_FILE.read_text())["spec"]["groups"]}


def alerts() -> dict[str, Json]:
    """Return the alerts by name."""
    return {rule["alert"]: rule for group in rule_groups()["groups"] for rule in group["rules"]}


def write_rules(folder: Path) -> Path:
    """Write the rule file that the unit tests name."""
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(rule_groups(), sort_keys=False))
    return path


def dashboard() -> Json:
    """Return the dashboard."""
    return json.loads(DASHBOARD_FILE.read_text())


def panels() -> list[Json]:
    """Return its panels, headings of rows left out."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """Return every expression of the dashboard."""
    return [
        Query(f"{panel['title']} {target['refId']}", target["expr"])
        for panel in panels()
        for target in panel.get("targets", [])
    ]


def page_queries() -> list[str]:
    """Return the queries of docs/operations.md: the last column of its last table."""
    section = (
        (ROOT / "docs" / "operations.md").read_text().split("\n## How to read the metrics\n")[1]
    )
    return re.findall(r"\| `(.+)` \|$", section, re.MULTILINE)


def selectors(tree: Json) -> Iterator[str]:
    """Find the series that an expression reads, in the tree that Prometheus parsed it to.

    Offsets and windows are left out: they ask for another moment of the same series.
    """
    if isinstance(tree, list):
        for each in tree:
            yield from selectors(each)
    elif isinstance(tree, dict):
        if tree.get("type") in {"vectorSelector", "matrixSelector"}:
            matchers = ", ".join(
                f"{it['name']}{it['type']}{json.dumps(it['value'])}" for it in tree["matchers"]
            )
            yield f"{{{matchers}}}"
        for each in tree.values():
            yield from selectors(each)


def of_commands() -> list[str]:
    """Return the series that no server exports: commands write them for whoever collects them."""
    limit = Limit("app-env", ("shared",), Risk.HIGH, 30)
    held = Held("noxus", limit, {"creationTimestamp": "2026-01-01T00:00:00Z"})
    out = io.StringIO()
    write_rotation_metrics(rotation_report([held], [], at=datetime.now(UTC)), out)
    return [line.split()[2] for line in out.getvalue().splitlines() if line.startswith("# TYPE")]
