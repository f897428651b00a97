"""Manifests tell the names of keys, and nothing else of them is kept."""

import pytest
import yaml

from webhook.flows.keys import KeyList, in_namespace, key_lists

MANIFESTS = """
kind: List
items:
  - kind: Secret
    metadata: {name: a, namespace: noxus}
    data: {ONE: eA==}
    stringData: {TWO: x}
  - kind: ConfigMap
    metadata: {name: c}
    data: {THREE: x}
  - kind: SealedSecret
    metadata: {name: s}
    spec: {encryptedData: {FOUR: AgB}}
  - kind: ExternalSecret
    metadata: {name: e}
    spec: {target: {name: into}, data: [{secretKey: FIVE}, {secretKey: ""}, nonsense]}
  - kind: ExternalSecret
    metadata: {name: unnamed}
    spec: {data: [{secretKey: SIX}]}
  - kind: ExternalSecret
    metadata: {name: everything}
    spec: {dataFrom: [{extract: {key: noxus}}]}
  - kind: ExternalSecret
    metadata: {name: made-of-a-template}
    spec: {data: [{secretKey: SEVEN}], target: {template: {data: {EIGHT: "{{ .SEVEN }}"}}}}
  - kind: ExternalSecret
    metadata: {name: made-of-templates}
    spec: {data: [{secretKey: NINE}], target: {template: {templateFrom: [{configMap: {}}]}}}
  - kind: Deployment
    metadata: {name: d}
  - nonsense
"""


def test_each_kind_that_makes_a_secret_tells_its_keys() -> None:
    assert list(key_lists(yaml.safe_load(MANIFESTS))) == [
        KeyList("a", "noxus", frozenset({"ONE", "TWO"})),
        KeyList("ConfigMap c", "", frozenset({"THREE"})),
        KeyList("s", "", frozenset({"FOUR"})),
        KeyList("into", "", frozenset({"FIVE"})),
        KeyList("unnamed", "", frozenset({"SIX"})),
    ]


@pytest.mark.parametrize("spec", [{"data": "x"}, {"data": None, "target": "x"}, "x", None])
def test_a_manifest_that_is_not_as_it_should_be_tells_nothing_wrong(spec: object) -> None:
    manifest = {"kind": "ExternalSecret", "metadata": {"name": "e"}, "spec": spec}

    assert list(key_lists(manifest)) == [KeyList("e", "", frozenset())]


def test_a_manifest_of_the_namespace_counts_before_one_without() -> None:
    lists = [
        KeyList("a", "noxus", frozenset("X")),
        KeyList("a", "", frozenset("Y")),
        KeyList("b", "", frozenset("Z")),
        KeyList("c", "elsewhere", frozenset("Q")),
    ]

    assert in_namespace(lists, "noxus") == {"a": frozenset("X"), "b": frozenset("Z")}
