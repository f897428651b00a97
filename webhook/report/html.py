"""The pages of `audit -o html` and `plan -o html`: each one file, readable without a network."""

from webhook.audit.changes import Plan
from webhook.audit.report import Report
from webhook.report.pages.audit import audit_body
from webhook.report.pages.markup import el, names
from webhook.report.pages.plan import plan_body
from webhook.report.pages.rotation import rotation_body
from webhook.report.pages.shell import Occasion, footing, heading, page
from webhook.rotation.report import RotationReport

__all__ = ["Occasion", "audit_page", "plan_page", "rotation_page"]


def audit_page(report: Report, occasion: Occasion) -> str:
    """Return the whole page of an audit, a few kilobytes per workload."""
    policies = names(policy.name for policy in report.policies)
    about = ("policy ", policies) if report.policies else "no policy"
    body = (
        heading("Who reads which Secrets", about, occasion),
        el("main", audit_body(report)),
        footing(occasion),
    )
    return page(f"Audit of {occasion.subject}", body)


def rotation_page(report: RotationReport, occasion: Occasion) -> str:
    """Return the whole page of `audit --rotation`."""
    body = (
        heading("When Secrets are to be rotated", "by their metadata alone", occasion),
        el("main", rotation_body(report)),
        footing(occasion),
    )
    return page(f"Rotation in {occasion.subject}", body)


def plan_page(plan: Plan, occasion: Occasion) -> str:
    """Return the whole page of a plan."""
    about = ("from ", names((plan.before,)), " to ", names((plan.after,)))
    body = (
        heading("What another policy would change", about, occasion),
        el("main", plan_body(plan)),
        footing(occasion),
    )
    return page(f"Plan from {plan.before} to {plan.after}", body)
