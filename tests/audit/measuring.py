"""Runs an audit of a cluster as its user does, and counts once more without us."""

import json
import os
import re
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

# A page of 500 objects takes longer to read, and what was the most stays the most.
LOOK_EVERY = 0.01  # seconds


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
        megabytes = 0.0
        while process.poll() is None:
            megabytes = max(megabytes, _at_most(process.pid))
            time.sleep(LOOK_EVERY)
        seconds = time.monotonic() - began
        stderr.seek(0)
        err = stderr.read()
    text = out.read_text()
    report = json.loads(text) if text else {}
    return Measured(process.returncode, report, err, seconds, megabytes)


def _at_most(pid: int) -> float:
    """Read how much memory a process has had at most, in MB; 0 where it has ended.

    What the kernel says of it afterwards counts the memory of its parent, too.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


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
