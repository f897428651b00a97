"""The promises, each as a function that fails where an answer breaks it.

They are functions and not tests, so that the tests can also hand them answers with a bug put in and
see that they notice.
"""

import copy
import json
import re
from typing import Any

from tests.properties.asking import Outcome, ask, expected_of, with_object
from tests.properties.names import CANARY, SCOPES
from tests.properties.oracle import INJECTED_ANNOTATION, entitlement_of, injected_into
from tests.properties.oracle_arrangement import granted_places, ranks
from tests.properties.oracle_guards import (
    carries_a_role,
    is_nobody,
    looks_like_a_worker,
    may_be_warned,
    warned_of,
)
from tests.properties.oracle_policy import (
    Json,
    Source,
    governing,
    guard,
    is_optional,
    managed_secrets,
    places_of,
    scopes_of,
    source_of,
)
from tests.properties.oracle_references import CONTAINER_LISTS, references
from tests.properties.oracle_workloads import pods_of
from tests.properties.strategies import Scenario
from webhook.core.words import Hook

PATCHED_PATH = re.compile(
    r"/spec/(containers|initContainers|ephemeralContainers)/\d+/(env|envFrom)(/(\d+|-)(/.*)?)?"
    r"|/metadata/annotations(/secrets\.noxus\.ai~1injected)?"
)


def said(value: Any) -> str:  # noqa: ANN401 — any JSON
    """A value byte for byte: the order of its fields counts, and 1 is not 1.0."""
    return json.dumps(value, ensure_ascii=False)


def pairs(scenario: Scenario, after: Json) -> list[tuple[Json, Json, bool]]:
    """Each container before and after, and whether it takes part in the injection."""
    before = scenario.request["object"]
    spec = governing(scenario.policies, scenario.request["namespace"])
    given = [id(it) for it in injected_into(scenario.request, spec)] if spec else []
    return [
        (old, new, id(old) in given)
        for field in CONTAINER_LISTS
        for old, new in zip(
            before["spec"].get(field) or [], after["spec"].get(field) or [], strict=True
        )
    ]


def spec_of(scenario: Scenario) -> Json:
    return governing(scenario.policies, scenario.request["namespace"]) or {}


def granted_of(scenario: Scenario) -> list[str]:
    return entitlement_of(scenario.request, spec_of(scenario)).granted_scopes()


def patch_applies(scenario: Scenario, outcome: Outcome) -> Json:
    after = outcome.applied_to(scenario.request["object"])
    assert scenario.hook is Hook.MUTATE or not outcome.patch, "only the mutating hook may patch"
    return after


def only_allowed_paths_change(scenario: Scenario, outcome: Outcome) -> None:
    for operation in outcome.patch:
        for field in ("path", "from"):
            path = operation.get(field, "/metadata/annotations")
            assert PATCHED_PATH.fullmatch(path), operation
    before, after = copy.deepcopy(scenario.request["object"]), patch_applies(scenario, outcome)
    rest_before, rest_after = copy.deepcopy(before), copy.deepcopy(after)
    takes_part = [part for _, _, part in pairs(scenario, after)]
    for pod in (rest_before, rest_after):
        _without_annotation(pod)
        of_pod = [it for field in CONTAINER_LISTS for it in pod["spec"].get(field) or []]
        for container, part in zip(of_pod, takes_part, strict=True):
            for field in ("env", "envFrom") if part else ():
                container.pop(field, None)
    assert said(rest_after) == said(rest_before)


def _without_annotation(pod: Json) -> None:
    annotations = pod["metadata"].get("annotations")
    if annotations:
        annotations.pop(INJECTED_ANNOTATION, None)
    if not annotations:
        pod["metadata"].pop("annotations", None)


def what_is_not_managed_survives(scenario: Scenario, outcome: Outcome) -> None:
    """Also of a managed source everything but its `optional` and its place survives."""
    policy = {place.source: place.optional for place in places_of(spec_of(scenario))}
    for old, new, takes_part in pairs(scenario, patch_applies(scenario, outcome)):
        if not (takes_part and outcome.patch):
            assert said(new) == said(old)
            continue
        before, after = old.get("envFrom") or [], new.get("envFrom") or []
        unmanaged = [said(it) for it in before if source_of(it) not in policy]
        assert [said(it) for it in after if source_of(it) not in policy] == unmanaged
        last = {source_of(it): it for it in before}
        for element in (it for it in after if source_of(it) in policy):
            there = last.get(source_of(element), element)
            if is_optional(element) == is_optional(there):
                assert said(element) == said(there), "a managed element that needs no change"
            else:
                assert _but_optional(element) == _but_optional(there)
        own = [said(it) for it in old.get("env") or []]
        assert [said(it) for it in new.get("env") or []][-len(own) :] == own or not own


