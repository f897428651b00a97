"""`doctor` on a real installation: all well, then one thing broken at a time.

Each test puts right again what it broke, and waits until nothing is left to find.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.kit import Ran, run
from tests.controlplane.processes import ControlPlaneError
from tests.drills.cluster import BASE, NAMESPACE, Cluster
from tests.e2e.harness import INJECTION
from webhook.doctor.areas import areas
from webhook.doctor.rbac import Wanted

Json = Any

pytestmark = [
    pytest.mark.cluster,
    # Pods start, and drain for ten seconds, on a machine that has other things to do.
    pytest.mark.timeout(300),
]

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GUARD = "noxus-secrets-injection-label"
MUTATING = f"{ADMISSION}/mutatingwebhookconfigurations/noxus-secrets"
VALIDATING = f"{ADMISSION}/validatingwebhookconfigurations/noxus-secrets"
POLICY = f"{ADMISSION}/validatingadmissionpolicies/{GUARD}"
BINDING = f"{ADMISSION}/validatingadmissionpolicybindings/{GUARD}"
POLICIES = "/apis/secrets.noxus.ai/v1alpha1/secretinjectionpolicies"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MERGE = "application/merge-patch+json"
APPLY = "kubectl apply --server-side --force-conflicts -k manifests/base"
REPLACED = (
    "60-mutatingwebhookconfiguration.yaml",
    "65-validatingadmissionpolicy.yaml",
    "70-validatingwebhookconfiguration.yaml",
)
REPLACE = "kubectl replace -f manifests/base/{}, then " + APPLY
UNGUARDED = "whoever may update a namespace can take the label off, and put it back"


class Doctor:
    """A healthy installation, and the doctor who looks at it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.plane = cluster, cluster.plane

    def run(self, *flags: str, kubeconfig: Path | None = None) -> Ran:
        """Run the command as the user of a kubeconfig; default: the administrator."""
        before = os.environ["KUBECONFIG"]
        os.environ["KUBECONFIG"] = str(kubeconfig or self.plane.kubeconfig)
        try:
            return run("doctor", *flags)
        finally:
            os.environ["KUBECONFIG"] = before

    def findings(self, *flags: str, kubeconfig: Path | None = None) -> list[Json]:
        """Return everything that is not ok, each with the name of its check."""
        done = self.run("-o", "json", *flags, kubeconfig=kubeconfig)
        assert done.err == ""
        return [
            {"check": check["name"], **finding}
            for check in json.loads(done.out)["checks"]
            for finding in check["findings"]
            if finding["level"] != "ok"
        ]

    def said(self, *flags: str) -> list[tuple[str, str, str]]:
        """Return check, level and message of each finding."""
        return [(it["check"], it["level"], it["message"]) for it in self.findings(*flags)]

    def patch(self, path: str, body: Json) -> None:
        answer = self.plane.api("PATCH", path, body, content_type=MERGE)
        assert answer.status == 200, answer.message

    def change(self, path: str, change: Callable[[Json], Any]) -> None:
        """Read an object, change it, and write it."""
        body = self.plane.api("GET", path).body
        change(body)
        answer = self.plane.api("PUT", path, body)
        assert answer.status == 200, answer.message

    def mend(self) -> None:
        """Do what it says is to be done."""
        for file in REPLACED:
            self.plane.kubectl("replace", "-f", BASE / file, check=False)  # what is still there
        self.plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", BASE)

    def wait_until_well(self) -> None:
        said: Json = None

        def well() -> bool:
            nonlocal said
            said = self.said()
            return not said

        try:
            self.plane.wait_for(well, "end of all findings", timeout=90)
        except ControlPlaneError:
            pytest.fail(f"not well: {said}")


@pytest.fixture(scope="module")
def doctor() -> Iterator[Doctor]:
    with Cluster() as cluster:
        cluster.install()
        cluster.wait_ready(3)
        cluster.plane.namespace("noxus", {INJECTION: "enabled"})
        it = Doctor(cluster)
        it.wait_until_well()
        yield it


