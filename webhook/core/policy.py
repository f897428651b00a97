"""The policy: what the operator wants, as frozen models that refuse what they do not know.

These models, with those of `policy_fields`, `policy_identity`, `policy_sources` and
`policy_upkeep`, are the one source of the file format, the custom resource and the reference in the
docs. What concerns more than one field is checked in `faults`.
"""

from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from webhook.core import names, words
from webhook.core.policy_fields import (
    ApiGroup,
    ApiKind,
    ApiResource,
    DnsLabel,
    LabelGlob,
    Model,
    ObjectName,
    OptionalObjectName,
    PoolName,
    QualifiedServiceAccount,
    TemplatePath,
)
from webhook.core.policy_identity import Identity
from webhook.core.policy_sources import EnvFromSource, EnvVar
from webhook.core.policy_upkeep import Reload, Risk, Rotation

API_VERSION: Final = f"{words.GROUP}/v1alpha1"
KIND: Final = "SecretInjectionPolicy"
PLURAL: Final = "secretinjectionpolicies"  # as in the paths of the API

# The sidecars that other injectors add; their authors never meant them to hold Noxus secrets.
DEFAULT_EXCLUDE: Final = (
    "istio-proxy",
    "istio-init",
    "istio-validation",
    "linkerd-*",
    "vault-agent*",
    "daprd",
    "otc-container",
    "datadog-*",
    "cloud-sql-proxy",
)


