"""The custom resource in the real API server: what it keeps, fills in, takes and shows."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.controlplane.plane import ControlPlane
from tests.e2e.crd import (
    FILE,
    NAME,
    PATH,
    complaint,
    dry_run,
    from_file,
    install,
    resource,
    stored,
    uninstall_policies,
)
from tests.e2e.crd_cases import scope
from tests.e2e.harness import ROOT
from tests.golden.cases import FOLDER, NAMES
from tests.properties.policies import policy as drawn
from tests.properties.tape import Tape
from webhook.loading.resource import load_resource

Json = Any

DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{NAME}"
FILLED_IN = {
    "mode": "Enforce",
    "worker": {"role": "worker"},
    "containers": {"ephemeral": "Skip"},
    "guard": {
        "unknownRole": "Warn",
        "unknownPool": "Deny",
        "shadowing": "Warn",
        "unmanagedSecrets": "Allow",
    },
}


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, which serves the resource."""
    return install(control_plane)


@pytest.fixture
def gone_afterwards(plane: ControlPlane) -> Iterator[None]:
    yield
    uninstall_policies(plane)


def documents(*texts: str) -> list[Json]:
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def test_its_schema_is_structural_and_its_names_are_accepted(plane: ControlPlane) -> None:
    conditions = plane.api("GET", DEFINITION).body["status"]["conditions"]

    assert {it["type"]: it["status"] for it in conditions} == {
        "NamesAccepted": "True",
        "Established": "True",
    }