@pytest.fixture
def broken(doctor: Doctor) -> Iterator[Doctor]:
    """The doctor, for a test that breaks something of the manifests."""
    yield doctor
    doctor.mend()
    doctor.wait_until_well()


def test_of_a_healthy_installation_it_finds_nothing(doctor: Doctor) -> None:
    done = doctor.run()

    assert done.out.splitlines()[-1] == "10 ok, 0 warnings, 0 failed, 0 not checked"
    assert "✓ ok  replicas: 3 replicas ready, and a PodDisruptionBudget" in done.out
    assert done.code == 0
    assert doctor.run("--complete").code == 0


@pytest.mark.parametrize(("kind", "path"), [("Mutating", MUTATING), ("Validating", VALIDATING)])
def test_a_configuration_that_is_gone(broken: Doctor, kind: str, path: str) -> None:
    broken.plane.api("DELETE", path)

    assert (
        "webhook configurations",
        "failed",
        f"{kind}WebhookConfiguration noxus-secrets is missing: its hook is never called",
    ) in broken.said()
    assert broken.run().code == 1


def test_a_hook_that_is_not_called_shows_at_the_pod_that_was_tried(broken: Doctor) -> None:
    broken.plane.api("DELETE", MUTATING)

    def noticed() -> bool:
        said = broken.said()
        return any(
            check == "reachable"
            and message.startswith("the mutating hook was not called, or did not answer, for a pod")
            for check, _, message in said
        )

    broken.plane.wait_for(noticed, "API server that goes by it")


ENTRY = "pods.enabled.validate.secrets.noxus.ai"
CHANGES: dict[str, tuple[Json, str, str]] = {
    "failurePolicy": (
        "Ignore",
        "failed",
        (
            "failurePolicy is not what this version expects: while the webhook is away, what it "
            "matches is stored unjudged"
        ),
    ),
    "objectSelector": (
        {"matchLabels": {"noxus.ai/role": "worker"}},
        "failed",
        (
            "objectSelector is not what this version expects: whoever writes an object can opt "
            "out by its labels"
        ),
    ),
    "namespaceSelector": (
        {"matchLabels": {INJECTION: "enabled"}},
        "failed",
        (
            "namespaceSelector.matchExpressions is not what this version expects: it is called in "
            "other namespaces than those that opted in"
        ),
    ),
    "matchConditions": (
        [{"name": "some", "expression": "object.metadata.name != 'some'"}],
        "failed",
        "matchConditions is not what this version expects: not everything is judged",
    ),
    "matchPolicy": (
        "Exact",
        "failed",
        (
            "matchPolicy is not what this version expects: what is written in another version of "
            "the API is not judged"
        ),
    ),
    "timeoutSeconds": (10, "warning", "timeoutSeconds is not what this version expects"),
}


@pytest.mark.parametrize("field", CHANGES)
def test_an_entry_with_another(broken: Doctor, field: str) -> None:
    value, level, sentence = CHANGES[field]

    def change(configuration: Json) -> None:
        entry = next(it for it in configuration["webhooks"] if it["name"] == ENTRY)
        entry[field] = value

    broken.change(VALIDATING, change)

    (found,) = [it for it in broken.findings() if it["check"] == "webhook configurations"]
    assert (found["level"], found["message"]) == (level, f"{ENTRY}: {sentence}")
    assert found["mend"] == REPLACE.format(REPLACED[2])


def test_an_entry_that_is_gone_and_one_that_nobody_knows(broken: Doctor) -> None:
    def change(configuration: Json) -> None:
        entries = configuration["webhooks"]
        own = next(it for it in entries if it["name"] == ENTRY)
        own["name"] = "other.example.com"

    broken.change(VALIDATING, change)

    kind = "ValidatingWebhookConfiguration noxus-secrets"
    assert {
        (
            "webhook configurations",
            "failed",
            f"{kind} lacks the entry {ENTRY}: what it matches is not judged",
        ),
        (
            "webhook configurations",
            "warning",
            f"{kind} has an entry that this version does not know: other.example.com",
        ),
    } <= set(broken.said())


