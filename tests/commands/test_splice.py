"""YAML edited in place: what the patch is not about stays to the byte."""

import random
from textwrap import dedent
from typing import Any

import jsonpatch
import pytest
import yaml

from tests.commands.kit import POLICY, run
from webhook.commands.roundtrip import patched
from webhook.commands.splice import Unspliceable, spliced
from webhook.loading.yamltree import read_documents

SECRET = {"secretRef": {"name": "app-env"}}
OTHER = {"secretRef": {"name": "worker-env"}}
KEY = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
CASES: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    "a new list goes behind the last member, dashes as elsewhere": (
        "spec:\n  containers:\n  - name: a # first\n\n  # the rest\n  volumes: []\n",
        [{"op": "add", "path": "/spec/containers/0/envFrom", "value": [SECRET, OTHER]}],
        (
            "spec:\n  containers:\n  - name: a # first\n    envFrom:\n    - secretRef:\n"
            "        name: app-env\n    - secretRef:\n        name: worker-env\n\n"
            "  # the rest\n  volumes: []\n"
        ),
    ),
    "an element is written as its neighbours are": (
        "e:\n    - secretRef: {name: x}  # mine\n    # of the next key\nz: 1\n",
        [{"op": "add", "path": "/e/1", "value": SECRET}],
        (
            "e:\n    - secretRef: {name: x}  # mine\n    - secretRef: {name: app-env}\n"
            "    # of the next key\nz: 1\n"
        ),
    ),
    "a comment moves with the element below it": (
        "e:\n  # of a\n  - a: 1\n  # of b\n  - b: 1 # here\n  - c: 1",
        [{"op": "move", "from": "/e/1", "path": "/e/0"}, {"op": "remove", "path": "/e/2"}],
        "e:\n  # of b\n  - b: 1 # here\n  # of a\n  - a: 1",
    ),
    "variables come first": (
        "c:\n  env:\n    - name: B\n      value: |\n        text\n\n  z: 1\n",
        [{"op": "add", "path": "/c/env/0", "value": KEY}],
        (
            "c:\n  env:\n    - name: A\n      valueFrom:\n        secretKeyRef:\n          "
            "name: s\n          key: k\n    - name: B\n      value: |\n        text\n\n  z: 1\n"
        ),
    ),
    "collections on one line stay there": (
        "m: {a: [1, 'x'], b: {}, c: }\n",
        [
            {"op": "add", "path": "/m/a/1", "value": SECRET},
            {"op": "add", "path": "/m/b/k", "value": "shared,worker"},
            {"op": "add", "path": "/m/c", "value": [OTHER]},
            {"op": "add", "path": "/m/d", "value": "on"},
        ],
        (
            "m: {a: [1, {secretRef: {name: app-env}}, 'x'], b: {k: \"shared,worker\"}, "
            'c:  [{secretRef: {name: worker-env}}], d: "on"}\n'
        ),
    ),
    "a member is replaced or removed": (
        "a:\n  k: old # why\n  gone: 1\n  l: {x: 1, y: 2}\n  n: {y: 2, z: 3}\n  o: {y: 2}\n",
        [
            {"op": "add", "path": "/a/k", "value": "shared,pool/a"},
            {"op": "remove", "path": "/a/gone"},
            {"op": "remove", "path": "/a/l/y"},
            {"op": "remove", "path": "/a/n/y"},
            {"op": "remove", "path": "/a/o/y"},
        ],
        'a:\n  k: "shared,pool/a" # why\n  l: {x: 1}\n  n: {z: 3}\n  o: {}\n',
    ),
    "what is corrected moves along": (
        "e:\n- secretRef:\n    name: b\n- secretRef:\n    name: a\n- x: 1\n",
        [
            {"op": "move", "from": "/e/1", "path": "/e/0"},
            {"op": "add", "path": "/e/0/secretRef/optional", "value": True},
        ],
        "e:\n- secretRef:\n    name: a\n    optional: true\n- secretRef:\n    name: b\n- x: 1\n",
    ),
    "what comes behind the list stays behind it": (
        "c:\n  e:\n  - a: 1\n  - b: 2\n",
        [
            {"op": "move", "from": "/c/e/1", "path": "/c/e/0"},
            {"op": "add", "path": "/c/env", "value": [KEY]},
            {"op": "add", "path": "/metadata", "value": {"annotations": {"a.b/c": "x"}}},
        ],
        (
            "c:\n  e:\n  - b: 2\n  - a: 1\n  env:\n  - name: A\n    valueFrom:\n      "
            "secretKeyRef:\n        name: s\n        key: k\n"
            "metadata:\n  annotations:\n    a.b/c: x\n"
        ),
    ),
    "carriage returns": (
        "a:\r\n- b: 1\r\n",
        [{"op": "add", "path": "/a/0", "value": {"c": "d"}}],
        "a:\r\n- c: d\r\n- b: 1\r\n",
    ),
    "characters of more than one byte": (
        "a: ☃😀 # ü\nm: {ö: ö}\n",
        [{"op": "add", "path": "/m/k", "value": "v"}],
        "a: ☃😀 # ü\nm: {ö: ö, k: v}\n",
    ),
}
BEYOND: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "an operation of another kind": ("a: 1\n", [{"op": "replace", "path": "/a", "value": 2}]),
    "an alias": ("a: &x [1]\nb: *x\n", [{"op": "add", "path": "/b/0", "value": 2}]),
    "a merge": ("a: &x {l: [1]}\nb:\n  <<: *x\n", [{"op": "add", "path": "/b/l/0", "value": 2}]),
    "a comment inside of brackets": (
        "a: [1, # one\n  2]\n",
        [{"op": "add", "path": "/a/0", "value": 0}],
    ),
    "the only member": ("a:\n  b: 1\nc: 2\n", [{"op": "remove", "path": "/a/b"}]),
    "a member beside a dash": ("a:\n- b: 1\n  c: 2\n", [{"op": "remove", "path": "/a/0/b"}]),
    "text over several lines": ("a: |\n  x\n", [{"op": "add", "path": "/a", "value": "y"}]),
    "a list in the place of another": (
        "a: [1]\n",
        [{"op": "add", "path": "/a", "value": [2]}],
    ),
    "an element that is new itself": (
        "a:\n- b: 1\n",
        [
            {"op": "add", "path": "/a/0", "value": {"c": 1}},
            {"op": "add", "path": "/a/0/d", "value": 2},
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_what_the_patch_is_about_changes(name: str) -> None:
    text, changes, expected = CASES[name]

    assert spliced(text, changes) == expected
    assert yaml.safe_load(expected) == jsonpatch.apply_patch(yaml.safe_load(text), changes)


@pytest.mark.parametrize("name", BEYOND)
def test_what_cannot_be_edited_in_place_is_written_anew(name: str) -> None:
    text, changes = BEYOND[name]

    with pytest.raises(Unspliceable):
        spliced(text, changes)
    (before,) = read_documents(text, "before")  # in which nothing is shared
    assert yaml.safe_load(patched(text, changes)) == jsonpatch.apply_patch(before.value, changes)


@pytest.mark.parametrize("text", ["", "# nothing\n", "7\n", "a: 7\n"])
def test_what_is_not_there_is_not_edited(text: str) -> None:
    with pytest.raises(Unspliceable):
        spliced(text, [{"op": "add", "path": "/a/b/c", "value": 1}])


SHARED = """\
kind: Pod
metadata: {name: p, namespace: noxus, labels: {noxus.ai/role: worker}}
x-base: &base
  image: example/app:1
  envFrom: &sources # of all
    - secretRef: {name: app-env}
spec:
  containers:
    - <<: *base
      name: a
    - {name: b, envFrom: *sources}
    - {name: c, <<: *base}
"""


def test_what_is_written_once_and_read_in_several_places_is_changed_in_each_by_itself() -> None:
    ran = run("inject", "--policy", POLICY, "-f", "-", stdin=SHARED)
    pod = yaml.safe_load(ran.out)

    assert ran.code == 0
    assert "# of all" in ran.out
    assert pod["x-base"]["envFrom"] == [SECRET]
    assert [c["envFrom"] for c in pod["spec"]["containers"]] == [[SECRET, OTHER]] * 3


STYLES = (
    "{dash}secretRef: {{name: {name}}}\n",
    "{dash}secretRef:\n{pad}name: {name}\n",
    "{dash}secretRef:\n\n{pad}# why\n{pad}name: '{name}' # who\n",
    '{dash}{{"secretRef": {{"name": "{name}"}}}}\n',
    "{dash}prefix: P_ # mine\n{inner}configMapRef: {{name: {name}}}\n",
    "{dash}secretRef: {{name: {name}, optional: true}}\n",
    "{dash}secretRef:\n{pad}optional: true\n{pad}name: {name}\n",
)


# Lines around the list, which the writer of whole documents would not leave as they are.
AROUND = {"metadata:", "      # of args", "      args: [a,", "        b]", "# tail"}


@pytest.mark.parametrize("seed", range(150))
def test_whatever_the_style_the_result_reads_as_the_patched_object(seed: int) -> None:
    """`inject` itself compares the two, and falls back; here it must not have to."""
    text = _drawn(random.Random(seed))  # noqa: S311 - a test

    ran = run("inject", "--policy", POLICY, "-f", "-", stdin=text)
    as_json = run("inject", "--policy", POLICY, "-o", "json", "-f", "-", stdin=text)

    assert ran.code == 0, ran.err
    assert yaml.safe_load(ran.out) == yaml.safe_load(as_json.out)
    lines = ran.out.splitlines()
    kept = [line for line in text.splitlines() if "name: p " in line or line in AROUND]
    assert [line for line in lines if "name: p " in line or line in AROUND] == kept


def _drawn(draw: random.Random) -> str:
    offset = draw.choice([0, 2, 4])
    dash = " " * (6 + offset) + "- "
    inner = " " * len(dash)
    names = ["app-env", "worker-env", "tenant-a-llm", "other", "another"]
    elements = "".join(
        draw.choice(STYLES).format(dash=dash, inner=inner, pad=inner + "  ", name=name)
        + draw.choice(["", "", "\n", f"{inner}# between\n"])
        for name in draw.choices(names, k=draw.randint(1, 6))
    )
    behind = draw.choice(
        ["", "      image: x\n", "\n      # of args\n      args: [a,\n        b]\n"]
    )
    head = dedent(
        """\
        kind: Pod
        metadata:
            name:   p   # wide
            namespace: noxus
            labels: {noxus.ai/role: worker, noxus.ai/worker-pool: tenant-a}
        spec:
          containers:
        """
    )
    return f"{head}    - name: c\n      envFrom:\n{elements}{behind}  volumes: []\n# tail\n"
