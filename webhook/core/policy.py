"""The policy: what the operator wants, as frozen models that refuse what they do not know.

These models are the one source of the file format, the custom resource and the reference in the
docs. What concerns more than one field is checked in `faults`.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from webhook.core import names, words

ApiGroup = Annotated[str, AfterValidator(names.api_group)]
ApiKind = Annotated[str, AfterValidator(names.api_kind)]
ApiResource = Annotated[str, AfterValidator(names.api_resource)]
Days = Annotated[str, AfterValidator(names.days)]
DnsLabel = Annotated[str, AfterValidator(names.dns_label)]
EnvName = Annotated[str, AfterValidator(names.env_name)]
EnvPrefix = Annotated[str, AfterValidator(names.env_prefix)]
LabelGlob = Annotated[str, AfterValidator(names.label_glob)]
LabelKey = Annotated[str, AfterValidator(names.label_key)]
LabelValue = Annotated[str, AfterValidator(names.label_value)]
ObjectName = Annotated[str, AfterValidator(names.object_name)]
OptionalObjectName = Annotated[str, AfterValidator(names.optional_object_name)]
PoolName = Annotated[str, AfterValidator(names.pool_name)]
QualifiedServiceAccount = Annotated[str, AfterValidator(names.qualified_service_account)]
SecretDataKey = Annotated[str, AfterValidator(names.secret_key)]
TemplatePath = Annotated[str, AfterValidator(names.template_path)]

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


class ReloadMode(StrEnum):
    """How workloads come to be restarted when what their pods were given changes."""

    NONE = "None"  # not Off, which is false in YAML
    ANNOTATE = "Annotate"
    ROLLOUT = "Rollout"


_IGNORED: Final = "Ignored: a field of the Noxus chart."
_RISK: Final = (
    "How soon its Secrets are to be rotated; absent: high for pools and keys of APIs, else medium."
)


class Model(BaseModel):
    """Frozen, closed, and written in camelCase as everything in Kubernetes is."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class SourceRef(Model):
    """The Secret or ConfigMap that an `envFrom` element reads; it is in the pod's namespace."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    optional: bool = Field(
        default=False, description="Whether the pod may start while it does not exist."
    )


class EnvFromSource(Model):
    """One element of a container's `envFrom`, as Kubernetes writes it."""

    prefix: EnvPrefix = Field(default="", description="Put in front of every key; empty: nothing.")
    secret_ref: SourceRef | None = Field(
        default=None, description="Read all keys of a Secret; this or configMapRef."
    )
    config_map_ref: SourceRef | None = Field(
        default=None, description="Read all keys of a ConfigMap; this or secretRef."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.secret_ref is None) == (self.config_map_ref is None):
            raise ValueError("name exactly one of secretRef and configMapRef")
        return self

    @property
    def read(self) -> tuple[str, SourceRef]:
        """Return the kind of what is read, and the reference to it."""
        if self.secret_ref is not None:
            return "Secret", self.secret_ref
        return "ConfigMap", cast("SourceRef", self.config_map_ref)


class SecretKeyRef(Model):
    """One key of one Secret."""

    name: ObjectName = Field(description="Name of the Secret.")
    key: SecretDataKey = Field(description="Key inside it.")
    optional: bool = Field(default=False, description="Whether the pod may start without it.")


class EnvVarSource(Model):
    """Where the value of a variable comes from."""

    secret_key_ref: SecretKeyRef = Field(description="A key of a Secret.")


class EnvVar(Model):
    """One variable that reads a Secret key, as Kubernetes writes it in `env`."""

    name: EnvName = Field(description="Name of the variable.")
    value_from: EnvVarSource = Field(description="Where its value comes from.")


class Deployers(Model):
    """Who may deploy what gets a scope: the authenticated user, which no author can choose."""

    users: tuple[str, ...] = Field(default=(), description="User names.")
    groups: tuple[str, ...] = Field(default=(), description="Group names.")
    service_accounts: tuple[QualifiedServiceAccount, ...] = Field(
        default=(), description="ServiceAccounts as namespace/name."
    )


class Risk(StrEnum):
    """How much harm a credential does in the wrong hands, and so how soon it is replaced."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class Rotation(Model):
    """How old what a Secret holds may become, for reports of rotation; nothing is refused."""

    high: Days = Field(default="30d", description="For Secrets of high risk, such as API keys.")
    medium: Days = Field(default="60d", description="For Secrets of medium risk.")
    low: Days = Field(default="90d", description="For Secrets of low risk.")


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


class LabelSelectorRequirement(Model):
    """One expression of a label selector."""

    key: LabelKey = Field(description="The label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How its value relates to the values."
    )
    values: tuple[LabelValue, ...] = Field(default=(), description="For In and NotIn.")

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if self.operator in {"In", "NotIn"} and not self.values:
            raise ValueError(f"operator {self.operator} needs values")
        if self.operator in {"Exists", "DoesNotExist"} and self.values:
            raise ValueError(f"operator {self.operator} takes no values")
        return self


class LabelSelector(Model):
    """The label selector of Kubernetes."""

    match_labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict, description="Labels that the pod must carry."
    )
    match_expressions: tuple[LabelSelectorRequirement, ...] = Field(
        default=(), description="Further requirements; all must hold."
    )


class Rule(Model):
    """How to recognise a role where the chart has labels of its own."""

    selector: LabelSelector = Field(description="Which pods it is about.")
    role: DnsLabel = Field(description="The role that they have.")
    pool: PoolName | None = Field(default=None, description="The pool that they belong to.")
    pool_from: LabelKey | None = Field(
        default=None, description="The label whose value is the pool that they belong to."
    )

    @model_validator(mode="after")
    def _one_pool(self) -> Self:
        if self.pool is not None and self.pool_from is not None:
            raise ValueError("pool and poolFrom contradict each other: keep one of them")
        return self


class Identity(Model):
    """How a pod's role and pool are recognised."""

    role_labels: tuple[LabelKey, ...] = Field(
        default=("noxus.ai/role",),
        description="Labels that hold the role; the first that the pod carries decides.",
    )
    pool_labels: tuple[LabelKey, ...] = Field(
        default=("noxus.ai/worker-pool",),
        description="Labels that hold the pool; the first that the pod carries decides.",
    )
    aliases: dict[LabelValue, DnsLabel] = Field(
        default_factory=dict, description="Label values that mean a role by another name."
    )
    roles: tuple[DnsLabel, ...] = Field(
        default=(), description="Role names beyond the built-in ones."
    )
    rules: tuple[Rule, ...] = Field(
        default=(), description="Tried before the labels; the first that matches decides."
    )


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


class Reload(Model):
    """What becomes of running pods when a Secret changes that the policy gave them."""

    mode: ReloadMode = Field(
        default=ReloadMode.NONE,
        description=(
            "Annotate: tell Reloader, in an annotation of each Deployment, StatefulSet and "
            "DaemonSet, what its pods are given. Rollout: restart them, one after the other; "
            "needs the component reload."
        ),
    )
    # Several keys of a rotation are written within seconds, and a pipeline's Secrets within one
    # or two dozen. Below 2 s a change within the second of another could be missed.
    quiet_seconds: int = Field(
        default=30,
        ge=2,
        le=86_400,
        description="Rollout: restart once nothing has changed for so long.",
    )
    timeout_seconds: int = Field(
        default=600,  # the default progressDeadlineSeconds of a Deployment
        ge=30,
        le=86_400,
        description="Rollout: begin the next restart after so long, though this one is not done.",
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
