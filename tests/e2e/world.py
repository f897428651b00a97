"""What the tests have in common: policies, namespaces under them, and pods."""

import copy
import json
import subprocess
from dataclasses import dataclass
from typing import Any

import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, INJECTION, OK, ROOT

Json = Any

EXAMPLE: Json = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())
MUTATE = 'admission webhook "pods.enabled.mutate.secrets.noxus.ai" denied the request: '
VALIDATE = 'admission webhook "pods.enabled.validate.secrets.noxus.ai" denied the request: '
DEBUG_MUTATE = 'admission webhook "debug.enabled.mutate.secrets.noxus.ai" denied the request: '
DEBUG_VALIDATE = 'admission webhook "debug.enabled.validate.secrets.noxus.ai" denied the request: '


def policy(name: str, **spec: Any) -> Json:  # noqa: ANN401
    """Return the example policy, for namespaces whose names begin with that of the policy."""
    return for_namespaces(EXAMPLE, name, f"{name}-*") | {
        "spec": for_namespaces(EXAMPLE, name, f"{name}-*")["spec"] | spec
    }


def for_namespaces(document: Json, name: str, glob: str) -> Json:
    """Return a policy under another name, with `noxus` in every condition being other namespaces.

    What is meant for another namespace than `noxus` stays meant for another.
    """
    policy = copy.deepcopy(document)
    policy["metadata"]["name"] = name
    spec = policy["spec"]
    pools = (spec.get("worker") or {}).get("pools") or {}
    for conditions in (*(spec.get("scopes") or ()), *pools.values()):
        if conditions.get("namespaces"):
            there = [glob if it == "noxus" else it for it in conditions["namespaces"]]
            conditions["namespaces"] = there
    spec["namespaces"] = [glob]
    return policy


ROLLOUTS: Json = {
    "group": "argoproj.io",
    "kind": "Rollout",
    "resource": "rollouts",
    "templates": ["spec.template", "spec.parts.*.template"],
}
# What workers are given, if one of these deploys them.
VAULT: Json = {
    "name": "vault",
    "roles": ["worker"],
    "deployers": {"groups": ["noxus-deployers"], "serviceAccounts": ["pipelines/deployer"]},
    "envFrom": [{"secretRef": {"name": "vault-env"}}],
}

# In force from the start: the program looks at its files once a second, and a test that waited for
# a policy of its own would wait for two. Each test has a namespace of its own.
POLICIES: dict[str, Json] = {
    "standard": policy("standard"),
    "debugged": policy("debugged", containers={"ephemeral": "Inject"}),
    "strict": policy("strict", guard={"unmanagedSecrets": "Deny", "unknownRole": "Deny"}),
    "elsewhere": policy(
        "elsewhere",
        worker={"pools": {"tenant-a": {"envSecretRef": "tenant-a-llm", "namespaces": ["noxus"]}}},
    ),
    "observed": policy("observed", mode="DryRun"),
    "rollouts": policy("rollouts", workloads=[ROLLOUTS]),
    "reloaded": policy("reloaded", reload={"mode": "Annotate"}),
    "rolled": policy("rolled", reload={"mode": "Rollout", "quietSeconds": 2}),
    "entrusted": policy("entrusted", scopes=[*EXAMPLE["spec"]["scopes"][:1], VAULT], worker={}),
}


