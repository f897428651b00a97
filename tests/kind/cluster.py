"""A running cluster as the tests use it: kubectl, and waiting for what it says."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.e2e.engine import ROOT, Engine

Json = Any
T = TypeVar("T")

OVERLAY = ROOT / "manifests" / "overlays" / "kind"
OWN = "noxus-secrets"
DEPLOYMENT = "deployment/noxus-secret-webhook"
IMAGE_IN_OVERLAY = "noxus-secret-webhook:dev"
# Ten times what an idle machine of two cores needs; a busy one is no reason to fail.
WAIT_SECONDS = 120.0


class ClusterError(Exception):
    """The cluster does not do what it should; the message ends with what it said."""


@dataclass(frozen=True)
class Node:
    """The one node of a kind cluster of ours: a container."""

    engine: Engine
    name: str

    def restart(self) -> None:
        """Do what a power cut and the power's return do to a machine."""
        self.engine.docker("restart", "--time=0", self.name)


@dataclass(frozen=True)
class Cluster:
    """A cluster, how it is reached, and the name that our image has in it."""

    kubectl_program: Path
    kubeconfig: Path
    image: str
    node: Node | None = None  # None: not ours to restart or drain

    def kubectl(self, *arguments: str | Path, stdin: str = "", check: bool = True) -> str:
        """Run kubectl and return what it printed; with `check` off, its errors too."""
        done = subprocess.run(
            [self.kubectl_program, f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            words = " ".join(str(argument) for argument in arguments)
            raise ClusterError(f"kubectl {words}: {done.stderr.strip()}")
        return done.stdout if check else done.stdout + done.stderr

    def apply(self, *documents: Json) -> None:
        """Apply objects."""
        text = yaml.safe_dump_all(documents)
        self.kubectl("apply", "--server-side", "-f-", stdin=text)

    def get(self, *arguments: str) -> Json:
        """Return what `kubectl get` finds, as JSON."""
        return json.loads(self.kubectl("get", "--output=json", *arguments))

    def items(self, *arguments: str) -> list[Json]:
        """Return the objects of a list."""
        return list(self.get(*arguments)["items"])

    def install(self) -> None:
        """Apply our manifests as a user would, and wait until all replicas are ready.

        Where they were there before, the replicas start anew: the image may be another one.
        """
        found = ("get", DEPLOYMENT, "--namespace", OWN, "--ignore-not-found", "--output=name")
        before = self.kubectl(*found)
        self.kubectl("apply", "--server-side", "-f-", stdin=self.manifests())
        if before:
            self.kubectl("--namespace", OWN, "rollout", "restart", DEPLOYMENT)
        self.rolled_out()

    def manifests(self) -> str:
        """Return the overlay for kind, with the name that our image has here."""
        return self.kubectl("kustomize", OVERLAY).replace(IMAGE_IN_OVERLAY, self.image)

    def rolled_out(self, *, timeout: float = WAIT_SECONDS) -> None:
        """Wait until all our replicas are ready and of the newest template."""
        self.kubectl(
            "--namespace", OWN, "rollout", "status", DEPLOYMENT, f"--timeout={timeout:.0f}s"
        )

    def wait_for(
        self, probe: Callable[[], T | None], what: str, *, timeout: float = WAIT_SECONDS
    ) -> T:
        """Return what the probe finds, once it finds something; show the cluster if it does not."""
        end = time.monotonic() + timeout
        while not (found := probe()):
            if time.monotonic() > end:
                raise ClusterError(f"no {what} after {timeout:g} s\n{self.describe()}")
            time.sleep(0.3)
        return found

    def describe(self) -> str:
        """Say what runs and what happened last, for people who read a failure."""
        pods = self.kubectl("get", "pods", "--all-namespaces", check=False)
        events = self.kubectl(
            "get", "events", "--all-namespaces", "--sort-by=.lastTimestamp", check=False
        )
        own = ("--namespace", OWN, "logs", DEPLOYMENT, "--all-pods", "--prefix", "--tail=3")
        last = "\n".join(events.splitlines()[-15:])
        return f"{pods}\n{last}\n{self.kubectl(*own, check=False)}"