def test_the_dry_run_overlay_is_known_for_what_it_is(broken: Doctor) -> None:
    broken.plane.kubectl(
        *("apply", "--server-side", "--force-conflicts"),
        *("-k", BASE.parent / "overlays" / "dry-run"),
    )

    found = broken.said()

    assert {check for check, _, _ in found} <= {
        "webhook configurations",
        "label guard",
        "reachable",  # until the API server goes by the new configurations
    }
    for kind in ("Mutating", "Validating"):
        assert (
            "webhook configurations",
            "warning",
            (
                f"{kind}WebhookConfiguration noxus-secrets is that of the dry-run overlay: in "
                "namespaces labelled enabled, too, everything is observed and nothing enforced"
            ),
        ) in found
    assert (
        "label guard",
        "warning",
        (
            f"ValidatingAdmissionPolicyBinding {GUARD} does not deny but Warn and Audit, as in the "
            f"dry-run overlay: {UNGUARDED}"
        ),
    ) in found


def test_a_disruption_budget_that_is_gone(broken: Doctor) -> None:
    broken.plane.kubectl("delete", "pdb", "-n", NAMESPACE, "--all")

    assert broken.said() == [
        (
            "replicas",
            "warning",
            (
                "PodDisruptionBudget noxus-secret-webhook is missing: draining nodes may take all "
                "replicas at once"
            ),
        )
    ]


@pytest.mark.parametrize(
    ("path", "kind"),
    [(POLICY, "ValidatingAdmissionPolicy"), (BINDING, "ValidatingAdmissionPolicyBinding")],
)
def test_a_guard_that_is_gone(broken: Doctor, path: str, kind: str) -> None:
    broken.plane.api("DELETE", path)

    (found,) = broken.findings()
    assert (found["check"], found["level"]) == ("label guard", "failed")
    assert found["message"] == f"{kind} {GUARD} is missing: {UNGUARDED}"
    assert found["mend"] == APPLY


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        (
            POLICY,
            {"spec": {"failurePolicy": "Ignore"}},
            (
                f"ValidatingAdmissionPolicy {GUARD}: failurePolicy is not what this version "
                "expects; it may guard nothing"
            ),
        ),
        (
            BINDING,
            {"spec": {"matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}},
            (
                f"ValidatingAdmissionPolicyBinding {GUARD}: matchResources is not what this "
                "version expects; it may guard nothing"
            ),
        ),
    ],
)
def test_a_guard_that_was_changed(broken: Doctor, path: str, body: Json, sentence: str) -> None:
    broken.patch(path, body)

    (found,) = broken.findings()
    assert (found["check"], found["level"], found["message"]) == ("label guard", "failed", sentence)
    assert found["mend"] == REPLACE.format(REPLACED[1])


def test_a_value_of_the_label_that_means_nothing(broken: Doctor) -> None:
    broken.plane.api("DELETE", BINDING)

    def made() -> str | None:
        metadata = {"name": "mistyped", "labels": {INJECTION: "Enabled"}}
        answer = broken.plane.api("POST", "/api/v1/namespaces", {"metadata": metadata})
        return "mistyped" if answer.status == 201 else None

    name = broken.plane.wait_for(made, "end of the guard")
    broken.mend()

    (found,) = [it for it in broken.findings() if it["check"] == "namespaces"]
    broken.plane.api("DELETE", f"/api/v1/namespaces/{name}")

    assert found["level"] == "failed"
    assert found["message"] == (
        "namespace mistyped has the label with value 'Enabled', which means nothing: the webhook "
        "is not called there"
    )
    assert found["mend"] == (
        f"kubectl label --overwrite namespace mistyped {INJECTION}=enabled, or kubectl label "
        f"namespace mistyped {INJECTION}-"
    )


