"""What `doctor` makes of what it read; tests/e2e/doctor asks a real cluster."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.commands.doctor_kit import (
    CA,
    LABEL,
    NOW,
    Json,
    authority,
    certificates,
    configuration,
    healthy,
    named,
    policy,
    said,
    with_installed,
)
from tests.commands.kit import run
from tools import doctor_expected
from webhook.commands.doctor_text import show
from webhook.doctor.certificates import examine_certificates
from webhook.doctor.examination import examine
from webhook.doctor.expected import expected
from webhook.doctor.findings import Check, Finding, Level
from webhook.doctor.hooks import examine_hooks
from webhook.doctor.labels import examine_guard, examine_namespaces
from webhook.doctor.reach import examine_failures, examine_reach
from webhook.doctor.rights import examine_rights
from webhook.doctor.running import examine_policies, examine_replicas
from webhook.doctor.snapshot import Access, Calls, NotRead, Probe, Snapshot

KIND = "ValidatingWebhookConfiguration noxus-secrets"
DEPLOYERS = {"scopes": [{"name": "a", "deployers": {"groups": ["ci"]}}]}


def test_what_it_expects_is_what_the_manifests_say() -> None:
    assert doctor_expected.FILE.read_text() == doctor_expected.text(), (
        "run: python -m tools.doctor_expected"
    )


def test_a_healthy_cluster_has_one_good_word_for_each_check() -> None:
    checks = examine(healthy(), at=NOW)

    assert [(check.level, len(check.findings)) for check in checks] == [("ok", 1)] * 11


def test_in_another_namespace_the_same_is_expected_of_that_one() -> None:
    wanted = expected("elsewhere")
    entry = wanted["mutating"][0]

    assert entry["clientConfig"]["service"]["namespace"] == "elsewhere"
    assert entry["namespaceSelector"]["matchExpressions"][0]["values"][-1] == "elsewhere"
    assert "noxus-secrets" not in json.dumps(wanted["deployers"])


# Policies that say who may deploy, and kinds of others.


def test_where_a_policy_names_deployers_the_component_is_needed() -> None:
    checked = examine_hooks(replace(healthy(), policies=[policy(**DEPLOYERS)]))

    lacking = "a policy says who may deploy, and nobody asks there"
    assert said(checked) == [
        (
            "failed",
            (
                "workloads.enabled.validate.secrets.noxus.ai: failurePolicy is not what this "
                "version expects: while the webhook is away, what it matches is stored unjudged"
            ),
        ),
        *(
            (
                "failed",
                f"{KIND} lacks the entry {what}.{mode}.validate.secrets.noxus.ai: {lacking}",
            )
            for what in ("images", "revisions")
            for mode in ("enabled", "dry-run")
        ),
    ]


def test_a_pool_that_names_deployers_needs_it_as_well() -> None:
    pools = {"tenant-a": {"envSecretRef": "a", "deployers": {"groups": ["ci"]}}}
    checked = examine_hooks(replace(healthy(), policies=[policy(worker={"pools": pools})]))

    assert len(said(checked)) == 5


@pytest.mark.parametrize("spec", [DEPLOYERS, {}])
def test_with_the_component_all_is_well_whether_it_is_needed_or_not(spec: Json) -> None:
    snapshot = replace(healthy(component=True), policies=[policy(**spec)])

    assert said(examine_hooks(snapshot)) == []


def test_an_entry_of_the_component_is_compared_like_any_other() -> None:
    snapshot = healthy(component=True)
    assert isinstance(snapshot.installed.validating, dict)
    snapshot.installed.validating["webhooks"][-2]["matchConditions"] = [{"name": "never"}]

    (finding,) = said(examine_hooks(snapshot))
    assert finding[0] == "failed"
    assert "revisions.enabled.validate.secrets.noxus.ai: matchConditions is not what" in finding[1]


ROLLOUT = {"group": "argoproj.io", "kind": "Rollout", "resource": "rollouts"}


def test_a_kind_of_others_needs_a_rule() -> None:
    snapshot = replace(healthy(), policies=[policy(workloads=[ROLLOUT])])

    assert said(examine_hooks(snapshot)) == [
        (
            "warning",
            (
                "workloads.enabled.validate.secrets.noxus.ai has no rule for rollouts.argoproj.io, "
                "which policy noxus names: its authors are told nothing, and only its pods are "
                "judged"
            ),
        )
    ]


def test_a_rule_that_was_added_for_a_kind_of_others_is_no_difference() -> None:
    snapshot = replace(healthy(), policies=[policy(workloads=[ROLLOUT])])
    assert isinstance(snapshot.installed.validating, dict)
    rule = {"apiGroups": ["argoproj.io"], "resources": ["rollouts"]}
    for entry in snapshot.installed.validating["webhooks"]:
        if entry["name"].startswith("workloads."):
            entry["rules"].append(rule)

    assert said(examine_hooks(snapshot)) == []


# Certificates.


def test_a_certificate_that_should_have_been_renewed() -> None:
    checked = examine_certificates(healthy(), NOW + timedelta(days=21))

    assert said(checked) == [
        ("warning", "the serving certificate should have been renewed: it ends on 2026-12-24")
    ]


def test_a_certificate_that_has_expired() -> None:
    checked = examine_certificates(healthy(), NOW + timedelta(days=31))

    assert said(checked) == [
        (
            "failed",
            "Secret noxus-secret-webhook-tls: tls.crt: the certificate expired on 2026-12-24",
        )
    ]


def test_a_ca_that_ends_soon_and_one_that_has_ended() -> None:
    ca = authority(days=40)
    wanted = expected()
    snapshot = with_installed(
        healthy(),
        mutating=configuration(wanted["mutating"][:1], ca),
        validating=configuration(wanted["validating"][:1], ca),
        certificates=NotRead("get secrets"),
    )
    names = [f"pods.enabled.{hook}.secrets.noxus.ai" for hook in ("mutate", "validate")]

    soon = said(examine_certificates(snapshot, NOW + timedelta(days=20)))
    over = said(examine_certificates(snapshot, NOW + timedelta(days=50)))

    unread = ("not checked", "serving certificate: you may not get secrets")
    assert soon == [
        *(("warning", f"{name}: the CA in its caBundle ends on 2027-01-03") for name in names),
        unread,
    ]
    assert over == [
        *(("failed", f"{name}: its caBundle holds no CA that is in force") for name in names),
        unread,
    ]


@pytest.mark.parametrize("content", [{}, {"tls.crt": b"rubbish"}])
def test_a_secret_without_a_certificate(content: Json) -> None:
    snapshot = with_installed(healthy(), certificates=content)

    assert said(examine_certificates(snapshot, NOW)) == [
        (
            "failed",
            "Secret noxus-secret-webhook-tls: tls.crt: the certificate cannot be read as PEM",
        )
    ]


def test_a_certificate_for_another_name() -> None:
    kept = certificates(namespace="elsewhere")
    snapshot = with_installed(healthy(), certificates=kept, leases=[])

    assert said(examine_certificates(snapshot, NOW)) == [
        (
            "failed",
            "the serving certificate is not for noxus-secret-webhook.noxus-secrets.svc",
        )
    ]


def test_a_replica_that_serves_another_certificate() -> None:
    snapshot = with_installed(healthy(), certificates=certificates(CA))

    assert said(examine_certificates(snapshot, NOW)) == [
        (
            "warning",
            (
                "these replicas serve another certificate than that of the Secret: "
                "noxus-secret-webhook-a"
            ),
        )
    ]


# What runs.


@pytest.mark.parametrize(
    ("wanted", "ready", "updated", "sentence"),
    [
        (3, 2, 3, "2 of 3 replicas are ready, 3 are up to date"),
        (3, 3, 1, "3 of 3 replicas are ready, 1 are up to date"),
        (1, 1, 1, "there is one replica: while its node goes or is updated, pods wait"),
    ],
)
def test_replicas_that_are_too_few(wanted: int, ready: int, updated: int, sentence: str) -> None:
    status = {"readyReplicas": ready, "updatedReplicas": updated}
    deployment = named("noxus-secret-webhook", spec={"replicas": wanted}, status=status)

    checked = examine_replicas(with_installed(healthy(), deployment=deployment))

    assert said(checked) == [("warning", sentence)]


def test_a_deployment_that_is_missing() -> None:
    checked = examine_replicas(with_installed(healthy(), deployment=None))

    assert said(checked) == [
        ("failed", "Deployment noxus-secret-webhook is missing in namespace noxus-secrets")
    ]


@pytest.mark.parametrize(
    ("policies", "sentence"),
    [
        (None, "SecretInjectionPolicy is not defined: the webhook has no policy and is not ready"),
        ([], "there is no SecretInjectionPolicy: new pods of enabled namespaces are refused"),
    ],
)
def test_without_a_policy(policies: list[Json] | None, sentence: str) -> None:
    checked = examine_policies(replace(healthy(), policies=policies))

    assert said(checked) == [("failed", sentence)]


def test_a_policy_that_nobody_judged_yet() -> None:
    changed = policy()
    changed["metadata"]["generation"] = 2

    checked = examine_policies(replace(healthy(), policies=[changed]))

    assert said(checked) == [
        (
            "failed",
            (
                "policy noxus: generation 2 was not judged yet; no replica leads, or it does not "
                "reach the API server"
            ),
        )
    ]


def test_a_label_in_a_namespace_that_no_policy_covers_in_dry_run() -> None:
    labelled = [named("noxus", metadata={"labels": {LABEL: "dry-run"}})]
    snapshot = replace(healthy(), namespaces=labelled, unserved=("noxus",))

    assert said(examine_namespaces(snapshot)) == [
        ("warning", "namespace noxus is opted in, and no policy covers it: nothing is observed")
    ]


def test_a_guard_whose_expressions_the_api_server_finds_fault_with() -> None:
    guard = healthy().installed.guard
    assert isinstance(guard, dict)
    checking = {"typeChecking": {"expressionWarnings": [{"fieldRef": "spec", "warning": "no"}]}}

    checked = examine_guard(with_installed(healthy(), guard={**guard, "status": checking}))

    (finding,) = said(checked)
    assert finding[0] == "failed"
    assert finding[1].endswith("the API server finds faults in its expressions")


# Whether it is reached.

MUTATE = "pods.{}.mutate.secrets.noxus.ai"
VALIDATE = "pods.{}.validate.secrets.noxus.ai"


def tried(
    *,
    mode: str = "enabled",
    status: int = 201,
    message: str = "",
    corrected: bool = True,
    counted: dict[str, Calls] | None = None,
) -> Snapshot:
    """A pod was tried; without counts the API server's metrics may not be read."""
    before: Json = NotRead("get /metrics") if counted is None else {}
    after: Json = NotRead("get /metrics") if counted is None else counted
    probe = Probe("noxus", mode, status, "", message, corrected=corrected, calls=after)
    return replace(healthy(), calls=before, probe=probe)


