"""What a workload tells Reloader, and which part of it is ours."""

import json
from typing import Any

import jsonpatch
import msgspec
import pytest

from tests.core.kit import CIRCLES, of_role, plain, pod, policy, secret
from webhook.core import reload
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Mutate, Observed, Reason
from webhook.core.policyset import PolicySet
from webhook.core.request import AdmissionRequest, Marks, Template, What
from webhook.core.words import Hook, NamespaceMode

Json = Any

ANNOTATE = f"reload: {{mode: Annotate}}\n{CIRCLES}"
SECRETS, CONFIG_MAPS = (reload.annotation(kind) for kind in reload.KINDS)
OURS = "secrets.noxus.ai/reload"
AUTO = "reloader.stakater.com/auto"
WORKER = of_role("worker", pool="tenant-a")
GIVEN = ("app-env", "worker-env", "tenant-a-llm")
HIDDEN = (
    "Reloader is not told of injected sources: move its annotations from the pod template to the "
    "workload's own"
)
TOLD = {SECRETS: ",".join(GIVEN), OURS: ",".join(f"secret/{name}" for name in GIVEN)}


def asked(
    annotations: Json = None,
    template: Json = None,
    spec: str = ANNOTATE,
    *,
    below: tuple[str, ...] = (),
    mode: NamespaceMode = NamespaceMode.ENABLED,
    namespace: str = "noxus",
    size: int = 0,
) -> Decision:
    request = AdmissionRequest(
        hook=Hook.MUTATE,
        mode=mode,
        namespace=namespace,
        operation="CREATE",
        pod=None,
        what=What.WORKLOAD,
        templates=(Template("spec.template.spec", pod(WORKER if template is None else template)),),
        marks=Marks(annotations, frozenset(below), size),
    )
    return decide(request, PolicySet([policy(spec)]))


def after(
    annotations: Json = None, template: Json = None, spec: str = ANNOTATE, **how: Json
) -> Json:
    """Return the annotations as they are then."""
    decision = asked(annotations, template, spec, **how)
    workload: Json = {"metadata": {} if annotations is None else {"annotations": annotations}}
    if isinstance(decision, Mutate):
        assert decision.report.reason is Reason.ANNOTATED
        workload = jsonpatch.apply_patch(workload, plain(decision.patch))
    return workload["metadata"].get("annotations")


@pytest.mark.parametrize("before", [None, {}])
def test_a_workload_names_what_its_pods_are_given(before: Json) -> None:
    assert after(before) == TOLD


def test_once_it_does_there_is_nothing_to_do() -> None:
    decision = asked(TOLD)

    assert isinstance(decision, Allow)
    assert (decision.report.reason, decision.report.policy) == (Reason.NOTHING_TO_DO, "noxus/0")


def test_what_people_wrote_stays_as_it_is_and_is_not_ours() -> None:
    assert after({SECRETS: " mine , app-env", "other": "x"}) == {
        SECRETS: "mine,app-env,worker-env,tenant-a-llm",
        OURS: "secret/worker-env,secret/tenant-a-llm",
        "other": "x",
    }


def test_a_list_of_people_that_names_everything_keeps_its_spaces() -> None:
    theirs = "app-env, worker-env, tenant-a-llm"

    assert after({SECRETS: theirs}) == {SECRETS: theirs}


def test_what_is_no_longer_true_is_taken_out_and_the_rest_stays() -> None:
    before = {SECRETS: f"mine,{TOLD[SECRETS]}", OURS: TOLD[OURS]}

    assert after(before, of_role("frontend")) == {SECRETS: "mine,app-env", OURS: "secret/app-env"}
    assert after(before, spec=CIRCLES) == {SECRETS: "mine"}


def test_nothing_is_left_where_nothing_is_told_any_more() -> None:
    assert after(TOLD, spec=CIRCLES) == {}


def test_names_that_are_applied_again_without_ours_get_ours_again() -> None:
    assert after({SECRETS: "mine", OURS: TOLD[OURS]})[SECRETS] == f"mine,{TOLD[SECRETS]}"


