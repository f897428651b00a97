"""The CustomResourceDefinition of PolicyReport, from the Go module of a program that ships it."""

import json
import subprocess
from pathlib import Path

from tests.controlplane import build
from tests.controlplane.build import BuildError

MODULE = "github.com/kyverno/kyverno"
FOLDER = Path(__file__).parent / "crd"


def policy_report_definition() -> Path:
    """Return the file, fetched once and checked against go.sum."""
    go = build.find_go(build.required_version(FOLDER, "go"))
    done = subprocess.run(
        [go, "mod", "download", "-json", MODULE],
        cwd=FOLDER,
        env=build._go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{MODULE} cannot be had:\n{done.stderr or done.stdout}")
    folder = Path(json.loads(done.stdout)["Dir"]) / "config" / "crds" / "policyreport"
    return folder / "wgpolicyk8s.io_policyreports.yaml"
