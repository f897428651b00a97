"""Reading a cluster a page at a time, by an API server in memory."""

import json
from dataclasses import dataclass, field

import pytest

from webhook.cluster.api import ApiError
from webhook.cluster.inventory import RESOURCES, InventoryError, inventory, written

NAMES = [resource.plural for resource in RESOURCES]


@dataclass
class Pages:
    """Lists in pages of two; the first `expired` continuations are refused, as after compaction."""

    objects: dict[str, list[str]]  # path -> uids
    expired: int = 0
    refuse: dict[str, ApiError] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def read(self, path: str, **query: str) -> bytes:
        self.asked.append((path, query))
        if path in self.refuse:
            raise self.refuse[path]
        start = int(query.get("continue", "0"))
        if start and self.expired:
            self.expired -= 1
            raise ApiError(410, "Expired", "the provided continue parameter is too old")
        uids = self.objects.get(path, [])
        meta: dict[str, object] = {}
        if len(uids) > start + 2:
            meta = {"continue": str(start + 2), "remainingItemCount": len(uids) - start - 2}
        if not query:
            return json.dumps({"metadata": {"uid": path}}).encode()
        items = [{"metadata": {"uid": uid}} for uid in uids[start : start + 2]]
        return json.dumps({"metadata": meta, "items": items}).encode()


@dataclass
class Taken:
    """What was handed over."""

    objects: list[tuple[str, str]] = field(default_factory=list)
    progress: list[tuple[str, int, int]] = field(default_factory=list)

    def take(self, kind: str, content: bytes) -> None:
        self.objects.append((kind, json.loads(content)["metadata"]["uid"]))

    def report(self, what: str, done: int, total: int) -> None:
        self.progress.append((what, done, total))


async def read(pages: Pages, namespace: str | None = None) -> Taken:
    taken = Taken()
    await inventory(pages, namespace, taken.take, taken.report)
    return taken


async def test_every_page_is_read_and_how_far_it_is_is_told() -> None:
    taken = await read(Pages({"/api/v1/pods": ["a", "b", "c", "d", "e"]}))

    assert taken.objects == [("Pod", uid) for uid in "abcde"]
    assert [it for it in taken.progress if it[0] == "pods"] == [
        ("pods", 0, 0),
        ("pods", 2, 5),
        ("pods", 4, 5),
        ("pods", 5, 5),
    ]


async def test_namespaces_come_first_and_owners_before_what_they_own() -> None:
    taken = await read(Pages({}))

    assert list(dict.fromkeys(it[0] for it in taken.progress)) == ["namespaces", *NAMES]
    assert NAMES.index("deployments") < NAMES.index("replicasets") < NAMES.index("pods")
    assert NAMES.index("cronjobs") < NAMES.index("jobs") < NAMES.index("pods")


async def test_a_page_is_five_hundred_objects() -> None:
    pages = Pages({"/api/v1/pods": ["a", "b", "c"]})

    await read(pages)

    asked = [query for path, query in pages.asked if path == "/api/v1/pods"]
    assert asked == [{"limit": "500"}, {"limit": "500", "continue": "2"}]


async def test_a_list_that_expires_is_begun_anew_and_nothing_is_told_twice() -> None:
    taken = await read(Pages({"/api/v1/pods": ["a", "b", "c", "d", "e"]}, expired=2))

    assert taken.objects == [("Pod", uid) for uid in "abcde"]


async def test_a_list_that_always_expires_is_given_up() -> None:
    with pytest.raises(InventoryError) as caught:
        await read(Pages({"/api/v1/pods": ["a", "b", "c"]}, expired=3))

    assert str(caught.value) == (
        "pods cannot be read: 410 Expired: the provided continue parameter is too old"
    )


async def test_one_namespace_alone_is_asked_for_by_name() -> None:
    pages = Pages({})

    await read(pages, "noxus")

    paths = [path for path, _ in pages.asked]
    assert paths[0] == "/api/v1/namespaces/noxus"
    assert all(path.startswith(("/api/", "/apis/")) for path in paths)
    assert all("/namespaces/noxus" in path for path in paths)


async def test_no_secret_is_ever_asked_for() -> None:
    pages = Pages({})

    await read(pages)

    assert not [path for path, _ in pages.asked if "secret" in path]


async def test_a_namespace_that_is_not_there_is_said_so() -> None:
    refuse = {"/api/v1/namespaces/noxsu": ApiError(404, "NotFound", "not found")}

    with pytest.raises(InventoryError) as caught:
        await read(Pages({}, refuse=refuse), "noxsu")

    assert str(caught.value) == "there is no namespace 'noxsu' in the cluster"


async def test_a_right_that_is_missing_is_named_with_all_that_are_needed() -> None:
    refuse = {"/apis/batch/v1/jobs": ApiError(403, "Forbidden", "jobs.batch is forbidden")}

    with pytest.raises(InventoryError) as caught:
        await read(Pages({}, refuse=refuse))

    assert str(caught.value) == (
        "jobs cannot be read: 403 Forbidden: jobs.batch is forbidden; let this user list jobs: "
        "audit and plan need get and list on namespaces, pods and all kinds of workloads, and "
        "nothing on Secrets"
    )


async def test_an_answer_that_is_no_list_is_no_traceback() -> None:
    class Odd(Pages):
        async def read(self, path: str, **query: str) -> bytes:
            del path, query
            return b"<html>"

    with pytest.raises(InventoryError) as caught:
        await read(Odd({}))

    assert str(caught.value) == "the API server's list of namespaces is not a list"


def test_a_policy_was_written_when_somebody_last_changed_its_spec() -> None:
    policy = {
        "metadata": {
            "managedFields": [
                {"time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {}}},
                {"time": "2026-02-01T00:00:00Z", "fieldsV1": {"f:spec": {}}},
                {"time": "2026-03-01T00:00:00Z", "fieldsV1": {"f:status": {}}},
            ]
        }
    }

    assert written(policy) == "2026-02-01T00:00:00Z"
    assert written({"metadata": {}}) == ""
