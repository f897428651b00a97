"""What `check` says of the variables that a policy names."""

from pathlib import Path

import pytest

from tests.commands.kit import POLICY, run
from tests.secretref.kit import HEAD, policy
from webhook.loading.load import load_policies
from webhook.secretref import policyrules

SPEC = """\
  namespaces: [noxus]
  scopes:
    - name: single
      roles: [{roles}]
      env: [{{name: {name}, valueFrom: {{secretKeyRef: {{name: s, key: {key}}}}}}}]
"""


def said(name: str, key: str = "k", roles: str = "backend") -> list[str]:
    text = SPEC.format(name=name, key=key, roles=roles)
    return [fault.message for fault in policyrules.warnings(policy(text))]


def test_the_example_policy_has_nothing_to_look_at() -> None:
    loaded = load_policies(POLICY)

    assert loaded.found_by(policyrules.warnings) == []


@pytest.mark.parametrize("name", ["REDIS_URL", "OPENAI_API_KEY", "MY_OWN"])
def test_known_names_and_names_of_your_own_are_right(name: str) -> None:
    assert said(name) == []


def test_a_variable_or_a_key_that_is_misspelt_is_told_what_is_meant() -> None:
    assert said("REDIS_PASSWROD", "REDIS_PASSWROD") == [
        (
            "Noxus documents no variable 'REDIS_PASSWROD': did you mean 'REDIS_PASSWORD'? If it is "
            "your own, leave it"
        )
    ]
    assert said("REDIS_PASSWORD", "REDIS_PASSWROD") == [
        (
            "the variable is 'REDIS_PASSWORD', and the key 'REDIS_PASSWROD': did you mean "
            "'REDIS_PASSWORD'? If the Secret has it so, leave it"
        )
    ]


def test_a_key_for_roles_that_do_not_read_it_is_told_whom_to_leave_out() -> None:
    assert said("PLUGIN_SERVER_PLATFORM_KEY", roles="frontend, plugin-server, relay") == [
        (
            "only backend, plugin-server read PLUGIN_SERVER_PLATFORM_KEY, as far as is known, and "
            "the scope gives it to frontend, relay, too: leave those roles out"
        )
    ]


def test_settings_of_pools_and_keys_of_clients_do_not_belong_into_scopes() -> None:
    assert said("WORKER_SUBSCRIBE", roles="worker") == [
        (
            "WORKER_SUBSCRIBE is a setting that the chart gives each pool: leave it to "
            "worker.pools of the Helm values"
        )
    ]
    assert said("NOXUS_API_KEY") == [
        ("NOXUS_API_KEY is for clients of the API, and no pod of the platform reads it: remove it")
    ]


def test_check_tells_the_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"{HEAD}spec:\n{SPEC.format(name='REDIS_PASSWROD', key='k', roles='backend')}")

    ran = run("check", file)

    assert ran.code == 1
    assert ran.out.startswith(f"{file}:9: warning: spec.scopes[0].env[0].name: Noxus documents no ")
