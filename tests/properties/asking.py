"""Asks the program about a scenario, and reads its answer as an API server would."""

import base64
import copy
import json
from dataclasses import dataclass, replace
from functools import lru_cache

import jsonpatch
from hypothesis import currently_in_test_context, note
from jsonpointer import JsonPointerException

from tests.properties.oracle_policy import Json
from tests.properties.oracle_verdict import Expected, expected
from tests.properties.strategies import Scenario
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_text
from webhook.wire.answer import Answer, answer


@dataclass(frozen=True, repr=False)
class Outcome:
    """One answer."""

    raw: bytes
    allowed: bool
    message: str
    patch: list[Json]
    warnings: list[str]

    def __repr__(self) -> str:
        patch = json.dumps(self.patch, ensure_ascii=False)
        return f"allowed={self.allowed} {self.message!r} patch={patch} warnings={self.warnings}"

    def applied_to(self, pod: Json) -> Json:
        """The pod as the API server would store it: by the library's application of the patch."""
        try:
            after: Json = jsonpatch.apply_patch(copy.deepcopy(pod), self.patch)
        except (jsonpatch.JsonPatchException, JsonPointerException) as error:
            raise AssertionError(f"the patch does not apply: {error}") from error
        return after


@lru_cache(maxsize=256)
def _loaded(policy_text: str) -> object:
    return load_text(policy_text).policies


def body_of(scenario: Scenario) -> bytes:
    return json.dumps(scenario.review, ensure_ascii=False).encode()


def answer_to(scenario: Scenario, body: bytes | None = None) -> Answer:
    """The program's answer, whole; to another body where one is given."""
    if currently_in_test_context():
        note(
            scenario
        )  # printed for the smallest failing example: the tape that made it tells nothing
    policies = _loaded(scenario.policy_text)
    body = body_of(scenario) if body is None else body
    return answer(body, hook=scenario.hook, mode=scenario.mode, policies=policies)  # type: ignore[arg-type]


def ask(scenario: Scenario) -> Outcome:
    return read(answer_to(scenario).body, scenario.request["uid"])


def read(raw: bytes, uid: str) -> Outcome:
    """What an API server reads, with everything that it insists upon."""
    review = json.loads(raw)
    assert (review["apiVersion"], review["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = review["response"]
    assert response["uid"] == uid
    assert ("patch" in response) == ("patchType" in response), "both or neither"
    assert response.get("patchType", "JSONPatch") == "JSONPatch"
    patch = json.loads(base64.b64decode(response["patch"])) if "patch" in response else []
    assert "patch" not in response or patch, "an empty patch is no patch"
    status = response.get("status") or {}
    if not response["allowed"]:
        assert status["code"] == 403
        assert status["message"]
        assert not patch
    return Outcome(
        raw, response["allowed"], status.get("message", ""), patch, response.get("warnings") or []
    )


def expected_of(scenario: Scenario) -> Expected:
    return expected(
        scenario.request,
        scenario.policies,
        validating=scenario.hook is Hook.VALIDATE,
        namespace_dry_run=scenario.mode is NamespaceMode.DRY_RUN,
    )


def with_object(scenario: Scenario, pod: Json, hook: Hook | None = None) -> Scenario:
    """The same request about another object, for the same or another hook."""
    review = {**scenario.review, "request": {**scenario.request, "object": pod}}
    return replace(scenario, review=review, hook=hook or scenario.hook)
