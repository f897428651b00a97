"""Golden cases sent through the real API server, each to a namespace and under a policy of its own.

A case speaks of namespaces such as `noxus`; the API server has them under a prefix of the case's
own, and so has its policy. In what comes back the prefix is taken away again.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from tests.controlplane.client import Response
from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import CREATED, INJECTION, OK, Webhook
from tests.e2e.world import Namespace
from tests.golden.cases import INJECTED, NAMES, Case, applied, ask, read_case, sources, with_object
from webhook.core.words import Hook

Json = Any

MALFORMED = "the API server sends no malformed review"
OWN_RULE = "the API server's ServiceAccount admission refuses mirror pods that name a Secret itself"
NO_RULE = "no rule of our hooks matches it: the API server does not ask"
OF_THE_API_SERVER = re.compile(r"deprecated in v1\.\d+, non-functional in v1\.\d+\+$")
NOT_SENT = {
    **{name: MALFORMED for name in NAMES if read_case(name).outcome == "malformed"},
    "no-policy-is-loaded": "test_failures has it: no policy for anybody",
    "dry-run-other-resource-is-not-judged": NO_RULE,
    "other-resource-is-not-judged": NO_RULE,
    "pod-resize-is-not-judged": NO_RULE,
    "pod-status-is-not-judged": NO_RULE,
    "pod-update-is-not-judged": NO_RULE,
    "mirror-annotation-is-forged": OWN_RULE,
    "mirror-annotation-is-forged-validated": OWN_RULE,
    "mirror-pod-naming-the-workers-secret": OWN_RULE,
    "unknown-fields-survive": "the API server drops fields that it does not know before it asks",
}


def cases(hook: Hook) -> list[str]:
    """Name the cases of a hook that can be sent."""
    return [name for name in NAMES if name not in NOT_SENT and read_case(name).hook is hook]


@dataclass(frozen=True)
class Sent:
    """A case and what the API server made of it, both in the words of the case."""

    case: Case
    expected: Json  # the webhook's response, its patch decoded
    status: int
    message: str
    warnings: list[str]
    stored: Json  # None where nothing was


@lru_cache(maxsize=1)
def _tags() -> dict[str, str]:
    return {name: f"g{i}" for i, name in enumerate(NAMES)}


def policies() -> list[str]:
    """Return the policies of all cases that can be sent, each for the case's own namespaces."""
    return [
        text for name in NAMES if name not in NOT_SENT for text in policies_of(name, _tags()[name])
    ]


def policies_of(name: str, tag: str) -> Iterator[str]:
    """Yield the policies of a case, for its namespaces under a prefix."""
    text = (read_case(name).folder / "policy.yaml").read_text()
    for document in yaml.safe_load_all(text):
        yield yaml.safe_dump(tagged(document, tag), sort_keys=False)


def tagged(policy: Json, tag: str) -> Json:
    """Return a policy with a prefix before its own name and those of the namespaces it means."""
    document = copy.deepcopy(policy)
    document["metadata"]["name"] = f"{tag}-{document['metadata']['name']}"
    spec = document["spec"]
    spec["namespaces"] = spec.get("namespaces") or ["*"]
    pools = (spec.get("worker") or {}).get("pools") or {}
    for conditions in (spec, *(spec.get("scopes") or ()), *pools.values()):
        if conditions.get("namespaces") is not None:
            conditions["namespaces"] = [f"{tag}-{it}" for it in conditions["namespaces"]]
    return document


def send(plane: ControlPlane, webhook: Webhook, name: str) -> Sent:
    """Do through the API server what the case's request is about."""
    case, tag = read_case(name), _tags()[name]
    request = case.request
    namespace = Namespace(plane, f"{tag}-{request['namespace']}")
    user = request["userInfo"]
    who = {"user": user["username"], "groups": [*user["groups"], "system:masters"]}
    pod = placed(request["object"], namespace.name)
    if request["operation"] == "CREATE":
        prepare(namespace, pod, {INJECTION: case.mode})
        answer = namespace.create(pod, **who)
    else:
        prepare(namespace, pod, {})
        there_already(namespace, placed(request["oldObject"], namespace.name))
        opt_in(namespace, webhook, case.mode)
        answer = namespace.replace(pod, request["subResource"], **who)
    return _sent(case, namespace, answer, f"{tag}-")


def _sent(case: Case, namespace: Namespace, answer: Response, tag: str) -> Sent:
    stored = None
    if answer.status in {OK, CREATED}:
        stored = namespace.read(answer.body["metadata"]["name"])
    return Sent(
        case,
        json.loads(case.expected),
        answer.status,
        answer.message.replace(tag, ""),
        [it.replace(tag, "") for it in answer.warnings],
        stored,
    )


