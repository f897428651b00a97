"""Who runs flows: the workers that a policy makes, or the workloads that an audit found."""

from collections.abc import Iterable, Iterator

from webhook.audit.report import Container, Workload
from webhook.core.tables import CompiledPolicy, CompiledScope
from webhook.flows.environment import Layer, Reader

WITHOUT_POOL = "no pool"
OWN = "its own env"


def of_policy(policy: CompiledPolicy, namespace: str) -> list[Reader]:
    """Return a worker of each pool that may run in a namespace, and one that has no pool.

    Conditions that only a real pod can meet become conditions of the layer.
    """
    scopes = [
        scope
        for scope in policy.scopes.values()
        if policy.worker_role in scope.roles and _covers(scope, namespace)
    ]
    shared = [layer for scope in scopes for layer in _env_from(scope)]
    variables = [layer for scope in scopes for layer in _env(scope)]
    readers = [Reader(WITHOUT_POOL, namespace, None, (*shared, *variables))]
    for name, pool in policy.pools.items():
        if _covers(pool, namespace):
            layers = (*shared, *_env_from(pool), *variables)
            readers.append(Reader(name, namespace, name, layers))
    return readers


def of_audit(workloads: Iterable[Workload]) -> list[Reader]:
    """Return the containers of workloads; the caller picks the workloads that run flows."""
    return [reader for workload in workloads for reader in _containers(workload)]


def titles(workload: Workload) -> tuple[str, ...]:
    """Return how the containers of a workload are called in a report of flows."""
    running = _running(workload)
    containers = [f", container {it.name}" for it in running] if len(running) > 1 else [""]
    return tuple(f"{workload.title}{it} in {workload.namespace}" for it in containers)


def _running(workload: Workload) -> list[Container]:
    return [it for it in workload.containers if it.list == "containers" and not it.excluded]


def _containers(workload: Workload) -> Iterator[Reader]:
    # Without a container there is a title all the same, and nothing that could read.
    for title, container in zip(titles(workload), _running(workload), strict=False):
        yield Reader(title, workload.namespace, workload.pool, tuple(_layers(container)))


def _layers(container: Container) -> Iterator[Layer]:
    for source in container.gets:
        spelled = _spelled(source.kind, source.name)
        yield Layer(spelled, source.scope, source.prefix)
    for variable in container.variables:
        if variable.origin in {"injected", "there before"}:
            yield Layer(variable.secret, variable.scope, keys=frozenset({variable.name}))
    if container.own:
        yield Layer(OWN, "", keys=frozenset(container.own))


def _covers(scope: CompiledScope, namespace: str) -> bool:
    return scope.namespaces is None or scope.namespaces.matches(namespace)


def _env_from(scope: CompiledScope) -> Iterator[Layer]:
    for source in scope.sources:
        kind, name, prefix = source.key
        yield Layer(_spelled(kind, name), scope.name, prefix, condition=_condition(scope))


def _env(scope: CompiledScope) -> Iterator[Layer]:
    for it in scope.variables:
        keys = frozenset({it.name})
        yield Layer(it.secret, scope.name, keys=keys, condition=_condition(scope))


def _condition(scope: CompiledScope) -> str:
    """Say on what it depends whether a worker is given a scope; empty: on nothing."""
    conditions: list[str] = []
    if scope.on_request:
        conditions.append("on request")
    if scope.service_accounts is not None:
        conditions.append(f"ServiceAccount {' or '.join(sorted(scope.service_accounts))}")
    if scope.containers is not None:
        conditions.append("in some containers")
    return ", ".join(conditions)


def _spelled(kind: str, name: str) -> str:
    return name if kind == "Secret" else f"{kind} {name}"