def test_an_annotation_of_ours_that_somebody_spoilt_is_mended() -> None:
    assert after({**TOLD, OURS: "nonsense"}) == {SECRETS: TOLD[SECRETS]}
    assert after({OURS: "nonsense"}) == TOLD


def test_config_maps_have_an_annotation_of_their_own_and_keys_name_their_secret() -> None:
    spec = """
    reload: {mode: Annotate}
    scopes:
      - name: shared
        roles: [backend]
        envFrom: [{configMapRef: {name: features}}, {secretRef: {name: a}, prefix: A_}]
        env: [{name: KEY, valueFrom: {secretKeyRef: {name: keys, key: k}}}]
    """
    backend = of_role("backend")

    assert after(None, backend, spec) == {
        SECRETS: "a,keys",
        CONFIG_MAPS: "features",
        OURS: "secret/a,secret/keys,configmap/features",
    }
    own = of_role("backend", {"containers": [{"name": "main", "env": [{"name": "KEY"}]}]})
    assert after(None, own, spec)[SECRETS] == "a"


def test_containers_that_are_given_nothing_count_for_nothing() -> None:
    only = of_role("worker", {"containers": [{"name": "istio-proxy"}], "initContainers": [{}]})
    none = of_role("worker", {"containers": [{"name": "istio-proxy"}]})

    assert after(None, only)[SECRETS] == "app-env,worker-env"
    assert after(None, none) is None


def test_pods_that_are_refused_are_given_nothing() -> None:
    greedy = of_role("frontend", {"containers": [{"name": "m", "envFrom": [secret("worker-env")]}]})

    assert after(TOLD, greedy) == {}


@pytest.mark.parametrize("key", [AUTO, SECRETS, "reloader.stakater.com/search"])
def test_what_reloader_reads_in_the_template_is_not_hidden_from_it(key: str) -> None:
    decision = asked(below=(key,))

    assert isinstance(decision, Allow)
    assert decision.report.warnings == (HIDDEN,)
    assert after(TOLD, below=(key,)) == {}


def test_beside_annotations_of_the_workload_those_of_the_template_are_not_read_anyway() -> None:
    assert after({AUTO: "true"}, below=(SECRETS,)) == {AUTO: "true", **TOLD}
    assert after({SECRETS: "mine"}, below=(AUTO,))[SECRETS] == f"mine,{TOLD[SECRETS]}"
    assert after(None, below=(CONFIG_MAPS,)) == TOLD


def test_in_dry_run_nothing_is_written_and_the_author_is_told() -> None:
    decision = asked(mode=NamespaceMode.DRY_RUN)
    gone = asked(TOLD, spec=f"mode: DryRun\n{CIRCLES}")

    assert isinstance(decision, Observed)
    assert decision.report.warnings == (
        "dry run: would tell Reloader of app-env, worker-env, tenant-a-llm",
    )
    assert gone.report.warnings == ("dry run: would tell Reloader of nothing any more",)


def test_annotations_never_grow_beyond_what_the_api_takes() -> None:
    size = sum(len(key) + len(value) for key, value in TOLD.items())
    most = reload.MAX_ANNOTATIONS

    assert after({}, size=most - size) == TOLD
    assert asked({}, size=most - size + 1).report.warnings == (
        "Reloader is not told of injected sources: the annotations would be too large",
    )
    assert after({}, size=most - size + 1) == {}
    assert after(TOLD, spec=CIRCLES, size=most) == {}


def test_without_a_policy_for_the_namespace_nobody_has_a_say() -> None:
    decision = asked(spec=f"namespaces: [other]\n{ANNOTATE}")

    assert decision == Allow(decision.report)
    assert decision.report.reason is Reason.NOT_JUDGED


def test_a_name_that_json_must_escape_is_written_like_any_other() -> None:
    operations, _ = reload.annotate(Marks({SECRETS: 'a"b'}), [("Secret", "x")])

    assert json.loads(msgspec.json.encode(operations))[0]["value"] == 'a"b,x'
