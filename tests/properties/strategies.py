"""Hypothesis strategies: a scenario is a policy file, a request in its envelope, and who asks."""

import copy
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.properties.names import NAMESPACES, POOLS, ROLES
from tests.properties.oracle import service_account_of
from tests.properties.oracle_entitlement import Entitlement
from tests.properties.oracle_identity import identify
from tests.properties.oracle_policy import Json, governing
from tests.properties.pods import Draft, container, pod
from tests.properties.policies import several_policies
from tests.properties.tape import Tape
from tests.properties.users import user
from webhook.core.words import Hook, NamespaceMode

TAPE_LENGTH = 440  # nine of ten scenarios need less; the rest end plainly
ENABLED, DRY_RUN = NamespaceMode.ENABLED, NamespaceMode.DRY_RUN


@dataclass(frozen=True, repr=False)
class Scenario:
    """Everything that an answer depends on."""

    policies: list[Json]
    hook: Hook
    mode: NamespaceMode
    review: Json

    @property
    def request(self) -> Json:
        request: Json = self.review["request"]
        return request

    @cached_property
    def policy_text(self) -> str:
        return yaml.dump_all(self.policies, Dumper=yaml.CSafeDumper, sort_keys=False)

    def __repr__(self) -> str:
        """What somebody needs who wants to see the failure with their own eyes."""
        request = json.dumps(self.review["request"], ensure_ascii=False)
        return (
            f"{self.hook} {self.mode}\n--- policy.yaml\n{self.policy_text}--- request\n{request}\n"
        )


def tapes(length: int = TAPE_LENGTH) -> st.SearchStrategy[Tape]:
    return st.binary(min_size=length, max_size=length).map(Tape)


def creations(
    hooks: tuple[Hook, ...] = (Hook.MUTATE,), modes: tuple[NamespaceMode, ...] = (ENABLED,)
) -> st.SearchStrategy[Scenario]:
    """A pod is created."""
    return tapes().map(lambda tape: creation(tape, tape.pick(hooks), tape.pick(modes)))


def scenarios(
    hooks: tuple[Hook, ...] = (Hook.MUTATE,), modes: tuple[NamespaceMode, ...] = (ENABLED,)
) -> st.SearchStrategy[Scenario]:
    """Either: mostly creations."""

    def build(tape: Tape) -> Scenario:
        make = ephemeral_update if tape.chance(25) else creation
        return make(tape, tape.pick(hooks), tape.pick(modes))

    return tapes().map(build)


def creation(tape: Tape, hook: Hook, mode: NamespaceMode, *, greedy: int = 25) -> Scenario:
    policies = several_policies(tape)
    namespace, who = a_namespace(tape), user(tape)
    created = pod(tape, policies, namespace, greedy)
    return Scenario(policies, hook, mode, envelope(tape, namespace, created, None, who=who))


def a_namespace(tape: Tape) -> str:
    return tape.pick((*NAMESPACES[:1] * 4, *NAMESPACES))


def ephemeral_update(tape: Tape, hook: Hook, mode: NamespaceMode, *, greedy: int = 25) -> Scenario:
    policies = several_policies(tape)
    namespace, who = a_namespace(tape), user(tape)
    if tape.chance(60):
        for document in policies:
            document["spec"].setdefault("containers", {})["ephemeral"] = "Inject"
    old = pod(tape, policies, namespace, greedy)
    # The annotation of a mirror pod is for creations; a debug container is nobody's mirror.
    (old["metadata"].get("annotations") or {}).pop("kubernetes.io/config.mirror", None)
    new = copy.deepcopy(old)
    spec = governing(policies, namespace) or policies[0]["spec"]
    labels = old["metadata"].get("labels") or {}
    entitlement = Entitlement(
        spec,
        identify(spec, labels),
        namespace,
        service_account_of(old),
        old["metadata"].get("annotations") or {},
    )
    draft = Draft(tape, spec, entitlement, tape.chance(greedy))
    there = list(new["spec"].get("ephemeralContainers") or [])
    if there and tape.chance(20):
        # Kubernetes lets nobody change one; that it is another must show in what we know of it.
        there[0] = container(draft, there[0]["name"], new["spec"].get("volumes") or [])
        there[0]["env"] = [*(there[0].get("env") or []), {"name": "CHANGED", "value": "x"}]
    names = tape.some(("debug-1", "debug-2", "api-debug", "side-car"), least=1, most=2)
    there += [container(draft, it, new["spec"].get("volumes") or []) for it in names]
    new["spec"]["ephemeralContainers"] = there
    if tape.chance(15):
        # Whoever adds the container may not become somebody else by it.
        forged = {"noxus.ai/role": tape.pick(ROLES), "noxus.ai/worker-pool": tape.pick(POOLS)}
        new["metadata"]["labels"] = {**labels, **forged}
    part = {"subResource": "ephemeralcontainers", "requestSubResource": "ephemeralcontainers"}
    review = envelope(tape, namespace, new, old, who=who, **part)
    return Scenario(policies, hook, mode, review)


def envelope(
    tape: Tape,
    namespace: str,
    new: Json,
    old: Json | None,
    *,
    who: Json,
    **fields: Any,  # noqa: ANN401 — any JSON
) -> Json:
    """The AdmissionReview around it: of a pod, unless `fields` of the request say otherwise."""
    operation = "CREATE" if old is None else "UPDATE"
    resource = fields.get("resource", {"group": "", "version": "v1", "resource": "pods"})
    kind = fields.get("kind", {"group": "", "version": "v1", "kind": "Pod"})
    request: Json = {
        "uid": "8ac62d1b-df1f-48de-8c8a-551558d345e9",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": (new.get("metadata") or {}).get("name", ""),
        "namespace": namespace,
        "operation": operation,
        "userInfo": who,
        "object": new,
        "oldObject": old,
        "dryRun": tape.chance(20),
        "options": {"kind": f"{operation.title()}Options", "apiVersion": "meta.k8s.io/v1"},
        **fields,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
