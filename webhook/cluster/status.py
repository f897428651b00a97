"""What the status of a policy says, and how it is written. The models are its schema, too.

A status that says the same as before is the same to the byte, times included, so that comparing is
all that it takes to write nothing in vain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from pydantic import Field

from webhook.core.policy import API_VERSION, PLURAL
from webhook.core.policy_fields import Model
from webhook.core.policyset import Conflict
from webhook.loading.load import overlap
from webhook.loading.yamltree import field_name

Json = dict[str, Any]

READY: Final = "Ready"
CONFLICT: Final = "Conflict"

MAX_MESSAGE: Final = 32_768  # of a condition, as apimachinery's own schema has it
_MORE: Final = " …"
# What is left of a terminal of 120 columns beside the other columns of `kubectl get`.
MAX_NAMESPACES: Final = 60


class Condition(Model):
    """One aspect of the policy's state, as every condition of Kubernetes."""

    type: str = Field(description="Ready or Conflict.", max_length=316)
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    observed_generation: int = Field(description="The generation that it speaks of.")
    last_transition_time: str = Field(
        description="When status last changed.", json_schema_extra={"format": "date-time"}
    )
    reason: str = Field(description="One word for it.", max_length=1024)
    message: str = Field(
        description="What is wrong, where, and what to write instead.", max_length=MAX_MESSAGE
    )


class PolicyStatus(Model):
    """What the webhook makes of the policy; the leader of its replicas writes it."""

    observed_generation: int | None = Field(
        default=None, description="The generation that the webhook has judged."
    )
    generation_in_force: int | None = Field(
        default=None,
        description="The generation that pods are judged by: the last that loads. Absent: none.",
    )
    pools: int | None = Field(default=None, description="Number of the pools in force.")
    namespaces: str | None = Field(
        default=None, description="Namespaces that it covers, in short; *: every opted-in one."
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        description=(
            "Ready: in force as it is written; its reason is InForce, Invalid or Conflict. "
            "Conflict: an older policy covers one of its namespaces, and governs there."
        ),
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a policy stands: the newest generation of the resource, and what of it is in force."""

    generation: int
    in_force: int | None  # None: nothing
    problems: Sequence[str]  # of the newest generation; none: it is the one in force
    conflict: Conflict | None
    pools: int  # in force
    namespaces: Sequence[str]  # globs, in force


class StatusWriter(Protocol):
    """The one call to the API server that is needed."""

    async def patch(self, path: str, body: Json) -> Json: ...  # noqa: D102


def status_of(standing: Standing, current: Mapping[str, Any], *, now: datetime) -> Json:
    """Return the status of a policy whose status is `current`, which may be empty.

    A condition whose status stays keeps the time of its last transition; conditions that are not
    ours stay as they are.
    """
    before = {it["type"]: it for it in current.get("conditions") or ()}
    ours = {it["type"]: it for it in (_ready(standing), _conflict(standing))}
    for kind, condition in ours.items():
        condition["observedGeneration"] = standing.generation
        old = before.get(kind, {})
        condition["lastTransitionTime"] = (
            old["lastTransitionTime"] if old.get("status") == condition["status"] else _rfc3339(now)
        )
    status: Json = {"observedGeneration": standing.generation}
    if standing.in_force is not None:
        status["generationInForce"] = standing.in_force
        status["pools"] = standing.pools
        status["namespaces"] = _short(standing.namespaces)
    return status | {"conditions": list((before | ours).values())}


def needs_write(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether writing would change anything; the order of fields is not a change."""
    return current != wanted


async def write_status(api: StatusWriter, name: str, status: Json) -> None:
    """Write what `status_of` returned; raises what `api` raises: 404 once the policy is gone."""
    # A merge patch leaves alone what it does not name: what is absent has to go by a null.
    fields = [str(field.alias) for field in PolicyStatus.model_fields.values()]
    body = {"status": {field: status.get(field) for field in fields}}
    await api.patch(f"/apis/{API_VERSION}/{PLURAL}/{name}/status", body)


def _ready(standing: Standing) -> Json:
    generation, in_force = standing.generation, standing.in_force
    if standing.problems:
        rest = (
            "no generation is in force"
            if in_force is None
            else f"generation {in_force} stays in force"
        )
        lines = [f"generation {generation} cannot be used, and {rest}:", *standing.problems]
        return _says(READY, "False", "Invalid", "\n".join(lines))
    if standing.conflict:
        message = (
            f"generation {generation} governs only where no older policy does: "
            f"{_overlap(standing.conflict)}"
        )
        return _says(READY, "False", "Conflict", message)
    return _says(READY, "True", "InForce", f"generation {generation} is in force")


def _conflict(standing: Standing) -> Json:
    if standing.conflict:
        return _says(CONFLICT, "True", "Overlap", _overlap(standing.conflict))
    message = "no older policy covers a namespace that this one covers"
    return _says(CONFLICT, "False", "NoOverlap", message)


def _overlap(conflict: Conflict) -> str:
    fault = overlap(conflict)
    return f"{field_name(fault.path)}: {fault.message}"


def _says(kind: str, status: str, reason: str, message: str) -> Json:
    if len(message) > MAX_MESSAGE:
        message = message[: MAX_MESSAGE - len(_MORE)] + _MORE
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _short(globs: Sequence[str]) -> str:
    text = ", ".join(globs)
    if len(text) <= MAX_NAMESPACES:
        return text
    shown = 1  # one glob is 63 characters at most
    while len(", ".join(globs[: shown + 1])) <= MAX_NAMESPACES:
        shown += 1
    return f"{', '.join(globs[:shown])} and {len(globs) - shown} more"


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
