"""The row of a workload in the exposure matrix."""

from tests.audit.kit import audit, only, with_sources, workload
from tests.core.kit import Json, key_of, of_role, secret
from webhook.audit.report import Access, State

WORKER = of_role("worker", pool="tenant-a")


def access(template: Json) -> tuple[Access, ...]:
    return only(audit(workload("Deployment", "w", template))).access


def told(template: Json) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    return [(it.secret, str(it.state), it.via, it.scope, it.containers) for it in access(template)]


def test_what_is_injected_is_gained_by_its_scope_in_every_container_at_once() -> None:
    template = of_role("worker", {"containers": [{"name": "a"}, {"name": "b"}]})

    assert told(template) == [
        ("app-env", "gains", "envFrom", "shared", ("a", "b")),
        ("worker-env", "gains", "envFrom", "worker", ("a", "b")),
    ]


def test_what_is_there_and_granted_is_had_by_the_scope_that_grants_it() -> None:
    assert told(with_sources(of_role("frontend"), "app-env")) == [
        ("app-env", "has", "envFrom", "shared", ("main",)),
    ]


def test_later_sources_of_the_final_order_are_told_as_overriding() -> None:
    template = with_sources(WORKER, "app-env", "custom")

    assert {it.secret: it.overridden_by for it in access(template)} == {
        "app-env": ("custom", "worker-env", "tenant-a-llm"),
        "worker-env": ("tenant-a-llm",),
        "tenant-a-llm": (),
    }


def test_every_way_of_reading_a_secret_is_a_cell_of_its_own() -> None:
    spec = {
        "containers": [
            {
                "name": "api",
                "env": [key_of("plugin-secrets", "KEY", "OTHER")],
                "volumeMounts": [{"name": "v"}],
            },
            {"name": "side", "volumeMounts": [{"name": "v"}]},
        ],
        "volumes": [{"name": "v", "secret": {"secretName": "app-env"}}],
        "imagePullSecrets": [{"name": "app-env"}],
    }

    assert [(it.secret, it.via, it.keys, it.containers) for it in access(of_role("backend", spec))][
        :3
    ] == [
        ("plugin-secrets", "env", ("KEY",), ("api",)),
        ("app-env", "volume", None, ("api", "side")),
        ("app-env", "imagePullSecrets", None, ()),
    ]


def test_a_refused_cell_carries_the_sentence_and_no_scope() -> None:
    spec = {"containers": [{"name": "web", "envFrom": [secret("tenant-b-llm")]}]}

    (cell,) = access(of_role("frontend", spec))

    assert (cell.state, cell.scope) == (State.REFUSED, "")
    assert cell.message == (
        "container 'web' may not read Secret 'tenant-b-llm' "
        "(spec.template.spec.containers[0].envFrom[0].secretRef): it belongs to worker pool "
        "'tenant-b', and role frontend is not entitled to it (only worker); remove it, or have the "
        "policy's owner add role frontend to it"
    )


def test_a_secret_that_the_policy_does_not_name_is_no_column_of_the_matrix() -> None:
    assert [it.secret for it in access(with_sources(of_role("frontend"), "own", "app-env"))] == [
        "app-env"
    ]
