"""The label that opts a namespace in is guarded by Kubernetes itself, with us or without."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, ROOT, Webhook, create_pod
from tests.e2e.label_ways import MERGE, WAYS, Outcome, Writer, changed, label_of, path_of

Json = Any

GUARD = ROOT / "manifests" / "base" / "65-validatingadmissionpolicy.yaml"
NAME = "noxus-secrets-injection-label"
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDING = f"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/{NAME}"
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
DENIED = f"ValidatingAdmissionPolicy '{NAME}' with binding '{NAME}' denied request: "
EDITORS = "namespace-editors"


@pytest.fixture(scope="module", autouse=True)
def guard(control_plane: ControlPlane) -> Iterator[None]:
    """The guard of the manifests is in force; people who may write namespaces are there."""
    control_plane.kubectl("apply", "--server-side", "-f", GUARD)
    control_plane.kubectl(
        *("create", "clusterrole", EDITORS, "--verb=*"),
        "--resource=namespaces,namespaces/status,namespaces/finalize",
    )
    bind(control_plane, EDITORS, EDITORS, f"--group={EDITORS}")
    bind(control_plane, NAME, NAME, "--user=administrator")
    wait_until(control_plane, guarded=True)
    yield
    control_plane.kubectl("delete", "-f", GUARD)
    control_plane.kubectl("delete", "clusterrole", EDITORS)
    control_plane.kubectl("delete", "clusterrolebinding", EDITORS, NAME)


def bind(plane: ControlPlane, name: str, role: str, to: str) -> None:
    plane.kubectl("create", "clusterrolebinding", name, f"--clusterrole={role}", to)


def wait_until(plane: ControlPlane, *, guarded: bool) -> None:
    """Return when the API server goes by what was written."""
    body = {"metadata": {"name": "probe", "labels": {INJECTION: "probe"}}}

    def as_wanted() -> bool:
        answer = plane.api("POST", "/api/v1/namespaces?dryRun=All", body)
        return answer.status == (422 if guarded else 201)

    plane.wait_for(as_wanted, "guard in force" if guarded else "end of the guard")


def writer(plane: ControlPlane, user: str) -> Writer:
    return Writer(plane, user, [EDITORS], plane.kubeconfig_for(user, [EDITORS]))


@pytest.fixture(scope="module")
def editor(control_plane: ControlPlane) -> Writer:
    """Who may write namespaces in every way, and has no other right."""
    return writer(control_plane, "editor")


@pytest.fixture(scope="module")
def administrator(control_plane: ControlPlane) -> Writer:
    """The same, bound to the ClusterRole of the manifests."""
    return writer(control_plane, "administrator")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A namespace that is opted in."""
    return control_plane.namespace("guarded", {INJECTION: "enabled"})


def refusal(name: str, what: str, before: str = "enabled") -> str:
    return (
        f"namespaces \"{name}\" is forbidden: {DENIED}label {INJECTION} is '{before}', and {what} "
        f"needs the right to update injectionlabels.secrets.noxus.ai '{name}': send the label as "
        "it is, or have an administrator do it or bind you to ClusterRole "
        "noxus-secrets-injection-label"
    )


def meaningless(name: str, value: str) -> str:
    return (
        f"namespaces \"{name}\" is forbidden: {DENIED}label {INJECTION} has the value '{value}', "
        "which means nothing: write enabled, or dry-run to look first"
    )


def assert_refused(outcome: Outcome, sentence: str) -> None:
    assert not outcome.done
    assert sentence in outcome.said  # kubectl puts its own words before it


def test_the_api_server_finds_nothing_wrong_with_its_expressions(
    control_plane: ControlPlane,
) -> None:
    def checked() -> Json:
        return control_plane.api("GET", f"{POLICIES}/{NAME}").body.get("status")

    status = control_plane.wait_for(checked, "type check")

    assert status["typeChecking"] == {}


@pytest.mark.parametrize("way", WAYS)
def test_in_no_way_can_the_label_be_taken_off(namespace: str, editor: Writer, way: str) -> None:
    outcome = WAYS[way](editor, namespace, None)

    assert_refused(outcome, refusal(namespace, "taking it off"))
    assert label_of(editor.plane, namespace) == "enabled"


@pytest.mark.parametrize("way", WAYS)
def test_in_no_way_can_the_label_be_changed(namespace: str, editor: Writer, way: str) -> None:
    outcome = WAYS[way](editor, namespace, "dry-run")

    assert_refused(outcome, refusal(namespace, "making it 'dry-run'"))
    assert label_of(editor.plane, namespace) == "enabled"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", ["enabled", "dry-run"])
def test_in_every_way_it_can_be_put_on_by_whoever_may_write_the_namespace(
    control_plane: ControlPlane, editor: Writer, way: str, value: str
) -> None:
    namespace = control_plane.namespace("free", {"team": "a"})

    outcome = WAYS[way](editor, namespace, value)

    assert outcome.done, outcome.said
    assert label_of(control_plane, namespace) == value


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", ["dry-run", None])
def test_who_has_the_right_changes_it_and_takes_it_off_in_every_way(
    namespace: str, administrator: Writer, way: str, value: str | None
) -> None:
    outcome = WAYS[way](administrator, namespace, value)

    assert outcome.done, outcome.said
    assert label_of(administrator.plane, namespace) == value


