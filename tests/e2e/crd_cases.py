"""What the API server refuses by a rule of the custom resource, and the neighbour that it takes.

bad    the spec that is refused
field  what the API server's message is attached to
said   its message
good   the nearest spec that is accepted
loader the loader's sentence on `bad`, field included, where it is not the API server's
"""

from dataclasses import dataclass
from typing import Any, Final

Json = Any

KNOWN: Final = "backend, beat, frontend, plugin-server, relay, sandbox, worker"
EMPTY: Final = "an empty list matches nothing: name at least one, or remove the field for no limit"
NOBODY: Final = (
    "nobody is named, so nobody could deploy: list users, groups or serviceAccounts, or remove the "
    "field"
)
LABEL_VALUE: Final = (
    "is not a label value: use up to 63 letters, digits, '-', '_' and '.', beginning and ending "
    "with a letter or digit"
)
ONE_REF: Final = "name exactly one of secretRef and configMapRef"
SECRET: Final = {"secretRef": {"name": "app-env"}}
CONFIG: Final = {"configMapRef": {"name": "app-config"}}


@dataclass(frozen=True)
class Case:
    """One rule; see above."""

    name: str
    bad: Json
    field: str
    said: str
    good: Json
    loader: str = ""

    @property
    def sentence(self) -> str:
        """Return what the loader says of `bad`."""
        # The API server writes the key of a map as [key], the loader as .key.
        field = self.field.replace("[tenant-a]", ".tenant-a")
        return self.loader or f"{field}: {self.said}"


def scope(**fields: Json) -> Json:
    """Return a spec of one scope."""
    return {"scopes": [{"name": "shared", "roles": ["worker"], "envFrom": [SECRET]} | fields]}


def pool(**fields: Json) -> Json:
    return {"worker": {"pools": {"tenant-a": fields}}}


def rule(selector: Json, **fields: Json) -> Json:
    return {"identity": {"rules": [{"selector": selector, "role": "worker"} | fields]}}


def expression(operator: str, *values: str) -> Json:
    element: Json = {"key": "tier", "operator": operator}
    return rule({"matchExpressions": [element | ({"values": [*values]} if values else {})]})


def empty(place: str, bad: Json, good: Json) -> Case:
    return Case(f"an empty list: {place}", bad, place, EMPTY, good)


OF_THE_SELECTOR: Final = "spec.identity.rules[0].selector.matchExpressions[0]"