def test_a_namespace_that_is_never_opted_in(broken: Doctor) -> None:
    broken.plane.kubectl("label", "namespace", "kube-system", f"{INJECTION}=enabled")

    found = broken.said()
    broken.plane.kubectl("label", "namespace", "kube-system", f"{INJECTION}-")

    assert found == [
        (
            "namespaces",
            "warning",
            "namespace kube-system is labelled, and is never opted in",
        )
    ]


@contextmanager
def spec(doctor: Doctor, change: Callable[[Json], Any]) -> Iterator[None]:
    """Change the spec of the policy, and wait until its status speaks of it."""
    path = f"{POLICIES}/noxus"
    before = doctor.plane.api("GET", path).body["spec"]

    def judged() -> bool:
        policy = doctor.plane.api("GET", path).body
        generation = policy["metadata"]["generation"]
        return bool(policy["status"]["observedGeneration"] == generation)

    doctor.change(path, lambda policy: change(policy["spec"]))
    doctor.plane.wait_for(judged, "status of the policy")
    try:
        yield
    finally:
        doctor.change(path, lambda policy: policy.update(spec=before))
        doctor.wait_until_well()


def test_a_policy_that_does_not_load(doctor: Doctor) -> None:
    with spec(doctor, lambda it: it.update(scops=[])):
        (found,) = doctor.findings()

    assert (found["check"], found["level"]) == ("policies", "failed")
    assert found["message"].startswith("policy noxus is not in force as it is written: ")
    assert found["mend"] == "kubectl describe secretinjectionpolicy noxus"


def test_a_policy_that_only_observes(doctor: Doctor) -> None:
    with spec(doctor, lambda it: it.update(mode="DryRun")):
        found = doctor.said()

    assert (
        "policies",
        "warning",
        "policy noxus has mode DryRun: nothing is enforced where it governs",
    ) in found


def test_a_namespace_that_no_policy_covers(doctor: Doctor) -> None:
    name = doctor.plane.namespace("uncovered", {INJECTION: "enabled"})
    with spec(doctor, lambda it: it.update(namespaces=["noxus-*"])):
        found = doctor.said()
        doctor.plane.api("DELETE", f"/api/v1/namespaces/{name}")

    assert found == [
        (
            "namespaces",
            "warning",
            f"namespace {name} is opted in, and no policy covers it: its new pods are refused",
        )
    ]


def test_the_strictest_policy_pod_security_and_quota_let_the_tried_pod_pass(
    doctor: Doctor,
) -> None:
    labels = {INJECTION: "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
    name = doctor.plane.namespace("strict", labels)
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"limits.cpu": "1", "pods": "1"}}}
    doctor.plane.api("POST", f"/api/v1/namespaces/{name}/resourcequotas", quota)
    guard = {"unknownRole": "Deny", "unmanagedSecrets": "Deny", "shadowing": "Deny"}
    with spec(doctor, lambda it: it.update(guard=guard)):
        found = doctor.findings("--probe", name)
        pods = doctor.plane.api("GET", f"/api/v1/namespaces/{name}/pods").body["items"]
        doctor.plane.kubectl("delete", "namespace", name)

    assert found == []
    assert pods == []


def test_where_all_is_dry_run_the_api_servers_counts_tell(doctor: Doctor) -> None:
    name = doctor.plane.namespace("observed", {INJECTION: "dry-run"})
    with user(doctor, [it for it in EVERYTHING if "nonResourceURLs" not in it], name) as limited:
        with_counts = doctor.findings("--probe", name, TRUSTED)
        without = doctor.findings("--probe", name, TRUSTED, kubeconfig=limited)
    doctor.plane.kubectl("delete", "namespace", name)

    assert with_counts == []
    assert [(it["check"], it["level"], it["message"], it["missingRight"]) for it in without] == [
        *(
            (
                "reachable",
                "not checked",
                (
                    f"whether the {hook} hook answers: nothing shows it in namespace {name} "
                    "(label dry-run)"
                ),
                None,
            )
            for hook in ("mutating", "validating")
        ),
        (
            "passed over",
            "not checked",
            "the API server's counts of calls: you may not get /metrics",
            "get /metrics",
        ),
    ]


