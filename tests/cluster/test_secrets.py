"""Named Secrets are read one by one, and what stands in the way is told without what they hold."""

from typing import Any

import pytest

from tests.secretref.kit import policy
from webhook.cluster.api import ApiError
from webhook.cluster.secrets import UnreadableObjectError, named
from webhook.commands.lintread import live
from webhook.secretref import lint

Json = dict[str, Any]


class FakeApi:
    """An API server of a few objects, and of what it answers for others."""

    def __init__(self, objects: dict[str, Json], otherwise: ApiError) -> None:
        self.asked: list[str] = []
        self._objects = objects
        self._otherwise = otherwise

    async def get(self, path: str) -> Json:
        self.asked.append(path)
        if path not in self._objects:
            raise self._otherwise
        return self._objects[path]


NOT_FOUND = ApiError(404, "NotFound", "there is none")
FORBIDDEN = ApiError(403, "Forbidden", "larry may not")
SECRETS = "/api/v1/namespaces/noxus/secrets"
CONFIGMAPS = "/api/v1/namespaces/noxus/configmaps"


async def test_objects_are_got_by_name_and_those_that_are_not_there_left_out() -> None:
    api = FakeApi({f"{SECRETS}/a": {"data": {}}, f"{CONFIGMAPS}/b": {"data": {}}}, NOT_FOUND)

    found = await named(api, "noxus", [("Secret", "a"), ("ConfigMap", "b"), ("Secret", "c")])

    assert api.asked == [f"{SECRETS}/a", f"{CONFIGMAPS}/b", f"{SECRETS}/c"]
    assert found == {
        ("Secret", "a"): {"apiVersion": "v1", "kind": "Secret", "data": {}},
        ("ConfigMap", "b"): {"apiVersion": "v1", "kind": "ConfigMap", "data": {}},
    }


async def test_a_right_that_is_missing_is_named() -> None:
    with pytest.raises(UnreadableObjectError) as raised:
        await named(FakeApi({}, FORBIDDEN), "noxus", [("Secret", "a")])

    assert str(raised.value) == (
        f"Secret a of namespace noxus cannot be read: {FORBIDDEN}; let this user get secrets of "
        "that name, or lint the manifests instead: noxus-secrets lint FILE"
    )


async def test_any_other_answer_is_handed_on() -> None:
    unavailable = ApiError(503, "ServiceUnavailable", "try again")

    with pytest.raises(UnreadableObjectError) as raised:
        await named(FakeApi({}, unavailable), "noxus", [("ConfigMap", "a")])

    assert str(raised.value) == f"ConfigMap a of namespace noxus cannot be read: {unavailable}"


def test_what_the_policy_demands_and_the_namespace_has_not_is_an_error() -> None:
    demanded = policy("""\
  scopes:
    - name: s
      roles: [worker]
      envFrom: [{secretRef: {name: a}}, {secretRef: {name: b, optional: true}}]
    - {name: t, roles: [worker], envFrom: [{configMapRef: {name: c}}]}
  worker: {pools: {off: {envSecretRef: d, enabled: false}}}
""")
    objects = {("Secret", "a"): {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}}

    read = live("noxus", lint.sources([demanded], "noxus"), objects)

    assert [holder.title for holder in read.holders] == ["secret/a"]
    assert [(it.file, it.line, it.object, it.message) for it in read.findings] == [
        (
            *("namespace noxus", 0, "configmap/c"),
            (
                "it is not there, so that containers that are given scope t do not start: create "
                "it, or make it optional in the policy"
            ),
        )
    ]