CASES: Final = (
    empty("spec.namespaces", {"namespaces": []}, {"namespaces": ["noxus"]}),
    *(
        empty(f"spec.scopes[0].{field}", scope(**{field: []}), scope(**{field: ["noxus"]}))
        for field in ("namespaces", "serviceAccounts", "containers")
    ),
    *(
        empty(f"spec.worker.pools[tenant-a].{field}", pool(**{field: []}), pool(**{field: ["a"]}))
        for field in ("namespaces", "serviceAccounts")
    ),
    Case(
        "deployers of a scope that name nobody",
        scope(deployers={}),
        "spec.scopes[0].deployers",
        NOBODY,
        scope(),
    ),
    Case(
        "deployers of a pool that name nobody",
        pool(deployers={"users": [], "groups": [], "serviceAccounts": []}),
        "spec.worker.pools[tenant-a].deployers",
        NOBODY,
        pool(),
    ),
    Case(
        "a source that reads nothing",
        scope(envFrom=[{"prefix": "A_"}]),
        "spec.scopes[0].envFrom[0]",
        ONE_REF,
        scope(envFrom=[SECRET | {"prefix": "A_"}]),
    ),
    Case(
        "a source that reads two things",
        scope(envFrom=[SECRET | CONFIG]),
        "spec.scopes[0].envFrom[0]",
        ONE_REF,
        scope(envFrom=[SECRET, CONFIG]),
    ),
    Case(
        "a scope without a role",
        scope(roles=[]),
        "spec.scopes[0].roles",
        "scope 'shared' has no role, so no pod could have it: name at least one",
        scope(roles=["beat"]),
    ),
    Case(
        "a scope with nothing to inject",
        scope(envFrom=[], env=[]),
        "spec.scopes[0]",
        "scope 'shared' has nothing to inject: give it envFrom or env",
        scope(
            envFrom=[],
            env=[{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        ),
    ),
    Case(
        "two scopes of one name",
        {"scopes": scope()["scopes"] + scope(roles=["beat"])["scopes"]},
        "spec.scopes",
        "two scopes have one name: merge the two, or give one another name",
        {"scopes": scope()["scopes"] + scope(name="other")["scopes"]},
        loader="spec.scopes[1].name: scope 'shared' is already defined as spec.scopes[0]: merge "
        "the two, or give this one another name",
    ),
    Case(
        "a role that nobody knows",
        scope(roles=["worker", "indexer"]),
        "spec.scopes",
        "a scope names a role that is not known: add it to spec.identity.roles, or use one of "
        f"{KNOWN}",
        scope(roles=["worker", "indexer"]) | {"identity": {"roles": ["indexer"]}},
        loader="spec.scopes[0].roles[1]: role 'indexer' is not known: add it to "
        f"spec.identity.roles, or use one of {KNOWN}",
    ),
    Case(
        "an expression without the values that it needs",
        expression("NotIn"),
        OF_THE_SELECTOR,
        "operator NotIn needs values",
        expression("NotIn", "web"),
    ),
    Case(
        "an expression with values that it does not take",
        expression("Exists", "web"),
        OF_THE_SELECTOR,
        "operator Exists takes no values",
        expression("Exists"),
    ),
    Case(
        "a rule that says the pool in two ways",
        rule({}, pool="tenant-a", poolFrom="group"),
        "spec.identity.rules[0]",
        "pool and poolFrom contradict each other: keep one of them",
        rule({}, poolFrom="group"),
    ),
    Case(
        "a rule that gives a pool to a role that has none",
        rule({}, role="beat", pool="tenant-a"),
        "spec.identity.rules",
        "only the role in spec.worker.role belongs to pools: remove pool and poolFrom from the "
        "rule, or correct its role",
        rule({}, role="beat", pool="tenant-a") | {"worker": {"role": "beat"}},
        loader="spec.identity.rules[0].pool: only role 'worker' belongs to pools, and this rule "
        "gives role 'beat': remove the field, or correct the role",
    ),
    Case(
        "a pool whose name is no label value",
        {"worker": {"pools": {"tenant a": {}}}},
        "spec.worker.pools",
        f"the name of a pool {LABEL_VALUE}",
        {"worker": {"pools": {"Tenant_a.1": {}}}},
        loader=f"spec.worker.pools.tenant a: 'tenant a' {LABEL_VALUE}",
    ),
    Case(
        "a pool without a name",
        {"worker": {"pools": {"": {}}}},
        "spec.worker.pools",
        f"the name of a pool {LABEL_VALUE}",
        {"worker": {"pools": {"a": {}}}},
        loader="spec.worker.pools.: a pool needs a name: pods carry it as the value of their pool "
        "label",
    ),
    Case(
        "an alias that is no label value",
        {"identity": {"aliases": {"a b": "worker"}}},
        "spec.identity.aliases",
        f"a value that means a role {LABEL_VALUE}",
        {"identity": {"aliases": {"": "worker", "a_b": "worker"}}},
        loader=f"spec.identity.aliases.a b: 'a b' {LABEL_VALUE}",
    ),
    Case(
        "a selector by what is no label key",
        rule({"matchLabels": {"a b": "c"}}),
        "spec.identity.rules[0].selector.matchLabels",
        "a key is not a label key: write it as name or example.com/name",
        rule({"matchLabels": {"example.com/A_b": ""}}),
        loader="spec.identity.rules[0].selector.matchLabels.a b: 'a b' is not a label key: write "
        "it as name or example.com/name",
    ),
)
