"""What an API server takes, and how much of it a policy would use.

Measured with Kubernetes 1.37 and a policy with pools that are limited to a namespace: 1,000 pools
add nothing to the 4 ms of a pod, 5,000 make it 10 ms, 10,000 make it 140 ms, and 14,000 do not fit
into etcd. The cost of a request, as CEL counts it, does not grow with pools at all: each is one
look-up in a table.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from webhook.core.tables import CompiledPolicy
from webhook.native.cel import EXPRESSION_LIMIT
from webhook.native.objects import Json

# etcd takes 1.5 MiB in one request (--max-request-bytes). What is beyond two thirds of that is
# left for managedFields and for the time that a pod takes.
OBJECT_LIMIT: Final = 1024 * 1024
NAME_LIMIT: Final = 253  # of an object, as of a policy, whose names are made longer here


def too_large(objects: Sequence[Json], policies: Sequence[CompiledPolicy]) -> Iterator[str]:
    """Yield what the API server would not take, with the way out; nothing if it takes all."""
    for policy in policies:
        mine = [it for it in objects if it["metadata"]["name"].endswith(f".{policy.name}")]
        if mine:
            yield from _problem(mine, policy)
    for each in objects:
        name = each["metadata"]["name"]
        if len(name) > NAME_LIMIT:
            yield f"object {name!r}: the name is longer than {NAME_LIMIT} characters"


def _problem(objects: Sequence[Json], policy: CompiledPolicy) -> Iterator[str]:
    size, largest = max((len(json.dumps(it)), it["metadata"]["name"]) for it in objects)
    if size > OBJECT_LIMIT:
        room = len(policy.pools) * OBJECT_LIMIT // size // 100 * 100
        yield (
            f"policy {policy.name!r} has {len(policy.pools):,} pools and {len(policy.scopes):,} "
            f"scopes, which make object {largest} {size / OBJECT_LIMIT:.1f} MiB large; CEL in the "
            f"API server takes 1 MiB, about {room:,} such pools: split the policy by "
            "spec.namespaces, or leave it to the webhook"
        )
    longest = max(len(text) for it in objects for text in _expressions(it["spec"]))
    if longest > EXPRESSION_LIMIT:
        yield (
            f"policy {policy.name!r} has {len(policy.scopes):,} scopes, which make an expression "
            f"of {longest:,} characters; CEL takes {EXPRESSION_LIMIT:,}: split the policy by "
            "spec.namespaces, or leave it to the webhook"
        )


def _expressions(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key in {"expression", "messageExpression"}:
                yield part
            else:
                yield from _expressions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _expressions(part)
