"""The objects: which there are, for whom, and how they are bound."""

from typing import Any

import yaml

from tests.native.kit import ROOT, policies, policy
from webhook.native.export import objects_of
from webhook.native.validating import NO_POLICY

Json = Any

BASE = ROOT / "manifests" / "base"


def named(objects: list[Json]) -> dict[str, Json]:
    return {f"{it['kind']} {it['metadata']['name']}": it for it in objects}


def hooks(file: str) -> dict[str, Json]:
    document = yaml.safe_load((BASE / file).read_text())
    return {it["name"].removesuffix(".secrets.noxus.ai"): it for it in document["webhooks"]}


def actions(objects: list[Json]) -> dict[str, Json]:
    return {
        it["metadata"]["name"].removeprefix("noxus-secrets."): it["spec"].get("validationActions")
        for it in objects
        if it["kind"].endswith("Binding")
    }


def test_a_policy_injects_and_refuses_where_enabled_and_tells_in_dry_run() -> None:
    assert actions(objects_of([policy()])) == {
        "inject.noxus.enabled": None,
        "refuse.noxus.enabled": ["Deny", "Audit"],
        "refuse.noxus.dry-run": ["Warn", "Audit"],
        "warn.noxus.enabled": ["Warn", "Audit"],
        "warn.noxus.dry-run": ["Warn", "Audit"],
        "no-policy.enabled": ["Deny", "Audit"],
        "no-policy.dry-run": ["Warn", "Audit"],
    }


def test_a_policy_in_dry_run_injects_nothing_and_refuses_nobody() -> None:
    assert actions(objects_of([policy(mode="DryRun", namespaces=["*"])])) == {
        "refuse.noxus.enabled": ["Warn", "Audit"],
        "refuse.noxus.dry-run": ["Warn", "Audit"],
        "warn.noxus.enabled": ["Warn", "Audit"],
        "warn.noxus.dry-run": ["Warn", "Audit"],
    }


def test_what_warns_of_nothing_is_not_made() -> None:
    silent = dict.fromkeys(("unknownRole", "unknownPool", "shadowing"), "Deny")

    assert not any(".warn." in it for it in named(objects_of([policy(guard=silent)])))


def test_an_earlier_policy_governs_where_both_cover() -> None:
    objects = named(objects_of(policies({}, {"namespaces": ["noxus-eu"]}, {"namespaces": ["x"]})))

    def conditions(name: str) -> list[str]:
        spec = objects[f"ValidatingAdmissionPolicy noxus-secrets.refuse.{name}"]["spec"]
        return [it["expression"] for it in spec["matchConditions"][1:]]

    first = "request.namespace.matches('^(noxus|noxus-.*)$')"
    assert conditions("noxus") == [first]
    assert conditions("noxus-1") == ["request.namespace in ['noxus-eu']", f"!({first})"]
    assert conditions("noxus-2") == ["request.namespace in ['x']"]


def test_namespaces_without_a_policy_are_refused_unless_one_covers_all() -> None:
    kind = f"ValidatingAdmissionPolicy {NO_POLICY}"

    assert kind in named(objects_of([policy()]))
    assert kind not in named(objects_of(policies({}, {"namespaces": ["*"]})))


def test_the_namespaces_are_those_of_the_webhooks_own_entries() -> None:
    entries = hooks("70-validatingwebhookconfiguration.yaml")

    for each in objects_of([policy()]):
        if each["kind"].endswith("Binding"):
            mode = each["metadata"]["name"].rpartition(".")[2]
            selector = each["spec"]["matchResources"]["namespaceSelector"]
            assert selector == entries[f"pods.{mode}.validate"]["namespaceSelector"]


def test_the_requests_are_those_of_the_webhooks_own_entries() -> None:
    entries = hooks("70-validatingwebhookconfiguration.yaml")
    rules = [
        rule
        for what in ("pods", "debug", "workloads")
        for rule in entries[f"{what}.enabled.validate"]["rules"]
    ]
    objects = named(objects_of([policy(containers={"ephemeral": "Inject"})]))
    refused, injected = (
        objects[f"{kind} noxus-secrets.{what}.noxus"]["spec"]["matchConstraints"]
        for kind, what in (
            ("ValidatingAdmissionPolicy", "refuse"),
            ("MutatingAdmissionPolicy", "inject"),
        )
    )

    assert refused == {"matchPolicy": "Equivalent", "resourceRules": rules}
    assert injected == {"matchPolicy": "Equivalent", "resourceRules": rules[:2]}


def test_debug_containers_are_injected_only_if_the_policy_says_so() -> None:
    objects = named(objects_of([policy()]))
    spec = objects["MutatingAdmissionPolicy noxus-secrets.inject.noxus"]["spec"]

    assert [it["resources"] for it in spec["matchConstraints"]["resourceRules"]] == [["pods"]]