def placed(pod: Json, namespace: str) -> Json:
    placed = copy.deepcopy(pod)
    if (placed.get("metadata") or {}).get("namespace"):
        placed["metadata"]["namespace"] = namespace
    return placed


def prepare(namespace: Namespace, pod: Json, labels: dict[str, str]) -> None:
    """Make the namespace, and the ServiceAccount without which no pod is accepted in it."""
    metadata = {"name": namespace.name, "labels": labels}
    made = namespace.plane.api("POST", "/api/v1/namespaces", {"metadata": metadata})
    assert made.status == CREATED, made.message
    accounts(namespace, "default", pod["spec"].get("serviceAccountName") or "default")


def accounts(namespace: Namespace, *names: str) -> None:
    """Make ServiceAccounts without a token: its volume and mounts are not the pod's own."""
    path = f"/api/v1/namespaces/{namespace.name}/serviceaccounts"
    for name in set(names):
        body = {"metadata": {"name": name}, "automountServiceAccountToken": False}
        if namespace.plane.api("POST", path, body).status != CREATED:  # a controller was faster
            answer = namespace.plane.api("PUT", f"{path}/{name}", body)
            assert answer.status == OK, answer.message


def there_already(namespace: Namespace, old: Json) -> None:
    """Make the pod as it was before the update, while nobody judges it."""
    debuggers = old["spec"].pop("ephemeralContainers", [])
    created = namespace.created(old)
    if debuggers:
        created["spec"]["ephemeralContainers"] = debuggers
        answer = namespace.replace(created, "ephemeralcontainers")
        assert answer.status == OK, answer.message


def opt_in(namespace: Namespace, webhook: Webhook, mode: str) -> None:
    body = {"metadata": {"labels": {INJECTION: mode}}}
    path = f"/api/v1/namespaces/{namespace.name}"
    content_type = "application/merge-patch+json"
    answer = namespace.plane.api("PATCH", path, body, content_type=content_type)
    assert answer.status == OK, answer.message
    probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}

    def called() -> bool:
        namespace.create(probe, query="?dryRun=All")
        return bool(webhook.decisions(namespace.name))

    # The API server learns of the label a moment later.
    webhook.wait_for(called, "call for a namespace that has just opted in")


def expected_warnings(sent: Sent) -> list[str]:
    """Return what both hooks have to say, in their order: a client sees each sentence once."""
    lines = list(sent.expected.get("warnings") or ())
    if sent.expected["allowed"] and sent.case.hook is Hook.MUTATE:
        pod = applied(sent.case, sent.expected)
        final = ask(sent.case, with_object(sent.case, pod), Hook.VALIDATE)
        lines += final.get("warnings") or ()
    return list(dict.fromkeys(lines))


def lacking(expected: Json, stored: Json, path: str = "") -> list[str]:
    """Return where something expected is not stored; nothing, null and empty are the same."""
    if not expected and not stored:
        return []
    if isinstance(expected, dict) and isinstance(stored, dict):
        return [
            found
            for key, value in expected.items()
            if key not in {"creationTimestamp", "namespace"}
            for found in lacking(value, stored.get(key), f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(stored, list) and len(expected) == len(stored):
        pairs = zip(expected, stored, strict=True)
        return [found for i, (a, b) in enumerate(pairs) for found in lacking(a, b, f"{path}[{i}]")]
    return [] if expected == stored else [f"{path}: {expected!r} is stored as {stored!r}"]


def check(sent: Sent) -> None:
    """Fail where the API server did something else than the answer of the case says."""
    expected = expected_warnings(sent)
    ours = [it for it in sent.warnings if not OF_THE_API_SERVER.search(it)]
    assert len(ours) == len(expected)
    for warning, wanted in zip(ours, expected, strict=True):
        # Longer names of ours leave less room: what is there must be how it begins.
        assert wanted.startswith(warning.removesuffix("…")), warning
    if not sent.expected["allowed"]:
        hook = f"{_entry(sent.case)}.{sent.case.mode}.{sent.case.hook}.secrets.noxus.ai"
        said = f'admission webhook "{hook}" denied the request: '
        assert (sent.status, sent.message) == (403, said + sent.expected["status"]["message"])
        return
    assert sent.status in {OK, CREATED}, sent.message
    pod = applied(sent.case, sent.expected)
    assert lacking(pod, sent.stored) == []
    assert sources(sent.stored) == sources(pod)
    annotations = [it["metadata"].get("annotations") or {} for it in (sent.stored, pod)]
    assert annotations[0].get(INJECTED) == annotations[1].get(INJECTED)


def _entry(case: Case) -> str:
    return "debug" if case.request.get("subResource") else "pods"
