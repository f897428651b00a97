"""Our client against the real API server: credentials, watches, and what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from webhook.cluster.api import JSON_PATCH, Api, ApiError
from webhook.cluster.backoff import Backoff
from webhook.cluster.reflector import Reflector, Store

Json = dict[str, Any]


@pytest.fixture
def path(control_plane: ControlPlane) -> str:
    """The ConfigMaps of a fresh namespace."""
    return f"/api/v1/namespaces/{control_plane.namespace()}/configmaps"


@pytest.fixture
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    async with Api(control_plane.kubeconfig) as it:
        yield it


def config_map(name: str, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  whoever brings it about knows nothing of us
            await asyncio.sleep(0.02)


async def test_objects_are_created_read_changed_and_removed(api: Api, path: str) -> None:
    made = await api.create(path, config_map("one", a="1"))
    await api.patch(f"{path}/one", {"data": {"b": "2"}})
    await api.patch(
        f"{path}/one", [{"op": "add", "path": "/data/c", "value": "3"}], content_type=JSON_PATCH
    )
    changed = await api.get(f"{path}/one")
    changed["data"]["a"] = "4"
    await api.replace(f"{path}/one", changed)
    read = await api.get(f"{path}/one")
    await api.delete(f"{path}/one", {"preconditions": {"uid": made["metadata"]["uid"]}})

    assert read["data"] == {"a": "4", "b": "2", "c": "3"}
    with pytest.raises(ApiError) as caught:
        await api.get(f"{path}/one")
    assert (caught.value.status, caught.value.reason) == (404, "NotFound")
    assert str(caught.value) == '404 NotFound: configmaps "one" not found'


async def test_what_somebody_else_changed_meanwhile_is_a_conflict(api: Api, path: str) -> None:
    old = await api.create(path, config_map("one"))
    await api.patch(f"{path}/one", {"data": {"b": "2"}})

    with pytest.raises(ApiError) as caught:
        await api.replace(f"{path}/one", old)

    assert (caught.value.status, caught.value.reason) == (409, "Conflict")


async def test_a_watch_that_ends_by_itself_is_no_error(api: Api, path: str) -> None:
    listed = await api.get(path)

    events = [
        it
        async for it in api.watch(
            path, resourceVersion=listed["metadata"]["resourceVersion"], timeoutSeconds="1"
        )
    ]

    assert events == []


async def test_nobody_who_answers_is_told_by_the_kind_of_failure(
    control_plane: ControlPlane, tmp_path: Path, path: str
) -> None:
    config = json.loads(control_plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(json.dumps(config))

    async with Api(nowhere) as api:
        with pytest.raises(ApiError) as called:
            await api.get(path)
        with pytest.raises(ApiError) as watched:
            async for _ in api.watch(path):
                pass

    assert called.value.status == watched.value.status == 0
    assert str(called.value) == "the API server cannot be reached: ClientConnectorError"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no such file"),
        ("{", "it is not YAML"),
        ("[]", ""),
        ("clusters: 1", ""),
        ("", ""),
    ],
)
async def test_a_kubeconfig_that_is_of_no_use_is_named(
    tmp_path: Path, content: str | None, why: str
) -> None:
    file = tmp_path / "kubeconfig"
    if content is not None:
        file.write_text(content)

    async with Api(file) as api:
        with pytest.raises(ApiError) as caught:
            await api.get("/version")

    assert caught.value.status == 0
    assert str(caught.value).startswith(f"{file} does not say how to reach the API server: {why}")


async def test_a_token_that_expired_is_read_anew(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """As the kubelet renews it on disk; here the old one dies with the Secret it is bound to."""
    namespace = control_plane.namespace()
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    bound = control_plane.api("POST", secrets, {"metadata": {"name": "bound"}}).body["metadata"]
    kubeconfig = tmp_path / "kubeconfig"

    def write_token(**spec: Any) -> None:  # noqa: ANN401
        answer = control_plane.api(
            "POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token", {"spec": spec}
        )
        config = json.loads(control_plane.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": answer.body["status"]["token"]}
        kubeconfig.write_text(json.dumps(config))

    review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    ref = {"kind": "Secret", "apiVersion": "v1", "name": "bound", "uid": bound["uid"]}
    write_token(boundObjectRef=ref)
    async with Api(kubeconfig) as api:
        before = await api.create(review, kind)
        control_plane.api("DELETE", f"{secrets}/bound")

        async def refused() -> bool:
            try:
                await api.create(review, kind)
            except ApiError as problem:
                return problem.status == 401
            return False

        async with asyncio.timeout(30):
            while not await refused():  # noqa: ASYNC110  it takes a while to be known everywhere
                await asyncio.sleep(0.2)
        write_token()
        after = await api.create(review, kind)

    who = f"system:serviceaccount:{namespace}:default"
    assert before["status"]["userInfo"]["username"] == who
    assert after["status"]["userInfo"]["username"] == who


async def test_following_goes_on_through_a_restart_of_the_api_server(
    control_plane: ControlPlane, api: Api, path: str
) -> None:
    seen: list[set[str]] = []

    def changed(store: Store) -> None:
        seen.append({name for _, name in store if name != "kube-root-ca.crt"})

    reflector = Reflector(
        api,
        path,
        changed=changed,
        backoff=Backoff(random=lambda: 0.0, longest=0.5),
        clock=asyncio.get_running_loop().time,
    )
    task = asyncio.create_task(reflector.run())
    try:
        await until(lambda: seen)
        await api.create(path, config_map("one"))
        await until(lambda: seen[-1] == {"one"})
        await asyncio.to_thread(control_plane.stop_apiserver)
        await until(lambda: reflector.error)
        during = seen[-1]
        await asyncio.to_thread(control_plane.start_apiserver)
        control_plane.api("POST", path, config_map("two"))
        await until(lambda: seen[-1] == {"one", "two"})
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert during == {"one"}
    assert reflector.error == ""