class Mode(StrEnum):
    """Whether decisions are applied, or computed and reported only."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Reaction(StrEnum):
    """What a guard does when its case arises."""

    ALLOW = "Allow"
    WARN = "Warn"
    DENY = "Deny"


class Ephemeral(StrEnum):
    """Whether debug containers are given sources."""

    SKIP = "Skip"
    INJECT = "Inject"


_IGNORED: Final = "Ignored: a field of the Noxus chart."
_RISK: Final = (
    "How soon its Secrets are to be rotated; absent: high for pools and keys of APIs, else medium."
)


class Deployers(Model):
    """Who may deploy what gets a scope: the authenticated user, which no author can choose."""

    users: tuple[str, ...] = Field(default=(), description="User names.")
    groups: tuple[str, ...] = Field(default=(), description="Group names.")
    service_accounts: tuple[QualifiedServiceAccount, ...] = Field(
        default=(), description="ServiceAccounts as namespace/name."
    )


class Conditions(Model):
    """For whom a scope or pool is meant; all that are given must hold."""

    namespaces: tuple[LabelGlob, ...] | None = Field(
        default=None, description="Names or globs of namespaces; absent: every namespace."
    )
    service_accounts: tuple[ObjectName, ...] | None = Field(
        default=None, description="Names of ServiceAccounts; absent: every one."
    )
    deployers: Deployers | None = Field(
        default=None, description="Authenticated users who may deploy it; absent: everybody."
    )

    def cover(self, namespace: str) -> bool:
        """Tell whether it is meant for a namespace, whatever its other conditions."""
        return self.namespaces is None or names.NameMatcher(self.namespaces).matches(namespace)


class Scope(Conditions):
    """A named set of sources, and who is entitled to it."""

    name: DnsLabel = Field(description="Name, as the annotation and the messages use it.")
    roles: tuple[DnsLabel, ...] = Field(description="The roles that are entitled to it.")
    on_request: bool = Field(
        default=False,
        description=f"Only for pods that name it in the annotation {words.SCOPES_ANNOTATION}.",
    )
    containers: tuple[LabelGlob, ...] | None = Field(
        default=None,
        description="Names or globs of containers; absent: every container not excluded.",
    )
    env_from: tuple[EnvFromSource, ...] = Field(
        default=(), description="Elements for envFrom, in order: a later one wins."
    )
    env: tuple[EnvVar, ...] = Field(default=(), description="Single keys, as elements for env.")
    risk: Risk | None = Field(default=None, description=_RISK)


class Pool(Conditions):
    """One pool, as in `worker.pools` of the Noxus Helm values."""

    enabled: bool = Field(
        default=True,
        description="false makes the pool unknown to pods, while its Secret stays managed.",
    )
    env_secret_ref: OptionalObjectName = Field(
        default="", description="The pool's Secret, always the last source; empty: none."
    )
    risk: Risk | None = Field(default=None, description=_RISK)
    # The chart's own fields, so that its values can be pasted; they say nothing about secrets.
    replica_count: Any = Field(default=None, description=_IGNORED)
    worker_subscribe: Any = Field(default=None, description=_IGNORED)
    worker_subscribe_tenants: Any = Field(default=None, description=_IGNORED)
    worker_subscribe_workspaces: Any = Field(default=None, description=_IGNORED)
    resources: Any = Field(default=None, description=_IGNORED)
    autoscaling: Any = Field(default=None, description=_IGNORED)
    pod_disruption_budget: Any = Field(default=None, description=_IGNORED)
    affinity: Any = Field(default=None, description=_IGNORED)
    node_selector: Any = Field(default=None, description=_IGNORED)
    tolerations: Any = Field(default=None, description=_IGNORED)
    topology_spread_constraints: Any = Field(default=None, description=_IGNORED)


class Worker(Model):
    """The shape of the Noxus Helm values, so that they can be pasted."""

    role: DnsLabel = Field(default="worker", description="The role that may belong to pools.")
    pools: dict[PoolName, Pool] = Field(default_factory=dict, description="The pools by name.")


class Containers(Model):
    """Which containers are given sources."""

    exclude: tuple[LabelGlob, ...] = Field(
        default=DEFAULT_EXCLUDE,
        description="Names or globs of containers that are given nothing; still checked.",
    )
    ephemeral: Ephemeral = Field(
        default=Ephemeral.SKIP, description="Whether debug containers are injected."
    )


class Workload(Model):
    """A kind of object with pod templates that Kubernetes itself does not know."""

    group: ApiGroup = Field(description="The API group, such as argoproj.io.")
    kind: ApiKind = Field(description="The kind, such as Rollout.")
    resource: ApiResource = Field(
        description="The plural, as in the paths of the API, such as rollouts."
    )
    templates: tuple[TemplatePath, ...] = Field(
        description=(
            "Where its pod templates are, such as spec.template; * stands for each element of a "
            "map or list, as in spec.pytorchReplicaSpecs.*.template."
        )
    )


class Guard(Model):
    """What to do in cases that are not a matter of entitlement."""

    unknown_role: Reaction = Field(
        default=Reaction.WARN,
        description="A pod that has no known role and asks for nothing.",
    )
    unknown_pool: Reaction = Field(
        default=Reaction.DENY,
        description="A worker that names a pool which the policy does not list.",
    )
    shadowing: Reaction = Field(
        default=Reaction.WARN,
        description="A pod that overrides a managed variable itself.",
    )
    unmanaged_secrets: Reaction = Field(
        default=Reaction.ALLOW,
        description="A Secret that the policy does not name (image pull secrets apart).",
    )


class PolicySpec(Model):
    """The policy itself."""

    mode: Mode = Field(default=Mode.ENFORCE, description="DryRun: nothing is changed or refused.")
    namespaces: tuple[LabelGlob, ...] | None = Field(
        default=None, description="Names or globs; absent: every opted-in namespace."
    )
    identity: Identity = Field(
        default_factory=Identity, description="How roles and pools are recognised."
    )
    scopes: tuple[Scope, ...] = Field(
        default=(), description="In injection order: within envFrom a later source wins."
    )
    worker: Worker = Field(default_factory=Worker, description="Worker pools.")
    containers: Containers = Field(
        default_factory=Containers, description="Which containers are given sources."
    )
    workloads: tuple[Workload, ...] = Field(
        default=(),
        description="Kinds of objects, beyond those of Kubernetes, whose pod templates are judged.",
    )
    guard: Guard = Field(
        default_factory=Guard, description="What to do in cases that are no matter of entitlement."
    )
    rotation: Rotation = Field(
        default_factory=Rotation, description="How old Secrets may become, by their risk."
    )
    reload: Reload = Field(
        default_factory=Reload,
        description="How pods come to read a Secret that has changed.",
    )


class ObjectMeta(BaseModel):
    """The metadata that is read; the API server owns the rest and may add to it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)

    name: ObjectName = Field(description="How logs, messages and conflicts name the policy.")
    generation: int = Field(default=0, description="Set by the API server.")
    creation_timestamp: str | None = Field(default=None, description="Set by the API server.")


class Policy(Model):
    """Which pods are given which Secrets, in which order, and what is refused."""

    api_version: Literal["secrets.noxus.ai/v1alpha1"] = Field(
        description="Group and version of the schema."
    )
    kind: Literal["SecretInjectionPolicy"] = Field(description="The kind.")
    metadata: ObjectMeta = Field(description="The name, and what the API server adds.")
    spec: PolicySpec = Field(description="What the operator wants.")
    status: Any = None
