"""What has to be done elsewhere for a policy to hold."""

from tests.loading.kit import notes, warnings

ROLLOUTS = """
    spec:
      workloads:
        - {group: argoproj.io, kind: Rollout, resource: rollouts, templates: [spec.template]}
"""
DEPLOYERS = """
    spec:
      scopes:
        - name: a
          roles: [worker]
          deployers: {groups: [a]}
          envFrom: [{secretRef: {name: s}}]
"""


def test_a_kind_that_kubernetes_does_not_know_needs_a_rule_in_our_configuration() -> None:
    assert notes(ROLLOUTS) == [
        (
            "p.yaml:6: spec.workloads[0]: Rollout is judged only if the API server sends it: add "
            "to the entries workloads.*.validate of the ValidatingWebhookConfiguration the rule "
            "{apiGroups: [argoproj.io], apiVersions: ['*'], operations: [CREATE, UPDATE], "
            "resources: [rollouts], scope: Namespaced}"
        )
    ]


def test_deployers_need_the_component_that_makes_the_api_server_ask() -> None:
    assert notes(DEPLOYERS) == [
        (
            "p.yaml:4: spec: deployers hold only with the component deployers of the manifests "
            "(manifests/components/deployers), by which the API server asks about workloads and "
            "about images of running pods, and refuses while the webhook is away"
        )
    ]


def test_neither_is_a_fault() -> None:
    assert warnings(ROLLOUTS) + warnings(DEPLOYERS) == []


def test_other_policies_need_nothing() -> None:
    assert notes("spec: {}") == []
