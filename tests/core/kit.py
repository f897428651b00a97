"""What the tests of the core share: policies and pods written as people write them, and asking."""

import json
from collections.abc import Sequence
from functools import lru_cache
from textwrap import dedent, indent
from typing import Any

import jsonpatch
import msgspec

from webhook.core.compile import compile_policy
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Deny, Mutate
from webhook.core.patch import Operation
from webhook.core.pod import Pod
from webhook.core.policy import Policy
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest
from webhook.core.tables import CompiledPolicy
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_text

Json = Any

CIRCLES = """
scopes:
  - name: shared
    roles: [frontend, backend, worker]
    envFrom: [{secretRef: {name: app-env}}]
  - name: worker
    roles: [worker]
    envFrom: [{secretRef: {name: worker-env}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm, namespaces: [noxus]}
    tenant-b: {envSecretRef: tenant-b-llm, namespaces: [noxus]}
"""


def text(spec: str, name: str = "noxus") -> str:
    """Return a policy file, given the YAML of its spec."""
    head = "apiVersion: secrets.noxus.ai/v1alpha1\nkind: SecretInjectionPolicy\n"
    return f"{head}metadata: {{name: {name}}}\nspec:\n{indent(dedent(spec).strip(), '  ')}\n"


def model(spec: str) -> Policy:
    return load_text(text(spec)).sources[0].policy


@lru_cache  # hundreds of tests ask the same few policies, and none can change them
def policy(spec: str) -> CompiledPolicy:
    return compile_policy(model(spec))


def pod(obj: Json) -> Pod:
    return msgspec.json.decode(json.dumps(obj), type=Pod)


def labelled(labels: dict[str, str], spec: Json = None, annotations: Json = None) -> Json:
    """Return a pod with some labels; without a spec it has one container, `main`."""
    return {
        "metadata": {"name": "pod", "labels": labels, "annotations": annotations},
        "spec": spec or {"containers": [{"name": "main"}]},
    }


def of_role(role: str, spec: Json = None, *, pool: str = "", annotations: Json = None) -> Json:
    labels = {"noxus.ai/role": role} | ({"noxus.ai/worker-pool": pool} if pool else {})
    return labelled(labels, spec, annotations)


def secret(name: str, prefix: str = "", *, optional: bool = False) -> Json:
    reference = {"name": name, "optional": True} if optional else {"name": name}
    return {"prefix": prefix, "secretRef": reference} if prefix else {"secretRef": reference}


def key_of(name: str, key: str, variable: str = "X") -> Json:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def ask(
    spec: str,
    obj: Json,
    *,
    old: Json = None,
    hook: Hook = Hook.MUTATE,
    mode: NamespaceMode = NamespaceMode.ENABLED,
    namespace: str = "noxus",
    groups: tuple[str, ...] = (),
) -> Decision:
    request = AdmissionRequest(
        hook=hook,
        mode=mode,
        namespace=namespace,
        operation="UPDATE" if old is not None else "CREATE",
        pod=pod(obj),
        old=pod(old) if old is not None else None,
        groups=groups,
    )
    return decide(request, PolicySet([policy(spec)]))


def plain(operations: Sequence[Operation]) -> list[Json]:
    """Return operations as the JSON that the wire carries."""
    decoded: list[Json] = json.loads(msgspec.json.encode(operations))
    return decoded


def patched(obj: Json, decision: Decision) -> Json:
    """Return an object as the API server would store it."""
    assert isinstance(decision, Allow | Mutate)
    operations = decision.patch if isinstance(decision, Mutate) else ()
    return jsonpatch.apply_patch(obj, plain(operations))


def refusals(decision: Decision) -> list[str]:
    assert isinstance(decision, Deny)
    return [finding.message for finding in decision.refusals]
