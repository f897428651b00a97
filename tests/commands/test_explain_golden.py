"""`explain` and the decision never disagree: every golden pod is explained."""

import json
from pathlib import Path

import jsonpatch
import pytest

from tests.commands.kit import run
from tests.golden.cases import NAMES, NO_POLICY, Json, ask, containers, outcome, read_case
from webhook.core.words import Hook

CREATED = [
    case
    for case in map(read_case, NAMES)
    if case.outcome in {"allowed", "injected", "refused"}
    and case.request.get("operation") == "CREATE"
    and case.request["resource"] == {"group": "", "version": "v1", "resource": "pods"}
    and not case.request.get("subResource")
]


def spelled(element: Json) -> tuple[str, str, str]:
    """Say what an `envFrom` element of a pod is as the explanation does."""
    kind = "Secret" if element.get("secretRef") else "ConfigMap"
    reference = element.get("secretRef") or element.get("configMapRef") or {}
    return kind, reference.get("name", ""), element.get("prefix") or ""


@pytest.mark.parametrize("case", CREATED, ids=lambda case: case.folder.name)
def test_what_is_explained_is_what_is_decided(case: Json, tmp_path: Path) -> None:
    pod = {**case.request["object"], "kind": "Pod", "apiVersion": "v1"}
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(pod))
    groups = (case.request.get("userInfo") or {}).get("groups") or ()
    ran = run(
        *("explain", "--policy", case.folder / "policy.yaml", "-o", "json", "-f", file),
        *("-n", case.request["namespace"], "--mode", case.mode),
        *(word for group in groups for word in ("--as-group", group)),
    )
    (explained,) = json.loads(ran.out)["items"]
    decided = ask(case, hook=Hook.MUTATE)

    assert ran.err == ""
    assert explained["reason"] == decided["auditAnnotations"]["reason"]
    assert explained["warnings"] == decided.get("warnings", [])
    if explained["dryRun"]:
        assert (ran.code, outcome(decided)) == (0, "allowed")
        return
    patched = "annotation" in explained["verdict"]  # and nothing else of the pod
    assert ("injected" if patched else explained["verdict"].split(",")[0]) == outcome(decided)
    assert not patched or all("annotations" in o["path"] for o in decided["patch"])
    assert ran.code == (1 if outcome(decided) == "refused" else 0)
    causes = decided["status"]["details"]["causes"] if "status" in decided else []
    told = [
        {key: refusal[key] for key in ("reason", "message", "field")}
        for refusal in explained["refusals"]
    ]
    assert told[: len(causes) or 1] == causes
    if explained["policy"]:  # without one, there is nothing to say of containers
        final = jsonpatch.apply_patch(pod, decided.get("patch", []))
        shown = [
            [(e["kind"], e["name"], e["prefix"]) for e in container["envFrom"]]
            for container in explained["containers"]
        ]
        assert shown == [[spelled(e) for e in c.get("envFrom") or ()] for c in containers(final)]


def test_the_golden_cases_are_many_enough_to_mean_something() -> None:
    assert len(CREATED) > 40
    assert NO_POLICY not in {(case.folder / "policy.yaml").read_text() for case in CREATED}