def levels(snapshot: Snapshot) -> list[str]:
    return [str(it.level) for it in examine_reach(snapshot).findings]


def test_a_pod_that_passed_and_was_corrected_has_met_both_hooks() -> None:
    assert levels(tried()) == ["ok"]


def test_a_pod_that_was_not_corrected_has_not_met_the_mutating_hook() -> None:
    assert said(examine_reach(tried(corrected=False))) == [
        (
            "failed",
            "the mutating hook was not called, or did not answer, for a pod in namespace noxus",
        )
    ]


def test_where_the_configuration_cannot_be_read_the_api_servers_counts_decide() -> None:
    unread = NotRead("get mutatingwebhookconfigurations noxus-secrets")

    assert levels(with_installed(tried(), mutating=unread)) == ["not checked"]
    assert levels(
        with_installed(
            tried(counted={MUTATE.format("enabled"): Calls(1, 0)}),
            mutating=unread,
        )
    ) == ["ok"]


def test_a_refusal_of_ours_is_an_answer() -> None:
    denied = f'admission webhook "{MUTATE.format("enabled")}" denied the request: no'

    assert levels(tried(status=403, message=denied)) == ["not checked"]  # the validating one
    counts = {VALIDATE.format("enabled"): Calls(1, 0)}
    assert levels(tried(status=403, message=denied, counted=counts)) == ["ok"]


