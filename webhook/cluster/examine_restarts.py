"""Reads what `doctor` has to know of restarts: what the webhook's own account may do for them.

The API server is asked, rather than RBAC read: the Roles are those of other namespaces, and every
authorizer counts.
"""

from dataclasses import dataclass
from typing import Any, Final

from webhook.cluster.api import Api, ApiError
from webhook.cluster.notread import not_read
from webhook.cluster.restartable import sources, workloads
from webhook.cluster.rollouts import KINDS
from webhook.core.policy_upkeep import ReloadMode
from webhook.core.tables import CompiledPolicy
from webhook.core.words import INJECTION_LABEL, NamespaceMode
from webhook.doctor.rights import ACCOUNT
from webhook.doctor.snapshot import Json, Let, Many, NotRead, Restarts, named
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resources

_AUTHORIZATION: Final = "authorization.k8s.io"
_REVIEWS: Final = f"/apis/{_AUTHORIZATION}/v1/subjectaccessreviews"
# Those of the ClusterRole noxus-secrets-reload: API group, resource, verb.
_RIGHTS: Final = (
    *(("apps", plural, verb) for verb in ("list", "patch") for plural in KINDS),
    ("policy", "poddisruptionbudgets", "list"),
)
_PLURALS: Final = {"secret": "secrets", "configmap": "configmaps"}


async def read_restarts(
    api: Api, ours: str, policies: Many | None, namespaces: Many
) -> Restarts | NotRead | None:
    """Ask for every namespace where the leader restarts workloads; `ours` is where it runs.

    Raises ApiError where the API server is not reached or knows us not.
    """
    if isinstance(policies, NotRead):
        return policies
    asking = tuple(named(it) for it in policies or () if _rolls_out(it))
    if not asking or isinstance(namespaces, NotRead):
        return namespaces if asking and isinstance(namespaces, NotRead) else None
    try:
        loaded = load_resources(policies or []).policies
    except PolicyError:
        return NotRead(why="a policy does not load")
    asker = _Asker(api, ours)
    found = []
    try:
        listed = await asker.may("", "namespaces", "list")
        for name in sorted(map(named, filter(_is_enabled, namespaces))):
            policy = loaded.govern(name)
            if policy is not None and policy.rollout is not None and not policy.dry_run:
                found.append(await asker.namespace(name, policy))
    except ApiError as problem:
        return not_read(problem, f"create subjectaccessreviews.{_AUTHORIZATION}")
    return Restarts(asking, listed, tuple(found))


@dataclass(frozen=True, slots=True)
class _Asker:
    api: Api
    ours: str

    async def namespace(self, name: str, policy: CompiledPolicy) -> Let:
        lacking = [
            (verb, resource)
            for group, resource, verb in _RIGHTS
            if not await self.may(group, resource, verb, name)
        ]
        given: set[str] = set()
        try:
            async for it in workloads(self.api, name):
                given |= set(sources(it.pod, name, policy))
        except ApiError as problem:
            unread = not_read(problem, f"list {', '.join(KINDS)} -n {name}")
            return Let(name, policy.name, tuple(lacking), unread)
        unseen = []
        for source in sorted(given):
            kind, _, of = source.partition("/")
            if not await self.may("", _PLURALS[kind], "get", name, of):
                unseen.append(source)
        return Let(name, policy.name, tuple(lacking), tuple(unseen))

    async def may(
        self, group: str, resource: str, verb: str, namespace: str = "", name: str = ""
    ) -> bool:
        attributes = {"group": group, "resource": resource, "verb": verb}
        attributes |= {"namespace": namespace, "name": name}
        body: Json = {
            "apiVersion": f"{_AUTHORIZATION}/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{self.ours}:{ACCOUNT}",
                "groups": [
                    "system:serviceaccounts",
                    f"system:serviceaccounts:{self.ours}",
                    "system:authenticated",
                ],
                "resourceAttributes": attributes,
            },
        }
        answer: dict[str, Any] = await self.api.create(_REVIEWS, body)
        return bool((answer.get("status") or {}).get("allowed"))


def _rolls_out(policy: Json) -> bool:
    reload = (policy.get("spec") or {}).get("reload") or {}
    return bool(reload.get("mode") == ReloadMode.ROLLOUT)


def _is_enabled(namespace: Json) -> bool:
    labels = namespace["metadata"].get("labels") or {}
    return bool(labels.get(INJECTION_LABEL) == NamespaceMode.ENABLED)
