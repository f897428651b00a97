"""Pods that say what they were given, the Secrets that they ask for, and the policy between them.

Every value is a canary: it says which Secret it came from, so that a process that prints it tells
who won. The program of every pod is Python from our own image: no cluster needs another one.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from tests.kind.cluster import Cluster

Json = Any

INJECTION: Final = "secrets.noxus.ai/injection"
CANARY: Final = "canary-of-"
# Prints the variables that hold a canary, on one line, and then does what its arguments say.
REPORT: Final = (
    "import json, os, sys, time; "
    f"print(json.dumps({{k: v for k, v in os.environ.items() if v.startswith('{CANARY}')}}), "
    "flush=True); "
    "time.sleep(float(sys.argv[1]))"
)
FOREVER: Final = "86400"
# Both are in several Secrets: the last source in envFrom wins.
SHARED: Final = {"LLM_KEY", "LOG_LEVEL"}
SECRETS: Final = {
    "app-env": {"APP_URL", *SHARED},
    "worker-env": {"QUEUE", *SHARED},
    "tenant-a-llm": {"LLM_KEY", "TENANT_A_ONLY"},
    "tenant-b-llm": {"LLM_KEY", "TENANT_B_ONLY"},
    "plugin-secrets": {"PLUGIN_SERVER_API_KEY", "PLUGIN_UNUSED"},
}

POLICY: Final[Json] = {
    "apiVersion": "secrets.noxus.ai/v1alpha1",
    "kind": "SecretInjectionPolicy",
    "metadata": {"name": "noxus"},
    "spec": {
        "scopes": [
            {
                "name": "shared",
                "roles": ["frontend", "backend", "worker", "relay", "plugin-server"],
                "envFrom": [{"secretRef": {"name": "app-env"}}],
            },
            {
                "name": "worker",
                "roles": ["worker"],
                "envFrom": [{"secretRef": {"name": "worker-env"}}],
            },
            {
                "name": "plugin-keys",
                "roles": ["backend", "plugin-server"],
                "env": [
                    {
                        "name": "PLUGIN_SERVER_API_KEY",
                        "valueFrom": {
                            "secretKeyRef": {
                                "name": "plugin-secrets",
                                "key": "PLUGIN_SERVER_API_KEY",
                            }
                        },
                    }
                ],
            },
        ],
        "worker": {
            "pools": {
                "tenant-a": {"envSecretRef": "tenant-a-llm"},
                "tenant-b": {"envSecretRef": "tenant-b-llm"},
                "default": {"envSecretRef": ""},
            }
        },
    },
}


def canary(secret: str, name: str) -> str:
    """Return the value of a variable in a Secret."""
    return f"{CANARY}{secret}-{name}"


def given(*secrets: str) -> dict[str, str]:
    """Return what a process sees that is given whole Secrets in this order: the last one wins."""
    return {name: canary(secret, name) for secret in secrets for name in SECRETS[secret]}


def secret(name: str) -> Json:
    """Return a Secret of canaries."""
    data = {key: canary(name, key) for key in SECRETS[name]}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def labels(role: str, pool: str | None = None) -> dict[str, str]:
    """Return the labels of a pod of this role, and of this pool."""
    return {"noxus.ai/role": role} | ({"noxus.ai/worker-pool": pool} if pool else {})


def container(image: str, name: str, *, seconds: str = FOREVER, **more: Any) -> Json:  # noqa: ANN401
    """Return a container that prints its canaries and then sleeps."""
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/venv/bin/python3", "-c", REPORT, seconds],
        **more,
    }


def pod_spec(image: str, **more: Any) -> Json:  # noqa: ANN401
    """Return the spec of a pod with one such container; more fields as in Kubernetes."""
    # Python has no handler for SIGTERM as the first process: it would wait for the grace to end.
    spec = {"containers": [container(image, "app")], "terminationGracePeriodSeconds": 0}
    return spec | more


@dataclass(frozen=True)
class Namespace:
    """A namespace of a test, with all the Secrets, in which the webhook is at work."""

    cluster: Cluster
    name: str

    def make(self, mode: str | None = "enabled", secrets: tuple[str, ...] = tuple(SECRETS)) -> None:
        """Make it; without a mode it does not take part."""
        metadata = {"name": self.name, "labels": {INJECTION: mode} if mode else {}}
        self.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.apply(*(secret(name) for name in secrets))

    def apply(self, *documents: Json) -> None:
        """Apply objects in it."""
        here = [it | {"metadata": {**it["metadata"], "namespace": self.name}} for it in documents]
        if here:
            self.cluster.apply(*here)

    def pod(self, name: str, labels: dict[str, str], **spec: Any) -> None:  # noqa: ANN401
        """Create a pod; fields of its spec over the usual ones."""
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": labels},
                "spec": pod_spec(self.cluster.image, **spec),
            }
        )

    def deployment(
        self,
        name: str,
        labels: dict[str, str],
        *,
        replicas: int = 1,
        **spec: Any,  # noqa: ANN401
    ) -> None:
        """Create a Deployment of such pods."""
        template = {"metadata": {"labels": {"app": name, **labels}}}
        template["spec"] = pod_spec(self.cluster.image, **spec)
        self.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name},
                "spec": {
                    "replicas": replicas,
                    "selector": {"matchLabels": {"app": name}},
                    "template": template,
                },
            }
        )

    def get(self, *arguments: str) -> Json:
        """Return what `kubectl get` finds in it."""
        return self.cluster.get("--namespace", self.name, *arguments)

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """Run kubectl in it."""
        return self.cluster.kubectl("--namespace", self.name, *arguments, check=check)

    def sees(self, pod: str, container: str = "app") -> dict[str, str]:
        """Return the canaries that the process of a container printed, once it has."""

        def printed() -> Json:
            text = self.kubectl("logs", pod, f"--container={container}", check=False)
            first = text.partition("\n")[0]
            return (json.loads(first),) if first.startswith("{") else None

        (canaries,) = self.cluster.wait_for(printed, f"word of {self.name}/{pod} {container}")
        return dict(canaries)

    def events(self, kind: str, name_prefix: str) -> list[tuple[str, str]]:
        """Return reason and text of the events of objects of a kind whose names begin so."""
        return [
            (event.get("reason", ""), event.get("message", ""))
            for event in self.get("events")["items"]
            if event["involvedObject"]["kind"] == kind
            and event["involvedObject"]["name"].startswith(name_prefix)
        ]