def test_from_dry_run_to_enabled_is_a_change_as_any_other(
    control_plane: ControlPlane, editor: Writer
) -> None:
    namespace = control_plane.namespace("observed", {INJECTION: "dry-run"})

    outcome = WAYS["kubectl label"](editor, namespace, "enabled")

    assert_refused(outcome, refusal(namespace, "making it 'enabled'", before="dry-run"))


@pytest.mark.parametrize("way", ["update", "update of the status", "update of finalize"])
def test_everything_else_of_a_guarded_namespace_can_be_written(
    namespace: str, editor: Writer, way: str
) -> None:
    body = changed(editor.plane, namespace, "enabled")
    body["metadata"]["labels"]["team"] = "b"
    part = {"update": "", "update of the status": "/status", "update of finalize": "/finalize"}

    outcome = editor.send("PUT", path_of(namespace) + part[way], body)

    assert outcome.done, outcome.said
    stored = editor.plane.api("GET", path_of(namespace)).body["metadata"]["labels"]
    assert (stored["team"], stored[INJECTION]) == ("b", "enabled")


@pytest.mark.parametrize("value", ["Enabled", "true", "dryrun", "disabled", ""])
@pytest.mark.parametrize("who", ["editor", "administrator", "cluster admin"])
def test_a_value_that_means_nothing_is_refused_whoever_writes_it(
    control_plane: ControlPlane, namespace: str, who: str, value: str
) -> None:
    groups = ["system:masters"] if who == "cluster admin" else [EDITORS]
    labels = {"metadata": {"labels": {INJECTION: value}}}
    new: Json = {"metadata": {"name": "new", **labels["metadata"]}}

    made = control_plane.api("POST", "/api/v1/namespaces", new, user=who, groups=groups)
    patched = control_plane.api(
        "PATCH", path_of(namespace), labels, content_type=MERGE, user=who, groups=groups
    )

    assert (made.status, made.message) == (422, meaningless("new", value))
    assert (patched.status, patched.message) == (422, meaningless(namespace, value))


@pytest.mark.parametrize("value", ["enabled", "dry-run", None])
def test_a_namespace_can_be_created_with_and_without_the_label(
    editor: Writer, value: str | None
) -> None:
    labels = {} if value is None else {INJECTION: value}
    body = {"metadata": {"generateName": "made-", "labels": labels}}

    assert editor.send("POST", "/api/v1/namespaces", body).done


def test_applying_a_namespace_that_is_not_there_yet_creates_it(editor: Writer) -> None:
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "applied", "labels": {INJECTION: "enabled"}},
        }
    )

    first = editor.kubectl("apply", "--server-side", "-f-", stdin=text)
    again = editor.kubectl("apply", "--server-side", "-f-", stdin=text)

    assert (first.done, again.done) == (True, True), first.said + again.said


def test_the_right_can_be_given_for_one_namespace(
    control_plane: ControlPlane, namespace: str
) -> None:
    other = control_plane.namespace("guarded", {INJECTION: "enabled"})
    user = f"owner-of-{namespace}"
    rule = {
        "apiGroups": ["secrets.noxus.ai"],
        "resources": ["injectionlabels"],
        "verbs": ["update"],
        "resourceNames": [namespace],
    }
    control_plane.api("POST", ROLES, {"metadata": {"name": user}, "rules": [rule]})
    bind(control_plane, user, user, f"--user={user}")
    owner = writer(control_plane, user)

    assert WAYS["merge patch"](owner, namespace, None).done
    assert_refused(WAYS["merge patch"](owner, other, None), refusal(other, "taking it off"))


def test_who_may_do_everything_in_the_namespace_may_still_not_take_the_label_off(
    control_plane: ControlPlane, namespace: str
) -> None:
    user = f"tenant-of-{namespace}"
    control_plane.kubectl(
        *("create", "rolebinding", user, "-n", namespace),
        *("--clusterrole=cluster-admin", f"--user={user}"),
    )
    tenant = Writer(control_plane, user, [], control_plane.kubeconfig_for(user))

    annotated = tenant.kubectl("annotate", "namespace", namespace, "example.com/team=a")
    outcome = WAYS["kubectl label"](tenant, namespace, None)

    assert annotated.done, annotated.said
    assert_refused(outcome, refusal(namespace, "taking it off"))


def test_the_administrator_of_the_cluster_may(control_plane: ControlPlane, namespace: str) -> None:
    user = "cluster-administrator"
    bind(control_plane, user, "cluster-admin", f"--user={user}")
    administrator = Writer(control_plane, user, [], control_plane.kubeconfig_for(user))

    outcome = WAYS["kubectl label"](administrator, namespace, None)

    assert outcome.done, outcome.said


def gone(plane: ControlPlane, name: str) -> bool:
    return plane.wait_for(lambda: plane.api("GET", path_of(name)).status == 404, f"end of {name}")


