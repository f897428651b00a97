"""Pods drawn from a tape, biased to collide with a policy in every place that it speaks about.

Most pods obey: they name only what the oracle says they may, so that the webhook has sources to
arrange. The greedy ones name anything.
"""

import copy
from dataclasses import dataclass

from tests.properties.names import (
    ACCOUNTS,
    CANARY,
    CONFIG_MAPS,
    CONTAINERS,
    KEYS,
    NAMESPACES,
    OWN_VARIABLES,
    POOLS,
    PREFIXES,
    ROLES,
    SCOPE_VARIABLES,
    SCOPES,
    SECRETS,
)
from tests.properties.oracle_arrangement import granted_env, granted_places, written
from tests.properties.oracle_entitlement import SCOPES_ANNOTATION, Entitlement
from tests.properties.oracle_identity import identify
from tests.properties.oracle_policy import Json, governing, guard, managed_secrets, scopes_of
from tests.properties.tape import Tape
from tests.properties.volumes import volume

FUTURE: Json = {"futureField": {"deep": [1, 2.5, None, CANARY], "ключ": "значение"}}


@dataclass(frozen=True)
class Draft:
    """What a pod may be made of."""

    tape: Tape
    spec: Json
    entitlement: Entitlement
    greedy: bool

    def secrets(self, container: str | None) -> list[str]:
        """Secrets that may be named here; for an obedient pod only those that it may have whole."""
        if self.greedy:
            return list(SECRETS)
        managed = managed_secrets(self.spec)
        strict = guard(self.spec, "unmanagedSecrets") == "Deny"
        return [
            name
            for name in SECRETS
            if (name not in managed and (not strict or container is None))
            or any(it.allows(None, container) for it in self.entitlement.holdings(name))
        ]

    def keys(self, container: str) -> list[tuple[str, str]]:
        """Keys of Secrets that may be read here."""
        return [
            (name, key)
            for name in SECRETS
            for key in KEYS
            if self.greedy
            or any(it.allows(key, container) for it in self.entitlement.holdings(name))
        ]


def metadata(tape: Tape, spec: Json) -> Json:
    """Labels that say who the pod is, in one of the ways that a policy may ask for, and noise."""
    labels: Json = {}
    if tape.chance(92):
        said = (spec.get("identity") or {}).get("roleLabels", ["noxus.ai/role"])
        meant = [role for scope in scopes_of(spec) for role in scope["roles"]]
        key = tape.pick((*said * 4, "noxus.ai/role", "tier"))
        labels[key] = tape.pick((*meant * 4, "worker", *ROLES, "noxus-worker", "web", "?"))
    if tape.chance(45):
        key = tape.pick(("noxus.ai/worker-pool", "noxus.ai/worker-pool", "group"))
        labels[key] = tape.pick((*POOLS[:2] * 3, *POOLS, "nowhere", ""))
    if tape.chance(25):
        labels["app"] = tape.pick(("noxus", "other"))
    if tape.chance(25):
        labels["part"] = tape.pick(("worker", "api", "x"))
    annotations: Json = {}
    if tape.chance(35):
        wanted = tape.some((*SCOPES, *SCOPES, "nonesuch", "pool/tenant-a"), most=2)
        annotations[SCOPES_ANNOTATION] = tape.pick((",", ", ", " , ")).join(wanted)
    if tape.chance(20):
        annotations["secrets.noxus.ai/injected"] = tape.pick(("amber", "pool/tenant-b", ""))
    if tape.chance(15):
        annotations["kubernetes.io/config.mirror"] = "0123abcd"
    if tape.chance(30):
        annotations["example.com/~own"] = CANARY
    result: Json = {"name": "p"} if tape.chance(50) else {"generateName": "p-"}
    result |= _field(tape, "labels", labels) | _field(tape, "annotations", annotations)
    if tape.chance(20):
        result["namespace"] = tape.pick(NAMESPACES)
    return result


def _field(tape: Tape, name: str, value: Json | list[Json]) -> Json:
    """A field; an empty one is absent, null or empty, which all mean the same."""
    return {name: value} if value else tape.pick(({}, {name: None}, {name: value}))


def pod(tape: Tape, policies: list[Json], namespace: str, greedy_percent: int) -> Json:
    """One pod for a namespace."""
    spec = (governing(policies, namespace) or policies[0]["spec"]) if policies else {}
    meta = metadata(tape, spec)
    account, alias = tape.pick((None, *ACCOUNTS, "")), tape.pick((None, None, None, *ACCOUNTS))
    entitlement = Entitlement(
        spec,
        identify(spec, meta.get("labels") or {}),
        namespace,
        account or alias or "default",
        meta.get("annotations") or {},
    )
    greedy = tape.chance(greedy_percent)
    if not greedy:
        entitlement = _made_obedient(entitlement, meta)
    draft = Draft(tape, spec, entitlement, greedy)
    names = tape.some(CONTAINERS, least=1, most=4)
    split = 1 + tape.number(len(names))
    volumes = [
        volume(tape, f"v{i}", draft.secrets(None), draft.keys(names[0]))
        for i in range(tape.number(3) if tape.chance(40) else 0)
    ]
    ephemeral = ["debug-0"] if tape.chance(6) else []
    pulling = tape.several(draft.secrets(None) or ["own-one"], most=2) if tape.chance(15) else []
    pod_spec = {"containers": [container(draft, it, volumes) for it in names[:split]]}
    for field, members in (("initContainers", names[split:]), ("ephemeralContainers", ephemeral)):
        pod_spec |= _field(tape, field, [container(draft, it, volumes) for it in members])
    pod_spec |= _field(tape, "volumes", volumes)
    pod_spec |= _field(tape, "imagePullSecrets", [{"name": it} for it in pulling])
    pod_spec |= {} if account is None else {"serviceAccountName": account}
    pod_spec |= {} if alias is None else {"serviceAccount": alias}
    pod_spec |= FUTURE if tape.chance(15) else {}
    kind = {"apiVersion": "v1", "kind": "Pod"}
    return {**kind, "metadata": meta, "spec": pod_spec, "status": {}}


