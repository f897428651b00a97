"""`spec.identity`: how a pod's role and pool are recognised."""

from typing import Literal, Self

from pydantic import Field, model_validator

from webhook.core.policy_fields import DnsLabel, LabelKey, LabelValue, Model, PoolName


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