def test_a_namespace_that_is_not_opted_in_is_no_place_to_try(doctor: Doctor) -> None:
    (found,) = doctor.findings("--probe", "default")

    assert found["message"] == (
        "calls from the API server: namespace default, named by --probe, is not opted in"
    )


EVERYTHING: Json = [
    {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ],
        "verbs": ["get"],
    },
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["get"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]},
    {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
        "verbs": ["list"],
    },
    {
        "apiGroups": ["secrets.noxus.ai"],
        "resources": ["secretinjectionpolicies"],
        "verbs": ["list"],
    },
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]},
    {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["noxus-secret-webhook-tls"],
        "verbs": ["get"],
    },
    {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
]
READER = "reader"
TRUSTED = f"--trust=user:{READER}"  # it may read the Secret in which the CA's key is


@contextmanager
def user(doctor: Doctor, rules: Json, namespace: str) -> Iterator[Path]:
    """Make a user with these rights in the cluster, who may create pods in the namespace."""
    role = {"metadata": {"name": READER}, "rules": rules}
    doctor.plane.api("POST", f"{RBAC}/clusterroles", role)
    doctor.plane.kubectl(
        *("create", "clusterrolebinding", READER),
        *(f"--clusterrole={READER}", f"--user={READER}"),
    )
    doctor.plane.kubectl(
        *("create", "rolebinding", READER, "-n", namespace),
        *("--clusterrole=edit", f"--user={READER}"),
    )
    try:
        yield doctor.plane.kubeconfig_for(READER)
    finally:
        doctor.plane.kubectl("delete", "clusterrole,clusterrolebinding", READER)
        doctor.plane.kubectl("delete", "rolebinding", READER, "-n", namespace)


def enabled(doctor: Doctor) -> str:
    (name, *_) = [
        it["metadata"]["name"]
        for it in doctor.plane.api("GET", "/api/v1/namespaces").body["items"]
        if it["metadata"]["labels"].get(INJECTION) == "enabled"
    ]
    return str(name)


def test_with_the_rights_that_the_docs_name_everything_is_checked(doctor: Doctor) -> None:
    # Of Secrets it may read our own and no other, and it may write nothing but the tried pod.
    with user(doctor, EVERYTHING, enabled(doctor)) as limited:
        done = doctor.run("--complete", TRUSTED, kubeconfig=limited)

    assert done.out.splitlines()[-1] == "10 ok, 0 warnings, 0 failed, 0 not checked"
    assert done.code == 0


RIGHTS = {
    "mutatingwebhookconfigurations": (
        "webhook configurations",
        "MutatingWebhookConfiguration noxus-secrets",
        "get mutatingwebhookconfigurations noxus-secrets",
    ),
    "validatingadmissionpolicybindings": (
        "label guard",
        f"ValidatingAdmissionPolicyBinding {GUARD}",
        f"get validatingadmissionpolicybindings {GUARD}",
    ),
    "deployments": (
        "replicas",
        "Deployment noxus-secret-webhook",
        "get deployments noxus-secret-webhook -n noxus-secrets",
    ),
    "secrets": (
        "certificates",
        "serving certificate",
        "get secrets noxus-secret-webhook-tls -n noxus-secrets",
    ),
    "clusterroles": ("who may break it", "ClusterRoles", "list clusterroles"),
    "secretinjectionpolicies": ("policies", "policies", "list secretinjectionpolicies"),
}


@pytest.mark.parametrize("resource", RIGHTS)
def test_without_a_right_it_names_the_right(doctor: Doctor, resource: str) -> None:
    check, what, right = RIGHTS[resource]
    rules = [
        {**rule, "resources": left}
        for rule in EVERYTHING
        if (left := [it for it in rule.get("resources", ()) if it != resource])
    ] + [rule for rule in EVERYTHING if "nonResourceURLs" in rule]
    with user(doctor, rules, enabled(doctor)) as limited:
        found = doctor.findings(TRUSTED, kubeconfig=limited)
        codes = [
            doctor.run(*flags, TRUSTED, kubeconfig=limited).code for flags in ((), ("--complete",))
        ]

    assert {it["level"] for it in found} == {"not checked"}
    assert (check, f"{what}: you may not {right}", right) in [
        (it["check"], it["message"], it["missingRight"]) for it in found
    ]
    assert codes == [0, 1]


