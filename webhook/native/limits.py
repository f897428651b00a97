"""What an API server takes, and how much of it a policy would use.

Measured with Kubernetes 1.37. With pools that are limited to a namespace, 1,000 leave a pod at 4
ms, 5,000 make it 10 ms, 10,000 make it 140 ms, and 14,000 do not fit into etcd: each is one look-up
in a table. Of sources that one role is given, what CEL counts grows with sources times containers.
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
# What one role may be given. CEL spends at most 1,000,000 on an expression: pods of 30 containers
# with ten sources of their own stay below that with 100, and with 200 those of ten containers do.
SOURCES_LIMIT: Final = 100
NAME_LIMIT: Final = 253  # of an object, as of a policy, whose names are made longer here


def too_large(objects: Sequence[Json], policies: Sequence[CompiledPolicy]) -> Iterator[str]:
    """Yield what the API server would not take, with the way out; nothing if it takes all."""
    for policy in policies:
        mine = [it for it in objects if it["metadata"]["name"].endswith(f".{policy.name}")]
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
            f"policy {policy.name!r} makes an expression of {longest:,} characters, as of a long "
            f"list of names; CEL takes {EXPRESSION_LIMIT:,}: use globs, or split the policy"
        )
    role, count = _most_sources(policy)
    if count > SOURCES_LIMIT:
        yield (
            f"policy {policy.name!r} gives role {role} {count} sources; CEL in the API server can "
            f"arrange {SOURCES_LIMIT} of them: put keys together in fewer Secrets, or leave it to "
            "the webhook"
        )


def _most_sources(policy: CompiledPolicy) -> tuple[str, int]:
    given = dict.fromkeys(sorted(policy.roles), 0)
    for scope in policy.scopes.values():
        for role in scope.roles:
            given[role] += len(scope.sources) + len(scope.variables)
    return max(given.items(), key=lambda it: it[1])


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
