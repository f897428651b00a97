"""What is wrong with one pod, and what it must look like, by the oracle's reckoning.

A request is the `request` of an AdmissionReview as plain JSON; a spec is that of the policy which
governs its namespace. The template of a workload is asked about as the pod that it will make.
"""

import copy
from dataclasses import replace

from tests.properties.oracle_arrangement import arranged, shadowed
from tests.properties.oracle_deployers import user_of
from tests.properties.oracle_entitlement import Entitlement, Refusal
from tests.properties.oracle_identity import identify
from tests.properties.oracle_policy import (
    Json,
    guard,
    injects_into_ephemeral,
    is_excluded,
)
from tests.properties.oracle_references import (
    CONTAINER_LISTS,
    Reference,
    containers_of,
    references,
    volumes_read_by,
)

INJECTED_ANNOTATION = "secrets.noxus.ai/injected"
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"


def metadata_map(pod: Json, field: str) -> dict[str, str]:
    return (pod.get("metadata") or {}).get(field) or {}


def is_ephemeral_update(request: Json) -> bool:
    return request.get("subResource") == "ephemeralcontainers"


def is_mirror(request: Json) -> bool:
    """Only a node may create a mirror pod; the annotation alone is nobody's way out."""
    groups = (request.get("userInfo") or {}).get("groups") or []
    return (
        not is_ephemeral_update(request)
        and not request.get("isTemplate")  # a mark of ours: a node creates pods, not workloads
        and MIRROR_ANNOTATION in metadata_map(request["object"], "annotations")
        and "system:nodes" in groups
    )


def new_ephemeral(request: Json) -> list[Json]:
    """The ephemeral containers that this update brings: not in the old pod exactly like this."""
    old = (request["oldObject"].get("spec") or {}).get("ephemeralContainers") or []
    new = (request["object"].get("spec") or {}).get("ephemeralContainers") or []
    return [container for container in new if container not in old]


def service_account_of(pod: Json) -> str:
    """The API server fills the name from its deprecated alias, and otherwise with `default`."""
    spec = pod.get("spec") or {}
    return spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"


def entitlement_of(request: Json, spec: Json) -> Entitlement:
    """From the pod; when a debug container is added, from the pod that stands there already."""
    pod = request["oldObject"] if is_ephemeral_update(request) else request["object"]
    return Entitlement(
        spec=spec,
        identity=identify(spec, metadata_map(pod, "labels")),
        namespace=request["namespace"],
        service_account=service_account_of(pod),
        annotations=metadata_map(pod, "annotations"),
        user=user_of(request),
    )


def injected_into(request: Json, spec: Json) -> list[Json]:
    """The very containers of the request's object that are given sources."""
    pod_spec = request["object"].get("spec") or {}
    if is_ephemeral_update(request):
        candidates = new_ephemeral(request) if injects_into_ephemeral(spec) else []
    elif is_mirror(request):
        candidates = []
    else:
        candidates = [
            container
            for field in ("containers", "initContainers")
            for container in pod_spec.get(field) or []
        ]
    return [container for container in candidates if not is_excluded(spec, container["name"])]


def expected_pod(request: Json, spec: Json) -> Json:
    """The pod as the mutating hook must leave it."""
    granted = entitlement_of(request, spec).granted_scopes()
    pod = copy.deepcopy(request["object"])
    given = [id(container) for container in injected_into(request, spec)]
    for field in CONTAINER_LISTS:
        for i, container in enumerate(request["object"]["spec"].get(field) or []):
            if id(container) in given:
                pod["spec"][field][i] = arranged(container, spec, granted)
    if not is_ephemeral_update(request) and not is_mirror(request):
        _annotate(pod, granted)
    return pod


def _annotate(pod: Json, granted: list[str]) -> None:
    annotations = metadata_map(pod, "annotations")
    if granted:
        value = {INJECTED_ANNOTATION: ",".join(granted)}
        pod["metadata"] = (pod.get("metadata") or {}) | {"annotations": annotations | value}
    else:
        annotations.pop(INJECTED_ANNOTATION, None)


def judge_identity(request: Json, entitlement: Entitlement) -> list[Refusal]:
    """What the pod asks for by label and annotation, or that it is nobody at all."""
    if is_ephemeral_update(request):
        return []  # only the new containers are judged; the pod was judged when it was created
    if is_mirror(request):  # it is given nothing, with which nobody would have to be entrusted
        entitlement = replace(entitlement, user=None)
    refusals = entitlement.judge_pool() + entitlement.judge_annotation()
    if not is_mirror(request):
        refusals += entitlement.judge_given()
        is_nobody = entitlement.identity.role is None and not refusals
        if is_nobody and guard(entitlement.spec, "unknownRole") == "Deny":
            refusals.append(Refusal("no known role", ""))
    return refusals


def judged_references(request: Json) -> list[Reference]:
    """All of them; when debug containers are added, theirs and those of the volumes they read.

    Who reads a volume besides them did so before, and is not judged again.
    """
    found = references(request["object"])
    if not is_ephemeral_update(request):
        return found
    added = new_ephemeral(request)
    pod_spec = request["object"]["spec"]
    ephemeral, volumes = (pod_spec.get(it) or [] for it in ("ephemeralContainers", "volumes"))
    judged = []
    for reference in found:
        field, i = reference.path[:2]
        if field == "ephemeralContainers" and ephemeral[i] in added:
            judged.append(reference)
        if field == "volumes":
            read = [it["name"] for it in added if volumes[i]["name"] in volumes_read_by(it)]
            judged += [reference._replace(containers=frozenset(read))] if read else []
    return judged


def judge_shadowing(request: Json, entitlement: Entitlement) -> list[Refusal]:
    if guard(entitlement.spec, "shadowing") != "Deny":
        return []
    granted = entitlement.granted_scopes()
    return [
        Refusal(f"shadowed in {container['name']}", name)
        for container in injected_into(request, entitlement.spec)
        for name in shadowed(container, entitlement.spec, granted)
    ]


def judge_presence(request: Json, spec: Json) -> list[Refusal]:
    """In the validating hook: is every source there, once, in order, with its `optional`?"""
    wanted = containers_of(expected_pod(request, spec))
    there = containers_of(request["object"])
    return [Refusal("was not injected", "")] if wanted != there else []