def test_a_user_without_any_right_checks_nothing(doctor: Doctor) -> None:
    done = doctor.run(kubeconfig=doctor.plane.kubeconfig_for("nobody"))

    counts = done.out.splitlines()[-1]
    assert counts.startswith("0 ok, 0 warnings, 0 failed, ")
    assert done.code == 0
    assert doctor.run("--complete", kubeconfig=doctor.plane.kubeconfig_for("nobody")).code == 1


def test_a_cluster_that_is_not_reached_is_no_finding(doctor: Doctor, tmp_path: Path) -> None:
    config = tmp_path / "config"
    text = doctor.plane.kubeconfig.read_text()
    config.write_text(text.replace(doctor.plane.url, "https://127.0.0.1:9"))

    done = doctor.run(kubeconfig=config)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "noxus-secrets: the cluster cannot be examined: the API server cannot be reached: "
    )


@contextmanager
def bound(doctor: Doctor, rules: Json, subject: Json, *, inside: str = "") -> Iterator[None]:
    """Give somebody these rights, in the cluster or inside a namespace."""
    name, kind = "given", "rolebinding" if inside else "clusterrolebinding"
    where = f"{RBAC}/namespaces/{inside}/rolebindings" if inside else f"{RBAC}/clusterrolebindings"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    doctor.plane.api("POST", f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": rules})
    answer = doctor.plane.api(
        "POST", where, {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]}
    )
    assert answer.status == 201, answer.message
    try:
        yield
    finally:
        doctor.plane.kubectl("delete", "clusterrole", name)
        doctor.plane.kubectl("delete", kind, name, *(("-n", inside) if inside else ()))


def group(name: str) -> Json:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def account(namespace: str, name: str) -> Json:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> Json:
    made = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return [{**made, "resourceNames": list(names)} if names else made]


HOOKS = "admissionregistration.k8s.io"
FOUND: dict[str, tuple[Json, str]] = {
    "patch a webhook configuration": (
        rule(HOOKS, "validatingwebhookconfigurations", "patch", names=("noxus-secrets", "x")),
        "change the webhook configurations",
    ),
    "delete all webhook configurations": (
        rule(HOOKS, "mutatingwebhookconfigurations", "deletecollection"),
        "change the webhook configurations",
    ),
    "write the guard": (
        rule(HOOKS, "validatingadmissionpolicies", "update"),
        "change the label guard",
    ),
    "unbind the guard": (
        rule(HOOKS, "validatingadmissionpolicybindings", "delete"),
        "change the label guard",
    ),
    "change labels": (
        rule("secrets.noxus.ai", "injectionlabels", "update"),
        "take the opt-in label off",
    ),
    "change labels of one namespace": (
        rule("secrets.noxus.ai", "injectionlabels", "update", names=("noxus",)),
        "take the opt-in label off",
    ),
    "write policies": (
        rule("secrets.noxus.ai", "secretinjectionpolicies", "create"),
        "change policies",
    ),
    "delete the definition of policies": (
        rule("apiextensions.k8s.io", "*", "delete"),
        "change policies",
    ),
    "read all Secrets": (rule("", "secrets", "list"), "get the CA's key"),
    "make tokens": (rule("", "serviceaccounts/token", "create"), "get the CA's key"),
    "make tokens by a wildcard": (rule("", "*/token", "create"), "get the CA's key"),
    "look into pods": (rule("", "pods/exec", "create"), "get the CA's key"),
    "give rights": (
        rule("rbac.authorization.k8s.io", "clusterroles", "escalate"),
        "take any right",
    ),
    "be somebody else": (rule("", "users", "impersonate"), "take any right"),
}