def _made_obedient(entitlement: Entitlement, meta: Json) -> Entitlement:
    """Takes back what the pod would be refused for by its labels and annotations."""
    labels, annotations = meta.get("labels") or {}, dict(meta.get("annotations") or {})
    if entitlement.judge_pool():
        for key in ("noxus.ai/worker-pool", "group"):
            labels.pop(key, None)
    if entitlement.judge_annotation():
        del meta["annotations"][SCOPES_ANNOTATION]
        del annotations[SCOPES_ANNOTATION]
    return Entitlement(
        entitlement.spec,
        identify(entitlement.spec, labels),
        entitlement.namespace,
        entitlement.service_account,
        annotations,
    )


def container(draft: Draft, name: str, volumes: list[Json]) -> Json:
    """One container of any list."""
    tape = draft.tape
    result: Json = {"name": name, "image": "registry.example/noxus:1", "args": [CANARY]}
    result |= _field(tape, "env", _env(draft, name, volumes))
    result |= _field(tape, "envFrom", _env_from(draft, name))
    mounted = [it["name"] for it in volumes if tape.chance(50)]
    if mounted:
        result["volumeMounts"] = [{"name": it, "mountPath": f"/{it}"} for it in mounted]
    if tape.chance(10):
        result["restartPolicy"] = "Always"
    if tape.chance(15):
        result |= copy.deepcopy(FUTURE)
    return result


def _env_from(draft: Draft, name: str) -> list[Json]:
    """Elements in any order: what the container is to be given, what others are, and its own."""
    tape = draft.tape
    if tape.chance(30):
        return []
    given = granted_places(draft.spec, draft.entitlement.granted_scopes(), name)
    ready = [written(place) for place in given]
    loose = [("secretRef", it) for it in draft.secrets(name)]
    loose += [("configMapRef", it) for it in CONFIG_MAPS]
    elements = tape.several(ready, most=4) if ready else []
    for kind, it in tape.several(loose, most=3):
        elements.insert(tape.number(len(elements) + 1), _loose(tape, kind, it))
    return copy.deepcopy(elements)


def _loose(tape: Tape, kind: str, name: str) -> Json:
    reference: Json = {"name": name}
    if tape.chance(25):
        reference["optional"] = tape.pick((True, False, None))
    element: Json = {kind: reference}
    prefix = tape.pick((None, None, None, "", *PREFIXES))
    if prefix is not None:
        element["prefix"] = prefix
    if tape.chance(6):
        # Fields that say nothing, and an element that reads nothing.
        other = "configMapRef" if kind == "secretRef" else "secretRef"
        element = tape.pick(({other: None, **element}, {kind: {}}, {"prefix": "X_"}))
    return element | (FUTURE if tape.chance(10) else {})


def _env(draft: Draft, name: str, volumes: list[Json]) -> list[Json]:
    """Variables of its own, some by the names of a scope's: alike, or with another value."""
    tape = draft.tape
    if tape.chance(40):
        return []
    given = granted_env(draft.spec, draft.entitlement.granted_scopes(), name)
    variables: list[Json] = []
    for _ in range(tape.number(4)):
        variable = {"name": tape.pick((*OWN_VARIABLES, *SCOPE_VARIABLES))}
        kind = tape.number(6)
        if kind == 1 and given:
            variable = copy.deepcopy(tape.pick(given))
            variable |= tape.pick(({}, {}, {"value": ""}))
            variable["valueFrom"] |= tape.pick(({}, {}, {"configMapKeyRef": None}))
        elif kind == 2 and (keys := draft.keys(name)):
            secret, key = tape.pick(keys)
            reference = {"name": secret, "key": key}
            reference |= tape.pick(({}, {"optional": True}, {"optional": False}))
            variable |= {"valueFrom": {"secretKeyRef": reference}}
        elif kind == 3:
            reference = {"name": tape.pick(CONFIG_MAPS), "key": tape.pick(KEYS)}
            variable |= {"valueFrom": {"configMapKeyRef": reference}}
        elif kind == 4 and volumes:
            file = {"volumeName": tape.pick(volumes)["name"], "path": "env", "key": "URL"}
            variable |= {"valueFrom": {"fileKeyRef": file}}
        elif kind == 5 and given:
            variable = copy.deepcopy(tape.pick(given))
            variable["valueFrom"]["secretKeyRef"]["optional"] = tape.pick((True, False))
        else:
            variable |= {"value": tape.pick((CANARY, f"$(TOKEN) {CANARY}", ""))}
        variables.append(copy.deepcopy(variable))
    return variables
