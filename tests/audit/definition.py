"""The CustomResourceDefinition of PolicyReport, from the Go module of a program that ships it."""

from pathlib import Path

from tests.controlplane import build

MODULE = "github.com/kyverno/kyverno"
FOLDER = Path(__file__).parent / "crd"


def policy_report_definition() -> Path:
    """Return the file, fetched once and checked against go.sum."""
    folder = build.module_source(FOLDER, MODULE) / "config" / "crds" / "policyreport"
    return folder / "wgpolicyk8s.io_policyreports.yaml"
