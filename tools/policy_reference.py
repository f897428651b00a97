"""docs/policy.md, written from the models: `python -m tools.policy_reference > docs/policy.md`."""

import json
import types
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tools.crd_rules import BOUNDS
from webhook.cluster.status import PolicyStatus
from webhook.core.policy import Policy, PolicySpec, Worker

HEAD = """\
# The policy, field by field

A `SecretInjectionPolicy` is a resource of the cluster, or a YAML file, or one of several in a
folder: the fields are the same. [examples/policy.yaml](../examples/policy.yaml) is one to start
from, and `noxus-secrets check FILE` reads it as the webhook does. This page is generated from the
models: change those, then run `python -m tools.policy_reference > docs/policy.md`.

## As a resource of the cluster

The resource is cluster-scoped; its short name is `sip`.

```sh
kubectl apply --server-side -f examples/policy.yaml
kubectl wait --for=condition=Ready sip/noxus
kubectl get sip
kubectl explain sip.spec.scopes
```

- **Unknown fields** are refused, in a file as in a resource. The API server stores them all the
  same, so that the webhook can say in the policy's `status` which field was meant. The last
  generation that loads stays in force meanwhile. Run `noxus-secrets check` before you apply.
- **What the API server can judge alone** it refuses at once: types, names, roles that nobody knows,
  empty lists, and rules such as "exactly one of secretRef and configMapRef". It cannot compare
  every Secret of the scopes with every pool's: one Secret in both is refused by the webhook, in
  the status.
- **Defaults**: the API server writes `mode`, `worker.role`, `containers.ephemeral` and `guard` into
  the resource. It writes nothing into lists and pools, so that what you applied is what you find
  there, and nothing into `containers.exclude`, which grows with the releases. A field that is
  `null` is as if absent.
- **Owners**: with `kubectl apply --server-side --field-manager=TEAM` several pipelines can each
  bring pools of their own. Whoever applies `scopes`, or any other list, owns all of it, since its
  order has a meaning. This keeps people from overwriting each other by mistake and protects
  nothing: RBAC knows whole objects only, so whoever may write the policy may write all of it.
- **Size**: __POOLS__ pools and __SCOPES__ scopes at most. Large policies need `--server-side`:
  without it kubectl keeps a copy in an annotation, which may have 256 kB.
- **Two policies for one namespace**: the older governs, then the lower name. The other one is not
  ready, with reason `Conflict`.
"""


def reference() -> str:
    """Return the page: a table for each model, in the order in which they are met."""
    models = [*_models(Policy), *_models(PolicyStatus, "status")]
    return "\n".join([_head(), *(line for model in models for line in _table(*model))])


def _head() -> str:
    pools, scopes = BOUNDS[Worker, "pools"], BOUNDS[PolicySpec, "scopes"]
    return HEAD.replace("__POOLS__", f"{pools['maxProperties']:,}").replace(
        "__SCOPES__", str(scopes["maxItems"])
    )


def _models(root: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    queue = [(path, root)]
    seen: set[type[BaseModel]] = set()
    while queue:
        path, model = queue.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield path, model
        for name, field in model.model_fields.items():
            for child, suffix in _children(field.annotation):
                queue.append((f"{path}.{field.alias or name}{suffix}".lstrip("."), child))


def _children(annotation: Any, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
    origin = get_origin(annotation)
    inner = {tuple: "[]", dict: ".<name>"}.get(origin, "") if origin else ""
    for argument in get_args(annotation):
        yield from _children(argument, suffix + inner)


def _table(path: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {path or 'SecretInjectionPolicy'}"
    yield ""
    yield (model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    yield ""
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        if model is Policy and name == "status":
            continue  # the webhook's, not the author's: it has a table of its own
        yield f"| `{field.alias or name}` | {type_name(field.annotation)} | {default_text(field)} | {field.description or ''} |"  # noqa: E501 - one row
    yield ""


def type_name(annotation: Any) -> str:  # noqa: ANN401, PLR0911 - one line for each kind
    """Say the type of a field in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_name(arguments[0])
    if origin in {Union, types.UnionType}:
        return type_name(next(a for a in arguments if a is not type(None)))
    if origin is tuple:
        return f"list of {type_name(arguments[0])}"
    if origin is dict:
        return f"map to {type_name(arguments[1])}"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " \\| ".join(f"`{value}`" for value in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    return {str: "text", bool: "true or false", int: "whole number"}.get(annotation, "anything")


def default_text(field: FieldInfo) -> str:
    """Say the default of a field; empty: there is none to speak of."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel) or value in (None, (), {}, ""):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    print(reference(), end="")
