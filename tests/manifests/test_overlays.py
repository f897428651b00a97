"""What each overlay changes, and that it changes nothing else."""

import base64
from pathlib import Path

import pytest

from tests.manifests.rendering import (
    BASE,
    CERTIFICATE_RIGHTS,
    HOOK_KINDS,
    NAME,
    OVERLAYS,
    OWN,
    SERVING_NAMES,
    Json,
    Objects,
    differences,
    entries,
    kustomize,
    normal,
    pod_spec,
    with_certificates,
    with_component,
)

pytestmark = pytest.mark.cluster  # kubectl is built with it

DEPLOYMENT = f"Deployment {OWN}/{NAME}"
HOOKS = {f"{kind} {OWN}" for kind in HOOK_KINDS}
ASKED = {
    "images": {"operations": ["UPDATE"]},
    "revisions": {"apiGroups": ["apps"], "resources": ["controllerrevisions"]},
}
GUARD = "ValidatingAdmissionPolicyBinding noxus-secrets-injection-label"


@pytest.fixture(scope="module")
def base() -> Objects:
    return kustomize(BASE)


@pytest.fixture(scope="module")
def own_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_certificates(tmp_path_factory.mktemp("own"))


@pytest.fixture
def from_elsewhere(request: pytest.FixtureRequest, own_certificates: Path) -> Objects:
    """The overlay of that name, whose certificates the webhook does not make itself."""
    overlay = str(request.param)
    return kustomize(own_certificates if overlay == own_certificates.name else OVERLAYS / overlay)


def test_there_is_no_overlay_that_is_not_tested_here() -> None:
    assert {it.name for it in OVERLAYS.iterdir()} == {
        "cert-manager",
        "dry-run",
        "kind",
        "own-certificates",
    }


