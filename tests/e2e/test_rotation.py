"""The age of Secrets as a real API server notes it, and what may be asked for it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, ROOT
from tests.e2e.world import POLICIES

Json = Any
pytestmark = pytest.mark.cluster
CANARY = "QXZJKVW7-QXJZWVK7"


def audit(plane: ControlPlane, policy: Path, namespace: str) -> dict[str, Json]:
    words = [sys.executable, "-m", "webhook", "audit", "--rotation", "--policy", str(policy)]
    done = subprocess.run(
        [*words, "-n", namespace, "-o", "json"],
        cwd=ROOT,
        env={**os.environ, "KUBECONFIG": str(plane.kubeconfig)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert CANARY not in done.stdout
    return {it["name"]: it for it in json.loads(done.stdout)["secrets"]}


def test_only_a_change_of_the_data_makes_a_secret_younger(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    namespace = control_plane.namespace("rotation", {INJECTION: "enabled"})
    policy = tmp_path / "policy.yaml"
    spec = {**POLICIES["standard"]["spec"], "namespaces": [namespace]}
    policy.write_text(yaml.safe_dump({**POLICIES["standard"], "spec": spec}))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "app-env", "namespace": namespace},
        "stringData": {"A": CANARY},
    }
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    first = audit(control_plane, policy, namespace)
    time.sleep(1.1)  # times of managedFields have whole seconds

    of_it = ("-n", namespace, "secret", "app-env")
    control_plane.kubectl("label", *of_it, "team=one")
    labelled = audit(control_plane, policy, namespace)
    patch = json.dumps({"stringData": {"A": f"{CANARY}2"}})
    control_plane.kubectl("patch", *of_it, "--type=merge", "-p", patch)
    changed = audit(control_plane, policy, namespace)

    assert first["app-env"]["basis"] == "data"
    assert labelled["app-env"]["changed"] == first["app-env"]["changed"]
    assert changed["app-env"]["changed"] > first["app-env"]["changed"]
    assert changed["worker-env"]["state"] == "missing"
