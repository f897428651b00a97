"""`make cluster`: the webhook behind a real API server, with a kubeconfig to play with."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.controlplane import build
from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ControlPlaneError
from tests.e2e.harness import Webhook, register
from tools import demo

FOLDER = Path(".cache/cluster")
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata:
  name: noxus
  labels: {secrets.noxus.ai/injection: enabled}
"""
COLUMNS = "custom-columns=POD:.metadata.name,ENVFROM:.spec.containers[*].envFrom[*].secretRef.name"


def main() -> int:
    """Start everything, apply the examples, show what was stored; returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything ends with us
    demo.say("etcd, kube-apiserver, kube-controller-manager and kubectl")
    build.programs()
    try:
        _play()
    except ControlPlaneError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _play() -> None:
    policy = demo.POLICY.read_text()
    certificates = FOLDER / "webhook"
    with ControlPlane(FOLDER / "plane") as plane, Webhook([policy], folder=certificates) as webhook:
        register(plane, webhook)
        kubeconfig = plane.kubeconfig.resolve()
        kubectl = Kubectl(build.programs()["kubectl"], kubeconfig)
        demo.say(f"A namespace that takes part, and the examples, under {demo.POLICY}")
        kubectl.run("apply", "-f-", stdin=NAMESPACE)
        kubectl.run("delete", "--ignore-not-found", "deploy,pods", "--all", "-n", "noxus")
        kubectl.run("apply", "-f", *(",".join(map(str, demo.PODS)),))
        kubectl.run("apply", "-f", "examples/deployments")
        kubectl.run("-n", "noxus", "get", "pods", "-o", COLUMNS)
        demo.say("Still there. Play with it from another terminal:")
        print(f"  export KUBECONFIG={shlex.quote(os.path.relpath(kubeconfig))}")
        print(f"  {os.path.relpath(kubectl.program)} -n noxus get pods -o yaml")
        print(f"The policy is {os.path.relpath(webhook.policies)}/0001.yaml: edit it, it is read")
        print("again within a second. Pods are stored and not run. Ctrl-C stops.", flush=True)
        signal.pause()


class Kubectl:
    """Shows a kubectl command and runs it."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self.program = program
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}

    def run(self, *words: str, stdin: str = "") -> int:
        """Run it with its output on ours; a refusal is something to see, not a failure."""
        print(f"$ kubectl {shlex.join(words)}", flush=True)
        done = subprocess.run(  # noqa: S603 - the program that we built
            [self.program, *words], env=self._environment, input=stdin, text=True, check=False
        )
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
