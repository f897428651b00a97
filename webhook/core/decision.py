"""What can come out: a closed set of frozen values, with what people and machines read of them."""

from enum import StrEnum

from webhook.core.patch import Operation
from webhook.core.value import Value


class Reason(StrEnum):
    """Why, in a word: a bounded set, so that metrics can count by it."""

    INJECTED = "Injected"
    ANNOTATED = "Annotated"  # a workload tells Reloader what its pods are given
    NOTHING_TO_DO = "NothingToDo"
    NOT_JUDGED = "NotJudged"  # an object or operation that the webhook has no say in
    NO_POLICY_HERE = "NoPolicyForNamespace"
    UNKNOWN_ROLE = "UnknownRole"
    UNKNOWN_POOL = "UnknownPool"
    POOL_NOT_ENTITLED = "PoolNotEntitled"
    UNKNOWN_SCOPE = "UnknownScope"
    SCOPE_NOT_ENTITLED = "ScopeNotEntitled"
    SECRET_NOT_ENTITLED = "SecretNotEntitled"  # noqa: S105 - a reason, no password
    DEPLOYER_NOT_ENTITLED = "DeployerNotEntitled"
    UNMANAGED_SECRET = "UnmanagedSecret"  # noqa: S105 - likewise
    SHADOWING = "Shadowing"
    NOT_INJECTED = "NotInjected"


class Finding(Value, frozen=True):
    """One thing to tell: the reason in a word, a sentence with the way out, and the field."""

    reason: Reason
    message: str
    field: str = ""
    brief: str = ""  # the same without the way out, where a warning has no room for all of it
    about: str = ""  # what it is about, whatever its place in a list; empty: what the message says

    @property
    def subject(self) -> str:
        """What tells it from others, so that two versions of an object can be compared."""
        return self.about or self.message


class Report(Value, frozen=True):
    """What was found out, whatever the verdict."""

    reason: Reason
    policy: str = ""  # name of the policy that governs, with its generation; empty: none does
    role: str = ""
    pool: str = ""
    scopes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Allow(Value, frozen=True):
    """The object may be stored as it is."""

    report: Report


class Mutate(Value, frozen=True):
    """The object may be stored once the patch is applied; the patch is never empty."""

    report: Report
    patch: tuple[Operation, ...]


class Deny(Value, frozen=True):
    """The policy says no; there is at least one refusal, the most useful first."""

    report: Report
    refusals: tuple[Finding, ...]


class Observed(Value, frozen=True):
    """Dry run: the object is allowed unchanged, and this is what enforcement would have done."""

    report: Report
    would: Allow | Mutate | Deny


Decision = Allow | Mutate | Deny | Observed
