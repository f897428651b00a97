"""Where a Secret reaches further: by the policies alone."""

import pytest

from tests.core.kit import text
from webhook.audit.reach import World
from webhook.audit.widening import widenings
from webhook.loading.load import load_text

SHARED = "scopes: [{name: s, roles: [worker], envFrom: [{secretRef: {name: a}}]}]"


def world(*specs: str) -> World:
    files = "\n---\n".join(text(spec, f"p{i}") for i, spec in enumerate(specs))
    loaded = load_text(files)
    return World.of(loaded.policies, [source.policy for source in loaded.sources])


def told(before: str | tuple[str, ...], after: str | tuple[str, ...]) -> list[str]:
    old = (before,) if isinstance(before, str) else before
    new = (after,) if isinstance(after, str) else after
    return [it.message for it in widenings(world(*old), world(*new))]


def scope(**fields: str) -> str:
    given = {"name": "s", "roles": "[worker]", "envFrom": "[{secretRef: {name: a}}]", **fields}
    return f"scopes: [{{{', '.join(f'{key}: {value}' for key, value in given.items())}}}]"


def pools(**given: str) -> str:
    listed = ", ".join(f"{name.replace('_', '-')}: {value}" for name, value in given.items())
    return f"worker: {{pools: {{{listed}}}}}"


def keyed(*keys: str) -> str:
    env = ", ".join(
        f"{{name: V{key}, valueFrom: {{secretKeyRef: {{name: a, key: {key}}}}}}}" for key in keys
    )
    return f"scopes: [{{name: s, roles: [worker], env: [{env}]}}]"


