"""The cases that are no matter of entitlement, which a policy may allow, warn about or deny."""

from collections.abc import Iterator, Sequence

import msgspec

from webhook.core import words
from webhook.core.arrange import Plan, source_key
from webhook.core.decision import Finding, Reason
from webhook.core.entitlement import subject
from webhook.core.faults import did_you_mean
from webhook.core.identity import Identity
from webhook.core.messages import clip
from webhook.core.pod import EnvFrom, EnvVar, Pod
from webhook.core.references import Reference
from webhook.core.tables import CompiledPolicy

WORKER_VARIABLE = "WORKER_SUBSCRIBE"  # documented for Noxus workers; a hint, never a grant

_MAX_RULE_LABELS = 6  # a rule with more is no longer read


def unknown_role(
    pod: Pod, identity: Identity, policy: CompiledPolicy, metadata: str = "metadata"
) -> Finding:
    """Say why the role is unknown; a variable of workers is mentioned, never trusted."""
    field = f"{metadata}.labels"
    label = next(iter(policy.role_labels), "")
    if identity.role_label is not None:
        value = clip(identity.role_value or "")
        message = (
            f"label {identity.role_label}: {value!r} is no known role"
            f"{did_you_mean(value, sorted(policy.roles))}"
        )
    elif _sets(pod, WORKER_VARIABLE):
        way = f"label it {label}: {policy.worker_role}" if label else "have a rule match its labels"
        message = f"no Noxus role, but {WORKER_VARIABLE} is set: if this is a worker, {way}"
    else:
        way = f"label the pod {label}: <role>" if label else "no rule matches its labels"
        message = f"no Noxus role, so nothing is injected: {way}"
    return Finding(Reason.UNKNOWN_ROLE, message, field)


def _sets(pod: Pod, variable: str) -> bool:
    lists = pod.spec.listed() if pod.spec else ()
    return any(e.name == variable for _, members in lists for c in members for e in c.env or ())


def rule_for(pod: Pod) -> str:
    """Return an entry for `identity.rules` that would recognise this pod, as flow-style YAML."""
    labels = {k: v for k, v in pod.labels.items() if k not in words.CONTROLLER_LABELS}
    if not labels:
        return "the pod has no label of its own that a rule could select"
    some = {key: clip(labels[key]) for key in list(labels)[:_MAX_RULE_LABELS]}
    return (
        "an entry for identity.rules that matches it: {selector: {matchLabels: "
        f"{msgspec.json.encode(some).decode()}}}, role: <role>}}"
    )


def unknown_pool(identity: Identity, policy: CompiledPolicy, field: str) -> Finding:
    """Say that the policy does not list the pool."""
    pool = clip(identity.pool or "")
    return Finding(
        Reason.UNKNOWN_POOL,
        f"{field} claims worker pool {pool!r}, which policy {policy.name!r} does not list; correct "
        "it, or have the policy's owner add the pool",
        field,
    )


def unread_pool(
    pod: Pod, identity: Identity, policy: CompiledPolicy, metadata: str = "metadata"
) -> Finding | None:
    """Say that a pool label is not read, because a rule decides role and pool together."""
    label = next((key for key in policy.pool_labels if pod.labels.get(key)), None)
    if label is None:
        return None
    field = f"{metadata}.labels[{label}]"
    return Finding(
        Reason.UNKNOWN_POOL,
        f"{field} is not read: rule {identity.rule} decides, and gives no pool; add poolFrom to it",
        field,
    )


def unmanaged_secret(reference: Reference, policy: CompiledPolicy) -> Finding:
    """Say that the policy does not name a Secret."""
    reads = f"{subject(reference)} reads Secret {clip(reference.secret)!r}"
    return Finding(
        Reason.UNMANAGED_SECRET,
        f"{reads} ({reference.field}), which policy {policy.name!r} does not name; remove it, or "
        "have the policy's owner give it a scope",
        reference.field,
        f"{reads}, which the policy does not name",
    )


def shadowed_variables(
    container: str | None, env: Sequence[EnvVar], wanted: Plan, path: str
) -> Iterator[Finding]:
    """Find variables of the pod that override those of granted scopes with something else."""
    own = {variable.name: (i, variable) for i, variable in enumerate(env)}  # the last wins
    for variable in wanted.variables:
        if variable.name not in own:
            continue
        i, mine = own[variable.name]
        ref = mine.valueFrom.secretKeyRef if mine.valueFrom else None
        same = ref is not None and (
            (ref.name, ref.key, bool(ref.optional))
            == (variable.secret, variable.secret_key, variable.optional)
        )
        if not same:
            yield Finding(
                Reason.SHADOWING,
                f"container {container!r} sets variable {variable.name!r} ({path}.env[{i}]), "
                "which a scope provides; remove it to get the managed value",
                f"{path}.env[{i}]",
                about=f"{container!r} sets {variable.name!r}",
            )


def source_behind(
    container: str | None, elements: Sequence[EnvFrom], policy: CompiledPolicy, path: str
) -> Finding | None:
    """Find an `envFrom` element of the pod that comes after a managed one and may override it."""
    last_managed: dict[object, int] = {}
    last_unmanaged = -1
    for i, element in enumerate(elements):
        key = source_key(element)
        if key in policy.ranks:
            last_managed[key] = i  # of repeated ones the last stays
        else:
            last_unmanaged = i
    if not last_managed or min(last_managed.values()) > last_unmanaged:
        return None
    field = f"{path}.envFrom[{last_unmanaged}]"
    return Finding(
        Reason.SHADOWING,
        f"container {container!r}: {field} comes after managed sources and may override them",
        field,
    )
