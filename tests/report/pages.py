"""The pages that the tests look at."""

from pathlib import Path

from tests.audit.example import PLAN, REPORT
from tests.report import clusters
from webhook.audit.report import Report
from webhook.report.html import Occasion, audit_page, plan_page

OCCASION = Occasion("context kind-noxus", "2026-11-24T12:00:00Z", "noxus-secrets 0.1.0")


def example() -> str:
    return audit_page(REPORT, OCCASION)


def audit(report: Report) -> str:
    return audit_page(report, OCCASION)


def trial() -> str:
    return audit(clusters.trial())


def plan() -> str:
    return plan_page(PLAN, OCCASION)


def written(page: str, folder: Path) -> str:
    """Put a page into a file, and return the address of it."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    return file.as_uri()