@pytest.mark.parametrize("what", FOUND)
def test_who_may(doctor: Doctor, what: str) -> None:
    rules, may = FOUND[what]
    with bound(doctor, rules, group("team")):
        (found,) = doctor.findings()
        trusted = doctor.run("--trust", "Group:team")

    assert (found["check"], found["level"]) == ("who may break it", "warning")
    assert found["message"] == f"Group team may {may} (by ClusterRoleBinding given)"
    assert found["mend"] == (
        "--trust group:team, if it is to be trusted; else kubectl delete clusterrolebinding given"
    )
    assert found["may"][0]["by"] == ["ClusterRoleBinding given"]
    assert trusted.code == 0
    assert "and administrators, and 1 subject that you trust" in " ".join(trusted.out.split())


def test_who_may_do_everything_is_one_finding_with_all_of_it(doctor: Doctor) -> None:
    with bound(doctor, rule("*", "*", "*"), account("argocd", "controller")):
        (found,) = doctor.findings()

    assert found["message"] == (
        "ServiceAccount argocd/controller may change the webhook configurations, change the label "
        "guard, take the opt-in label off, change policies, get the CA's key, change what is in "
        "namespace noxus-secrets and take any right (by ClusterRoleBinding given)"
    )
    assert found["subject"] == "serviceaccount:argocd/controller"


@pytest.mark.parametrize(
    "name", ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:noxus"]
)
def test_what_everybody_may_is_a_failure_and_cannot_be_trusted(doctor: Doctor, name: str) -> None:
    with bound(doctor, rule("secrets.noxus.ai", "*", "*"), group(name)):
        (found,) = doctor.findings()

    assert found["level"] == "failed"
    assert found["message"].startswith(f"Group {name} may take the opt-in label off and change ")
    assert found["mend"] == "kubectl delete clusterrolebinding given"


NOT_FOUND: dict[str, Json] = {
    "patch other configurations": rule(
        HOOKS, "validatingwebhookconfigurations", "patch", names=("other",)
    ),
    "create configurations under a name, which RBAC cannot tell": rule(
        HOOKS, "validatingwebhookconfigurations", "deletecollection", names=("noxus-secrets",)
    ),
    "read configurations": rule(HOOKS, "*", "get", "list", "watch"),
    "read another Secret": rule("", "secrets", "get", names=("other",)),
    "write the status of policies": rule("secrets.noxus.ai", "secretinjectionpolicies/status", "*"),
    "write namespaces, which are guarded": rule("", "configmaps", "create"),
}


@pytest.mark.parametrize("what", NOT_FOUND)
def test_nobody_is_found_who_may_only(doctor: Doctor, what: str) -> None:
    with bound(doctor, NOT_FOUND[what], group("team")):
        found = doctor.findings()

    assert found == []


def test_rights_in_our_namespace_count_and_in_others_do_not(doctor: Doctor) -> None:
    rules = rule("*", "*", "*")
    with bound(doctor, rules, group("team"), inside=NAMESPACE):
        (found,) = doctor.findings()
    with bound(doctor, rules, group("team"), inside="default"):
        elsewhere = doctor.findings()

    assert found["message"] == (
        "Group team may get the CA's key and change what is in namespace noxus-secrets "
        "(by RoleBinding given)"
    )
    assert found["mend"].endswith("; else kubectl delete rolebinding given -n noxus-secrets")
    assert elsewhere == []


def test_an_account_of_kube_system_is_no_component_of_kubernetes_by_its_name(
    doctor: Doctor,
) -> None:
    with bound(doctor, rule("*", "*", "*"), account("kube-system", "namespace-controller")):
        (found,) = doctor.findings()

    assert found["subject"] == "serviceaccount:kube-system/namespace-controller"


@pytest.mark.parametrize(
    "subject", [account(NAMESPACE, "noxus-secret-webhook"), group("system:serviceaccounts")]
)
def test_the_webhook_may_not_read_secrets_either(doctor: Doctor, subject: Json) -> None:
    with bound(doctor, rule("", "secrets", "get"), subject):
        found = {it["check"]: it for it in doctor.findings()}

    assert found["the webhook's own rights"]["level"] == "failed"
    assert found["the webhook's own rights"]["message"] == (
        "the webhook itself may get secrets that are not its own, by ClusterRoleBinding given"
    )


