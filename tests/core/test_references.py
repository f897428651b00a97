"""Every place in a pod that names a Secret is found, with what it reads and who can read it."""

from typing import Any

import pytest

from tests.core.kit import key_of, pod, secret
from webhook.core.references import Reference, added_references, pod_references

LISTS = ["containers", "initContainers", "ephemeralContainers"]
ITEMS = [{"key": "a", "path": "x"}, {"key": "b", "path": "y"}]
Kind = tuple[dict[str, Any], str, frozenset[str] | None]  # the volume, the field, the keys read

KINDS: dict[str, Kind] = {
    "secret": ({"secret": {"secretName": "s"}}, "secret.secretName", None),
    "secret with items": (
        {"secret": {"secretName": "s", "items": ITEMS}},
        "secret.secretName",
        frozenset({"a", "b"}),
    ),
    "secret with empty items": (
        {"secret": {"secretName": "s", "items": []}},
        "secret.secretName",
        None,
    ),
    "projected": (
        {"projected": {"sources": [{"configMap": {}}, {"secret": {"name": "s"}}]}},
        "projected.sources[1].secret",
        None,
    ),
    "projected with items": (
        {"projected": {"sources": [{"secret": {"name": "s", "items": ITEMS}}]}},
        "projected.sources[0].secret",
        frozenset({"a", "b"}),
    ),
    "csi": ({"csi": {"nodePublishSecretRef": {"name": "s"}}}, "csi.nodePublishSecretRef", None),
    "azureFile": ({"azureFile": {"secretName": "s"}}, "azureFile.secretName", None),
    "cephfs": ({"cephfs": {"secretRef": {"name": "s"}}}, "cephfs.secretRef", None),
    "cinder": ({"cinder": {"secretRef": {"name": "s"}}}, "cinder.secretRef", None),
    "flexVolume": ({"flexVolume": {"secretRef": {"name": "s"}}}, "flexVolume.secretRef", None),
    "iscsi": ({"iscsi": {"secretRef": {"name": "s"}}}, "iscsi.secretRef", None),
    "rbd": ({"rbd": {"secretRef": {"name": "s"}}}, "rbd.secretRef", None),
    "scaleIO": ({"scaleIO": {"secretRef": {"name": "s"}}}, "scaleIO.secretRef", None),
    "storageos": ({"storageos": {"secretRef": {"name": "s"}}}, "storageos.secretRef", None),
}


def found(spec: dict[str, Any], *wanted: str) -> list[Reference]:
    view = pod({"spec": spec}).spec
    assert view
    return list(pod_references(view, "spec", wanted.__contains__ if wanted else bool))


def mounting(name: str, *volumes: str) -> dict[str, Any]:
    return {"name": name, "volumeMounts": [{"name": volume} for volume in volumes]}


@pytest.mark.parametrize("members", LISTS)
def test_a_variable_that_reads_one_key_is_found(members: str) -> None:
    container = {"name": "c", "env": [{"name": "A", "value": "x"}, key_of("s", "k")]}
    assert found({members: [{"name": "b"}, container]}) == [
        Reference("s", f"spec.{members}[1].env[1].valueFrom.secretKeyRef", frozenset({"k"}), ("c",))
    ]


