"""The example policy tests, sent through the real API server: what `test` says is what happens."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.golden import OF_THE_API_SERVER, accounts, tagged
from tests.e2e.harness import CREATED, INJECTION, ROOT, Webhook
from tests.e2e.world import Namespace
from webhook.commands.casechanges import Watched
from webhook.commands.casefiles import CaseFiles
from webhook.commands.casegiven import Givens
from webhook.policytests.kinds import pods_of
from webhook.policytests.model import HookChoice, Verdict
from webhook.policytests.outcome import Outcome, groups_of, outcome
from webhook.policytests.result import Ready
from webhook.policytests.spelling import spelled

Json = Any


def ready() -> list[Ready]:
    def no_cluster() -> Any:  # noqa: ANN401
        raise AssertionError("every case names its policy")

    givens = Givens(None, no_cluster, Watched())
    return CaseFiles(givens).read([str(ROOT / "examples" / "policy-tests")])


READY = ready()
# The API server always asks both hooks; test_other_webhooks has what the mutating one is kept from.
SENT = [case for case in READY if case.sent.hook is HookChoice.BOTH]
TAGS = {(case.file, case.name): f"pt{i}" for i, case in enumerate(SENT)}


def tag_of(case: Ready) -> str:
    return TAGS[case.file, case.name]


@pytest.fixture(scope="module")
def policies(running_webhook: Webhook) -> None:
    """The policies of all cases, each for the namespaces of its case, are in force."""
    running_webhook.add_policy(
        *(
            yaml.safe_dump(tagged(source.document.value, tag_of(case)), sort_keys=False)
            for case in SENT
            for source in case.loaded.sources
        )
    )


def test_nearly_all_cases_can_be_sent() -> None:
    assert len(READY) - len(SENT) == 1
    assert len(SENT) > 30


@pytest.mark.usefixtures("policies")
@pytest.mark.parametrize("case", SENT, ids=lambda case: f"{Path(case.file).stem}: {case.name}")
def test_what_a_case_comes_to_is_what_the_api_server_does(
    case: Ready, control_plane: ControlPlane, webhook: Webhook
) -> None:
    tag, wanted = f"{tag_of(case)}-", outcome(case.sent, case.loaded.policies)
    namespace = opted_in(case, control_plane, f"{tag}{case.sent.namespace}")

    answer = create(case, namespace)

    shown = [it.replace(tag, "") for it in answer.warnings if not OF_THE_API_SERVER.search(it)]
    assert same_warnings(shown, wanted.warnings)
    if wanted.verdict is Verdict.REFUSED:
        assert answer.status == 403
        said = answer.message.replace(tag, "")
        assert said.partition(" denied the request: ")[2] == wanted.message
        assert namespace.listed() == []
    else:
        assert answer.status == CREATED, answer.message
        check_stored(wanted, list(pods(case, namespace)))
    assert decided(webhook, namespace.name) == (wanted.verdict, wanted.reason)


def opted_in(case: Ready, plane: ControlPlane, name: str) -> Namespace:
    metadata = {"name": name, "labels": {INJECTION: str(case.sent.mode)}}
    made = plane.api("POST", "/api/v1/namespaces", {"metadata": metadata})
    assert made.status == CREATED, made.message
    namespace = Namespace(plane, name)
    made_from = pods_of(case.sent.value, case.sent.kind).values()
    named = [it["spec"].get("serviceAccountName") or "default" for it in made_from]
    accounts(namespace, "default", *named)
    return namespace


def create(case: Ready, namespace: Namespace) -> Response:
    sent, value = case.sent, copy.deepcopy(case.sent.value)
    value["metadata"]["namespace"] = namespace.name
    group = f"apis/{sent.kind.group}" if sent.kind.group else "api"
    path = f"/{group}/{sent.kind.version}/namespaces/{namespace.name}/{sent.kind.resource}"
    if sent.user is None:
        return namespace.plane.api("POST", path, value)
    # The user's own rights are no matter here: a group that may do everything is added.
    groups = [*groups_of(sent.user, sent.groups), "system:masters"]
    return namespace.plane.api("POST", path, value, user=sent.user, groups=groups)


def pods(case: Ready, namespace: Namespace) -> Iterator[Json]:
    """Yield the pods that are stored; those of a workload are made by the real controllers."""
    if case.sent.kind.resource == "cronjobs":
        name = case.sent.value["metadata"]["name"]
        words = ("create", "job", "now", f"--from=cronjob/{name}")
        namespace.plane.kubectl("--namespace", namespace.name, *words)
    yield from namespace.plane.wait_for(namespace.listed, f"pods of {case.name!r}")


def check_stored(wanted: Outcome, stored: list[Json]) -> None:
    assert stored
    for pod in stored:
        spec = pod["spec"]
        containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
        for member, expected in (("envFrom", wanted.env_from), ("env", wanted.env)):
            found = {it["name"]: tuple(map(spelled, it.get(member) or ())) for it in containers}
            assert found == expected


def same_warnings(shown: list[str], wanted: tuple[str, ...]) -> bool:
    """Compare warnings; the longer names of these namespaces may leave less room in them."""
    pairs = zip(shown, wanted, strict=False)
    return len(shown) == len(wanted) and all(b.startswith(a.removesuffix("…")) for a, b in pairs)


def decided(webhook: Webhook, namespace: str) -> tuple[Verdict, str]:
    """Return what the webhook logged about a namespace, as a case says it."""
    lines = webhook.decisions(namespace)
    refused = [it for it in lines if it["decision"] == "deny"]
    injected = [it for it in lines if it["reason"] == "Injected"]
    main = [*refused, *injected, *lines][0]
    rehearsed = main["mode"] == "dry-run"
    if refused:
        return Verdict.WOULD_REFUSE if rehearsed else Verdict.REFUSED, main["reason"]
    if injected:
        return Verdict.WOULD_INJECT if rehearsed else Verdict.INJECTED, main["reason"]
    return Verdict.ALLOWED, main["reason"]
