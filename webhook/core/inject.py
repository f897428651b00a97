"""A pod and the scopes granted to it -> the patch, and what the pod itself overrides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webhook.core import guards
from webhook.core.arrange import arrange, plan
from webhook.core.assess import NO_SPEC, Findings
from webhook.core.compile import CompiledPolicy, CompiledScope
from webhook.core.decision import Finding, Reason
from webhook.core.patch import Operation
from webhook.core.pod import Container, Pod
from webhook.core.policy import Reaction

# A list of containers with its field name, and of each the place in the list.
Members = tuple[str, Sequence[tuple[int, Container]]]


@dataclass(frozen=True, slots=True)
class Change:
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
) -> tuple[Change, ...]:
    """Return what must change in each container that is not excluded; note what is overridden."""
    return tuple(
        change
        for members, containers in lists
        for i, container in containers
        if not policy.exclude.matches(container.name or "")
        for change in _change(container, f"{members}", i, granted, policy, found)
    )


def _change(
    container: Container,
    members: str,
    i: int,
    granted: tuple[CompiledScope, ...],
    policy: CompiledPolicy,
    found: Findings,
) -> Iterator[Change]:
    wanted = plan(granted, container.name or "")
    if policy.guard.shadowing is not Reaction.ALLOW:
        path = f"spec.{members}[{i}]"
        for finding in guards.shadowed_variables(container, wanted, path):
            found.react(policy.guard.shadowing, finding)
        behind = guards.sources_behind(container, wanted, policy, path)
        if behind:
            found.notes.append(behind)
    operations = arrange(container, wanted, policy, f"/spec/{members}/{i}")
    if operations:
        yield Change(container.name or "", f"spec.{members}[{i}]", tuple(operations))


def not_injected(change: Change) -> Finding:
    """Say that a final pod lacks what it is to have; what that is, the pod did not mention."""
    missing = any(operation.op == "add" for operation in change.operations)
    what = "was not injected" if missing else "was injected, but its sources were reordered since"
    return Finding(
        Reason.NOT_INJECTED,
        f"container {change.container!r} ({change.path}) {what}; create it again (controllers do "
        "so by themselves), and if that does not help, look for the webhook's mutating hook",
        change.path,
    )