@pytest.mark.parametrize("members", LISTS)
@pytest.mark.parametrize("element", [secret("s"), secret("s", "P_"), secret("s", optional=True)])
def test_a_source_is_found_whatever_its_prefix_and_optional(
    members: str, element: dict[str, Any]
) -> None:
    config = {"configMapRef": {"name": "s"}}
    assert found({members: [{"name": "c", "envFrom": [config, element]}]}) == [
        Reference("s", f"spec.{members}[0].envFrom[1].secretRef", None, ("c",))
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("members", LISTS)
def test_a_volume_is_found_with_the_container_that_mounts_it(kind: str, members: str) -> None:
    body, field, keys = KINDS[kind]
    spec = {"volumes": [{"name": "v", **body}], members: [mounting("c", "other", "v")]}
    assert found(spec) == [Reference("s", f"spec.volumes[0].{field}", keys, ("c",), "v")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_volume_that_nobody_mounts_is_found_too(kind: str) -> None:
    body, field, keys = KINDS[kind]
    assert found({"volumes": [{"name": "v", **body}]}) == [
        Reference("s", f"spec.volumes[0].{field}", keys, (), "v")
    ]


def test_a_volume_is_read_by_all_that_mount_it_in_any_list() -> None:
    spec = {
        "volumes": [{"name": "v", "secret": {"secretName": "s"}}],
        "containers": [mounting("a", "v"), mounting("b", "other")],
        "initContainers": [mounting("c", "v")],
        "ephemeralContainers": [mounting("d", "v")],
    }
    (reference,) = found(spec)
    assert reference.containers == ("c", "a", "d")


def test_a_variable_out_of_a_file_reads_the_volume_of_the_file() -> None:
    env = [
        {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}},
        {"name": "B", "valueFrom": {"fileKeyRef": {"path": "p"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "D", "value": "x"},
    ]
    spec = {
        "volumes": [{"name": "v", "secret": {"secretName": "s"}}],
        "containers": [{"name": "c", "env": env}],
    }
    (reference,) = found(spec)
    assert reference.containers == ("c",)


def test_an_image_pull_secret_is_found_and_read_by_no_container() -> None:
    assert found({"imagePullSecrets": [{}, {"name": "s"}]}) == [
        Reference("s", "spec.imagePullSecrets[1]", None, None)
    ]


def test_only_the_secrets_that_are_wanted_are_found() -> None:
    spec = {
        "containers": [
            {
                "name": "c",
                "env": [key_of("s", "k"), key_of("t", "k")],
                "envFrom": [secret("s"), secret("t")],
            }
        ],
        "volumes": [{"name": n, "secret": {"secretName": n}} for n in "st"],
        "imagePullSecrets": [{"name": "s"}, {"name": "t"}],
    }
    assert [reference.secret for reference in found(spec, "t")] == ["t"] * 4


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": None, "volumes": None, "imagePullSecrets": None},
        {"containers": [{}], "volumes": [{}], "imagePullSecrets": [{}]},
        {"containers": [{"env": None, "envFrom": None, "volumeMounts": None}]},
        {"containers": [{"env": [{}], "envFrom": [{}], "volumeMounts": [{}]}]},
        {"containers": [{"env": [{"valueFrom": {}}], "envFrom": [{"secretRef": {}}]}]},
        {"containers": [{"env": [key_of("", "k")], "envFrom": [secret("")]}]},
        {"volumes": [{"secret": {}, "projected": {}, "csi": {}, "azureFile": {}, "rbd": {}}]},
        {"volumes": [{"projected": {"sources": [{}, {"secret": {}}]}}]},
        {"volumes": [{"secret": {"secretName": ""}, "csi": {"nodePublishSecretRef": {}}}]},
        {"volumes": [{"rbd": {"secretRef": {}}}]},
        {"imagePullSecrets": [{"name": ""}]},
    ],
)
def test_what_is_absent_null_or_unnamed_is_no_reference(spec: dict[str, Any]) -> None:
    assert found(spec) == []


def test_a_key_without_a_name_is_the_empty_key() -> None:
    spec = {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "s"}}}]}]}
    (reference,) = found(spec)
    assert reference.keys == frozenset({""})
    items = [{"path": "x"}]
    (reference,) = found({"volumes": [{"secret": {"secretName": "s", "items": items}}]})
    assert reference.keys == frozenset({""})


def test_the_root_stands_in_front_of_every_field() -> None:
    spec = pod(
        {
            "spec": {
                "containers": [{"envFrom": [secret("s")]}],
                "volumes": [{"secret": {"secretName": "s"}}],
                "imagePullSecrets": [{"name": "s"}],
            }
        }
    ).spec
    assert spec
    assert [r.field for r in pod_references(spec, "spec.template.spec", bool)] == [
        "spec.template.spec.containers[0].envFrom[0].secretRef",
        "spec.template.spec.volumes[0].secret.secretName",
        "spec.template.spec.imagePullSecrets[0]",
    ]


def test_of_an_update_only_new_containers_and_the_volumes_they_mount_are_looked_at() -> None:
    view = pod(
        {
            "spec": {
                "containers": [{"name": "c", "envFrom": [secret("s")], **mounting("c", "v")}],
                "ephemeralContainers": [
                    {"name": "old", "envFrom": [secret("s")]},
                    {"name": "new", "envFrom": [secret("s")], "volumeMounts": [{"name": "v"}]},
                ],
                "volumes": [{"name": n, "secret": {"secretName": "s"}} for n in "wv"],
                "imagePullSecrets": [{"name": "s"}],
            }
        }
    ).spec
    assert view
    assert view.ephemeralContainers
    added = [(1, view.ephemeralContainers[1])]
    assert list(added_references(view, added, bool)) == [
        Reference("s", "spec.ephemeralContainers[1].envFrom[0].secretRef", None, ("new",)),
        Reference("s", "spec.volumes[1].secret.secretName", None, ("new",), "v"),
    ]
