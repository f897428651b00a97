"""Reports of made-up clusters, as large and as strange as a test wants them."""

from collections import Counter
from dataclasses import replace
from itertools import count

from webhook.audit.report import (
    Access,
    Container,
    Judged,
    Lack,
    Namespace,
    PodEntry,
    PodState,
    PolicyView,
    Refusal,
    Report,
    ScopeView,
    Source,
    State,
    Totals,
    Variable,
    Verdict,
    Workload,
)

SHARED = ("frontend", "backend", "worker", "relay", "plugin-server")
LACKING = (
    "runs without what the policy now gives it: container '{container}' lacks {sources}; "
    "restart {title}"
)
OVERRIDES = (
    "container 'worker': spec.template.spec.containers[0].envFrom[0] comes after managed sources "
    "and may override them"
)
OF_POOL = (("worker",), False, True)  # roles, on request, enabled


def policy(pools: int) -> PolicyView:
    scopes = [
        ScopeView("shared", None, SHARED, False, True, ("app-env",), ("app-env",)),
        ScopeView("worker", None, ("worker",), False, True, ("worker-env",), ("worker-env",)),
        ScopeView(
            *("plugin-keys", None, ("backend", "plugin-server"), False, True),
            *(("plugin-secrets/PLUGIN_SERVER_API_KEY",), ("plugin-secrets",)),
        ),
        ScopeView("ai-providers", None, ("worker",), True, True, ("llm-keys",), ("llm-keys",)),
    ]
    for pool in range(pools):
        secret = (f"tenant-{pool}-llm",)
        scopes.append(ScopeView(f"pool/tenant-{pool}", f"tenant-{pool}", *OF_POOL, secret, secret))
    return PolicyView("noxus", "Enforce", ("noxus", "noxus-*"), tuple(scopes))


def workload(name: str, role: str, pool: str | None, namespace: str) -> Workload:
    """Return a workload that names nothing and gains what its role and pool are given."""
    container = {"worker": "worker", "backend": "api"}.get(role, "web")
    given = [("app-env", "shared")]
    if role == "worker":
        given.append(("worker-env", "worker"))
    if pool is not None:
        given.append((f"{pool}-llm", f"pool/{pool}"))
    secrets = [secret for secret, _ in given]
    access = [
        Access(
            *(secret, State.GAINS, "envFrom", (container,), None, scope),
            *(tuple(secrets[place + 1 :]), ""),
        )
        for place, (secret, scope) in enumerate(given)
    ]
    variables: tuple[Variable, ...] = ()
    if role == "backend":
        key = "PLUGIN_SERVER_API_KEY"
        reads = ("plugin-secrets", State.GAINS, "env", (container,), (key,), "plugin-keys", (), "")
        access.append(Access(*reads))
        variables = (Variable(key, "plugin-secrets", key, "plugin-keys", "injected"),)
    gets = tuple(
        Source("Secret", secret, "", False, scope, "injected", place + 1 == len(given))
        for place, (secret, scope) in enumerate(given)
    )
    return Workload(
        kind="Deployment",
        name=name,
        namespace=namespace,
        mode="dry-run" if namespace.endswith("trial") else "enabled",
        policy="noxus",
        dry_run=namespace.endswith("trial"),
        role=role,
        recognised_by=f"label noxus.ai/role: {role}",
        pool=pool,
        service_account="default",
        replicas=3,
        owner="",
        file="",
        verdict=Verdict.INJECTED,
        granted=tuple(scope for _, scope in given),
        containers=(
            Container("containers", container, False, (), gets, variables),
            Container("containers", "istio-proxy", True, (), (), ()),
        ),
        access=tuple(access),
        refusals=(),
        warnings=(),
        undecided=(),
        judged=Judged.YES,
        judged_why="",
        outside="",
        pods=(),
    )


def other_pool(secret: str) -> str:
    return (
        f"container 'worker' may not read Secret '{secret}' "
        "(spec.template.spec.containers[0].envFrom[0].secretRef): it is the Secret of another "
        "pool than the workload's own; remove it, or label the workload noxus.ai/worker-pool: "
        f"{secret.removesuffix('-llm')}"
    )


def refused(of: Workload, secret: str) -> Workload:
    """Return it naming a Secret of another pool."""
    message = other_pool(secret)
    field = "spec.template.spec.containers[0].envFrom[0].secretRef"
    cell = Access(secret, State.REFUSED, "envFrom", ("worker",), None, "", (), message)
    return replace(
        of,
        verdict=Verdict.REFUSED,
        access=(cell,),
        refusals=(Refusal("SecretNotEntitled", field, message),),
    )


