"""The custom resource in the real API server: what it keeps, fills in, refuses and shows."""

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.crd import FILE, NAME, PATH, install, resource, uninstall_policies
from tests.e2e.crd_cases import CASES, Case, scope
from tests.e2e.harness import CREATED, ROOT
from tests.golden.cases import FOLDER, NAMES
from tests.properties.policies import policy as drawn
from tests.properties.tape import Tape
from tools.crd_rules import RULES
from webhook.core.policy import Policy
from webhook.loading.load import load_text
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resource

Json = Any
Submit = Callable[[Json], Response]

DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{NAME}"
UNPROCESSABLE = 422
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
def submit(plane: ControlPlane) -> Submit:
    """Let the API server judge a policy and complete it, without storing it."""

    def dry_run(document: Json) -> Response:
        return plane.api("POST", f"{PATH}?dryRun=All", document)

    return dry_run


@pytest.fixture
def gone_afterwards(plane: ControlPlane) -> Iterator[None]:
    yield
    uninstall_policies(plane)


def stored(answer: Response) -> Json:
    assert answer.status == CREATED, answer.message
    assert answer.warnings == []
    return answer.body


def from_file(document: Json) -> Policy:
    return load_text(yaml.safe_dump(document)).sources[0].policy


def complaint(document: Json) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load_resource(document)
    return str(raised.value).splitlines()


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_breaks_a_rule_is_refused_by_the_api_server_and_by_the_loader(
    submit: Submit, case: Case
) -> None:
    bad, good = resource(case.bad), resource(case.good)

    answer = submit(bad)

    kind = "SecretInjectionPolicy.secrets.noxus.ai"
    said = f'{kind} "noxus" is invalid: {case.field}: Invalid value: {case.said}'
    assert (answer.status, answer.message) == (UNPROCESSABLE, said)
    assert complaint(bad) == [case.sentence]
    assert load_resource(stored(submit(good))).spec == from_file(good).spec


def test_every_rule_has_a_case() -> None:
    sentences = [case.said for case in CASES]
    parts = [
        [rule.message] if rule.message else re.findall('"([^"]*)"', rule.expression)
        for rules in RULES.values()
        for rule in rules
    ]

    assert [it for it in parts if not any(all(p in said for p in it) for said in sentences)] == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"mode": "Audit"}, 'spec.mode: Unsupported value: "Audit": supported values: "Enforce"'),
        ({"scopes": [{"name": "a", "envFrom": []}]}, "spec.scopes[0].roles: Required value"),
        ({"namespaces": "noxus"}, "spec.namespaces in body must be of type array"),
        (scope(name="Shared"), "spec.scopes[0].name in body should match"),
        (scope(onRequest="yes"), "spec.scopes[0].onRequest in body must be of type boolean"),
        (
            {"worker": {"pools": {"a": {"envSecretRef": "A"}}}},
            "pools.a.envSecretRef in body should",
        ),
        (scope(name="a" * 64), "spec.scopes[0].name: Too long: may not be more than 63 bytes"),
        ({"identity": {"roleLabels": ["a b"]}}, "spec.identity.roleLabels[0] in body should match"),
    ],
)
def test_types_enums_and_names_are_refused_by_both(submit: Submit, spec: Json, said: str) -> None:
    answer = submit(resource(spec))

    assert (answer.status, said in answer.message) == (UNPROCESSABLE, True), answer.message
    assert complaint(resource(spec)) != []


def test_what_holds_is_filled_in_and_is_what_the_models_say(submit: Submit) -> None:
    body = stored(submit(resource({})))

    assert body["spec"] == FILLED_IN
    assert load_resource(body).spec == from_file(resource({})).spec


def test_what_is_written_is_not_filled_in_over(submit: Submit) -> None:
    spec = {
        "mode": "DryRun",
        "worker": {"role": "beat"},
        "containers": {"exclude": [], "ephemeral": "Inject"},
        "guard": dict.fromkeys(FILLED_IN["guard"], "Deny"),
    }

    body = stored(submit(resource(spec)))

    assert body["spec"] == spec
    assert load_resource(body).spec == from_file(resource(spec)).spec


def test_null_is_as_if_absent(submit: Submit) -> None:
    fields = ("mode", "namespaces", "identity", "scopes", "worker", "containers", "guard")

    assert stored(submit(resource(dict.fromkeys(fields))))["spec"] == FILLED_IN


@pytest.mark.parametrize("value", [1, 1.5, "a", True, [1, [None]], {"a": {"b": [{"c": 1}]}}, None])
def test_the_chart_s_own_fields_of_a_pool_pass_in_any_shape(submit: Submit, value: Json) -> None:
    fields = [name for name, field in _pool_schema().items() if "type" not in field]
    spec = {"worker": {"pools": {"a": dict.fromkeys(fields, value) | {"envSecretRef": "a-env"}}}}

    body = stored(submit(resource(spec)))

    assert len(fields) == 11
    pool = load_resource(body).spec.worker.pools["a"]
    assert pool.model_dump(by_alias=True)["envSecretRef"] == "a-env"


def _pool_schema() -> Json:
    (version,) = yaml.safe_load(FILE.read_text())["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return spec["worker"]["properties"]["pools"]["additionalProperties"]["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_policies_of_the_golden_cases_come_back_as_they_were(submit: Submit, name: str) -> None:
    for document in documents((FOLDER / name / "policy.yaml").read_text()):
        assert load_resource(stored(submit(document))).spec == from_file(document).spec


def test_the_examples_come_back_as_they_were(submit: Submit) -> None:
    policy = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())
    values = yaml.safe_load((ROOT / "examples" / "values.yaml").read_text())
    pasted = policy | {"spec": policy["spec"] | {"worker": values["worker"]}}

    for document in (policy, pasted):
        assert load_resource(stored(submit(document))).spec == from_file(document).spec


def test_random_policies_come_back_as_they_were(submit: Submit) -> None:
    for seed in range(100):
        document = drawn(Tape(random.Random(seed).randbytes(400)))  # noqa: S311 - no secret

        assert load_resource(stored(submit(document))).spec == from_file(document).spec, seed


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


def test_ten_thousand_names_of_full_length_cost_no_more_than_a_rule_may(submit: Submit) -> None:
    pools: Json = {f"tenant-{number:056}": {} for number in range(10_000)}

    assert len(stored(submit(resource({"worker": {"pools": pools}})))["spec"]["worker"]) == 2


def test_one_pool_more_is_refused_with_the_number(submit: Submit) -> None:
    pools: Json = {f"tenant-{number}": {} for number in range(10_001)}

    answer = submit(resource({"worker": {"pools": pools}}))

    assert answer.status == UNPROCESSABLE
    assert "spec.worker.pools: Too many: 10001: must have at most 10000 items" in answer.message


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