def test_rights_are_read_as_the_api_server_reads_them(doctor: Doctor) -> None:
    # It is asked for every right that counts, whether we found that somebody has it or not.
    every = [*(rules for rules, _ in FOUND.values()), *NOT_FOUND.values()]
    with bound(doctor, [it for rules in every for it in rules], group("team")):
        (found,) = doctor.findings()
        answers = {
            (area.may, f"{verb} {wanted.resource}"): may(doctor, wanted, verb)
            for area in areas(NAMESPACE)
            for wanted in area.wanted
            for verb in wanted.verbs
        }

    read = {(it["what"], right) for it in found["may"] for right in it["rights"]}
    assert read == {it for it, allowed in answers.items() if allowed}
    assert 12 <= len(read) < len(answers)


def may(doctor: Doctor, wanted: Wanted, verb: str) -> bool:
    """Ask the API server whether somebody of the team has a right."""
    resource, _, subresource = wanted.resource.partition("/")
    name = wanted.name or ("noxus" if resource == "injectionlabels" else "")
    attributes = {
        "verb": verb,
        "group": wanted.group,
        "resource": resource,
        "subresource": subresource,
        "name": name if verb not in {"create", "deletecollection"} else "",
        "namespace": NAMESPACE if wanted.inside and resource != "namespaces" else "",
    }
    review = {"spec": {"user": "somebody", "groups": ["team"], "resourceAttributes": attributes}}
    answer = doctor.plane.api("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(answer.body["status"]["allowed"])


def test_while_the_webhook_is_away(doctor: Doctor) -> None:
    scale = ("scale", "-n", NAMESPACE, "deployment/noxus-secret-webhook")
    doctor.plane.kubectl(*scale, "--replicas=0")
    doctor.plane.wait_for(
        lambda: not doctor.cluster.kubelet.pods(), "end of all replicas", timeout=60
    )
    configuration = doctor.plane.api("GET", VALIDATING).body
    own = configuration["webhooks"][0]["clientConfig"]["caBundle"]
    away = doctor.findings()

    # Nobody is there to heal what is broken now.
    entry = configuration["webhooks"][0]["name"]
    stranger = doctor.plane.ca_pem
    doctor.change(
        VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].update(caBundle=_b64(stranger))
    )
    other_ca = doctor.said()
    doctor.change(VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].pop("caBundle"))
    no_ca = doctor.said()
    doctor.change(VALIDATING, lambda it: it["webhooks"][0]["clientConfig"].update(caBundle=own))
    doctor.plane.kubectl("delete", "secret", "-n", NAMESPACE, "noxus-secret-webhook-tls")
    no_secret = doctor.said()
    doctor.plane.kubectl(*scale, "--replicas=3")
    doctor.cluster.wait_ready(3)
    doctor.plane.kubectl("rollout", "status", "-n", NAMESPACE, "deployment/noxus-secret-webhook")
    well = doctor.plane.wait_for(lambda: not doctor.findings(), "healing", timeout=90)

    by_check = {it["check"]: it for it in away}
    assert by_check["replicas"]["message"] == (
        "no replica is ready: new pods of enabled namespaces are refused"
    )
    assert by_check["reachable"]["message"].startswith(
        'the API server cannot call the webhook: Internal error occurred: failed calling webhook "'
        'pods.enabled.validate.secrets.noxus.ai"'
    )
    assert (
        "certificates",
        "failed",
        f"the serving certificate is of a CA that these do not trust: {entry}",
    ) in other_ca
    assert ("certificates", "failed", f"no caBundle: {entry} cannot be called") in no_ca
    assert (
        "certificates",
        "failed",
        "Secret noxus-secret-webhook-tls is missing in namespace noxus-secrets",
    ) in no_secret
    assert well


def _b64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