def test_a_refusal_of_somebody_else_says_nothing() -> None:
    checked = examine_reach(tried(status=403, message='pods "x" is forbidden: exceeded quota: q'))

    assert said(checked)[0] == (
        "not checked",
        (
            "whether the mutating hook answers: nothing shows it in namespace noxus "
            '(403: pods "x" is forbidden: exceeded quota: q)'
        ),
    )


@pytest.mark.parametrize(
    ("mutate", "validate", "expected_levels"),
    [
        (Calls(1, 0), Calls(1, 0), ["ok"]),
        (Calls(0, 1), Calls(1, 0), ["failed"]),
        (Calls(0, 1), Calls(0, 1), ["failed", "failed"]),
        (Calls(1, 0), Calls(0, 0), ["not checked"]),
    ],
)
def test_in_dry_run_the_counts_tell(
    mutate: Calls, validate: Calls, expected_levels: list[str]
) -> None:
    counts = {MUTATE.format("dry-run"): mutate, VALIDATE.format("dry-run"): validate}

    assert levels(tried(mode="dry-run", corrected=False, counted=counts)) == expected_levels


def test_a_webhook_that_cannot_be_called_is_told_in_the_api_servers_words() -> None:
    message = 'Internal error occurred: failed calling webhook "x": connection refused'

    assert said(examine_reach(tried(status=500, message=message))) == [
        ("failed", f"the API server cannot call the webhook: {message}")
    ]


