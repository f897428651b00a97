"""Pods as the validating hook sees them: arranged, or spoiled by somebody after the arrangement."""

import copy

from hypothesis import strategies as st

from tests.properties.asking import expected_of, with_object
from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import containers_of
from tests.properties.strategies import ENABLED, Scenario, creation, ephemeral_update, tapes
from tests.properties.tape import Tape
from webhook.core.words import Hook


def finals() -> st.SearchStrategy[Scenario]:
    return tapes().map(final)


def final(tape: Tape) -> Scenario:
    """Half of them as they should be, half with one container's sources tampered with."""
    make = ephemeral_update if tape.chance(25) else creation
    scenario = make(tape, Hook.MUTATE, ENABLED)
    pod = expected_of(scenario).pod
    if tape.chance(50):
        pod = copy.deepcopy(pod)
        spoil(tape, tape.pick(containers_of(pod)))
    return with_object(scenario, pod, Hook.VALIDATE)


def spoil(tape: Tape, container: Json) -> None:
    """What another webhook, or a person, may do to one container."""
    field = "env" if tape.chance(25) else "envFrom"
    elements = container.get(field) or []
    if not elements:
        return
    i, j = tape.number(len(elements)), tape.number(len(elements))
    deed = tape.number(5)
    if deed == 0:
        elements[i], elements[j] = elements[j], elements[i]
    elif deed == 1:
        del elements[i]
    elif deed == 2:
        elements.insert(j, copy.deepcopy(elements[i]))
    elif deed == 3 and field == "envFrom":
        for kind in ("secretRef", "configMapRef"):
            if elements[i].get(kind):
                elements[i][kind]["optional"] = not elements[i][kind].get("optional")
    else:
        elements.insert(j, {"name": "TOKEN", "value": "x"} if field == "env" else own())


def own() -> Json:
    return {"configMapRef": {"name": "cm-own"}}