def outside(of: Workload) -> Workload:
    """Return it in a namespace that is not opted in."""
    why = (
        f"policy 'noxus' recognises role {of.role}; namespace {of.namespace} is not opted in, so "
        "nobody judges it"
    )
    return replace(
        of, mode="", policy="", dry_run=False, verdict=Verdict.OUTSIDE, granted=(), access=(),
        containers=(), outside=why,
    )  # fmt: skip


def with_pods(of: Workload, number: int, behind: int) -> Workload:
    """Return it with pods, of which the first run without what they would now be given."""
    container = of.containers[0]
    sources = tuple(source.name for source in container.gets)
    message = LACKING.format(container=container.name, sources=", ".join(sources), title=of.title)
    pods = [
        PodEntry(
            name=f"{of.name}-6b8d9c7f5d-{place:05}",
            phase="Running",
            created="2026-10-01T08:30:00Z" if place < behind else "2026-11-20T08:30:00Z",
            state=PodState.LACKS if place < behind else PodState.CURRENT,
            lacks=(Lack(container.name, sources),) if place < behind else (),
            message=message if place < behind else "",
        )
        for place in range(number)
    ]
    return replace(of, pods=tuple(pods))


def report(*workloads: Workload, pools: int = 3) -> Report:
    """Return the report of these workloads, with its sums."""
    modes = {it.namespace: it.mode for it in workloads}
    verdicts = Counter(it.verdict for it in workloads)
    pods = Counter(pod.state for it in workloads for pod in it.pods)
    return Report(
        source="cluster",
        policies=(policy(pools),),
        namespaces=tuple(
            Namespace(name, mode, "noxus" if mode else "") for name, mode in sorted(modes.items())
        ),
        workloads=tuple(sorted(workloads, key=lambda it: (it.namespace, it.kind, it.name))),
        unreadable=(),
        totals=Totals(
            namespaces=sum(mode != "" for mode in modes.values()),
            entries=len(workloads) - verdicts[Verdict.OUTSIDE],
            pods=pods.total(),
            refused=verdicts[Verdict.REFUSED],
            injected=verdicts[Verdict.INJECTED],
            nothing=verdicts[Verdict.NOTHING],
            outside=verdicts[Verdict.OUTSIDE],
            unjudged=sum(it.judged is not Judged.YES for it in workloads),
            pods_current=pods[PodState.CURRENT],
            pods_lacking=pods[PodState.LACKS],
            pods_outdated=pods[PodState.OUTDATED],
            pods_refused=pods[PodState.REFUSED],
            pods_finished=pods[PodState.FINISHED],
            skipped=0,
            unreadable=0,
        ),
    )


def cluster(workloads: int, pods_each: int, pools: int, namespaces: int = 4) -> Report:
    """Return a cluster of which every 20th workload is refused and every 5th has pods behind."""
    names = [*(f"noxus-{place}" for place in range(namespaces - 1)), "noxus-trial"]
    roles = ("worker", "worker", "worker", "backend", "frontend")
    found = []
    for place in range(workloads):
        role, namespace = roles[place % len(roles)], names[place % len(names)]
        pool = f"tenant-{place % pools}" if role == "worker" else None
        one = workload(f"noxus-{role}-{place}", role, pool, namespace)
        one = with_pods(one, pods_each, behind=2 if place % 5 == 0 else 0)
        if place % 20 == 1:  # a worker's place in `roles`
            one = refused(one, f"tenant-{(place + 1) % pools}-llm")
        found.append(one)
    return report(*found, pools=pools)


def trial() -> Report:
    """Return a cluster of the size that most have."""
    number = count()

    def some(role: str, pool: str | None = None, namespace: str = "noxus") -> Workload:
        name = f"noxus-{role}{f'-{pool}' if pool else ''}-{next(number)}"
        return with_pods(workload(name, role, pool, namespace), 3, behind=0)

    unjudged = replace(
        some("worker", "tenant-2", "noxus-trial"),
        judged=Judged.NO,
        judged_why="namespace noxus-trial is in dry run: its deployers are reported, not enforced",
        undecided=("scope 'ai-providers' names deployers: it depends on who deploys it",),
    )
    warned = replace(
        some("worker", "tenant-0"),
        warnings=(OVERRIDES,),
    )
    return report(
        some("frontend"),
        some("frontend"),
        some("backend"),
        warned,
        some("worker", "tenant-0"),
        with_pods(some("worker", "tenant-1"), 5, behind=2),
        refused(some("worker", "tenant-1"), "tenant-0-llm"),
        replace(some("relay"), replicas=0, pods=()),
        some("backend", None, "noxus-trial"),
        refused(some("worker", "tenant-2", "noxus-trial"), "tenant-1-llm"),
        unjudged,
        outside(some("worker", None, "legacy")),
    )
