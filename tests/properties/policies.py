"""Policies drawn from a tape: valid ones, whose scopes and pools overlap as much as they may."""

from tests.properties.names import (
    ACCOUNTS,
    CONFIG_MAPS,
    CONTAINER_GLOBS,
    KEYS,
    POOL_SECRETS,
    POOLS,
    PREFIXES,
    ROLES,
    SCOPE_SECRETS,
    SCOPE_VARIABLES,
    SCOPES,
)
from tests.properties.oracle_policy import Json, pool_role
from tests.properties.tape import Tape
from tests.properties.users import DEPLOYERS

NAMESPACE_LIMITS = (["noxus"], ["noxus*"], ["noxus-??", "noxus"], ["elsewhere"])
# Kinds that make pods and that Kubernetes itself does not know, in each way to say where.
WORKLOADS: tuple[Json, ...] = (
    {
        "group": "argoproj.io",
        "kind": "Rollout",
        "resource": "rollouts",
        "templates": ["spec.template"],
    },
    {
        "group": "kubeflow.org",
        "kind": "PyTorchJob",
        "resource": "pytorchjobs",
        "templates": ["spec.pytorchReplicaSpecs.*.template"],
    },
    {
        "group": "example.com",
        "kind": "Flow",
        "resource": "flows",
        "templates": ["spec.first.template", "spec.steps.*.template"],
    },
)
SELECTORS: tuple[Json, ...] = (
    {"matchLabels": {"app": "noxus"}},
    {"matchLabels": {"app": "noxus", "part": "worker"}},
    {"matchExpressions": [{"key": "part", "operator": "In", "values": ["worker", "api"]}]},
    {"matchExpressions": [{"key": "part", "operator": "NotIn", "values": ["worker"]}]},
    {"matchExpressions": [{"key": "part", "operator": "Exists"}]},
    {
        "matchLabels": {"app": "noxus"},
        "matchExpressions": [{"key": "part", "operator": "DoesNotExist"}],
    },
)


def policy(tape: Tape) -> Json:
    """One policy document."""
    spec: Json = {"mode": "DryRun" if tape.chance(6) else "Enforce"}
    if tape.chance(20):
        spec["namespaces"] = tape.pick(NAMESPACE_LIMITS)
    if tape.chance(80):
        spec["worker"] = _worker(tape)
    if tape.chance(40):
        spec["identity"] = _identity(tape, pool_role(spec))
    roles = ROLES if "indexer" in spec.get("identity", {}).get("roles", []) else ROLES[:-1]
    # What may be missing is a matter of the Secret, not of who names it: two scopes that disagree
    # about one source are refused when the policy is loaded.
    optional = set(tape.some([*SCOPE_SECRETS, *CONFIG_MAPS], most=2))
    count = 1 + tape.number(len(SCOPES))
    spec["scopes"] = [_scope(tape, name, roles, optional) for name in SCOPES[:count]]
    if tape.chance(40):
        spec["containers"] = _containers(tape)
    if tape.chance(50):
        spec["guard"] = _guard(tape)
    if tape.chance(40):
        spec["workloads"] = tape.some(WORKLOADS, least=2, most=3)
    return {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {"name": "noxus"},
        "spec": spec,
    }


def several_policies(tape: Tape) -> list[Json]:
    """Usually one; sometimes two in one file, which may or may not cover the same namespaces."""
    first = policy(tape)
    if not tape.chance(8):
        return [first]
    first["spec"]["namespaces"] = tape.pick(NAMESPACE_LIMITS)
    second = policy(tape)
    second["metadata"]["name"] = "second"
    return [first, second]