def test_every_object_of_the_base_says_what_it_belongs_to(base: Objects) -> None:
    for name, object_ in base.items():
        labels = object_["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == NAME, name
        assert labels["app.kubernetes.io/part-of"] == "noxus", name


def test_for_kind_the_image_is_one_that_was_loaded_and_nothing_else_changes(base: Objects) -> None:
    kind = kustomize(OVERLAYS / "kind")

    assert differences(base, kind) == {DEPLOYMENT}
    (container,) = pod_spec(kind)["containers"]
    (expected,) = pod_spec(base)["containers"]
    loaded = {"image": "noxus-secret-webhook:dev", "imagePullPolicy": "Never"}
    assert container == {**expected, **loaded}


def test_in_the_dry_run_overlay_nothing_can_be_changed_or_refused(base: Objects) -> None:
    dry_run = kustomize(OVERLAYS / "dry-run")

    assert differences(base, dry_run) == HOOKS | {GUARD}
    warned = {**base[GUARD]["spec"], "validationActions": ["Warn", "Audit"]}
    assert dry_run[GUARD] == {**base[GUARD], "spec": warned}
    assert entries(dry_run) == {name: _observed(entry) for name, entry in entries(base).items()}


def test_the_component_for_deployers_lets_nothing_pass_unasked_that_makes_or_changes_pods(
    base: Objects, tmp_path: Path
) -> None:
    component = with_component("deployers", tmp_path)

    assert differences(base, component) == {f"ValidatingWebhookConfiguration {OWN}"}
    before, after = entries(base), entries(component)
    added = {name: after.pop(name) for name in after.keys() - before.keys()}
    name = "workloads.enabled.validate.secrets.noxus.ai"
    assert after == before | {name: before[name] | {"failurePolicy": "Fail"}}
    assert added.keys() == {
        f"{what}.{mode}.validate.secrets.noxus.ai"
        for what in ("images", "revisions")
        for mode in ("enabled", "dry-run")
    }
    for name, entry in added.items():
        what, mode = name.split(".")[:2]
        pods = before[f"pods.{mode}.validate.secrets.noxus.ai"]
        (rule,) = entry.pop("rules")
        assert rule == pods["rules"][0] | ASKED[what]
        conditions = [it["name"] for it in entry.pop("matchConditions", ())]
        assert conditions == (["another-image"] if what == "images" else [])
        # Whether it fails, where it is sent and what it selects is as for new pods.
        assert entry == {key: it for key, it in pods.items() if key != "rules"} | {"name": name}


def _observed(entry: Json) -> Json:
    """An entry that is asked in dry run and cannot stop anybody."""
    hook = entry["name"].split(".")[2]
    service = {**entry["clientConfig"]["service"], "path": f"/{hook}/dry-run"}
    return {**entry, "clientConfig": {"service": service}, "failurePolicy": "Ignore"}


@pytest.mark.parametrize("from_elsewhere", ["cert-manager", "own-certificates"], indirect=True)
def test_where_certificates_come_from_elsewhere_nothing_of_ours_may_read_a_secret(
    base: Objects, from_elsewhere: Objects
) -> None:
    rules = [
        rule
        for object_ in from_elsewhere.values()
        if object_["kind"] in {"Role", "ClusterRole"}
        for rule in object_["rules"]
    ]

    assert base.keys() - from_elsewhere.keys() == CERTIFICATE_RIGHTS
    assert {resource for rule in rules for resource in rule["resources"]} == {
        "secretinjectionpolicies",
        "secretinjectionpolicies/status",
        "events",
        "leases",
        "controllerrevisions",
        "injectionlabels",
    }


@pytest.mark.parametrize("from_elsewhere", ["cert-manager", "own-certificates"], indirect=True)
def test_where_certificates_come_from_elsewhere_the_pods_mount_them(
    base: Objects, from_elsewhere: Objects
) -> None:
    expected, spec = normal(pod_spec(base)), normal(pod_spec(from_elsewhere))
    container = expected["containers"]["webhook"]
    for name, value in (
        ("CERTIFICATES", "files"),
        ("TLS_CERT", "/tls/tls.crt"),
        ("TLS_KEY", "/tls/tls.key"),
    ):
        variable = f"NOXUS_SECRETS_{name}"
        container["env"][variable] = {"name": variable, "value": value}
    mounted = {"name": "tls", "mountPath": "/tls", "readOnly": True}
    container["volumeMounts"]["tls"] = mounted
    secret = {"secretName": "noxus-secret-webhook-tls", "defaultMode": 0o440}
    expected["volumes"]["tls"] = {"name": "tls", "secret": secret}

    assert spec == expected


def test_cert_manager_makes_the_certificate_that_is_mounted_and_injects_its_ca(
    base: Objects,
) -> None:
    rendered = kustomize(OVERLAYS / "cert-manager")
    serving = rendered[f"Certificate {OWN}/{NAME}"]["spec"]
    authority = rendered[f"Certificate {OWN}/{NAME}-ca"]["spec"]

    added = {key.split()[0] for key in rendered.keys() - base.keys()}
    assert added == {"Certificate", "Issuer"}
    assert serving["secretName"] == "noxus-secret-webhook-tls"
    assert serving["dnsNames"] == SERVING_NAMES
    assert rendered[f"Issuer {OWN}/{serving['issuerRef']['name']}"]["spec"] == {
        "ca": {"secretName": authority["secretName"]}
    }
    assert rendered[f"Issuer {OWN}/{authority['issuerRef']['name']}"]["spec"] == {"selfSigned": {}}
    for hook in HOOKS:
        assert rendered[hook]["metadata"]["annotations"] == {
            "cert-manager.io/inject-ca-from": f"{OWN}/{NAME}"
        }
        assert rendered[hook]["webhooks"] == base[hook]["webhooks"]


def test_own_certificates_are_taken_from_their_files_and_the_cas_key_is_not(
    base: Objects, own_certificates: Path
) -> None:
    rendered = kustomize(own_certificates)
    files = {name: (own_certificates / name).read_bytes() for name in ("ca.crt", "ca.key")}
    secret = rendered[f"Secret {OWN}/noxus-secret-webhook-tls"]

    assert rendered.keys() - base.keys() == {f"Secret {OWN}/noxus-secret-webhook-tls"}
    assert secret["type"] == "kubernetes.io/tls"
    assert {name: _decoded(data) for name, data in secret["data"].items()} == {
        name: (own_certificates / name).read_bytes() for name in ("tls.crt", "tls.key")
    }
    bundles = [entry["clientConfig"].pop("caBundle") for entry in entries(rendered).values()]
    assert [_decoded(it) for it in bundles] == [files["ca.crt"]] * len(entries(base))
    assert entries(rendered) == entries(base)
    assert base64.b64encode(files["ca.key"]).decode() not in str(rendered)


def _decoded(text: str) -> bytes:
    return base64.b64decode("".join(text.split()))


def test_the_component_for_reload_adds_rights_and_none_to_read_a_secret(
    base: Objects, tmp_path: Path
) -> None:
    component = with_component("reload", tmp_path)

    added = {name: component[name] for name in component.keys() - base.keys()}
    assert differences(base, {name: component[name] for name in base}) == set()
    assert added.keys() == {
        "ClusterRole noxus-secret-webhook-reload",
        "ClusterRoleBinding noxus-secret-webhook-reload",
        "ClusterRole noxus-secrets-reload",
    }
    rights = {
        (name.rpartition(" ")[2], resource): rule["verbs"]
        for name, object_ in added.items()
        for rule in object_.get("rules") or ()
        for resource in rule["resources"]
    }
    restarts = "noxus-secrets-reload"
    assert rights == {
        ("noxus-secret-webhook-reload", "namespaces"): ["list"],
        **{(restarts, f"{it}s"): ["list", "patch"] for it in ("deployment", "statefulset")},
        (restarts, "daemonsets"): ["list", "patch"],
        (restarts, "poddisruptionbudgets"): ["list"],
    }