@dataclass(frozen=True)
class Namespace:
    """A namespace of a running control plane."""

    plane: ControlPlane
    name: str

    @property
    def pods(self) -> str:
        """The path of its pods."""
        return f"/api/v1/namespaces/{self.name}/pods"

    def create(self, pod: Json, *, query: str = "", **who: Any) -> Response:  # noqa: ANN401
        return self.plane.api("POST", self.pods + query, pod, **who)

    def created(self, pod: Json, **who: Any) -> Json:  # noqa: ANN401
        """Create a pod, which must be possible, and return it as it is stored."""
        answer = self.create(pod, **who)
        assert answer.status == CREATED, answer.message
        return self.read(answer.body["metadata"]["name"])

    def read(self, name: str) -> Json:
        answer = self.plane.api("GET", f"{self.pods}/{name}")
        assert answer.status == OK, answer.message
        return answer.body

    def listed(self) -> list[Json]:
        return list(self.plane.api("GET", self.pods).body["items"])

    def replace(self, pod: Json, part: str = "", **who: Any) -> Response:  # noqa: ANN401
        """Write a pod, or a part of it such as `ephemeralcontainers`."""
        path = f"{self.pods}/{pod['metadata']['name']}"
        return self.plane.api("PUT", f"{path}/{part}" if part else path, pod, **who)

    def debug(self, pod: Json, container: Json) -> Response:
        """Add an ephemeral container."""
        changed = copy.deepcopy(pod)
        changed["spec"].setdefault("ephemeralContainers", []).append(container)
        return self.replace(changed, "ephemeralcontainers")

    def opt_in(self) -> None:
        """Label the namespace, and return when the API server goes by it."""
        body = {"metadata": {"labels": {INJECTION: "enabled"}}}
        answer = self.plane.api(
            "PATCH",
            f"/api/v1/namespaces/{self.name}",
            body,
            content_type="application/merge-patch+json",
        )
        assert answer.status == OK, answer.message

        def injected() -> bool:
            answer = self.create(frontend(metadata={"name": "probe"}), query="?dryRun=All")
            # Learnt between the two hooks, the label has the second refuse what the first missed.
            return answer.status == CREATED and any(sources(answer.body).values())

        self.plane.wait_for(injected, "injection after the opt-in")

    def kubectl(self, verb: str, *arguments: str, stdin: Json) -> subprocess.CompletedProcess[str]:
        """Run kubectl on an object."""
        words = ("--namespace", self.name, verb, *arguments, "-f-")
        return self.plane.kubectl(*words, stdin=json.dumps(stdin), check=False)

    def account(self, name: str) -> None:
        """Make a ServiceAccount, without which no pod of its is accepted."""
        path = f"/api/v1/namespaces/{self.name}/serviceaccounts"
        answer = self.plane.api("POST", path, {"metadata": {"name": name}})
        assert answer.status == CREATED, answer.message

    def apply(self, *documents: Json) -> None:
        text = "\n---\n".join(json.dumps(document) for document in documents)
        self.plane.kubectl("--namespace", self.name, "apply", "-f-", stdin=text)


def container(name: str = "app", *secrets: str, **fields: Any) -> Json:  # noqa: ANN401
    """A container that reads whole Secrets."""
    made: Json = {"name": name, "image": "example/app:1", **fields}
    if secrets:
        made["envFrom"] = [secret(it) for it in secrets] + fields.get("envFrom", [])
    return made


def debugger(name: str = "debug", *secrets: str, **fields: Any) -> Json:  # noqa: ANN401
    """An ephemeral container; the two policies are defaults that the server would add."""
    added = {"terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}
    return container(name, *secrets, **(added | fields))


def secret(name: str, **more: Any) -> Json:  # noqa: ANN401
    """An element of envFrom."""
    return {"secretRef": {"name": name}, **more}


def config_map(name: str) -> Json:
    """An element of envFrom."""
    return {"configMapRef": {"name": name}}


def labels(role: str | None, pool: str | None = None) -> dict[str, str]:
    given = {"noxus.ai/role": role, "noxus.ai/worker-pool": pool}
    return {key: value for key, value in given.items() if value is not None}


def pod(
    role: str | None = None,
    pool: str | None = None,
    *containers: Json,
    metadata: Json | None = None,
    **spec: Any,  # noqa: ANN401
) -> Json:
    """A pod named `one` unless `metadata` says another name."""
    meta = {"name": "one", "labels": labels(role, pool), **(metadata or {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"containers": list(containers) or [container()], **spec},
    }


def frontend(*containers: Json, **more: Any) -> Json:  # noqa: ANN401
    return pod("frontend", None, *containers, **more)


def worker(*containers: Json, pool: str | None = "tenant-a", **more: Any) -> Json:  # noqa: ANN401
    return pod("worker", pool, *containers, **more)


def sources(pod: Json) -> dict[str, list[str]]:
    """Return the names of what each container reads by envFrom, in order."""
    return {
        it["name"]: [
            (element.get("secretRef") or element["configMapRef"])["name"]
            for element in it.get("envFrom") or ()
        ]
        for members in ("initContainers", "containers", "ephemeralContainers")
        for it in pod["spec"].get(members) or ()
    }


def not_entitled(reader: str, name: str, field: str, scope: str, why: str, way_out: str) -> str:
    """The sentence about a Secret that a pod may not read."""
    return (
        f"{reader} may not read Secret {name!r} ({field}): it belongs to {scope}, and {why}; "
        f"remove it, or {way_out}"
    )


def frontend_reads_worker_env(field: str, reader: str = "container 'app'") -> str:
    return not_entitled(
        reader,
        "worker-env",
        field,
        "scope 'worker'",
        "role frontend is not entitled to it (only worker)",
        "have the policy's owner add role frontend to it",
    )
