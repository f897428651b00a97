"""Whatever can hold a value of a variable, with canaries in it, whole and broken."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from tests.canary.canaries import Canaries, forms
from tests.canary.objects import (
    KEYS,
    ROLES,
    odd_pods,
    odd_secrets,
    pod,
    pods,
    review,
    reviews,
    secret,
    secrets,
    workloads,
)

Json = Any

# What stands in the place of one value, and is no YAML, or not the YAML that its author meant.
BREAKS: Final = (
    "*{0}",
    "!{0} {1}",
    "!!{0} {1}",
    "!!int {0}",
    "!!binary {0}",
    "b: {0}",
    '"{0}',
    '"{0}" {1}',
    '"\\{0}"',
    "'{0}' '{1}'",
    "@{0}",
    "`{0}",
    "%{0}",
    "{{{0}",
    "[{0}",
    "[{0}: {1}]",
    "&{0} {{x: *{1}}}",
    "{0}\n{1}",
    "{0}\n\t{1}: {0}",
    "|\n{0}\n{1}",
    "\x01{0}",
    "{{<<: {0}}}",
)


def documents(c: Canaries) -> dict[str, str]:
    """Return all of them by the names of their files; no value is in two."""
    makers: dict[str, Callable[[Canaries], Iterator[str]]] = {
        "pod.yaml": pods,
        "workload.json": workloads,
        "odd-pod.yaml": odd_pods,
        "secret.yaml": secrets,
        "odd-secret.yaml": odd_secrets,
        "flow.yaml": flows,
        "values.yaml": values,
        "cases.yaml": cases,
        "review.json": reviews,
        "file.env": env_files,
        "broken.yaml": broken,
        "broken.json": broken_json,
    }
    return {
        f"{number}-{name}": text
        for name, maker in makers.items()
        for number, text in enumerate(maker(c))
    }


def flows(c: Canaries) -> Iterator[str]:
    for form in forms(c):
        node = {"config": {"apiKey": form, "headers": [f"Bearer {{{{secret.CRM_TOKEN}}}} {c()}"]}}
        yield json.dumps({"name": "flow", "nodes": [{"id": "a", **node}]})
    yield json.dumps({"a": f"{{{{secret('{c()}')}}}} {{{{secrets.A {c()}}}}} {{{{Secret.{c()}}}}}"})


def values(c: Canaries) -> Iterator[str]:
    """Yield Helm values, of the form that is documented and of the older one."""
    extra = [{"name": f"A{i}", "value": it} for i, it in enumerate(forms(c))]
    pool = {"envSecretRef": "tenant-a-llm", "extraEnv": extra, "password": c()}
    yield yaml.safe_dump({"worker": {"pools": {"tenant-a": pool}}, "postgres": {"password": c()}})
    older = {"name": "a", "extraEnv": extra, "extraSecretMounts": [{"value": c()}]}
    yield yaml.safe_dump({"worker": {"pools": [older, {"name": "b", "token": c()}]}})
    yield yaml.safe_dump({"worker": {"extraEnv": extra}, "global": {"env": {"A": c()}}})
    for path in ("worker", "worker.pools", "worker.pools.a", "worker.pools.a.extraEnv"):
        nested: Json = c()
        for key in reversed(path.split(".")):
            nested = {key: nested}
        yield yaml.safe_dump(nested)
        yield yaml.safe_dump(json.loads(json.dumps(nested).replace(f'"{_leaf(nested)}"', "[1]")))


def _leaf(value: Json) -> str:
    while isinstance(value, dict):
        (value,) = value.values()
    return str(value)


def cases(c: Canaries) -> Iterator[str]:
    """Yield tests of policies: that pass, that fail, and that cannot be run."""
    head = {"apiVersion": "secrets.noxus.ai/v1alpha1", "kind": "PolicyTest", "namespace": "noxus"}
    failing = {"decision": "refused", "envFrom": {"app": ["app-env", "b"]}, "scopes": ["none"]}
    for expect in ({"decision": "injected"}, failing, {"env": {"app": {"A": 1}}}):
        for role in ROLES:
            case = {"name": "one", "policy": "policy.yaml", "object": pod(c, role)}
            yield json.dumps({**head, "cases": [{**case, "expect": expect}]})
    expect = {"decision": "refused"}
    for it in (secret(c), {"stringData": {"A": c()}}, {"spec": {"mode": c()}, "data": {}}):
        case = {"name": "one", "policy": it, "object": pod(c, "worker"), "expect": expect}
        yield json.dumps({**head, "cases": [case]})
        yield json.dumps({**head, "cases": [{**case, "policy": "policy.yaml", "object": it}]})
    yield json.dumps({**head, "cases": [{"name": "one", "object": [c()], "expect": {"a": c()}}]})
    yield json.dumps({**head, "cases": [{"name": "one", "object": pod(c, "worker"), "x": c()}]})


def env_files(c: Canaries) -> Iterator[str]:
    for form in forms(c):
        yield "".join(f"{key}={form}\n" for key in KEYS)
        yield f"# {c()}\nexport A='{form}'\nB=\"{form}\"\nA={c()}\n"
    yield f"{c()}\n"
    yield f"A={c()}\n{c()} {c()}={c()}\nREDIS_URL: {c()}\n"
    yield f"A={c()}: x\nB: y={c()}\n"
    yield f'A="{c()}\n{c()}\nB={c()}\n'
    yield f"={c()}\n;{c()}\nexport {c()}\n"
    yield f"A={c()}\r\nB={c()}\0{c()}\n\ufeffC={c()}"


def broken(c: Canaries) -> Iterator[str]:
    """Yield what is no YAML at a value: of Secrets, of pods, of policies, of everything."""
    frames = (
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: app-env}}\nstringData:\n  A: {0}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: noxus}}\nspec:\n  a: {0}\n",
        "A: {0}\n",
    )
    for frame in frames:
        for line in BREAKS:
            yield frame.format(line.format(c(), c()))
    twice = c()  # a value that reads as a mapping, and its keys as parts of a value
    yield f"kind: Secret\nstringData:\n  A: {{{twice}: 1, {twice}: 2}}\n"
    yield f"%{c()} {c()}\n---\na: {c()}\n"
    yield f"{c()}: x\n  {c()}: y\n"


def broken_json(c: Canaries) -> Iterator[str]:
    for it in (pod(c, "worker"), secret(c), review(c, pod(c, "worker"))):
        text = json.dumps(it)
        yield text[: len(text) // 2]
        yield text.replace(": ", " ", 3)
        yield text + c()
    yield f'{{"kind": "Secret", "{c()}": {c()}}}'
    yield f'"{c()}'
    yield c()
