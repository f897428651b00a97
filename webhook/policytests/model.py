"""A file of cases, as frozen models that refuse what they do not know.

The words are those of Kubernetes and of the webhook's own answers: an expectation reads as what
`explain`, the metrics and the annotations of a pod say. These models are the one source of
docs/policy-tests.md.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from webhook.core import words
from webhook.core.decision import Reason
from webhook.core.policy_fields import DnsLabel, Model
from webhook.core.policy_sources import EnvFromSource
from webhook.core.words import NamespaceMode

# As a resource of ours, though no cluster knows it: the kind is what tells a file of cases from the
# objects and policies beside it, whatever the files are called.
API_VERSION: Final = f"{words.GROUP}/v1alpha1"
KIND: Final = "PolicyTest"

T = TypeVar("T")


class HookChoice(StrEnum):
    """Which hooks a case goes through."""

    BOTH = "both"
    MUTATE = "mutate"
    VALIDATE = "validate"


class Verdict(StrEnum):
    """What becomes of an object; in dry run, what enforcement would have made of it."""

    INJECTED = "injected"
    ALLOWED = "allowed"
    REFUSED = "refused"
    WOULD_INJECT = "would inject"
    WOULD_REFUSE = "would refuse"


def _place_or_mapping(value: object) -> object:
    if isinstance(value, dict) or (isinstance(value, str) and value):
        return value
    raise ValueError("expected the path of a file, or the object itself")


def _one_line(value: str) -> str:
    if value.strip() and value.isprintable():
        return value
    raise ValueError("expected one line of text")


def _not_empty(value: T) -> T:
    if value is None or value:
        return value
    raise ValueError("is empty, so that nothing can fail: name what must be there, or remove it")


def _source(value: object) -> object:
    """Take the name of a Secret for a whole, required Secret without a prefix."""
    if isinstance(value, str):
        return {"secretRef": {"name": value}}
    if isinstance(value, dict):
        return value
    raise ValueError("expected the name of a Secret, or an element of envFrom as in Kubernetes")


# A path, from the folder of the file that says it, or what would be in the file.
Place = Annotated[str | dict[str, Any], PlainValidator(_place_or_mapping)]
Line = Annotated[str, AfterValidator(_one_line)]
Parts = Annotated[tuple[Line, ...] | None, AfterValidator(_not_empty)]
Source = Annotated[EnvFromSource, BeforeValidator(_source)]


class Given(Model):
    """What is sent, and how; what a case leaves out it takes from its file."""

    policy: Place | None = Field(
        default=None,
        description=(
            "The policy: the path of a file or folder, from the folder of this file; or the policy "
            "itself, with or without apiVersion and kind. Absent: --policy, or the cluster's."
        ),
    )
    object: Place | None = Field(
        default=None,
        description=(
            "The pod or workload that is created: the path of a file, with `#deployment/web` "
            "behind it where the file holds several; or the object itself."
        ),
    )
    namespace: DnsLabel | None = Field(
        default=None, description="The namespace. Absent: the object's `metadata.namespace`."
    )
    mode: NamespaceMode | None = Field(
        default=None, description="The opt-in label of the namespace. Absent: `enabled`."
    )
    hook: HookChoice | None = Field(
        default=None,
        description=(
            "Absent: `both`, one after the other as in a cluster. Of a workload, `validate` is "
            "what its author is told, and `mutate` what its pods are given."
        ),
    )
    user: Line | None = Field(
        default=None,
        description=(
            "Who creates the object, as the API server has authenticated it. Absent: `deployers` "
            "are not asked."
        ),
    )
    groups: tuple[Line, ...] = Field(
        default=(),
        description=(
            "The groups of the user. Those that the API server adds by itself, such as "
            "`system:authenticated`, need not be written."
        ),
    )


class Expectation(Model):
    """What must come of it; what is not written here is not looked at."""

    decision: Verdict | None = Field(
        default=None,
        description="What becomes of the object; the last two are those of a dry run.",
    )
    reason: Reason | None = Field(
        default=None, description="The reason in a word, as in the metrics and `explain`."
    )
    role: str | None = Field(default=None, description="The role; `''` is an unknown one.")
    pool: str | None = Field(default=None, description="The worker pool; `''` is none.")
    scopes: tuple[Line, ...] | None = Field(
        default=None,
        description="All granted scopes in injection order, a pool's as `pool/NAME`.",
    )
    env_from: Annotated[dict[str, tuple[Source, ...]] | None, AfterValidator(_not_empty)] = Field(
        default=None,
        description=(
            "By container: all of its `envFrom` in order, as it is stored. A plain name is a "
            "Secret; anything else is written as in Kubernetes."
        ),
    )
    env: Annotated[dict[str, tuple[str, ...]] | None, AfterValidator(_not_empty)] = Field(
        default=None, description="By container: the names of all its `env` in order."
    )
    message: Parts = Field(
        default=None, description="Parts of the refusal, each of which it must hold."
    )
    warnings: tuple[str, ...] | None = Field(
        default=None, description="All warnings, whole and in order; `[]` is none."
    )
    warnings_contain: Parts = Field(
        default=None, description="Parts of warnings, each of which one of them must hold."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for _, value in self):
            raise ValueError("a case that expects nothing cannot fail: name what must come of it")
        return self


class Case(Given):
    """One object, and what must come of it."""

    name: Line = Field(
        description="What the case shows, in a sentence; no two of a document the same."
    )
    expect: Expectation = Field(description="What must come of it.")


class PolicyTest(Given):
    """A document of cases; what it gives holds for each case that does not say otherwise."""

    api_version: Literal["secrets.noxus.ai/v1alpha1"] = Field(description="Always this.")
    kind: Literal["PolicyTest"] = Field(description="Always this.")
    cases: Annotated[tuple[Case, ...], AfterValidator(_not_empty)] = Field(description="The cases.")
