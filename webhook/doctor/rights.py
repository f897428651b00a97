"""Who has rights that the promise rests on, subject by subject; Kubernetes' own are folded."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from webhook.doctor.areas import areas
from webhook.doctor.findings import Check, Finding, Level, May, check, failed, plural
from webhook.doctor.rbac import Binding, Subject, Wanted, allowed, bindings
from webhook.doctor.snapshot import Access, NotRead, Snapshot

ACCOUNT: Final = "noxus-secret-webhook"
# As bootstrapped by the API server and by kubeadm: binding and ClusterRole, and the one subject.
# Whoever else is added to them is shown.
_SYSTEM: Final = {
    ("cluster-admin", "cluster-admin"): Subject("Group", "system:masters"),
    ("kubeadm:cluster-admins", "cluster-admin"): Subject("Group", "kubeadm:cluster-admins"),
    **{
        (f"system:{binding}", f"system:{binding}"): Subject("User", f"system:{user}")
        for binding, user in (
            ("kube-controller-manager", "kube-controller-manager"),
            ("kube-scheduler", "kube-scheduler"),
            ("node-proxier", "kube-proxy"),
        )
    },
}
_CONTROLLER: Final = "system:controller:"
_EVERYBODY: Final = frozenset(
    {
        Subject("Group", "system:authenticated"),
        Subject("Group", "system:unauthenticated"),
        Subject("Group", "system:serviceaccounts"),
        Subject("User", "system:anonymous"),
    }
)


def examine_rights(snapshot: Snapshot, trusted: Collection[str]) -> Check:
    """List who could break the promise; `trusted` are keys of subjects, in lower case."""
    access = snapshot.access
    found = [] if _unread(access) else list(_subjects(snapshot))
    shown = [it for it in found if it.subject.lower() not in trusted]
    well = "nobody but Kubernetes' own components and administrators"
    if len(found) > len(shown):
        well += f", and {plural(len(found) - len(shown), 'subject')} that you trust"
    return check("who may break it", [*_unread(access), *shown], well)


def _unread(access: Access) -> list[Finding]:
    parts = (
        ("ClusterRoles", access.cluster_roles),
        ("ClusterRoleBindings", access.cluster_role_bindings),
        ("Roles", access.roles),
        ("RoleBindings", access.role_bindings),
    )
    return [part.finding(what) for what, part in parts if isinstance(part, NotRead)]


def _bindings(access: Access) -> list[Binding]:
    parts = (
        access.cluster_roles,
        access.cluster_role_bindings,
        access.roles,
        access.role_bindings,
    )
    read = [[] if isinstance(part, NotRead) else part for part in parts]
    return list(bindings(*read))


def _subjects(snapshot: Snapshot) -> Iterator[Finding]:
    held: dict[Subject, dict[str, tuple[set[str], set[str]]]] = {}
    given_by: dict[Subject, dict[str, Binding]] = {}
    for binding in _bindings(snapshot.access):
        for area in areas(snapshot.namespace):
            verbs = _any(binding, area.wanted)
            if not verbs:
                continue
            for subject in binding.subjects:
                if _is_system(binding, subject) or _is_ours(snapshot, binding, subject):
                    continue
                rights, by = held.setdefault(subject, {}).setdefault(area.may, (set(), set()))
                rights.update(verbs)
                by.add(str(binding))
                given_by.setdefault(subject, {})[str(binding)] = binding
    for subject, may in sorted(held.items()):
        yield _finding(snapshot, subject, may, given_by[subject])


def _any(binding: Binding, wanted: Iterable[Wanted]) -> list[str]:
    return [verb for right in wanted for verb in allowed(binding, right)]


def _finding(
    snapshot: Snapshot,
    subject: Subject,
    may: dict[str, tuple[set[str], set[str]]],
    given_by: dict[str, Binding],
) -> Finding:
    everybody = subject in _EVERYBODY or (
        subject.kind == "Group" and subject.name.startswith("system:serviceaccounts:")
    )
    by = sorted(given_by)
    take = "; ".join(_take(snapshot, it) for _, it in sorted(given_by.items()))
    trust = "" if everybody else f"--trust {subject.key}, if it is to be trusted; else "
    return Finding(
        Level.FAILED if everybody else Level.WARNING,
        f"{subject} may {_listed(may)} (by {', '.join(by)})",
        f"{trust}{take}",
        subject=subject.key,
        may=tuple(
            May(area, tuple(sorted(verbs)), tuple(sorted(whence)))
            for area, (verbs, whence) in may.items()
        ),
    )


def _take(snapshot: Snapshot, binding: Binding) -> str:
    """Say how to take the right away; where others share the binding, not from them."""
    verb = "edit" if len(binding.subjects) > 1 else "delete"
    where = f" -n {snapshot.namespace}" if binding.inside else ""
    return f"kubectl {verb} {binding.kind.lower()} {binding.name}{where}"


def _listed(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _is_system(binding: Binding, subject: Subject) -> bool:
    """Tell whether it is as every cluster has it."""
    if binding.inside:
        return False
    if binding.name.startswith(_CONTROLLER) and binding.name == binding.role:
        name = binding.name.removeprefix(_CONTROLLER)
        return subject == Subject("ServiceAccount", name, "kube-system")
    return _SYSTEM.get((binding.name, binding.role)) == subject


def _is_ours(snapshot: Snapshot, binding: Binding, subject: Subject) -> bool:
    """Tell whether it is one of the bindings of our manifests, which `examine_own` looks at."""
    ours = Subject("ServiceAccount", ACCOUNT, snapshot.namespace)
    return subject == ours and binding.name in {ACCOUNT, f"{ACCOUNT}-certificates"}


def examine_own(snapshot: Snapshot) -> Check:
    """Make sure that the webhook itself can read no Secret but its own."""
    unread = _unread(snapshot.access)
    account = Subject("ServiceAccount", ACCOUNT, snapshot.namespace)
    groups = {
        Subject("Group", "system:authenticated"),
        Subject("Group", "system:serviceaccounts"),
        Subject("Group", f"system:serviceaccounts:{snapshot.namespace}"),
    }
    # A name that nobody would list stands for every Secret that is not ours.
    secrets = Wanted("", "secrets", ("get", "list", "watch"), "any/other", inside=True)
    found = [
        failed(
            f"the webhook itself may {_listed(verbs)} that are not its own, by {binding}",
            _take(snapshot, binding),
        )
        for binding in _bindings(snapshot.access)
        if not {account, *groups}.isdisjoint(binding.subjects)
        if (verbs := allowed(binding, secrets))
    ]
    found = [*unread[:1], *found]
    return check("the webhook's own rights", found, "it may read no Secret but its own")
