"""Runs an audit of a cluster as its user does, and counts once more without us."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.controlplane.plane import ControlPlane

ROOT = Path(__file__).parents[2]
KINDS = (
    "namespaces,pods,deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs,"
    "cronjobs,podtemplates"
)


@dataclass(frozen=True)
class Measured:
    """What an audit came to, and what it cost."""

    code: int
    report: dict[str, Any]
    err: str
    seconds: float
    megabytes: float  # of memory, at most


def audit(plane: ControlPlane, policy: Path, out: Path, *words: str) -> Measured:
    """Run `noxus-secrets audit -o json` in a process of its own."""
    command = [sys.executable, "-m", "webhook", "audit", "--policy", str(policy), "-o", "json"]
    began = time.monotonic()
    with out.open("w") as stdout, (out.parent / "stderr").open("w+") as stderr:
        process = subprocess.Popen(
            [*command, *words],
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        stderr.seek(0)
        err = stderr.read()
    text = out.read_text()
    report = json.loads(text) if text else {}
    return Measured(process.returncode, report, err, seconds, usage.ru_maxrss / 1024)


def counted(plane: ControlPlane, folder: Path) -> dict[str, int]:
    """Count what kubectl shows, by a script that knows nothing of our package.

    In processes of their own: the kernel adds to the memory of a child what its parent had.
    """
    objects = folder / "objects.json"
    kubectl = [plane._programs["kubectl"], "--kubeconfig", plane.kubeconfig]
    with objects.open("w") as out:
        subprocess.run([*kubectl, "get", KINDS, "-A", "-o", "json"], stdout=out, check=True)
    with objects.open() as text:
        done = subprocess.run(
            [sys.executable, Path(__file__).parent / "independent.py"],
            stdin=text,
            capture_output=True,
            text=True,
            check=True,
        )
    return dict(json.loads(done.stdout))


def stop_controllers(plane: ControlPlane) -> None:
    """Leave everything as it was written: no controller makes a pod, or removes one."""
    plane._stop("kube-controller-manager")