def test_a_guarded_namespace_is_deleted_with_all_that_is_in_it(
    namespace: str, editor: Writer
) -> None:
    secrets = f"{path_of(namespace)}/secrets"
    editor.plane.api("POST", secrets, {"metadata": {"name": "app-env"}})
    editor.plane.api(
        *("PATCH", path_of(namespace), {"metadata": {"finalizers": ["example.com/hold"]}}),
        content_type=MERGE,
    )

    deleted = editor.send("DELETE", path_of(namespace))
    released = editor.send("PATCH", path_of(namespace), {"metadata": {"finalizers": None}}, MERGE)

    # The namespace controller writes its status and, at the end, finalizes it.
    assert (deleted.done, released.done) == (True, True), deleted.said + released.said
    assert gone(editor.plane, namespace)


def test_who_may_delete_a_namespace_makes_it_anew_without_the_label_and_without_its_secrets(
    namespace: str, editor: Writer
) -> None:
    secret = f"{path_of(namespace)}/secrets/app-env"
    editor.plane.api("POST", f"{path_of(namespace)}/secrets", {"metadata": {"name": "app-env"}})
    assert editor.plane.api("GET", secret).status == 200

    editor.send("DELETE", path_of(namespace))
    gone(editor.plane, namespace)
    made = editor.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})

    assert made.done, made.said
    assert label_of(editor.plane, namespace) is None
    assert editor.plane.api("GET", secret).status == 404


@pytest.fixture
def mistyped(control_plane: ControlPlane) -> str:
    """A namespace whose label is older than the guard and means nothing."""
    binding = control_plane.api("GET", BINDING).body
    control_plane.api("DELETE", BINDING)
    wait_until(control_plane, guarded=False)
    name = control_plane.namespace("mistyped", {INJECTION: "Enabled"})
    control_plane.kubectl("apply", "--server-side", "-f", GUARD)
    wait_until(control_plane, guarded=True)
    assert control_plane.api("GET", BINDING).body["spec"] == binding["spec"]
    return name


def test_a_value_that_is_older_than_the_guard_holds_nothing_up_and_can_be_put_right(
    mistyped: str, editor: Writer
) -> None:
    plane = editor.plane

    annotated = editor.kubectl("annotate", "namespace", mistyped, "example.com/team=a")
    finalized = WAYS["update of finalize"](editor, mistyped, "Enabled")
    worse = WAYS["update"](editor, mistyped, "ENABLED")
    right = WAYS["update"](editor, mistyped, "enabled")

    assert annotated.done, annotated.said
    assert finalized.done, finalized.said
    assert_refused(worse, meaningless(mistyped, "ENABLED"))
    assert right.done, right.said
    assert label_of(plane, mistyped) == "enabled"
    assert_refused(WAYS["update"](editor, mistyped, None), refusal(mistyped, "taking it off"))


def test_a_namespace_with_a_value_older_than_the_guard_can_be_deleted_or_unlabelled(
    mistyped: str, editor: Writer
) -> None:
    unlabelled = WAYS["merge patch"](editor, mistyped, None)
    deleted = editor.send("DELETE", path_of(mistyped))

    assert (unlabelled.done, deleted.done) == (True, True), unlabelled.said + deleted.said
    assert gone(editor.plane, mistyped)


def test_the_label_is_guarded_while_the_webhook_is_away(
    webhook: Webhook, namespace: str, editor: Writer
) -> None:
    webhook.stop()
    try:
        pod = create_pod(editor.plane, namespace, {"metadata": {"name": "one"}})
        outcome = WAYS["kubectl label"](editor, namespace, None)
    finally:
        webhook.start()

    assert pod.status == 500
    assert 'failed calling webhook "pods.enabled.validate.secrets.noxus.ai"' in pod.message
    assert_refused(outcome, refusal(namespace, "taking it off"))


def test_no_admission_policy_is_asked_about_the_guard_itself(control_plane: ControlPlane) -> None:
    # It is asked about ConfigMaps, so that it is known to be in force. RBAC is all that is left.
    matched = [
        ("", "configmaps"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ]
    rules = [
        {"apiGroups": [g], "apiVersions": ["v1"], "operations": ["*"], "resources": [r]}
        for g, r in matched
    ]
    policy = {
        "metadata": {"name": "closed"},
        "spec": {
            "matchConstraints": {"resourceRules": rules},
            "validations": [{"expression": "false"}],
        },
    }
    binding = {
        "metadata": {"name": "closed"},
        "spec": {"policyName": "closed", "validationActions": ["Deny"]},
    }
    control_plane.api("POST", POLICIES, policy)
    control_plane.api("POST", f"{POLICIES.removesuffix('ies')}ybindings", binding)
    try:
        config_maps = "/api/v1/namespaces/default/configmaps?dryRun=All"
        control_plane.wait_for(
            lambda: (
                control_plane.api("POST", config_maps, {"metadata": {"name": "x"}}).status == 422
            ),
            "policy in force",
        )
        body = {"metadata": {"annotations": {"example.com/changed": "yes"}}}

        answer = control_plane.api("PATCH", BINDING, body, content_type=MERGE)
    finally:
        control_plane.kubectl(
            "delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", "closed"
        )

    assert answer.status == 200, answer.message
