"""The Helm chart has the same objects as the manifests, and differs where it says so."""

from pathlib import Path

import pytest
import yaml

from tests.manifests.rendering import (
    BASE,
    CHART,
    NAME,
    OVERLAYS,
    OWN,
    ROOT,
    Json,
    Objects,
    differences,
    entries,
    helm,
    kustomize,
    normal,
    pod_spec,
    settings,
    template,
    with_certificates,
    with_component,
)
from webhook.loading.load import load_text

pytestmark = pytest.mark.cluster  # kubectl and helm are built with it

# Helm makes the namespace itself (--create-namespace).
NAMESPACE = f"Namespace {OWN}"
# kubectl leaves the first policy to the webhook, Helm installs the policy itself.
INITIAL_POLICY = f"ConfigMap {OWN}/noxus-secrets-initial-policy"
POLICY = "SecretInjectionPolicy noxus"


def as_helm_has_it(objects: Objects) -> Objects:
    """Return the objects of kustomize without what Helm does another way."""
    spec = normal(pod_spec(objects))
    container = spec["containers"]["webhook"]
    del container["env"]["NOXUS_SECRETS_INITIAL_POLICY"]
    del container["volumeMounts"]["initial-policy"]
    del spec["volumes"]["initial-policy"]
    deployment = f"Deployment {OWN}/{NAME}"
    objects[deployment]["spec"]["template"]["spec"] = spec
    # Who does not make the first policy needs no right to make one.
    objects[f"ClusterRole {NAME}"]["rules"].remove(
        {
            "apiGroups": ["secrets.noxus.ai"],
            "resources": ["secretinjectionpolicies"],
            "verbs": ["create"],
        }
    )
    return {key: it for key, it in objects.items() if key not in {NAMESPACE, INITIAL_POLICY}}


def assert_same(chart: Objects, kustomized: Objects) -> None:
    expected = as_helm_has_it(kustomized)
    assert differences(chart, expected) == {POLICY}


def test_the_chart_has_the_objects_of_the_base() -> None:
    assert_same(template(), kustomize(BASE))


def test_with_cert_manager_it_has_those_of_that_overlay() -> None:
    chart = template("--set", "certificates.from=certManager")

    assert_same(chart, kustomize(OVERLAYS / "cert-manager"))


def test_with_certificates_as_files_it_has_those_of_that_overlay(tmp_path: Path) -> None:
    overlay = with_certificates(tmp_path)
    chart = template(
        *("--set", "certificates.from=files"),
        *("--set-file", f"certificates.caBundle={overlay / 'ca.crt'}"),
    )
    expected = kustomize(overlay)

    # A certificate in a release would be there for everybody who may read Helm's history.
    del expected[f"Secret {OWN}/noxus-secret-webhook-tls"]
    for entry in entries(expected).values():
        config = entry["clientConfig"]
        config["caBundle"] = "".join(config["caBundle"].split())
    assert_same(chart, expected)


def test_in_dry_run_it_has_those_of_that_overlay() -> None:
    assert_same(template("--set", "dryRun=true"), kustomize(OVERLAYS / "dry-run"))


def test_with_prometheus_it_has_the_objects_of_that_component(tmp_path: Path) -> None:
    chart = template("--set", "prometheus.enabled=true")

    assert_same(chart, with_component("prometheus", tmp_path))


def test_with_deployers_it_has_the_objects_of_that_component(tmp_path: Path) -> None:
    chart = template("--set", "deployers.enabled=true")

    assert_same(chart, with_component("deployers", tmp_path))


def test_with_reload_it_has_the_objects_of_that_component(tmp_path: Path) -> None:
    chart = template("--set", "reload.enabled=true")

    assert_same(chart, with_component("reload", tmp_path))


def test_with_the_backstop_it_has_the_objects_of_that_component(tmp_path: Path) -> None:
    chart = template("--set", "backstop.enabled=true")

    assert_same(chart, with_component("backstop", tmp_path))


def test_with_the_backstop_and_deployers_only_new_pods_need_not_wait(tmp_path: Path) -> None:
    chart = entries(template("--set", "backstop.enabled=true,deployers.enabled=true"))

    waiting = {name.split(".")[0] for name, it in chart.items() if it["failurePolicy"] == "Fail"}
    assert waiting == {"debug", "workloads", "images", "revisions"}
    assert chart == entries(with_component("backstop", tmp_path, more=["deployers"]))


def test_in_dry_run_deployers_are_observed_as_everything_else() -> None:
    chart = entries(template("--set", "deployers.enabled=true,dryRun=true"))

    assert {it["failurePolicy"] for it in chart.values()} == {"Ignore"}
    images = chart["images.enabled.validate.secrets.noxus.ai"]
    assert images["clientConfig"]["service"]["path"] == "/validate/dry-run"


