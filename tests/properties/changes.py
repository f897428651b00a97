"""What people change in a template or a pod that stands: harmless things, greedy ones, nothing."""

import copy

from tests.properties.names import ACCOUNTS, POOLS, ROLES, SCOPES
from tests.properties.oracle_entitlement import SCOPES_ANNOTATION
from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import containers_of
from tests.properties.oracle_templates import RESTARTED_AT
from tests.properties.tape import Tape
from tests.properties.trespass import trespass


def restart(tape: Tape, template: Json) -> None:
    """What `kubectl rollout restart` does."""
    _metadata(template, "annotations")[RESTARTED_AT] = tape.pick(("2026-11-24", "2026-11-25"))


def new_image(tape: Tape, template: Json) -> None:
    tape.pick(_own_containers(template))["image"] = "registry.example/noxus:2"


def add_a_reference(tape: Tape, template: Json) -> None:
    trespass(tape, template["spec"], "containers")


def drop_a_source(tape: Tape, template: Json) -> None:
    container = tape.pick(containers_of(template))
    for field in ("envFrom", "env", "volumeMounts"):
        if container.get(field):
            container[field] = container[field][1:]
            return


def move_things(_: Tape, template: Json) -> None:
    """The same things in another order: nothing is added by that."""
    for field in ("containers", "volumes", "imagePullSecrets"):
        if template["spec"].get(field):
            template["spec"][field] = template["spec"][field][::-1]
    for container in containers_of(template):
        for field in ("envFrom", "volumeMounts"):
            if container.get(field):
                container[field] = container[field][::-1]


def move_to_another_container(tape: Tape, template: Json) -> None:
    one, other = (tape.pick(containers_of(template)) for _ in range(2))
    for field in ("envFrom", "volumeMounts"):
        if one.get(field) and one is not other:
            other[field] = [*(other.get(field) or []), one[field][0]]
            one[field] = one[field][1:]


def become_another(tape: Tape, template: Json) -> None:
    """By labels, the annotation or the ServiceAccount."""
    kind = tape.number(4)
    if kind == 0:
        _metadata(template, "labels")["noxus.ai/role"] = tape.pick(ROLES)
    elif kind == 1:
        _metadata(template, "labels")["noxus.ai/worker-pool"] = tape.pick(POOLS)
    elif kind == 2:
        _metadata(template, "annotations")[SCOPES_ANNOTATION] = tape.pick(SCOPES)
    else:
        template["spec"]["serviceAccountName"] = tape.pick(ACCOUNTS)


def note(_: Tape, template: Json) -> None:
    """A label and an annotation that mean nothing to anybody here."""
    _metadata(template, "labels")["team"] = "a"
    _metadata(template, "annotations")["example.com/note"] = "b"


HARMLESS = (restart, new_image, drop_a_source, move_things, note)
GREEDY = (add_a_reference, become_another, move_to_another_container)
CHANGES = (*HARMLESS, *GREEDY, add_a_reference, become_another)


def changed(tape: Tape, template: Json) -> Json:
    """The same with 0 to 2 changes; now and then the other way round."""
    after = copy.deepcopy(template)
    for change in tape.several(CHANGES, most=2):
        change(tape, after)
    return after


def _own_containers(template: Json) -> list[Json]:
    spec = template["spec"]
    return [it for field in ("containers", "initContainers") for it in spec.get(field) or []]


def _metadata(template: Json, field: str) -> Json:
    metadata = template["metadata"]
    metadata[field] = {**(metadata.get(field) or {})}
    result: Json = metadata[field]
    return result
