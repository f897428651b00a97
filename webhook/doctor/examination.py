"""All checks, in the order in which they are told."""

from collections.abc import Collection
from datetime import datetime

from webhook.doctor.certificates import examine_certificates
from webhook.doctor.findings import Check
from webhook.doctor.hooks import examine_hooks
from webhook.doctor.labels import examine_guard, examine_namespaces
from webhook.doctor.reach import examine_failures, examine_reach
from webhook.doctor.restarts import examine_restarts
from webhook.doctor.rights import examine_own, examine_rights
from webhook.doctor.running import examine_policies, examine_replicas
from webhook.doctor.snapshot import Snapshot


def examine(snapshot: Snapshot, *, at: datetime, trusted: Collection[str] = ()) -> list[Check]:
    """Judge what was read; `trusted` are subjects as --trust takes them."""
    return [
        examine_hooks(snapshot),
        examine_certificates(snapshot, at),
        examine_replicas(snapshot),
        examine_reach(snapshot),
        examine_failures(snapshot),
        examine_policies(snapshot),
        examine_namespaces(snapshot),
        examine_guard(snapshot),
        examine_rights(snapshot, {it.lower() for it in trusted}),
        examine_own(snapshot),
        examine_restarts(snapshot),
    ]
