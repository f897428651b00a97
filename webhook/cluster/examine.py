"""Reads what `doctor` examines: our objects, RBAC, the label of namespaces, one pod tried out.

Only `get` and `list`, and the creation of one pod that the API server is told not to store. Of all
Secrets it asks for our own alone, and keeps its certificates.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from webhook.cluster.api import Api, ApiError
from webhook.cluster.examine_restarts import read_restarts
from webhook.cluster.notread import not_read
from webhook.cluster.policies import PATH as POLICIES
from webhook.core.words import GROUP, INJECTED_ANNOTATION, INJECTION_LABEL, NamespaceMode
from webhook.doctor.certificates import SECRET
from webhook.doctor.expected import CONFIGURATION, GUARD
from webhook.doctor.reach import FORGED
from webhook.doctor.running import NAME
from webhook.doctor.snapshot import (
    Access,
    Calls,
    Installed,
    Json,
    Many,
    NotRead,
    One,
    Probe,
    Snapshot,
    named,
)
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resources

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
_REPLICAS: Final = f"{GROUP}/replica=true"
# kubectl's own size of a page.
_PAGE: Final = "500"
_COUNT: Final = re.compile(
    r"apiserver_admission_webhook_(request_total|fail_open_count)\{(.*)\} (\S+)"
)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_PUBLIC: Final = ("tls.crt", "ca.crt")
_ROLE_LABEL: Final = "noxus.ai/role"  # of a policy that names none; without a policy any will do


async def read_snapshot(api: Api, namespace: str, probe_in: str | None) -> Snapshot:
    """Read everything; raises ApiError where the API server is not reached or knows us not.

    The pod is tried in `probe_in`; None: in the first namespace that is enabled and governed, else
    in one that is in dry run.
    """
    reader = _Reader(api, namespace)
    # The first call alone, so that what concerns them all is said once.
    policies = await reader.policies()
    installed, access, namespaces, calls = await asyncio.gather(
        reader.installed(), reader.access(), reader.namespaces(), reader.calls()
    )
    roles, unserved = _governed(policies, namespaces)
    probe = await reader.probe(namespaces, unserved, roles, probe_in)
    return Snapshot(
        *(namespace, installed, access, policies, namespaces, calls, probe, unserved),
        restarts=await read_restarts(api, namespace, policies, namespaces),
    )


class _Reader:
    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace

    async def installed(self) -> Installed:
        name, inside = self._namespace, f"namespaces/{self._namespace}"
        return Installed(
            mutating=await self._one(_ADMISSION, "mutatingwebhookconfigurations", CONFIGURATION),
            validating=await self._one(
                _ADMISSION, "validatingwebhookconfigurations", CONFIGURATION
            ),
            guard=await self._one(_ADMISSION, "validatingadmissionpolicies", GUARD),
            guard_binding=await self._one(_ADMISSION, "validatingadmissionpolicybindings", GUARD),
            deployment=await self._one(f"/apis/apps/v1/{inside}", "deployments", NAME, name),
            budget=await self._one(f"/apis/policy/v1/{inside}", "poddisruptionbudgets", NAME, name),
            certificates=_public(await self._one(f"/api/v1/{inside}", "secrets", SECRET, name)),
            leases=await self._many(
                f"/apis/coordination.k8s.io/v1/{inside}", "leases", name, labelSelector=_REPLICAS
            )
            or [],
        )

    async def access(self) -> Access:
        inside = f"{_RBAC}/namespaces/{self._namespace}"
        return Access(
            cluster_roles=await self._many(_RBAC, "clusterroles") or [],
            cluster_role_bindings=await self._many(_RBAC, "clusterrolebindings") or [],
            roles=await self._many(inside, "roles", self._namespace) or [],
            role_bindings=await self._many(inside, "rolebindings", self._namespace) or [],
        )

    async def policies(self) -> Many | None:
        return await self._many(*POLICIES.rsplit("/", 1))

    async def namespaces(self) -> Many:
        found = await self._many("/api/v1", "namespaces", labelSelector=INJECTION_LABEL)
        return [] if found is None else found

    async def calls(self) -> Mapping[str, Calls] | NotRead:
        """Read what the API server counted of our entries."""
        try:
            text = (await self._api.read("/metrics")).decode(errors="replace")
        except ApiError as problem:
            return not_read(problem, "get /metrics")
        counted: dict[str, dict[str, float]] = {}
        for what, labels, value in _COUNT.findall(text):
            found = dict(_LABEL.findall(labels))
            if found.get("name", "").endswith(f".{GROUP}"):
                # A call that failed is counted under a code that no HTTP server sends.
                answered = what == "request_total" and found.get("code") == "200"
                key = "answered" if answered else what
                entry = counted.setdefault(found["name"], {})
                entry[key] = entry.get(key, 0.0) + float(value)
        return {
            name: Calls(it.get("answered", 0.0), it.get("fail_open_count", 0.0))
            for name, it in counted.items()
        }

    async def probe(
        self,
        namespaces: Many,
        unserved: tuple[str, ...],
        roles: Mapping[str, str],
        wanted: str | None,
    ) -> Probe | NotRead:
        """Try a pod where it says most."""
        if isinstance(namespaces, NotRead):
            return namespaces
        chosen = _chosen(namespaces, unserved, self._namespace, wanted)
        if isinstance(chosen, NotRead):
            return chosen
        name, mode = chosen
        body = _pod(roles.get(name, _ROLE_LABEL))
        status, reason, message = HTTPStatus.CREATED.value, "", ""
        annotations: dict[str, str] = {}
        try:
            made = await self._api.create(f"/api/v1/namespaces/{name}/pods?dryRun=All", body)
            annotations = made["metadata"].get("annotations") or {}
        except ApiError as problem:
            if not problem.status:
                raise
            status, reason, message = problem.status, problem.reason, problem.message
        if 'cannot create resource "pods"' in message:
            return NotRead(f"create pods in namespace {name}")
        corrected = annotations.get(INJECTED_ANNOTATION) != FORGED
        return Probe(name, mode, status, reason, message, corrected, await self.calls())

    async def _one(self, group: str, resource: str, name: str, inside: str = "") -> One:
        where = f" -n {inside}" if inside else ""
        try:
            return await self._api.get(f"{group}/{resource}/{name}")
        except ApiError as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return None
            return not_read(problem, f"get {resource} {name}{where}")

    async def _many(self, group: str, resource: str, inside: str = "", **query: str) -> Many | None:
        """Read a list page by page; None: there is no such resource."""
        where = f" -n {inside}" if inside else ""
        found: list[Json] = []
        following: dict[str, str] = {}
        try:
            while True:
                page = await self._api.get(f"{group}/{resource}", limit=_PAGE, **query, **following)
                found += page.get("items") or ()
                more = (page.get("metadata") or {}).get("continue")
                if not more:
                    return found
                following = {"continue": more}
        except ApiError as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return None
            return not_read(problem, f"list {resource}{where}")


def _public(secret: One) -> One:
    """Take the certificates out of our Secret, and let go of the keys."""
    if secret is None or isinstance(secret, NotRead):
        return secret
    found: dict[str, Any] = {}
    for key in _PUBLIC:
        try:
            found[key] = base64.b64decode((secret.get("data") or {}).get(key, ""), validate=True)
        except (binascii.Error, ValueError):
            found[key] = b""
    return found


def _governed(policies: Many | None, namespaces: Many) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the role label that each namespace's policy goes by, and who has no policy.

    Policies that do not load are told of by their status; what they cover is not known then.
    """
    if isinstance(namespaces, NotRead) or isinstance(policies, NotRead) or not policies:
        return {}, ()
    try:
        loaded = load_resources(policies)
    except PolicyError:
        return {}, ()
    labels = {
        source.policy.metadata.name: source.policy.spec.identity.role_labels
        for source in loaded.sources
    }
    found: dict[str, str] = {}
    unserved = []
    for name in map(named, namespaces):
        policy = loaded.policies.govern(name)
        if policy is None:
            unserved.append(name)
        elif labels[policy.name]:
            found[name] = labels[policy.name][0]
    return found, tuple(unserved)


