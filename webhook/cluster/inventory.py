"""What there is in a cluster, for reports: namespaces, workloads and pods, a page at a time.

Only `get` and `list`, and never a Secret. The next page is on its way while one is being looked at,
so that at most two are in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec
import yaml

from webhook.cluster.api import Api, ApiError
from webhook.cluster.policies import PATH as POLICIES
from webhook.cluster.read import kubeconfig

# kubectl's own size of a page: of pods of 10 kB it is 5 MB, which is read in well under a second.
PAGE: Final = 500
# A list takes longer than its pages are kept (5 minutes, etcd's compaction): begun anew so often.
_ATTEMPTS: Final = 3
# After so many objects, of less than a millisecond each, the next page gets its turn on the wire.
_BREATH: Final = 20


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, and where the API has it."""

    kind: str
    group: str
    plural: str

    def path(self, namespace: str | None) -> str:
        """Return the path of its list, in one namespace or in all."""
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.group}{inside}/{self.plural}"


NAMESPACES: Final = "/api/v1/namespaces"
# Owners before what they own, as reports want them.
RESOURCES: Final = (
    Resource("Deployment", "/apis/apps/v1", "deployments"),
    Resource("StatefulSet", "/apis/apps/v1", "statefulsets"),
    Resource("DaemonSet", "/apis/apps/v1", "daemonsets"),
    Resource("ReplicationController", "/api/v1", "replicationcontrollers"),
    Resource("CronJob", "/apis/batch/v1", "cronjobs"),
    Resource("ReplicaSet", "/apis/apps/v1", "replicasets"),
    Resource("Job", "/apis/batch/v1", "jobs"),
    Resource("PodTemplate", "/api/v1", "podtemplates"),
    Resource("Pod", "/api/v1", "pods"),
)

PODS: Final = RESOURCES[-1]

Take = Callable[[str, bytes], None]  # a kind, and an object of it as JSON
Progress = Callable[[str, int, int], None]  # a plural, how many were read, how many there are


class Reader(Protocol):
    """Reads an object or a list as it is sent; raises ApiError."""

    async def read(self, path: str, **query: str) -> bytes:
        """Read it."""


class _Meta(msgspec.Struct):
    following: str = msgspec.field(default="", name="continue")
    remaining: int = msgspec.field(default=0, name="remainingItemCount")


class _Item(msgspec.Struct):
    uid: str = ""


class _Object(msgspec.Struct):
    metadata: _Item


class _Page(msgspec.Struct):
    """A page of a list, each object as it is sent."""

    metadata: _Meta
    items: list[msgspec.Raw] = []


class InventoryError(Exception):
    """The cluster cannot be read; the message says what and the way out."""


def read_inventory(
    namespace: str | None,
    take: Take,
    progress: Progress,
    *,
    resources: Iterable[Resource] = RESOURCES,
) -> None:
    """Hand over all namespaces (kind `Namespace`), then all objects; raises `InventoryError`."""
    asyncio.run(_read(namespace, take, progress, resources))


def policies_written() -> dict[str, str]:
    """Return when each policy of the cluster was last changed; raises `InventoryError`."""
    return asyncio.run(_policies_written())


def subject() -> str:
    """Name the cluster, as the kubeconfig does."""
    path = kubeconfig()
    if path is None:
        return "the cluster of this pod"
    try:
        context = yaml.safe_load(path.read_text()).get("current-context")
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        context = None  # reading by it tells what is wrong with it
    return f"context {context}" if context else "the cluster"


async def _read(
    namespace: str | None, take: Take, progress: Progress, resources: Iterable[Resource]
) -> None:
    async with Api(kubeconfig()) as api:
        await inventory(api, namespace, take, progress, resources)


async def inventory(
    api: Reader,
    namespace: str | None,
    take: Take,
    progress: Progress,
    resources: Iterable[Resource] = RESOURCES,
) -> None:
    """Do what `read_inventory` does, by a given connection."""
    if namespace is not None:
        take("Namespace", await _namespace(api, namespace))
    else:
        await _list(api, "Namespace", NAMESPACES, take, progress)
    for resource in resources:
        await _list(api, resource.kind, resource.path(namespace), take, progress)


async def _namespace(api: Reader, name: str) -> bytes:
    try:
        return await api.read(f"{NAMESPACES}/{name}")
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise InventoryError(f"there is no namespace {name!r} in the cluster") from None
        raise _unreadable("namespaces", error, verb="get") from None


async def _list(api: Reader, kind: str, path: str, take: Take, progress: Progress) -> None:
    """Hand over each object once, however often the list has to be begun anew."""
    plural, seen = path.rpartition("/")[2], set[str]()
    progress(plural, 0, 0)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async for page in _pages(api, path):
                for i, item in enumerate(page.items):
                    if i % _BREATH == 0:
                        await asyncio.sleep(0)
                    uid = msgspec.json.decode(item, type=_Object).metadata.uid
                    if uid not in seen:
                        seen.add(uid)
                        take(kind, bytes(item))
                progress(plural, len(seen), len(seen) + page.metadata.remaining)
        except ApiError as error:
            if error.status != HTTPStatus.GONE or attempt == _ATTEMPTS:
                raise _unreadable(plural, error) from None
        except msgspec.DecodeError:
            raise InventoryError(f"the API server's list of {plural} is not a list") from None
        else:
            return


async def _pages(api: Reader, path: str) -> AsyncIterator[_Page]:
    coming = asyncio.ensure_future(api.read(path, limit=str(PAGE)))
    try:
        while True:
            page = msgspec.json.decode(await coming, type=_Page)
            following = page.metadata.following
            if following:
                query = {"limit": str(PAGE), "continue": following}
                coming = asyncio.ensure_future(api.read(path, **query))
            yield page
            if not following:
                return
    finally:
        coming.cancel()


def _unreadable(plural: str, error: ApiError, *, verb: str = "list") -> InventoryError:
    text = f"{plural} cannot be read: {error}"
    if error.status == HTTPStatus.FORBIDDEN:
        text += (
            f"; let this user {verb} {plural}: audit and plan need get and list on namespaces, "
            "pods and all kinds of workloads, and nothing on Secrets"
        )
    return InventoryError(text)


async def _policies_written() -> dict[str, str]:
    async with Api(kubeconfig()) as api:
        try:
            found = await api.get(POLICIES)
        except ApiError as error:
            raise _unreadable("secretinjectionpolicies", error) from None
    return {item["metadata"]["name"]: written(item) for item in found.get("items") or ()}


def written(policy: dict[str, Any]) -> str:
    """Return when a policy's spec was changed at the latest; its status is the webhook's own."""
    entries = policy["metadata"].get("managedFields") or ()
    times = (e.get("time") or "" for e in entries if "f:spec" in (e.get("fieldsV1") or {}))
    return max(times, default="")
