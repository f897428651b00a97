"""A report and a plan with one of everything, for the tests of what is made from them."""

from webhook.audit.changes import (
    ContainerChange,
    Dimension,
    Order,
    Plan,
    Widening,
    WorkloadChange,
)
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
    SourceName,
    State,
    Totals,
    Variable,
    Verdict,
    Workload,
)


def scope(name: str, roles: tuple[str, ...], *sources: str, on_request: bool = False) -> ScopeView:
    pool = name.removeprefix("pool/") if name.startswith("pool/") else None
    secrets = tuple(dict.fromkeys(it.partition("/")[0] for it in sources))
    return ScopeView(name, pool, roles, on_request, True, sources, secrets)


POLICY = PolicyView(
    name="noxus",
    mode="Enforce",
    namespaces=("noxus", "noxus-*"),
    scopes=(
        scope("shared", ("frontend", "backend", "worker", "relay", "plugin-server"), "app-env"),
        scope("worker", ("worker",), "worker-env"),
        scope("plugin-keys", ("backend", "plugin-server"), "plugin-secrets/PLUGIN_SERVER_API_KEY"),
        scope("ai-providers", ("worker",), "llm-keys", on_request=True),
        scope("pool/tenant-a", ("worker",), "tenant-a-llm"),
        scope("pool/tenant-b", ("worker",), "tenant-b-llm"),
        scope("pool/default", ("worker",)),
    ),
)
WORKER_SOURCES = (
    Source("Secret", "app-env", "", False, "shared", "injected", False),
    Source("Secret", "worker-env", "", False, "worker", "injected", False),
    Source("ConfigMap", "custom", "", False, "", "the pod's own", False),
    Source("Secret", "tenant-a-llm", "", False, "pool/tenant-a", "there before", True),
)
WORKER = Workload(
    kind="Deployment",
    name="noxus-worker-tenant-a",
    namespace="noxus",
    mode="enabled",
    policy="noxus",
    dry_run=False,
    role="worker",
    recognised_by="label noxus.ai/role: worker",
    pool="tenant-a",
    service_account="default",
    replicas=3,
    owner="",
    file="",
    verdict=Verdict.INJECTED,
    granted=("shared", "worker", "pool/tenant-a"),
    containers=(
        Container(
            "containers",
            "worker",
            False,
            (SourceName("Secret", "tenant-a-llm", ""),),
            WORKER_SOURCES,
            (),
        ),
        Container("containers", "istio-proxy", True, (), (), ()),
    ),
    access=(
        Access(
            *("app-env", State.GAINS, "envFrom", ("worker",), None, "shared"),
            ("worker-env", "ConfigMap custom", "tenant-a-llm"),
            "",
        ),
        Access(
            *("worker-env", State.GAINS, "envFrom", ("worker",), None, "worker"),
            ("ConfigMap custom", "tenant-a-llm"),
            "",
        ),
        Access("tenant-a-llm", State.HAS, "envFrom", ("worker",), None, "pool/tenant-a", (), ""),
    ),
    refusals=(),
    warnings=(
        (
            "container 'worker': spec.template.spec.containers[0].envFrom[0] comes after managed "
            "sources and may override them"
        ),
    ),
    undecided=(),
    judged=Judged.YES,
    judged_why="",
    outside="",
    pods=(
        PodEntry("w-1", "Running", "2026-11-20T10:00:00Z", PodState.CURRENT, (), ""),
        PodEntry(
            "w-2",
            "Running",
            "2026-10-01T10:00:00Z",
            PodState.LACKS,
            (Lack("worker", ("app-env", "worker-env")),),
            "runs without what the policy now gives it: container 'worker' lacks app-env, "
            "worker-env; restart deployment/noxus-worker-tenant-a",
        ),
    ),
)
FRONTEND_REFUSAL = Refusal(
    "SecretNotEntitled",
    "spec.template.spec.containers[0].envFrom[0].secretRef",
    "container 'web' may not read Secret 'worker-env' "
    "(spec.template.spec.containers[0].envFrom[0].secretRef): it belongs to scope 'worker', and "
    "role frontend is not entitled to it (only worker); remove it, or have the policy's owner add "
    "role frontend to it",
)
FRONTEND = Workload(
    kind="Deployment",
    name="greedy-frontend",
    namespace="noxus",
    mode="enabled",
    policy="noxus",
    dry_run=False,
    role="frontend",
    recognised_by="label noxus.ai/role: frontend",
    pool=None,
    service_account="default",
    replicas=0,
    owner="",
    file="",
    verdict=Verdict.REFUSED,
    granted=("shared",),
    containers=(
        Container(
            *("containers", "web", False),
            (SourceName("Secret", "worker-env", ""),),
            (Source("Secret", "worker-env", "", False, "", "there before", True),),
            (),
        ),
    ),
    access=(
        Access(
            *("worker-env", State.REFUSED, "envFrom", ("web",), None, "", ()),
            FRONTEND_REFUSAL.message,
        ),
    ),
    refusals=(FRONTEND_REFUSAL,),
    warnings=(),
    undecided=(),
    judged=Judged.YES,
    judged_why="",
    outside="",
    pods=(),
)
BACKEND = Workload(
    kind="StatefulSet",
    name="noxus-backend",
    namespace="noxus-trial",
    mode="dry-run",
    policy="noxus",
    dry_run=True,
    role="backend",
    recognised_by="rule 0",
    pool=None,
    service_account="noxus-backend",
    replicas=1,
    owner="",
    file="",
    verdict=Verdict.INJECTED,
    granted=("shared", "plugin-keys"),
    containers=(
        Container(
            *("containers", "api", False, ()),
            (Source("Secret", "app-env", "", False, "shared", "injected", True),),
            (
                Variable(
                    *("PLUGIN_SERVER_API_KEY", "plugin-secrets", "PLUGIN_SERVER_API_KEY"),
                    *("plugin-keys", "injected"),
                ),
            ),
        ),
    ),
    access=(
        Access("app-env", State.GAINS, "envFrom", ("api",), None, "shared", (), ""),
        Access(
            *("plugin-secrets", State.GAINS, "env", ("api",), ("PLUGIN_SERVER_API_KEY",)),
            *("plugin-keys", (), ""),
        ),
    ),
    refusals=(),
    warnings=(),
    undecided=(
        "scope 'plugin-keys' names deployers: whether it may be deployed depends on who does it",
    ),
    judged=Judged.NO,
    judged_why="namespace noxus-trial is in dry run: its deployers are reported, never enforced",
    outside="",
    pods=(
        PodEntry("noxus-backend-0", "Pending", "2026-11-20T10:00:00Z", PodState.CURRENT, (), ""),
    ),
)
BARE_POD = Workload(
    kind="Pod",
    name="debug-copy",
    namespace="noxus",
    mode="enabled",
    policy="noxus",
    dry_run=False,
    role=None,
    recognised_by="",
    pool=None,
    service_account="default",
    replicas=None,
    owner="TFJob/train",
    file="",
    verdict=Verdict.NOTHING,
    granted=(),
    containers=(Container("containers", "app", False, (), (), ()),),
    access=(),
    refusals=(),
    warnings=("no Noxus role, so nothing is injected: label the pod noxus.ai/role: <role>",),
    undecided=(),
    judged=Judged.YES,
    judged_why="",
    outside="",
    pods=(PodEntry("debug-copy", "Running", "2026-11-20T10:00:00Z", PodState.CURRENT, (), ""),),
)
OUTSIDE = Workload(
    kind="CronJob",
    name="nightly",
    namespace="legacy",
    mode="",
    policy="",
    dry_run=False,
    role="worker",
    recognised_by="label noxus.ai/role: worker",
    pool=None,
    service_account="default",
    replicas=None,
    owner="",
    file="",
    verdict=Verdict.OUTSIDE,
    granted=(),
    containers=(
        Container(
            *("containers", "job", False),
            (SourceName("Secret", "worker-env", ""),),
            (Source("Secret", "worker-env", "", False, "", "the pod's own", True),),
            (),
        ),
    ),
    access=(Access("worker-env", State.HAS, "envFrom", ("job",), None, "", (), ""),),
    refusals=(),
    warnings=(),
    undecided=(),
    judged=Judged.YES,
    judged_why="",
    outside="policy 'noxus' recognises role worker, and it names Secret 'worker-env'; namespace "
    "legacy is not opted in, so nobody judges it",
    pods=(),
)
REPORT = Report(
    source="cluster",
    policies=(POLICY,),
    namespaces=(
        Namespace("legacy", "", ""),
        Namespace("noxus", "enabled", "noxus"),
        Namespace("noxus-trial", "dry-run", "noxus"),
    ),
    workloads=(OUTSIDE, FRONTEND, WORKER, BARE_POD, BACKEND),
    unreadable=(),
    totals=Totals(
        namespaces=2,
        entries=4,
        pods=4,
        refused=1,
        injected=2,
        nothing=1,
        outside=1,
        unjudged=1,
        pods_current=3,
        pods_lacking=1,
        pods_outdated=0,
        pods_refused=0,
        pods_finished=0,
        skipped=7,
        unreadable=0,
    ),
)
PLAN = Plan(
    before="old.yaml",
    after="cluster",
    source="cluster",
    policies_before=(POLICY,),
    policies_after=(POLICY,),
    entries=5,
    changes=(
        WorkloadChange(
            kind="Deployment",
            name="greedy-frontend",
            namespace="noxus",
            file="",
            replicas=0,
            policy_before="noxus",
            policy_after="noxus",
            role_before="frontend",
            role_after="frontend",
            pool_before=None,
            pool_after=None,
            containers=(),
            orders=(),
            refused_before=(),
            refused_after=(FRONTEND_REFUSAL,),
            dry_run_before=False,
            dry_run_after=False,
        ),
        WorkloadChange(
            kind="Deployment",
            name="noxus-worker-tenant-a",
            namespace="noxus",
            file="",
            replicas=3,
            policy_before="noxus",
            policy_after="noxus",
            role_before="worker",
            role_after="worker",
            pool_before="tenant-a",
            pool_after="tenant-a",
            containers=(
                ContainerChange(
                    *("worker", ("llm-keys",), ("plugin-secrets/KEY",)),
                    before=("app-env", "worker-env", "tenant-a-llm"),
                    after=("worker-env", "app-env", "llm-keys", "tenant-a-llm"),
                ),
            ),
            orders=(
                Order(
                    "worker",
                    ("app-env", "worker-env", "tenant-a-llm"),
                    ("worker-env", "app-env", "llm-keys", "tenant-a-llm"),
                ),
            ),
            refused_before=(),
            refused_after=(),
            dry_run_before=False,
            dry_run_after=False,
        ),
    ),
    widenings=(
        Widening(
            "worker-env",
            Dimension.ROLE,
            "backend",
            None,
            "Secret 'worker-env' reaches role backend, which it did not reach",
        ),
    ),
)
