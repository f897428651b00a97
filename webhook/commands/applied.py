"""A decision applied: the operations of its patch, as the jsonpatch library takes them."""

from typing import Any

import jsonpatch
import msgspec

from webhook.core.decision import Allow, Decision, Deny, Mutate, Observed
from webhook.core.pod import Pod


def verdict_of(decision: Decision) -> Allow | Mutate | Deny:
    """Return what is decided, or in dry run would be."""
    return decision.would if isinstance(decision, Observed) else decision


def operations(decision: Allow | Mutate | Deny, prefix: str = "") -> list[dict[str, Any]]:
    """Return the patch as plain values; `prefix` is the JSON Pointer of the pod in its object."""
    if not isinstance(decision, Mutate):
        return []
    plain: list[dict[str, Any]] = msgspec.json.decode(msgspec.json.encode(decision.patch))
    for operation in plain:
        operation["path"] = prefix + operation["path"]
        if "from" in operation:
            operation["from"] = prefix + operation["from"]
    return plain


def stored_pod(raw: dict[str, Any], decision: Decision) -> Pod:
    """Return the pod as it would be stored."""
    patched = jsonpatch.apply_patch(raw, operations(verdict_of(decision)))
    return msgspec.convert(patched, Pod)
