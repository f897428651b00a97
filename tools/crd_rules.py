"""What the schema of the custom resource says beyond types: patterns, bounds, defaults and rules.

The API server refuses by these what it can refuse alone, before a webhook is asked; whatever it
refuses, `webhook.loading` refuses too, in the same words where the words are ours.

Two refusals stay with the loader, since the API server limits what a rule may cost, reckoned with
the largest object that the bounds allow: one Secret in a scope and in a pool, and one source with
different `optional`. They compare everything with everything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from webhook.core import names, policy, policy_identity, policy_sources, words

Json = dict[str, Any]
Field = tuple[type[BaseModel], str]  # a model and the name of its field in JSON
Place = type[BaseModel] | Field

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED: Final = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_MAX_QUALIFIED: Final = names.MAX_SUBDOMAIN + 1 + names.MAX_LABEL  # with a "/" between


def _short(pattern: str) -> str:
    """Hold one half of a qualified name to its own length of 63: two characters at the ends."""
    return pattern.replace("*", "{0,61}")


def _text(pattern: str, longest: int | None = None) -> Json:
    return {"pattern": f"^({pattern})$"} | ({} if longest is None else {"maxLength": longest})


# How the names that a validator lets through look.
NAMES: Final[Mapping[Callable[[str], str], Json]] = {
    names.api_group: _text(rf"{_LABEL}(\.{_LABEL})+", names.MAX_SUBDOMAIN),
    names.api_kind: _text("[A-Z][A-Za-z0-9]*", names.MAX_LABEL),
    names.api_resource: _text(_LABEL, names.MAX_LABEL),
    names.days: _text("[1-9][0-9]{0,3}d", 5),
    names.dns_label: _text(_LABEL, names.MAX_LABEL),
    names.env_name: _text(r"[\x20-\x3c\x3e-\x7e]+"),
    names.env_prefix: _text(r"[\x20-\x3c\x3e-\x7e]*"),
    names.label_glob: _text(f"{_LABEL}|[-a-z0-9*?]*[*?][-a-z0-9*?]*", names.MAX_LABEL),
    names.label_key: _text(f"({_SUBDOMAIN}/)?{_short(_QUALIFIED)}", _MAX_QUALIFIED),
    names.label_value: _text(f"({_QUALIFIED})?", names.MAX_LABEL),
    names.object_name: _text(_SUBDOMAIN, names.MAX_SUBDOMAIN),
    names.optional_object_name: _text(f"({_SUBDOMAIN})?", names.MAX_SUBDOMAIN),
    names.pool_name: _text(_QUALIFIED, names.MAX_LABEL),
    names.qualified_service_account: _text(f"{_short(_LABEL)}/{_SUBDOMAIN}", _MAX_QUALIFIED),
    names.template_path: _text(
        r"[a-z][A-Za-z0-9]*(\.([a-z][A-Za-z0-9]*|\*))*", names.MAX_SUBDOMAIN
    ),
    names.secret_key: _text(r"\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*", names.MAX_SUBDOMAIN),
}

# Without bounds the API server reckons each list at 3 MB, and no rule below it is affordable. They
# are ten times what policies have. Pools: a rule may cost 1,000,000 units for one object, and the
# name of a pool, of 63 characters, takes between 83 and 100. In etcd, where an object has 1.5 MB at
# most, so many pools take 0.9 MB, each with a Secret, a namespace and the record of who owns it.
BOUNDS: Final[Mapping[Field, Json]] = {
    (policy.PolicySpec, "scopes"): {"maxItems": 256},
    (policy.Scope, "roles"): {"maxItems": 64},
    (policy.Scope, "envFrom"): {"maxItems": 256},
    (policy.Scope, "env"): {"maxItems": 256},
    (policy_identity.Identity, "roles"): {"maxItems": 64},
    (policy_identity.Identity, "rules"): {"maxItems": 256},
    (policy_identity.Identity, "aliases"): {"maxProperties": 256},
    (policy.PolicySpec, "workloads"): {"maxItems": 64},
    (policy.Workload, "templates"): {"minItems": 1, "maxItems": 16},
    (policy_identity.LabelSelector, "matchLabels"): {"maxProperties": 64},
    (policy_identity.LabelSelector, "matchExpressions"): {"maxItems": 64},
    (policy.Worker, "pools"): {"maxProperties": 10_000},
}

# What the API server writes into an object where nothing is written, so that `kubectl get -o yaml`
# says what holds. Single values at places of their own, and no others: in an element of a list or
# in a pool they would be a difference, at every look, for whoever compares what he wrote with what
# is stored; and a stored `containers.exclude` would not grow with the next release.
DEFAULTS: Final[frozenset[Place]] = frozenset(
    {
        (policy.PolicySpec, "mode"),
        (policy.PolicySpec, "worker"),
        (policy.PolicySpec, "containers"),
        (policy.PolicySpec, "guard"),
        (policy.Worker, "role"),
        (policy.Containers, "ephemeral"),
        (policy.Guard, "unknownRole"),
        (policy.Guard, "unknownPool"),
        (policy.Guard, "shadowing"),
        (policy.Guard, "unmanagedSecrets"),
    }
)

# Whoever applies one pool owns all of it, and nothing of the others: teams may each bring their own
# with server-side apply, and the API server's record of who owns what stays small.
ATOMIC: Final[frozenset[type[BaseModel]]] = frozenset({policy.Pool})


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule; `message` is text, `expression` a CEL expression that makes one."""

    holds: str
    message: str = ""
    expression: str = ""
    field: str = ""  # the field below, to which the API server attaches the message

    def schema(self) -> Json:
        """Return the element of `x-kubernetes-validations`."""
        parts = {
            "rule": self.holds,
            "message": self.message,
            "messageExpression": self.expression,
            "fieldPath": self.field,
        }
        return {name: text for name, text in parts.items() if text}