def test_what_is_applied_is_what_is_stored(plane: ControlPlane) -> None:
    plane.kubectl("apply", "--server-side", "--dry-run=server", "-f", FILE)

    done = plane.kubectl("diff", "--server-side", "-f", FILE, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_misspelt_field_is_kept_so_that_it_is_refused_by_name(
    plane: ControlPlane, gone_afterwards: None
) -> None:
    del gone_afterwards
    spec = {
        "gaurd": {"unknownRole": "Deny"},
        "worker": {"pools": {"tenant-a": {"envSecretReff": "a"}}},
        **scope(rols=["beat"], envFrom=[{"secretRef": {"name": "s", "optinal": True}}]),
    }

    plane.kubectl("apply", "-f-", stdin=json.dumps(resource(spec)))  # which validates strictly

    assert sorted(complaint(plane.api("GET", f"{PATH}/noxus").body)) == [
        "spec.gaurd: unknown field; did you mean 'guard'?",
        "spec.scopes[0].envFrom[0].secretRef.optinal: unknown field; did you mean 'optional'?",
        "spec.scopes[0].rols: unknown field; did you mean 'roles'?",
        ("spec.worker.pools.tenant-a.envSecretReff: unknown field; did you mean 'envSecretRef'?"),
    ]


def test_what_holds_is_filled_in_and_is_what_the_models_say(plane: ControlPlane) -> None:
    body = stored(dry_run(plane, resource({})))

    assert body["spec"] == FILLED_IN
    assert load_resource(body).spec == from_file(resource({})).spec


def test_what_is_written_is_not_filled_in_over(plane: ControlPlane) -> None:
    spec = {
        "mode": "DryRun",
        "worker": {"role": "beat"},
        "containers": {"exclude": [], "ephemeral": "Inject"},
        "guard": dict.fromkeys(FILLED_IN["guard"], "Deny"),
    }

    body = stored(dry_run(plane, resource(spec)))

    assert body["spec"] == spec
    assert load_resource(body).spec == from_file(resource(spec)).spec


def test_null_is_as_if_absent(plane: ControlPlane) -> None:
    fields = ("mode", "namespaces", "identity", "scopes", "worker", "containers", "guard")

    assert stored(dry_run(plane, resource(dict.fromkeys(fields))))["spec"] == FILLED_IN


@pytest.mark.parametrize("value", [1, 1.5, "a", True, [1, [None]], {"a": {"b": [{"c": 1}]}}, None])
def test_the_chart_s_own_fields_of_a_pool_pass_in_any_shape(
    plane: ControlPlane, value: Json
) -> None:
    fields = [name for name, field in _pool_schema().items() if "type" not in field]
    spec = {"worker": {"pools": {"a": dict.fromkeys(fields, value) | {"envSecretRef": "a-env"}}}}

    body = stored(dry_run(plane, resource(spec)))

    assert len(fields) == 11
    pool = load_resource(body).spec.worker.pools["a"]
    assert pool.model_dump(by_alias=True)["envSecretRef"] == "a-env"


def _pool_schema() -> Json:
    (version,) = yaml.safe_load(FILE.read_text())["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return spec["worker"]["properties"]["pools"]["additionalProperties"]["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_policies_of_the_golden_cases_come_back_as_they_were(
    plane: ControlPlane, name: str
) -> None:
    for document in documents((FOLDER / name / "policy.yaml").read_text()):
        assert load_resource(stored(dry_run(plane, document))).spec == from_file(document).spec


def test_the_examples_come_back_as_they_were(plane: ControlPlane) -> None:
    policy = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())
    values = yaml.safe_load((ROOT / "examples" / "values.yaml").read_text())
    pasted = policy | {"spec": policy["spec"] | {"worker": values["worker"]}}

    for document in (policy, pasted):
        assert load_resource(stored(dry_run(plane, document))).spec == from_file(document).spec


def test_random_policies_come_back_as_they_were(plane: ControlPlane) -> None:
    for seed in range(100):
        document = drawn(Tape(random.Random(seed).randbytes(400)))  # noqa: S311 - no secret

        assert load_resource(stored(dry_run(plane, document))).spec == from_file(document).spec, (
            seed
        )


def test_ten_thousand_pools_are_stored_and_come_back(
    plane: ControlPlane, gone_afterwards: None
) -> None:
    del gone_afterwards
    pools = {
        f"tenant-{number:05}": {"envSecretRef": f"tenant-{number:05}-env", "namespaces": ["noxus"]}
        for number in range(10_000)
    }
    document = resource({"worker": {"pools": pools}})

    # Not client-side: that keeps a copy in an annotation, which may have 256 kB at most.
    for _ in range(2):
        plane.kubectl("apply", "--server-side", "-f-", stdin=json.dumps(document))

    body = plane.api("GET", f"{PATH}/noxus").body
    assert body["metadata"]["generation"] == 1
    assert load_resource(body).spec == load_resource(document).spec


def test_ten_thousand_names_of_full_length_cost_no_more_than_a_rule_may(
    plane: ControlPlane,
) -> None:
    pools: Json = {f"tenant-{number:056}": {} for number in range(10_000)}

    assert (
        len(stored(dry_run(plane, resource({"worker": {"pools": pools}})))["spec"]["worker"]) == 2
    )


def test_teams_may_each_own_their_pool(plane: ControlPlane, gone_afterwards: None) -> None:
    del gone_afterwards

    def apply(team: str, *pools: str) -> None:
        spec = {"worker": {"pools": {name: {"envSecretRef": f"{name}-llm"} for name in pools}}}
        flags = ("--server-side", f"--field-manager={team}")
        plane.kubectl("apply", *flags, "-f-", stdin=json.dumps(resource(spec)))

    def pools() -> set[str]:
        return set(plane.api("GET", f"{PATH}/noxus").body["spec"]["worker"].get("pools", {}))

    apply("a", "tenant-a", "old")
    apply("b", "tenant-b")
    assert pools() == {"tenant-a", "tenant-b", "old"}

    apply("a", "tenant-a")
    assert pools() == {"tenant-a", "tenant-b"}


def test_explain_shows_what_each_field_is_for(plane: ControlPlane) -> None:
    def explained() -> str | None:
        done = plane.kubectl("explain", "sip.spec.worker.pools", check=False)
        return done.stdout if "tolerations" in done.stdout else None

    said = plane.wait_for(explained, "schema in the API server's OpenAPI")

    text = " ".join(said.split())
    assert "FIELD: pools <map[string]Object>" in text
    assert "The pools by name." in text
    assert "envSecretRef <string> The pool's Secret, always the last source; empty: none." in text
    scopes = " ".join(plane.kubectl("explain", "sip.spec.scopes").stdout.split())
    assert "In injection order: within envFrom a later source wins." in scopes
    assert "roles <[]string> -required- The roles that are entitled to it." in scopes
