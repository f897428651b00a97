"""The oracle's verdicts, worked out by hand: a judge that errs would make every test lie."""

import pytest

from tests.properties.by_hand import config_map, one, pod_of, secret, verdict
from tests.properties.oracle_identity import identify, selector_matches
from tests.properties.oracle_policy import Json, glob_fits
from tests.properties.oracle_references import references

PLUGIN_VOLUME = {"name": "v", "secret": {"secretName": "plugin-secrets"}}
ONLY_KEY = {"items": [{"key": "KEY", "path": "k"}]}
MOUNTS = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}


@pytest.mark.parametrize(
    ("containers", "volume", "allowed"),
    [
        ([{"name": "api", **MOUNTS}], ONLY_KEY, True),
        ([{"name": "api", **MOUNTS}, {"name": "plugin-x", **MOUNTS}], ONLY_KEY, True),
        ([{"name": "api", **MOUNTS}, {"name": "web", **MOUNTS}], ONLY_KEY, False),
        ([{"name": "api"}], ONLY_KEY, True),
        ([{"name": "api", **MOUNTS}], {}, False),
        ([{"name": "api", **MOUNTS}], {"items": []}, False),
        ([{"name": "api", **MOUNTS}], {"items": [{"key": "OTHER", "path": "k"}]}, False),
    ],
)
def test_a_volume_is_allowed_for_the_keys_and_containers_of_its_scope(
    containers: list[Json], volume: Json, allowed: bool
) -> None:
    inner = PLUGIN_VOLUME["secret"] | volume  # type: ignore[operator]
    plain = [{"name": "v", "secret": inner}]
    projected = [
        {"name": "v", "projected": {"sources": [{"secret": {"name": "plugin-secrets"} | volume}]}}
    ]

    assert verdict(pod_of("backend", None, containers, volumes=plain)) == allowed
    assert verdict(pod_of("backend", None, containers, volumes=projected)) == allowed


def test_a_file_of_environment_variables_counts_as_a_mount() -> None:
    reads = {"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "k", "key": "A"}}}
    volumes = [{"name": "v", "secret": {"secretName": "plugin-secrets", **ONLY_KEY}}]

    assert verdict(pod_of("backend", None, one(env=[reads]), volumes=volumes))
    web = [{"name": "api"}, {"name": "web", "env": [reads]}]
    assert not verdict(pod_of("backend", None, web, volumes=volumes))


def test_image_pull_secrets_need_a_scope_that_gives_the_whole_secret_to_everybody() -> None:
    def pulling(name: str) -> Json:
        return pod_of("backend", None, one(), imagePullSecrets=[{"name": name}])

    assert verdict(pulling("app-env"))
    assert verdict(pulling("registry"))
    assert not verdict(pulling("plugin-secrets"))
    assert not verdict(pulling("worker-env"))


def test_an_explicit_key_is_allowed_where_its_scope_allows_it() -> None:
    def reading(name: str, key: str) -> list[Json]:
        reference = {"name": name, "key": key, "optional": True}
        return [{"name": "ANY", "valueFrom": {"secretKeyRef": reference}}]

    assert verdict(pod_of("backend", None, one(env=reading("plugin-secrets", "KEY"))))
    assert verdict(pod_of("backend", None, one(env=reading("app-env", "ANYTHING"))))
    assert not verdict(pod_of("backend", None, one(env=reading("plugin-secrets", "OTHER"))))
    assert not verdict(pod_of("frontend", None, one(env=reading("plugin-secrets", "KEY"))))


def test_references_are_found_wherever_they_stand() -> None:
    pod = pod_of(
        None,
        None,
        [{"name": "c", "envFrom": [secret("a")], **MOUNTS}],
        initContainers=[
            {"name": "i", "env": [{"valueFrom": {"secretKeyRef": {"name": "b", "key": "k"}}}]}
        ],
        ephemeralContainers=[{"name": "e", "envFrom": [secret("d"), config_map("no")]}],
        imagePullSecrets=[{"name": "f"}, {"name": ""}],
        volumes=[
            {"name": "v", "projected": {"sources": [{"secret": {"name": "g"}}]}},
            {"name": "w", "secret": {"secretName": "h"}},
            {"name": "x", "csi": {"nodePublishSecretRef": {"name": "i"}}},
            {"name": "y", "flexVolume": {"secretRef": {"name": "j"}}},
            {"name": "z", "azureFile": {"secretName": "k"}},
        ],
    )

    found = {it.name: it.containers for it in references(pod)}

    assert found == {
        "a": {"c"},
        "b": {"i"},
        "d": {"e"},
        "f": None,
        "g": {"c"},
        "h": set(),
        "i": set(),
        "j": set(),
        "k": set(),
    }


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("linkerd-*", "linkerd-proxy", True),
        ("linkerd-*", "linkerd-", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("*", "", True),
    ],
)
def test_globs_know_only_star_and_question_mark(pattern: str, text: str, fits: bool) -> None:
    assert glob_fits(pattern, text) == fits


def test_selectors_need_everything_that_they_name() -> None:
    labels = {"a": "1", "b": "2"}
    absent_not_in = {"matchExpressions": [{"key": "c", "operator": "NotIn", "values": ["1"]}]}

    assert selector_matches({"matchLabels": {"a": "1"}}, labels)
    assert selector_matches(absent_not_in, labels)
    assert selector_matches(
        {"matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]}, labels
    )
    assert not selector_matches({"matchLabels": {"a": "1", "b": "3"}}, labels)
    assert not selector_matches(
        {"matchExpressions": [{"key": "a", "operator": "In", "values": ["2"]}]}, labels
    )


def test_the_first_rule_decides_alone_then_the_first_label_that_is_there() -> None:
    spec = {
        "identity": {
            "roleLabels": ["r1", "r2"],
            "aliases": {"w": "worker"},
            "rules": [
                {"selector": {"matchLabels": {"app": "x"}}, "role": "backend"},
                {"selector": {"matchLabels": {"app": "y"}}, "role": "worker", "poolFrom": "p"},
            ],
        }
    }

    assert identify(spec, {"app": "x", "r1": "worker", "noxus.ai/worker-pool": "a"}) == (
        "backend",
        None,
    )
    assert identify(spec, {"app": "y", "p": "a"}) == ("worker", "a")
    assert identify(spec, {"r1": "nobody", "r2": "worker"}) == (None, None)
    assert identify(spec, {"r2": "w", "noxus.ai/worker-pool": ""}) == ("worker", None)


def test_validating_demands_the_arrangement_and_a_mirror_pod_is_spared() -> None:
    bare = pod_of("frontend", None, one())
    mirror = pod_of("frontend", None, one())
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "h"}
    node = {"userInfo": {"groups": ["system:nodes"]}}

    assert not verdict(bare, validating=True)
    assert verdict(pod_of("frontend", None, one(envFrom=[secret("app-env")])), validating=True)
    assert not verdict(mirror, validating=True)
    assert verdict(mirror, validating=True, **node)
    assert not verdict(bare, validating=True, **node)
