"""A pod and the scopes granted to it -> the patch, and what the pod itself overrides."""

from collections.abc import Sequence

from webhook.core import guards
from webhook.core.arrange import Plan, arrange, plan
from webhook.core.assess import NO_SPEC, Findings
from webhook.core.decision import Finding, Reason
from webhook.core.patch import Operation
from webhook.core.pod import Container, Pod
from webhook.core.policy import Reaction
from webhook.core.tables import CompiledPolicy, CompiledScope
from webhook.core.value import Value

# A list of containers with its field name, and of each the place in the list.
Members = tuple[str, Sequence[tuple[int, Container]]]


class Change(Value, frozen=True):
    """The operations that one container needs; there is at least one."""

    container: str
    path: str
    operations: tuple[Operation, ...]


def regular_containers(pod: Pod) -> tuple[Members, ...]:
    """Return what is injected when a pod is created; init containers may be sidecars."""
    spec = pod.spec or NO_SPEC
    return (
        ("initContainers", tuple(enumerate(spec.initContainers or ()))),
        ("containers", tuple(enumerate(spec.containers or ()))),
    )


def changes(
    lists: tuple[Members, ...],
    granted: tuple[CompiledScope, ...],
    policy: CompiledPolicy,
    found: Findings,
    *,
    root: str = "spec",
) -> tuple[Change, ...]:
    """Return what must change in each container that is not excluded; note what is overridden.

    `root` is where the pod's spec stands in the object, for the fields that messages name.
    """
    same_for_all = all(scope.containers is None for scope in granted)
    wanted = plan(granted, "")
    result: list[Change] = []
    for members, containers in lists:
        for i, container in containers:
            name = container.name or ""
            if policy.exclude.matches(name):
                continue
            if not same_for_all:
                wanted = plan(granted, name)
            path = f"{root}.{members}[{i}]"
            _note_shadowing(container, wanted, policy, path, found)
            operations = arrange(container, wanted, policy, f"/spec/{members}/{i}")
            if operations:
                result.append(Change(name, path, tuple(operations)))
    return tuple(result)


def _note_shadowing(
    container: Container, wanted: Plan, policy: CompiledPolicy, path: str, found: Findings
) -> None:
    reaction = policy.guard.shadowing
    if reaction is Reaction.ALLOW:
        return
    if wanted.variables and container.env:
        for finding in guards.shadowed_variables(container.name, container.env, wanted, path):
            found.react(reaction, finding)
    if wanted.sources and container.envFrom:
        behind = guards.source_behind(container.name, container.envFrom, policy, path)
        if behind:
            found.notes.append(behind)


def not_injected(change: Change) -> Finding:
    """Say that a final pod lacks what it is to have; what that is, the pod did not mention."""
    missing = any(
        operation.op == "add" and not operation.path.endswith("/optional")
        for operation in change.operations
    )
    what = "was not injected" if missing else "was injected, but its sources were changed since"
    return Finding(
        Reason.NOT_INJECTED,
        f"container {change.container!r} ({change.path}) {what}; create it again (controllers do "
        "so by themselves), and if that does not help, look for the webhook's mutating hook",
        change.path,
    )
