"""Whether Reloader is told of what the policy gives to a workload's pods now.

The webhook writes that when a workload is created or its template changes. So it is stale after the
policy was changed, and missing where the workload is older than `spec.reload`.
"""

from webhook.audit.stored import Stored
from webhook.core.reload import annotate, wanted
from webhook.core.tables import CompiledPolicy
from webhook.core.words import RELOAD_ANNOTATION, NamespaceMode


def stale(stored: Stored, mode: NamespaceMode, policy: CompiledPolicy | None) -> tuple[str, ...]:
    """Say what Reloader is told, what it should be, and how to mend it; nothing where it is right.

    In dry run nothing is written, so nothing can be stale.
    """
    if stored.marks is None or policy is None or policy.dry_run or mode is NamespaceMode.DRY_RUN:
        return ()
    names = wanted(stored.pod, stored.namespace, policy)
    operations, _ = annotate(stored.marks, names)
    if not operations:
        return ()
    before = ", ".join((stored.marks.present or {}).get(RELOAD_ANNOTATION, "").split(","))
    after = ", ".join(f"{kind.lower()}/{name}" for kind, name in names)
    where = f"kubectl -n {stored.namespace} rollout restart {stored.kind.lower()}/{stored.name}"
    told = f"Reloader is told of {before or 'nothing'}, where it should be of {after or 'nothing'}"
    return (f"{told}: {where}",)
