"""What is known about a pod before anybody acts on it."""

import pytest

from tests.core.kit import CIRCLES, Json, labelled, of_role, pod, policy, secret
from webhook.core.assess import Findings, assess, circumstances, most_telling
from webhook.core.decision import Finding, Reason
from webhook.core.entitlement import Who
from webhook.core.policy import Reaction

FINDING = Finding(Reason.SHADOWING, "a sentence")


@pytest.mark.parametrize(
    ("reaction", "refusals", "notes"),
    [
        (Reaction.ALLOW, [], []),
        (Reaction.WARN, [], [FINDING]),
        (Reaction.DENY, [FINDING], []),
    ],
)
def test_a_finding_is_filed_where_the_guard_says(
    reaction: Reaction, refusals: list[Finding], notes: list[Finding]
) -> None:
    found = Findings()
    found.react(reaction, FINDING)
    assert (found.refusals, found.notes) == (refusals, notes)


@pytest.mark.parametrize(
    ("spec", "account"),
    [
        (None, "default"),
        ({}, "default"),
        ({"serviceAccountName": ""}, "default"),
        ({"serviceAccountName": "a"}, "a"),
        ({"serviceAccount": "b"}, "b"),
        ({"serviceAccountName": "a", "serviceAccount": "b"}, "a"),
    ],
)
def test_the_service_account_is_default_where_none_is_named(spec: Json, account: str) -> None:
    _, who = circumstances(pod({"spec": spec}), "noxus", policy(CIRCLES))
    assert who == Who(None, None, "noxus", account)


def test_the_granted_scopes_are_in_the_order_of_the_policy_and_the_pool_is_last() -> None:
    obj = of_role("worker", pool="tenant-a", annotations={"secrets.noxus.ai/scopes": "z,a"})
    spec = CIRCLES.replace(
        "scopes:\n",
        "scopes:\n"
        "  - {name: a, roles: [worker], onRequest: true, envFrom: [{secretRef: {name: a-env}}]}\n",
    ).replace(
        "worker:\n",
        "  - {name: z, roles: [worker], onRequest: true, envFrom: [{secretRef: {name: z-env}}]}\n"
        "worker:\n",
    )
    assert assess(pod(obj), "noxus", policy(spec)).granted_names == (
        "a",
        "shared",
        "worker",
        "z",
        "pool/tenant-a",
    )


def test_a_pool_without_a_secret_is_granted_and_not_named() -> None:
    assessment = assess(
        pod(of_role("worker", pool="a")), "noxus", policy("worker: {pools: {a: {}}}")
    )
    assert [scope.name for scope in assessment.granted] == ["pool/a"]
    assert assessment.granted_names == ()


def test_the_root_stands_in_front_of_the_fields_of_refusals() -> None:
    obj = labelled({}, {"containers": [{"name": "c", "envFrom": [secret("app-env")]}]})
    found = assess(pod(obj), "noxus", policy(CIRCLES), root="spec.template.spec").findings
    assert [finding.field for finding in found.refusals] == [
        "spec.template.spec.containers[0].envFrom[0].secretRef"
    ]


def test_the_most_telling_reason_is_the_first() -> None:
    findings = [FINDING, Finding(Reason.UNKNOWN_ROLE, "")]
    assert most_telling(findings, Reason.NOTHING_TO_DO) is Reason.SHADOWING
    assert most_telling([], Reason.NOTHING_TO_DO) is Reason.NOTHING_TO_DO


RULE = "identity: {rules: [{selector: {matchLabels: {a: b}}, role: worker}]}"


def test_of_a_template_all_findings_stand_where_the_template_is() -> None:
    root = "spec.template.spec"
    nobody = assess(pod(labelled({})), "noxus", policy(CIRCLES), root=root)
    unread = assess(
        pod(labelled({"a": "b", "noxus.ai/worker-pool": "x"})), "noxus", policy(RULE), root=root
    )

    assert [it.field for it in nobody.findings.notes] == ["spec.template.metadata.labels"]
    assert [it.field for it in unread.findings.notes] == [
        "spec.template.metadata.labels[noxus.ai/worker-pool]"
    ]


def test_without_a_root_the_findings_are_those_of_a_pod() -> None:
    obj = labelled({}, {"containers": [{"name": "c", "envFrom": [secret("app-env")]}]})

    (finding,) = assess(pod(obj), "noxus", policy(CIRCLES)).findings.refusals

    assert finding.field == "spec.containers[0].envFrom[0].secretRef"
