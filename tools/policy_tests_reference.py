"""docs/policy-tests.md: `python -m tools.policy_tests_reference > docs/policy-tests.md`."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from tools.policy_reference import default_text, type_name
from webhook.core.policy_sources import EnvFromSource, SourceRef
from webhook.policytests.model import Case, Expectation, Given, Place, PolicyTest, Source

HEAD = """\
# Tests of policies

A policy decides who reads which key, so it is worth tests like any code. A case names an object and
what must become of it; `noxus-secrets test DIR` runs all cases below a folder through the decision
of the webhook itself, without a cluster.

```yaml
apiVersion: secrets.noxus.ai/v1alpha1
kind: PolicyTest
policy: ../policy.yaml # from the folder of this file
namespace: noxus
cases:
  - name: a worker is given the Secret of its pool last
    object:
      apiVersion: v1
      kind: Pod
      metadata: {name: w, labels: {noxus.ai/role: worker, noxus.ai/worker-pool: tenant-a}}
      spec:
        containers: [{name: worker, image: registry.example/noxus/worker:2.14.0}]
    expect:
      decision: injected
      envFrom: {worker: [app-env, worker-env, tenant-a-llm]}
      warnings: []

  - name: the pods of a Deployment are given what its labels say
    object: ../deployments/noxus.yaml#deployment/noxus-worker-tenant-a
    user: mia
    expect: {decision: injected, scopes: [shared, worker, pool/tenant-a]}
```

[examples/policy-tests/](../examples/policy-tests/) is a suite for
[examples/policy.yaml](../examples/policy.yaml) to start from; our own CI runs it, and sends the
same cases through a real API server. This page is generated from the models: change those, then run
`python -m tools.policy_tests_reference > docs/policy-tests.md`.

## How cases are found and run

- **By their kind.** Files of cases, objects and policies may lie side by side and be called as you
  like: what says `kind: PolicyTest` is cases, several documents in a file included. Other objects
  are passed over. A kind of `secrets.noxus.ai` that does not exist is an error, so that no file of
  cases is passed over for a typing mistake.
- **A case that cannot fail is an error**: one that expects nothing, an empty list where parts are
  wanted, an unknown field, two cases of one name.
- **As in a cluster.** A pod goes through the mutating hook, then through the validating one. A
  workload is first judged as its author applies it; then its pods are, as its controller creates
  them. `warnings` are what the author is shown: of a workload those about itself, since nobody sees
  what a controller is told.
- **The user.** Where a case names none, `deployers` are not asked, and the table says so for each
  case in which they would have decided.
- **`--policy FILE`** is used in place of the files that cases name: try a new policy on the cases
  of the old one before you apply it. A policy written out in a case stays.
- **`--watch`** runs again whenever a file that was read has changed. **`--junit FILE`** writes what
  CI servers show, whole or not at all.

Exit code: 0 all passed, 1 some failed, 2 something cannot be read, or there is no case.
"""

TAIL = """\
## What `-o json` prints

| field | what it is |
|---|---|
| `kind` | `PolicyTestReport` |
| `passed`, `failed` | how many cases |
| `seconds` | that all cases took |
| `cases` | one for each case, in order |
| … `file`, `line`, `name` | where it is written, and its name |
| … `passed`, `seconds` | whether nothing differs, and how long it took |
| … `undecided` | whether it names no user and the policy's `deployers` would have decided |
| … `differences` | `what` differs, and lists of what was `expected` and what was `got` |
| … … `parts` | whether `expected` are parts, each of which must be held by something there |
"""

# Each with its heading, and the model whose fields the reader knows already.
TABLES: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("A document", PolicyTest, None),
    ("cases[]", Case, Given),
    ("cases[].expect", Expectation, None),
    ("cases[].expect.envFrom.&lt;container&gt;[]", EnvFromSource, None),
    ("… secretRef and configMapRef", SourceRef, None),
)


def reference() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(line for table in TABLES for line in _table(*table)), TAIL])


def _table(heading: str, model: type[BaseModel], known: type[BaseModel] | None) -> Iterator[str]:
    yield f"## {heading}"
    yield ""
    yield (model.__doc__ or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    if known is not None:
        names = ", ".join(f"`{field.alias}`" for field in known.model_fields.values())
        yield f"It has {names}, as the document has, and:"
    yield ""
    yield "| field | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        if known is None or name not in known.model_fields:
            kind, default = _kind(field.annotation), default_text(field)
            yield f"| `{field.alias}` | {kind} | {default} | {field.description or ''} |"
    yield ""


def _kind(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    arguments = get_args(annotation)
    if Place in arguments:
        return "path, or object"
    if dict[str, tuple[Source, ...]] in arguments:
        return "map to list of names or objects"
    return type_name(annotation)


if __name__ == "__main__":
    print(reference(), end="")
