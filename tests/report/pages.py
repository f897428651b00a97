"""The pages that the tests look at."""

from dataclasses import replace
from pathlib import Path

from tests.audit.example import PLAN, REPORT
from tests.report import clusters
from webhook.audit.report import Report
from webhook.flows.environment import known
from webhook.flows.readers import of_audit
from webhook.flows.report import Flow, Use, flows_report
from webhook.report.html import Occasion, audit_page, plan_page

OCCASION = Occasion("context kind-noxus", "2026-11-24T12:00:00Z", "noxus-secrets 0.1.0")


def example() -> str:
    return audit_page(REPORT, OCCASION)


def audit(report: Report) -> str:
    return audit_page(report, OCCASION)


def trial() -> str:
    return audit(clusters.trial())


def flows() -> str:
    """Return the page of an audit that was also asked what flows read."""
    report = clusters.trial()
    workers = [it for it in report.workloads if it.role == "worker" and not it.outside]
    keys = {"worker-env": frozenset({"CRM_TOKEN"}), "app-env": frozenset({"REDIS_URL"})}
    readers = [replace(it, layers=known(it.layers, keys)) for it in of_audit(workers)]
    names = (
        "CRM_TOKEN",
        "LLM_KEY",
        "NO_SUCH_NAME_AND_A_LONG_ONE_TOO",
        *(f"N{i}" for i in range(9)),
    )
    reads = tuple((name, Use(f"flows/{i}.json", i, "a.b")) for i, name in enumerate(names))
    wrong = ((Use("flows/wrong.json", 7, "nodes[0].key"), "names no variable"),)
    found = flows_report(
        [Flow("flows/all.json", reads, wrong)],
        readers,
        credentials=["REDIS_URL"],
        unreadable=["flows/broken.json:1: not YAML"],
    )
    return audit(replace(report, flows=found))


def plan() -> str:
    return plan_page(PLAN, OCCASION)


def written(page: str, folder: Path) -> str:
    """Put a page into a file, and return the address of it."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    return file.as_uri()