def test_in_another_namespace_nothing_names_ours() -> None:
    options = (
        "prometheus.enabled=true,deployers.enabled=true,reload.enabled=true,"
        "certificates.from=certManager"
    )
    ours = template("--set", options)
    elsewhere = template("--set", options, "--namespace", "elsewhere")

    # The configurations and the groups of alerts are called noxus-secrets wherever we are.
    moved = [_moved(it) for it in ours.values()]
    assert sorted(map(str, moved)) == sorted(map(str, elsewhere.values()))


def _moved(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            key: "elsewhere" if key == "namespace" and it == OWN else _moved(it)
            for key, it in value.items()
        }
    if isinstance(value, list):
        if value == [OWN] or OWN in value:  # matchNames, and the namespaces that are never matched
            return ["elsewhere" if it == OWN else it for it in value]
        return [_moved(it) for it in value]
    if isinstance(value, str) and not value.startswith(f"{OWN}."):
        return value.replace(f".{OWN}.", ".elsewhere.").replace(f"{OWN}/", "elsewhere/")
    return value


def test_the_policy_of_the_release_is_the_one_that_kubectl_starts_with() -> None:
    config_map = kustomize(BASE)[INITIAL_POLICY]
    initial = yaml.safe_load(config_map["data"]["policy.yaml"])

    policy = template()[POLICY]

    del policy["metadata"]["labels"]
    assert policy == initial


def test_the_worker_pools_of_the_noxus_values_are_those_of_the_policy() -> None:
    values = ROOT / "examples" / "values.yaml"

    policy = template("--values", values)[POLICY]

    assert policy["spec"]["worker"] == yaml.safe_load(values.read_text())["worker"]
    (loaded,) = load_text(yaml.safe_dump(policy)).policies.policies
    assert set(loaded.pools) == {"tenant-a", "default"}


def test_every_field_of_the_noxus_chart_is_taken_in_a_pool(tmp_path: Path) -> None:
    pool = {
        "enabled": True,
        "replicaCount": 2,
        "workerSubscribe": "all_but_kb",
        "workerSubscribeTenants": "t-1,t-2",
        "workerSubscribeWorkspaces": "",
        "envSecretRef": "tenant-a-llm",
        "resources": {"requests": {"cpu": "500m"}},
        "autoscaling": {"enabled": True, "triggers": [{"type": "redis"}]},
        "podDisruptionBudget": {"minAvailable": 1},
        "affinity": {"nodeAffinity": {}},
        "nodeSelector": {"pool": "a"},
        "tolerations": [{"operator": "Exists"}],
        "topologySpreadConstraints": [{"maxSkew": 1}],
    }
    values = {"worker": {"pools": {"tenant-a": pool}}}

    policy = template(*settings(values, tmp_path))[POLICY]

    assert policy["spec"]["worker"] == values["worker"]


def test_without_a_policy_of_its_own_the_chart_leaves_policies_alone() -> None:
    chart, without = template(), template("--set", "policy.create=false")

    assert differences(chart, without) == {POLICY}
    assert POLICY not in without


def test_options_of_the_pods_are_where_they_belong(tmp_path: Path) -> None:
    values = {
        "replicas": 2,
        "image": {"repository": "registry.example/webhook", "tag": "1.2.3", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "login"}],
        "logLevel": "debug",
        "resources": {"limits": {"memory": "1Gi"}},
        "priorityClassName": "important",
        "nodeSelector": {"role": "infra"},
        "tolerations": [{"operator": "Exists"}],
    }

    chart = template(*settings(values, tmp_path))

    spec = pod_spec(chart)
    (container,) = spec["containers"]
    assert chart[f"Deployment {OWN}/{NAME}"]["spec"]["replicas"] == 2
    assert container["image"] == "registry.example/webhook:1.2.3"
    assert container["imagePullPolicy"] == "Always"
    assert {"name": "NOXUS_SECRETS_LOG_LEVEL", "value": "debug"} in container["env"]
    assert container["resources"]["limits"]["memory"] == "1Gi"
    for name in ("imagePullSecrets", "priorityClassName", "nodeSelector", "tolerations"):
        assert spec[name] == values[name]


def test_the_network_policy_can_be_left_out_or_given_other_ports() -> None:
    name = f"NetworkPolicy {OWN}/{NAME}"

    other = template("--set", "networkPolicy.apiServerPorts={16443}")[name]

    assert other["spec"]["egress"][0]["ports"] == [{"port": 16443, "protocol": "TCP"}]
    assert name not in template("--set", "networkPolicy.enabled=false")


def test_helm_finds_nothing_to_complain_about() -> None:
    done = helm("lint", "--strict", CHART)

    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout


def test_what_is_packaged_holds_what_the_links_lead_to(tmp_path: Path) -> None:
    helm("package", CHART, "--destination", tmp_path)
    (package,) = tmp_path.glob("*.tgz")
    arguments = ("any", package, "--namespace", OWN, "--include-crds")
    more = ("--set", "prometheus.enabled=true")

    from_package = helm("template", *arguments, *more)

    assert from_package.stdout == helm("template", "any", CHART, *arguments[2:], *more).stdout