_LABEL_VALUE: Final = (
    f"use up to {names.MAX_LABEL} letters, digits, '-', '_' and '.', beginning and ending with a "
    "letter or digit"
)
_NOT_EMPTY: Final = Rule(
    "self.size() > 0",
    "an empty list matches nothing: name at least one, or remove the field for no limit",
)
_KNOWN: Final = (
    f"role in {sorted(words.BUILT_IN_ROLES)}"  # a list in Python is one in CEL
    " || has(self.identity) && has(self.identity.roles) && role in self.identity.roles"
)


def _keys(valid: Callable[[str], str], message: str) -> Rule:
    """Hold the keys of a map to the pattern of a name, which no schema can do."""
    pattern, longest = NAMES[valid]["pattern"], NAMES[valid]["maxLength"]
    escaped = pattern.replace("\\", "\\\\")
    return Rule(f"self.all(key, key.size() <= {longest} && key.matches('{escaped}'))", message)


def _filled(field: str) -> str:
    return f"has(self.{field}) && self.{field}.size() > 0"


RULES: Final[Mapping[Place, tuple[Rule, ...]]] = {
    (policy.PolicySpec, "namespaces"): (_NOT_EMPTY,),
    (policy.Conditions, "namespaces"): (_NOT_EMPTY,),
    (policy.Conditions, "serviceAccounts"): (_NOT_EMPTY,),
    (policy.Scope, "containers"): (_NOT_EMPTY,),
    policy.Deployers: (
        Rule(
            " || ".join(_filled(field) for field in ("users", "groups", "serviceAccounts")),
            "nobody is named, so nobody could deploy: list users, groups or serviceAccounts, or "
            "remove the field",
        ),
    ),
    policy_sources.EnvFromSource: (
        Rule(
            "has(self.secretRef) != has(self.configMapRef)",
            "name exactly one of secretRef and configMapRef",
        ),
    ),
    policy.Scope: (
        Rule(
            "self.roles.size() > 0",
            expression='"scope \'" + self.name + "\' has no role, so no pod could have it: '
            'name at least one"',
            field=".roles",
        ),
        Rule(
            f"{_filled('envFrom')} || {_filled('env')}",
            expression='"scope \'" + self.name + "\' has nothing to inject: '
            'give it envFrom or env"',
        ),
    ),
    policy_identity.LabelSelectorRequirement: (
        Rule(
            f"!(self.operator in ['In', 'NotIn']) || {_filled('values')}",
            expression='"operator " + self.operator + " needs values"',
        ),
        Rule(
            f"self.operator in ['In', 'NotIn'] || !({_filled('values')})",
            expression='"operator " + self.operator + " takes no values"',
        ),
    ),
    policy_identity.Rule: (
        Rule(
            "!has(self.pool) || !has(self.poolFrom)",
            "pool and poolFrom contradict each other: keep one of them",
        ),
    ),
    (policy.PolicySpec, "scopes"): (
        Rule(
            "self.all(one, self.exists_one(other, other.name == one.name))",
            "two scopes have one name: merge the two, or give one another name",
        ),
    ),
    (policy_identity.LabelSelector, "matchLabels"): (
        _keys(names.label_key, "a key is not a label key: write it as name or example.com/name"),
    ),
    (policy_identity.Identity, "aliases"): (
        _keys(names.label_value, f"a value that means a role is not a label value: {_LABEL_VALUE}"),
    ),
    (policy.Worker, "pools"): (
        _keys(names.pool_name, f"the name of a pool is not a label value: {_LABEL_VALUE}"),
    ),
    policy.PolicySpec: (
        Rule(
            f"!has(self.scopes) || self.scopes.all(scope, scope.roles.all(role, {_KNOWN}))",
            "a scope names a role that is not known: add it to spec.identity.roles, or use one of "
            f"{', '.join(sorted(words.BUILT_IN_ROLES))}",
            field=".scopes",
        ),
        Rule(
            "!has(self.identity) || !has(self.identity.rules) || self.identity.rules.all(rule, "
            "rule.role == self.worker.role || !has(rule.pool) && !has(rule.poolFrom))",
            "only the role in spec.worker.role belongs to pools: remove pool and poolFrom from "
            "the rule, or correct its role",
            field=".identity.rules",
        ),
    ),
}