CASES = {
    "another role": (
        scope(),
        scope(roles="[worker, backend]"),
        ["Secret 'a' reaches role backend, which it did not reach"],
    ),
    "a new Secret": (
        scope(),
        scope(envFrom="[{secretRef: {name: a}}, {secretRef: {name: b}}]"),
        ["Secret 'b' reaches role worker, which it did not reach"],
    ),
    "a new pool": (
        pools(x="{envSecretRef: a}"),
        pools(x="{envSecretRef: a}", y="{envSecretRef: b}"),
        ["Secret 'b' reaches worker pool 'y', which it did not reach"],
    ),
    "another pool for the same Secret": (
        pools(x="{envSecretRef: a}"),
        pools(x="{envSecretRef: a}", y="{envSecretRef: a}"),
        ["Secret 'a' reaches worker pool 'y', which it did not reach"],
    ),
    "a pool that is switched on": (
        pools(x="{envSecretRef: a, enabled: false}"),
        pools(x="{envSecretRef: a}"),
        ["Secret 'a' reaches worker pool 'x', which it did not reach"],
    ),
    "from a pool to the whole role": (
        pools(x="{envSecretRef: a}"),
        scope(),
        ["Secret 'a' reaches role worker whatever its worker pool, not in some pools only"],
    ),
    "another namespace": (
        scope(namespaces="[one]"),
        scope(namespaces="[one, two]"),
        ["Secret 'a' reaches role worker in namespace 'two', where it did not"],
    ),
    "a namespace in a pool": (
        pools(x="{envSecretRef: a, namespaces: [one]}"),
        pools(x="{envSecretRef: a, namespaces: [one, two]}"),
        ["Secret 'a' reaches role worker in namespace 'two', where it did not"],
    ),
    "a wider glob": (
        scope(namespaces='["team-a*"]'),
        scope(namespaces='["team-*"]'),
        ["Secret 'a' reaches role worker in all namespaces 'team-*', not in some of them only"],
    ),
    "no limit any more": (
        scope(namespaces="[one]"),
        scope(),
        ["Secret 'a' reaches role worker in all namespaces '*', not in some of them only"],
    ),
    "more namespaces for the policy": (
        "namespaces: [one]\n" + scope(),
        "namespaces: [one, two]\n" + scope(),
        ["Secret 'a' reaches role worker in namespace 'two', where it did not"],
    ),
    "all of a Secret": (
        keyed("k"),
        scope(),
        ["Secret 'a' reaches role worker as a whole, not by single keys only"],
    ),
    "another key": (
        keyed("k"),
        keyed("k", "l"),
        ["key 'l' of Secret 'a' reaches role worker, which that key did not reach"],
    ),
    "another container": (
        scope(containers="[api]"),
        scope(containers="[api, side]"),
        ["Secret 'a' reaches container 'side' of role worker, which it did not reach"],
    ),
    "every container": (
        scope(containers='["api-*"]'),
        scope(),
        ["Secret 'a' reaches all containers '*' of role worker, not some of them only"],
    ),
    "another ServiceAccount": (
        scope(serviceAccounts="[x]"),
        scope(serviceAccounts="[x, y]"),
        ["Secret 'a' reaches role worker with ServiceAccount 'y', which it did not reach"],
    ),
    "every ServiceAccount": (
        scope(serviceAccounts="[x]"),
        scope(),
        ["Secret 'a' reaches role worker whatever its ServiceAccount, not for some only"],
    ),
    "another deployer": (
        scope(deployers="{groups: [x]}"),
        scope(deployers="{groups: [x], users: [jane]}"),
        ["Secret 'a' reaches role worker where user jane deploys it, who was no deployer"],
    ),
    "any deployer": (
        scope(deployers="{serviceAccounts: [argocd/x]}"),
        scope(),
        ["Secret 'a' reaches role worker whoever deploys it, not where some do only"],
    ),
    "without asking": (
        scope(onRequest="true"),
        scope(),
        ["Secret 'a' reaches every pod of role worker, not only those that ask for it"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_reaches_further_is_told(name: str) -> None:
    before, after, expected = CASES[name]

    assert told(before, after) == expected


@pytest.mark.parametrize("name", CASES)
def test_the_way_back_is_none(name: str) -> None:
    before, after, _ = CASES[name]

    back = told(after, before)
    assert back == [] or name == "from a pool to the whole role"


@pytest.mark.parametrize("name", CASES)
def test_a_policy_is_no_wider_than_itself(name: str) -> None:
    before, after, _ = CASES[name]

    assert told(before, before) == told(after, after) == []


def test_a_pool_of_a_role_that_has_the_secret_anyway_is_no_widening() -> None:
    both = scope() + "\n"

    assert told(both, scope(roles="[worker]")) == []
    assert told(SHARED, SHARED.replace("name: s,", "name: renamed,")) == []


def test_a_policy_that_no_longer_yields_to_another_is_a_widening() -> None:
    narrow, wide = "namespaces: [one]\nscopes: []", scope()

    assert told((narrow, wide), (wide,)) == [
        "Secret 'a' reaches role worker in all namespaces '*', not in some of them only"
    ]
    assert told((wide,), (narrow, wide)) == []
    assert told((narrow, wide), (narrow, wide)) == []


def test_two_globs_that_overlap_are_looked_at_where_they_do() -> None:
    first = 'namespaces: ["a-*"]\nscopes: []'
    second = 'namespaces: ["*-z"]\n' + scope()

    # Under A the first policy governs a-z, under B the second does.
    assert told((first, second), (second, first)) == [
        "Secret 'a' reaches role worker in all namespaces '*-z', not in some of them only"
    ]


def test_the_dimension_and_its_value_are_for_machines() -> None:
    (found,) = widenings(world(keyed("k")), world(keyed("k", "l")))

    assert (found.secret, str(found.dimension), found.value, found.keys) == (
        *("a", "key", "l"),
        ("l",),
    )


def test_thousands_of_pools_are_compared() -> None:
    listed = {f"p{i}": f"{{envSecretRef: s{i}, namespaces: [n{i}]}}" for i in range(2_000)}
    more = {**listed, "p1": "{envSecretRef: s1, namespaces: [n1, n2]}"}

    assert told(pools(**listed), pools(**more)) == [
        "Secret 's1' reaches role worker in namespace 'n2', where it did not"
    ]