def _chosen(
    namespaces: list[Json], unserved: tuple[str, ...], own: str, wanted: str | None
) -> tuple[str, str] | NotRead:
    never = {"kube-system", "kube-node-lease", own}
    modes = {
        named(it): it["metadata"]["labels"][INJECTION_LABEL]
        for it in namespaces
        if named(it) not in never and "deletionTimestamp" not in it["metadata"]
    }
    order = [str(mode) for mode in NamespaceMode]
    usable = {name: mode for name, mode in modes.items() if mode in order}
    if wanted is not None and wanted not in usable:
        return NotRead(why=f"namespace {wanted}, named by --probe, is not opted in")
    if wanted is not None:
        return wanted, usable[wanted]
    if not usable:
        return NotRead(
            why=f"no namespace is opted in; label one {INJECTION_LABEL}=dry-run and run this again"
        )
    return min(usable.items(), key=lambda it: (it[0] in unserved, order.index(it[1]), it[0]))


def _pod(role_label: str) -> Json:
    """Make a pod that every policy lets pass, Pod Security and quotas as well.

    Role `beat` is one that every policy knows; it asks for nothing.
    """
    little = {"cpu": "1m", "memory": "1Mi"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{FORGED}-",
            "labels": {role_label: "beat"},
            "annotations": {INJECTED_ANNOTATION: FORGED},
        },
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "doctor",
                    "image": FORGED,
                    "resources": {"requests": little, "limits": little},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }
