"""Bugs to put into a true answer, each with the check that must notice it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.properties import checks
from tests.properties.asking import Outcome
from tests.properties.checks_environment import managed_variables_are_of_the_last_granted_source
from tests.properties.names import CANARY
from tests.properties.oracle_environment import World
from tests.properties.oracle_policy import Json
from tests.properties.strategies import ENABLED, Scenario, envelope
from tests.properties.tape import Tape
from webhook.core.words import Hook

Check = Callable[[Scenario, Outcome], Any]

POLICY: Json = {
    "apiVersion": "secrets.noxus.ai/v1alpha1",
    "kind": "SecretInjectionPolicy",
    "metadata": {"name": "noxus"},
    "spec": {
        "scopes": [
            {
                "name": "amber",
                "roles": ["worker", "frontend"],
                "envFrom": [
                    {"secretRef": {"name": "app-env"}},
                    {"secretRef": {"name": "mail-keys", "optional": True}},
                ],
            },
            {
                "name": "blue",
                "roles": ["worker"],
                "env": [
                    {
                        "name": "MAIL_TOKEN",
                        "valueFrom": {"secretKeyRef": {"name": "plugin-keys", "key": "TOKEN"}},
                    }
                ],
            },
        ],
        "worker": {"pools": {"tenant-a": {"envSecretRef": "pool-a-keys"}}},
    },
}


def pod(role: str) -> Json:
    own = [{"configMapRef": {"name": "cm-own"}}, {"configMapRef": {"name": "cm-flags"}}]
    labels = {"noxus.ai/role": role}
    if role == "worker":
        labels["noxus.ai/worker-pool"] = "tenant-a"
    return {
        "metadata": {"labels": labels, "annotations": {"secrets.noxus.ai/injected": "forged"}},
        "spec": {
            "containers": [
                {
                    "name": "api",
                    "image": "registry.example/noxus:1",
                    "env": [{"name": "LOG_LEVEL", "value": CANARY}],
                    "envFrom": [own[0], {"secretRef": {"name": "app-env"}, "later": 1}, own[1]],
                },
                {"name": "istio-proxy", "image": "registry.example/proxy:1"},
            ]
        },
    }


JANE: Json = {"username": "jane", "groups": ["system:authenticated"]}


def scenario_of(pod: Json, hook: Hook = Hook.MUTATE, who: Json = JANE) -> Scenario:
    review = envelope(Tape(b""), "noxus", pod, None, who=who)
    return Scenario([POLICY], hook, ENABLED, review)


WORKER = scenario_of(pod("worker"))
GREEDY = scenario_of(
    {
        **pod("frontend"),
        "spec": {
            "containers": [{"name": "api", "envFrom": [{"secretRef": {"name": "pool-a-keys"}}]}]
        },
    }
)
BARE = scenario_of(pod("worker"), Hook.VALIDATE)  # its sources are not there


def environment_check(scenario: Scenario, outcome: Outcome) -> None:
    names = ("app-env", "mail-keys", "plugin-keys", "pool-a-keys")
    secrets = {name: {"TOKEN": f"of {name}"} for name in names}
    config_maps = {name: {"PORT": f"of {name}"} for name in ("cm-own", "cm-flags")}
    there = World(secrets, config_maps)
    managed_variables_are_of_the_last_granted_source(scenario, outcome, there)


@dataclass(frozen=True)
class Mutant:
    """A bug: what it makes of the true response, and the check that must notice."""

    bug: str
    caught_by: Check
    change: Callable[[Json], object]  # of the response, its patch decoded


SOURCES = "/spec/containers/0/envFrom"


def _edit(response: Json, change: Callable[[Json], object]) -> None:
    """A bug that is easier said on the patched pod: one operation more, with the wrong result."""
    outcome = Outcome(b"", True, "", response["patch"], [])
    after = outcome.applied_to(WORKER.request["object"])
    container = after["spec"]["containers"][0]
    change(container)
    for field in ("env", "envFrom"):
        path = f"/spec/containers/0/{field}"
        response["patch"].append({"op": "add", "path": path, "value": container[field]})


def edited(change: Callable[[Json], object]) -> Callable[[Json], object]:
    return lambda response: _edit(response, change)


def operation(op: str, path: str, **value: Any) -> Callable[[Json], object]:  # noqa: ANN401 — any JSON
    return lambda response: response["patch"].append({"op": op, "path": path, **value})


def drop(field: str, name: str) -> Callable[[Json], object]:
    def change(container: Json) -> None:
        container["envFrom"] = [
            it for it in container["envFrom"] if (it.get(field) or {}).get("name") != name
        ]

    return edited(change)


def swap(field: str, one: str, other: str) -> Callable[[Json], object]:
    def change(container: Json) -> None:
        names = [(it.get(field) or {}).get("name") for it in container["envFrom"]]
        i, j = names.index(one), names.index(other)
        elements = container["envFrom"]
        elements[i], elements[j] = elements[j], elements[i]

    return edited(change)


MUTANTS = (
    Mutant(
        "the last operation is lost", checks.the_pod_is_as_expected, lambda it: it["patch"].pop()
    ),
    Mutant("all is lost", checks.managed_sources_are_canonical, lambda it: it["patch"].clear()),
    Mutant(
        "two sources are swapped",
        checks.managed_sources_are_canonical,
        swap("secretRef", "app-env", "pool-a-keys"),
    ),
    Mutant(
        "two sources are swapped, as the process sees it",
        environment_check,
        swap("secretRef", "app-env", "pool-a-keys"),
    ),
    Mutant(
        "two sources are swapped, as the next asking sees it",
        checks.asking_again_gives_no_patch,
        swap("secretRef", "app-env", "pool-a-keys"),
    ),
    Mutant(
        "a source is missing",
        checks.managed_sources_are_canonical,
        drop("secretRef", "pool-a-keys"),
    ),
    Mutant(
        "a source is there twice",
        checks.managed_sources_are_canonical,
        edited(lambda it: it["envFrom"].append({"secretRef": {"name": "pool-a-keys"}})),
    ),
    Mutant(
        "an optional source is demanded",
        checks.managed_sources_are_canonical,
        edited(
            lambda it: [el.get("secretRef", {}).pop("optional", 0) for el in it["envFrom"]] and None
        ),
    ),
    Mutant(
        "an element of the pod is lost",
        checks.what_is_not_managed_survives,
        drop("configMapRef", "cm-own"),
    ),
    Mutant(
        "elements of the pod change places",
        checks.what_is_not_managed_survives,
        swap("configMapRef", "cm-own", "cm-flags"),
    ),
    Mutant(
        "an unknown field is lost",
        checks.what_is_not_managed_survives,
        edited(lambda it: [el.pop("later", 0) for el in it["envFrom"]]),
    ),
    Mutant(
        "variables go to the end",
        checks.what_is_not_managed_survives,
        edited(lambda it: it["env"].reverse()),
    ),
    Mutant(
        "a variable is not given",
        environment_check,
        edited(lambda it: it["env"].pop(0)),
    ),
    Mutant(
        "the image changes",
        checks.only_allowed_paths_change,
        operation("replace", "/spec/containers/0/image", value="x"),
    ),
    Mutant(
        "an excluded container is given something",
        checks.only_allowed_paths_change,
        operation("add", "/spec/containers/1/envFrom", value=[{"secretRef": {"name": "app-env"}}]),
    ),
    Mutant(
        "another annotation changes",
        checks.only_allowed_paths_change,
        operation("add", "/metadata/annotations/other", value="x"),
    ),
    Mutant(
        "the annotation lies",
        checks.the_pod_is_as_expected,
        operation("add", "/metadata/annotations/secrets.noxus.ai~1injected", value="amber"),
    ),
    Mutant(
        "an operation goes nowhere",
        checks.patch_applies,
        operation("remove", f"{SOURCES}/17"),
    ),
    Mutant(
        "a warning is long", checks.warnings_are_short, lambda it: it.update(warnings=["w" * 121])
    ),
    Mutant(
        "a warning shows a value",
        checks.no_value_comes_out,
        lambda it: it.update(warnings=[f"LOG_LEVEL is {CANARY}"]),
    ),
    Mutant(
        "the patch shows a value",
        checks.no_value_comes_out,
        operation("test", "/spec/containers/0/env/0/value", value=CANARY),
    ),
)