def _but_optional(element: Json) -> Json:
    rest = copy.deepcopy(element)
    for field in ("secretRef", "configMapRef"):
        (rest.get(field) or {}).pop("optional", None)
    return rest


def asking_again_gives_no_patch(scenario: Scenario, outcome: Outcome) -> None:
    after = patch_applies(scenario, outcome)
    again = ask(with_object(scenario, after))
    assert again.allowed == outcome.allowed
    assert not again.patch


def managed_order(container: Json, spec: Json) -> list[Source]:
    managed = {place.source for place in places_of(spec)}
    sources = [source_of(it) for it in container.get("envFrom") or []]
    return [it for it in sources if it in managed and it is not None]


def managed_sources_are_canonical(scenario: Scenario, outcome: Outcome) -> None:
    """In the policy's order, each once, none missing, all with the policy's `optional`."""
    spec, granted = spec_of(scenario), granted_of(scenario)
    policy = {place.source: place.optional for place in places_of(spec)}
    for _, container, takes_part in pairs(scenario, patch_applies(scenario, outcome)):
        if takes_part:
            order = managed_order(container, spec)
            rank = ranks(spec, granted, container["name"])
            wanted = {it.source for it in granted_places(spec, granted, container["name"])}
            assert order == sorted(set(order), key=rank.__getitem__)
            assert wanted <= set(order)
            for element in container.get("envFrom") or []:
                assert is_optional(element) == policy.get(source_of(element), is_optional(element))


def the_pod_is_as_expected(scenario: Scenario, outcome: Outcome) -> None:
    after = patch_applies(scenario, outcome)
    assert _plain(after) == _plain(expected_of(scenario).pod)


def _plain(pod: Json) -> Json:
    """Ways to say the same made one: `optional: false` and an empty prefix equal their absence."""
    plain = copy.deepcopy(pod)
    for field in CONTAINER_LISTS:
        for container in plain["spec"].get(field) or []:
            if container.get("envFrom"):
                container["envFrom"] = [_plain_element(it) for it in container["envFrom"]]
    return plain


def _plain_element(element: Json) -> Json:
    plain = element if is_optional(element) else _but_optional(element)
    return {field: it for field, it in plain.items() if it or field != "prefix"}


def what_is_refused_is_refused(scenario: Scenario, outcome: Outcome) -> None:
    answer = expected_of(scenario)
    assert not (outcome.allowed and answer.is_refused), answer.refusals


def what_obeys_is_allowed(scenario: Scenario, outcome: Outcome) -> None:
    assert outcome.allowed or expected_of(scenario).may_be_refused, outcome.message


def a_refusal_keeps_secrets_and_scopes_to_itself(scenario: Scenario, outcome: Outcome) -> None:
    """It names nothing that the pod did not itself mention, or that holds what it mentioned."""
    spec = spec_of(scenario)
    pods = pods_of(scenario.request, spec)
    bodies = [pod["object"] for pod in pods]
    bodies += [pod["oldObject"] for pod in pods if pod.get("oldObject")]  # of a pod that stands
    mentioned = {it.name for body in bodies for it in references(body)}
    scopes = {
        scope["name"]
        for scope in scopes_of(spec)
        if managed_secrets({"scopes": [scope]}) & mentioned
    } | {name for pod in pods for name in entitlement_of(pod, spec).asked_scopes()}
    for name in managed_secrets(spec) - mentioned | set(SCOPES) - scopes:
        assert name not in outcome.message


def nothing_is_changed_or_refused(_: Scenario, outcome: Outcome) -> None:
    assert outcome.allowed
    assert not outcome.patch
    assert all(it.startswith("dry run: ") for it in outcome.warnings)


def it_warns_where_a_guard_has_a_reason(scenario: Scenario, outcome: Outcome) -> None:
    """And only there: a warning that is always there is read by nobody."""
    request, spec = scenario.request, spec_of(scenario)
    reasons = warned_of(request, spec)
    assert outcome.warnings or not reasons, reasons
    assert reasons or not outcome.warnings or may_be_warned(request, spec), outcome.warnings


def only_a_pod_that_looks_like_a_worker_gets_the_hint(scenario: Scenario, outcome: Outcome) -> None:
    request, spec = scenario.request, spec_of(scenario)
    nobody = is_nobody(request, spec) and guard(spec, "unknownRole") == "Warn"
    deserved = nobody and looks_like_a_worker(request["object"])
    hinted = any("WORKER_SUBSCRIBE" in warning for warning in outcome.warnings)
    assert deserved or not hinted
    assert hinted or not deserved or carries_a_role(request, spec), outcome.warnings


def warnings_are_short(_: Scenario, outcome: Outcome) -> None:
    assert [it for it in outcome.warnings if len(it) > 120 or not it.strip()] == []


def no_value_comes_out(_: Scenario, outcome: Outcome) -> None:
    assert CANARY not in said(json.loads(outcome.raw))
    assert CANARY not in said(outcome.patch)