def _identity(tape: Tape, role_of_pools: str) -> Json:
    identity: Json = {}
    if tape.chance(40):
        identity["roleLabels"] = tape.pick((["noxus.ai/role", "tier"], ["tier"]))
    if tape.chance(40):
        identity["poolLabels"] = tape.pick((["noxus.ai/worker-pool", "group"], ["group"]))
    if tape.chance(50):
        identity["aliases"] = {"noxus-worker": "worker", "web": "frontend"}
    if tape.chance(40):
        identity["roles"] = ["indexer"]
    if tape.chance(60):
        identity["rules"] = [_rule(tape, role_of_pools) for _ in range(1 + tape.number(2))]
    return identity


def _rule(tape: Tape, role_of_pools: str) -> Json:
    rule: Json = {"selector": tape.pick(SELECTORS), "role": tape.pick(ROLES[:3])}
    if rule["role"] == role_of_pools:
        rule |= tape.pick(({}, {"poolFrom": "group"}, {"pool": "tenant-a"}))
    return rule


def _limits(tape: Tape, percent: int) -> Json:
    limits: Json = {}
    if tape.chance(percent):
        limits["namespaces"] = tape.pick(NAMESPACE_LIMITS)
    if tape.chance(percent):
        limits["serviceAccounts"] = tape.some(ACCOUNTS, least=1, most=2)
    if tape.chance(percent + 5):
        limits["deployers"] = tape.pick(DEPLOYERS)
    return limits


def _scope(tape: Tape, name: str, roles: tuple[str, ...], optional: set[str]) -> Json:
    scope: Json = {"name": name, "roles": tape.some(roles, least=1, most=4)}
    if tape.chance(20):
        scope["onRequest"] = True
    scope |= _limits(tape, 12)
    if tape.chance(25):
        scope["containers"] = tape.pick(CONTAINER_GLOBS)
    variables = tape.some(SCOPE_VARIABLES, most=2) if tape.chance(40) else []
    if variables:
        scope["env"] = [_variable(tape, variable, optional) for variable in variables]
    names = [("secretRef", it) for it in SCOPE_SECRETS] + [
        ("configMapRef", it) for it in CONFIG_MAPS
    ]
    sources = tape.some(names, least=0 if variables else 1, most=3)
    if sources:
        scope["envFrom"] = [_source(tape, kind, it, optional) for kind, it in sources]
    return scope


def _source(tape: Tape, kind: str, name: str, optional: set[str]) -> Json:
    reference: Json = {"name": name}
    if name in optional:
        reference["optional"] = True
    elif tape.chance(10):
        reference["optional"] = False
    prefix = tape.pick(PREFIXES)
    return {kind: reference} | ({"prefix": prefix} if prefix else {})


def _variable(tape: Tape, name: str, optional: set[str]) -> Json:
    secret = tape.pick(SCOPE_SECRETS)
    reference: Json = {"name": secret, "key": tape.pick(KEYS)}
    if secret in optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _worker(tape: Tape) -> Json:
    pools: Json = {}
    for name in tape.some(POOLS, least=1, most=3):
        # Two pools may share a Secret, and one may have none.
        pool: Json = {"envSecretRef": tape.pick((*POOL_SECRETS, ""))} | _limits(tape, 10)
        if tape.chance(12):
            pool["enabled"] = tape.pick((False, True))
        if tape.chance(20):
            pool |= {"replicaCount": 2, "nodeSelector": {"disk": "fast"}, "workerSubscribe": "flow"}
        pools[name] = pool
    return {"role": "backend" if tape.chance(8) else "worker", "pools": pools}


def _containers(tape: Tape) -> Json:
    containers: Json = {}
    if tape.chance(50):
        containers["exclude"] = tape.pick((["side-*"], ["istio-proxy", "api"], ["*"], []))
    if tape.chance(60):
        containers["ephemeral"] = "Inject"
    return containers


def _guard(tape: Tape) -> Json:
    guards = ("unknownRole", "unknownPool", "shadowing", "unmanagedSecrets")
    return {
        name: tape.pick(("Allow", "Warn", "Deny")) for name in tape.some(guards, least=1, most=4)
    }