def test_what_the_validating_hook_missed_is_a_finding_and_what_the_other_missed_is_not() -> None:
    calls = {VALIDATE.format("enabled"): Calls(5, 2), MUTATE.format("enabled"): Calls(5, 1)}
    only_mutating = {MUTATE.format("enabled"): Calls(5, 1)}

    assert said(examine_failures(replace(healthy(), calls=calls))) == [
        (
            "warning",
            (
                "pods.enabled.validate.secrets.noxus.ai was passed over 2 times since this API "
                "server started: what was written then was judged by nobody"
            ),
        )
    ]
    (well,) = examine_failures(replace(healthy(), calls=only_mutating)).findings
    assert well.message == (
        "no object went unjudged since this API server started; 1 other call failed open"
    )


# Who may break it.

EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def bound(binding: str, role: str, *subjects: Json) -> Snapshot:
    """Return a cluster with one binding, to a ClusterRole that may do everything."""
    reference = {"kind": "ClusterRole", "name": role}
    made = named(binding, roleRef=reference, subjects=list(subjects))
    access = Access([named(role, rules=[EVERYTHING])], [made], [], [])
    return replace(healthy(), access=access)


def subjects(snapshot: Snapshot) -> list[str]:
    return [it.subject for it in examine_rights(snapshot, ()).findings if it.subject]


def group(name: str) -> Json:
    return {"kind": "Group", "name": name}


def account(namespace: str, name: str) -> Json:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


CONTROLLER = "system:controller:namespace-controller"


@pytest.mark.parametrize(
    ("binding", "role", "subject"),
    [
        ("cluster-admin", "cluster-admin", group("system:masters")),
        ("kubeadm:cluster-admins", "cluster-admin", group("kubeadm:cluster-admins")),
        (CONTROLLER, CONTROLLER, account("kube-system", "namespace-controller")),
    ],
)
def test_what_every_cluster_has_is_folded_and_nobody_who_joins_it(
    binding: str, role: str, subject: Json
) -> None:
    assert subjects(bound(binding, role, subject)) == []
    assert subjects(bound(binding, role, subject, group("ops"))) == ["group:ops"]
    assert len(subjects(bound("another", role, subject))) == 1
    assert len(subjects(bound(binding, "another", subject))) == 1


def test_our_own_account_is_ours_by_our_bindings_only() -> None:
    ours = account("noxus-secrets", "noxus-secret-webhook")

    assert subjects(bound("noxus-secret-webhook", "noxus-secret-webhook", ours)) == []
    assert subjects(bound("another", "another", ours)) == [
        "serviceaccount:noxus-secrets/noxus-secret-webhook"
    ]


def test_a_binding_of_several_is_edited_and_not_deleted() -> None:
    snapshot = bound("given", "given", group("a"), group("b"))

    assert [it.mend for it in examine_rights(snapshot, {"group:a"}).findings] == [
        "--trust group:b, if it is to be trusted; else kubectl edit clusterrolebinding given"
    ]


# The command.


def test_people_read_a_mark_and_a_word_for_each_finding() -> None:
    out = io.StringIO()
    checks = [
        Check("one", (Finding(Level.OK, "well"),)),
        Check(
            "two",
            (
                Finding(Level.FAILED, "bad", "kubectl mend"),
                Finding(Level.WARNING, "worse than it should be", "look"),
                Finding(Level.NOT_CHECKED, "it: you may not get it", right="get it"),
            ),
        ),
    ]

    show(checks, out)

    assert out.getvalue() == (
        "✓ ok           one: well\n"
        "✗ failed       two: bad\n"
        "               mend: kubectl mend\n"
        "! warning      worse than it should be\n"
        "               mend: look\n"
        "? not checked  it: you may not get it\n"
        "\n"
        "1 ok, 1 warning, 1 failed, 1 not checked\n"
    )


def test_a_subject_to_trust_says_what_it_is() -> None:
    done = run("doctor", "--trust", "ops")

    assert done.code == 2
    assert done.err == (
        "noxus-secrets: --trust ops: write user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME\n"
    )


def test_without_a_cluster_there_is_nothing_to_examine() -> None:
    done = run("doctor")

    assert done.code == 2
    assert done.err == "noxus-secrets: no cluster: set KUBECONFIG, or run this in a pod\n"
