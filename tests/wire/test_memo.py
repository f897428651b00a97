"""The memory of answers: what it knows again, and that it never answers otherwise than without."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.kit import CIRCLES, policy
from tests.wire.memo_kit import POLICIES, SECRET, Asking, Json, Pods, encode
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer, NoPolicyLoaded, answer
from webhook.wire.cuts import MAX_BODY
from webhook.wire.memo import MAX_ANSWER, Memo

KINDLY: Json = {"hook": Hook.MUTATE, "mode": NamespaceMode.ENABLED, "policies": POLICIES}


def final(**changes: Json) -> Pods:
    """A frontend whose sources are there, as the validating hook sees it."""
    annotations = {"secrets.noxus.ai/injected": "shared"}
    env_from = [{"secretRef": {"name": "app-env"}}]
    return Pods(final=True, annotations=annotations, env_from=env_from, **changes)


@pytest.mark.parametrize(
    ("pods", "hook"),
    [
        pytest.param(Pods(), Hook.MUTATE, id="of a ReplicaSet"),
        pytest.param(Pods(token=False), Hook.MUTATE, id="without a token"),
        pytest.param(Pods(named=True), Hook.MUTATE, id="with names, as of a StatefulSet"),
        pytest.param(final(token=False), Hook.VALIDATE, id="final"),
        pytest.param(final(named=True), Hook.VALIDATE, id="final, with names"),
        pytest.param(Pods(labels={"noxus.ai/role": "worker"}), Hook.MUTATE, id="of another role"),
    ],
)
def test_of_pods_that_one_controller_makes_the_third_is_known(pods: Pods, hook: Hook) -> None:
    asking = Asking()

    assert [asking.ask(pods.body(n), hook) for n in range(1, 5)] == ["miss", "miss", "hit", "hit"]


def test_a_pod_that_was_seen_once_takes_no_place() -> None:
    asking = Asking(size=1)
    asking.know(Pods())
    asking.ask(Pods(generate="other-").body(1))

    assert asking.ask(Pods().body(3)) == "hit"


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    asking, rare, usual, new = Asking(size=2), Pods(generate="a-"), Pods(), Pods(generate="c-")
    asking.know(rare)
    asking.know(usual)
    assert asking.ask(rare.body(3)) == "hit"
    asking.know(new)

    assert [asking.ask(pods.body(4)) for pods in (rare, new, usual)] == ["hit", "hit", "miss"]


def test_only_so_many_that_were_seen_once_are_remembered() -> None:
    asking = Asking(size=2)
    for generate in ("a-", "b-", "c-"):
        asking.ask(Pods(generate=generate).body(1))

    asking.ask(Pods(generate="a-").body(2))
    assert asking.ask(Pods(generate="a-").body(3)) == "miss"
    assert asking.ask(Pods(generate="a-").body(4)) == "hit"


def test_other_policies_begin_anew() -> None:
    asking = Asking()
    asking.know(Pods())
    asking.policies = PolicySet([policy(CIRCLES.replace("app-env", "other-env"))])
    assert asking.ask(Pods().body(3)) == "miss"
    asking.policies = POLICIES

    assert asking.ask(Pods().body(4)) == "miss"


def test_no_policy_is_no_answer_that_is_kept() -> None:
    memo = Memo(answer, secret=SECRET)
    for n in range(4):
        with pytest.raises(NoPolicyLoaded):
            memo(
                Pods().body(n),
                hook=Hook.MUTATE,
                mode=NamespaceMode.ENABLED,
                policies=PolicySet([]),
            )


OTHER: dict[str, Pods] = {
    "label": Pods(labels={"app": "other", "noxus.ai/role": "frontend"}),
    "role": Pods(labels={"app": "noxus", "noxus.ai/role": "backend"}),
    "annotation": Pods(annotations={"secrets.noxus.ai/injected": "shared"}),
    "generateName": Pods(generate="other-"),
    "owner": Pods(owner="other"),
    "spec": Pods(spec={"dnsPolicy": "Default"}),
    "ServiceAccount": Pods(spec={"serviceAccountName": "other"}),
    "value of a variable": Pods(
        spec={"containers": [{"name": "web", "env": [{"name": "PASSWORD", "value": "*******"}]}]}
    ),
    "user": Pods(user={"username": "john", "groups": ["developers"]}),
    "group": Pods(user={"username": "jane", "groups": ["testers"]}),
    "what is known of the user": Pods(
        user={"username": "jane", "groups": ["developers"], "extra": {"a": ["b"]}}
    ),
    "namespace": Pods(request={"namespace": "elsewhere"}),
    "old object": Pods(request={"oldObject": {"kind": "Pod"}}),
    "dry run": Pods(request={"dryRun": True}),
    "options": Pods(request={"options": {"fieldManager": "me"}}),
    "requested kind": Pods(request={"requestKind": {"group": "", "version": "v2", "kind": "Pod"}}),
    "requested resource": Pods(request={"requestResource": {"group": "", "version": "v2"}}),
    "name, where there was none": Pods(named=True),
    "token, where there was none": Pods(token=False),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_another_review_is_not_taken_for_one_that_is_known(other: Pods) -> None:
    asking = Asking()
    asking.know(Pods())

    assert asking.ask(other.body(3)) == "miss"
    assert asking.ask(Pods().body(3)) == "hit"


def test_the_other_hook_is_not_answered_from_what_is_known_of_the_one() -> None:
    asking = Asking()
    asking.know(Pods())

    assert asking.ask(Pods().body(3), Hook.VALIDATE) == "miss"


def test_the_other_mode_is_not_answered_from_what_is_known_of_the_one() -> None:
    asking = Asking()
    asking.know(Pods())

    assert asking.ask(Pods().body(3), mode=NamespaceMode.DRY_RUN) == "miss"


@pytest.mark.parametrize(
    ("pods", "how"),
    [
        pytest.param(Pods(labels={}), {}, id="a warning"),
        pytest.param(Pods(), {"hook": Hook.VALIDATE}, id="a refusal"),
        pytest.param(Pods(), {"mode": NamespaceMode.DRY_RUN}, id="a dry run"),
    ],
)
def test_what_somebody_is_to_read_is_said_anew_each_time(pods: Pods, how: Json) -> None:
    asking = Asking()

    assert {asking.ask(pods.body(n), **how) for n in range(1, 5)} == {"miss"}


def test_an_answer_that_is_long_is_not_kept() -> None:
    containers = [{"name": f"c{n}"} for n in range(100)]
    asking, pods = Asking(), Pods(spec={"containers": containers})
    assert len(asking.memo(pods.body(0), **KINDLY).body) > MAX_ANSWER

    assert {asking.ask(pods.body(n)) for n in range(1, 5)} == {"miss"}


@pytest.mark.parametrize(
    "request_",
    [
        {"operation": "UPDATE"},
        {"operation": "DELETE", "object": None},
        {"resource": {"group": "apps", "version": "v1", "resource": "deployments"}},
        {"subResource": "status"},
        {"uid": "another form of uid"},
        {"kind": {"group": "", "version": "v1", "kind": "Other"}},
    ],
)
def test_only_creations_of_pods_are_looked_up(request_: Json) -> None:
    review = Pods().review(1)
    review["request"] |= request_
    if "subResource" in request_:  # in the API server's place
        request = review["request"]
        review["request"] = {
            k: request[k] for k in ("uid", "kind", "resource", "subResource", *request)
        }

    assert {Asking().ask(encode(review)) for _ in range(3)} == {"unfit"}


def test_what_is_written_otherwise_is_not_looked_up() -> None:
    body = Pods().body(1)
    later = body.replace(b'"object":{"kind":"Pod","apiVersion":"v1"', b'"object":{"kind":"Pod"')

    assert [Asking().ask(it) for it in (b" " + body, body[:-2] + b" }}", later)] == [
        "unfit",
        "miss",
        "unfit",
    ]


def test_a_review_that_is_longer_than_most_is_not_looked_up() -> None:
    assert Asking().ask(Pods(annotations={"a": "x" * MAX_BODY}).body(1)) == "unfit"


def test_text_beyond_ascii_is_known_again() -> None:
    asking, pods = Asking(), Pods(annotations={"motto": "weiß nicht"})
    asking.know(pods)

    assert asking.ask(pods.body(3)) == "hit"


def test_what_is_kept_holds_no_value_of_a_variable() -> None:
    asking = Asking()
    asking.know(Pods())
    assert asking.ask(Pods().body(3)) == "hit"

    held = list(_reachable(vars(asking.memo)))
    assert any(b"app-env" in it or b"shared" in it for it in held)  # it would be found
    assert not [it for it in held if b"hunter2" in it]


def _reachable(start: object) -> set[bytes]:
    """Return all strings that an object leads to, classes and functions apart."""
    seen: dict[int, Any] = {}
    todo = [start]
    while todo:
        it = todo.pop()
        if id(it) not in seen and not isinstance(it, (type, Callable)):  # type: ignore[arg-type]
            seen[id(it)] = it
            todo += gc.get_referents(it)
    texts = [it.encode() if isinstance(it, str) else it for it in seen.values()]
    return {it for it in texts if isinstance(it, bytes)}


def test_what_would_be_answered_otherwise_from_memory_is_not_kept() -> None:
    others = PolicySet([policy(CIRCLES.replace("app-env", "other-env"))])

    def fond_of_seven(body: bytes, **how: Json) -> Answer:
        """Answer as a rule would that reads the name of a pod."""
        return answer(body, **how | ({"policies": others} if b'"web-7"' in body else {}))

    memo, body = Memo(fond_of_seven, secret=SECRET), Pods(named=True).body(7)
    expected = answer(body, **KINDLY | {"policies": others}).body

    assert [memo(body, **KINDLY).body for _ in range(4)] == [expected] * 4
    assert memo.counts() == {"hit": 0, "miss": 4, "unfit": 0, "skipped": 0}
