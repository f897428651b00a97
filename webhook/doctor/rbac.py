"""RBAC as the API server reads it: who has which rights, by which binding.

Other authorizers (webhooks, the Node authorizer) are not seen here, nor is `system:masters`, the
group that asks no authorizer at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from webhook.doctor.snapshot import named

Json = dict[str, Any]

# Whose requests have no name of an object, so that a list of names never allows them. (A list or a
# watch that selects one by name has it.)
_NAMELESS: Final = frozenset({"create", "deletecollection"})


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """A user, group or ServiceAccount, as bindings name it."""

    kind: str
    name: str
    namespace: str = ""  # of a ServiceAccount

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"

    @property
    def key(self) -> str:
        """As --trust takes it: group:ops, serviceaccount:argocd/controller."""
        inside = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.lower()}:{inside}{self.name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A right that is looked for: any of the verbs, of one resource of one group."""

    group: str
    resource: str  # with its subresource: pods/exec
    verbs: tuple[str, ...]
    name: str = ""  # of the one object that matters; empty: any will do
    inside: bool = False  # in our namespace: bindings there count, too


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding with the rules that it gives to its subjects."""

    kind: str
    name: str
    role: str
    subjects: tuple[Subject, ...]
    rules: tuple[Json, ...]
    inside: bool  # it is a RoleBinding of our namespace

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def bindings(
    cluster_roles: Sequence[Json],
    cluster_role_bindings: Sequence[Json],
    roles: Sequence[Json],
    role_bindings: Sequence[Json],
) -> Iterator[Binding]:
    """Join bindings with their roles; one whose role is missing gives nothing."""
    wide = {named(it): it for it in cluster_roles}
    narrow = {named(it): it for it in roles}
    for inside, found in ((False, cluster_role_bindings), (True, role_bindings)):
        for binding in found:
            reference = binding.get("roleRef") or {}
            where = narrow if reference.get("kind") == "Role" else wide
            role = where.get(str(reference.get("name")), {})
            yield Binding(
                "RoleBinding" if inside else "ClusterRoleBinding",
                named(binding),
                str(reference.get("name")),
                tuple(_subject(it, binding) for it in binding.get("subjects") or ()),
                tuple(role.get("rules") or ()),
                inside,
            )


def allowed(binding: Binding, wanted: Wanted) -> tuple[str, ...]:
    """Return those of the wanted verbs that a binding gives, each with its resource."""
    if binding.inside and not wanted.inside:
        return ()
    given = [verb for verb in wanted.verbs if any(_gives(it, wanted, verb) for it in binding.rules)]
    return tuple(f"{verb} {wanted.resource}" for verb in given)


def _gives(rule: Mapping[str, Any], wanted: Wanted, verb: str) -> bool:
    names = rule.get("resourceNames") or ()
    if names and (verb in _NAMELESS or (wanted.name and wanted.name not in names)):
        return False
    _, _, part = wanted.resource.partition("/")
    resources = {"*", wanted.resource, *([f"*/{part}"] if part else [])}
    return (
        not {"*", wanted.group}.isdisjoint(rule.get("apiGroups") or ())
        and not resources.isdisjoint(rule.get("resources") or ())
        and not {"*", verb}.isdisjoint(rule.get("verbs") or ())
    )


def _subject(subject: Json, binding: Json) -> Subject:
    kind, name = str(subject.get("kind")), str(subject.get("name"))
    if kind != "ServiceAccount":
        return Subject(kind, name)
    own = (binding.get("metadata") or {}).get("namespace", "")
    return Subject(kind, name, str(subject.get("namespace") or own))
