"""How each store is reached, and who the operator is for it."""

import dataclasses

import pytest

from tests.externalsecrets.kit import AWS, AZURE, VAULT
from webhook.externalsecrets.stores import ServiceAccount

HERE = ServiceAccount("eso")
THERE = ServiceAccount("eso", "external-secrets")


def test_aws_is_reached_by_the_role_that_the_account_names() -> None:
    assert AWS.provider(HERE) == {
        "aws": {
            "service": "SecretsManager",
            "region": "eu-central-1",
            "auth": {"jwt": {"serviceAccountRef": {"name": "eso"}}},
        }
    }
    assert AWS.annotations() == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/noxus"
    }


def test_vault_is_shown_a_token_for_itself_alone() -> None:
    assert VAULT.provider(HERE) == {
        "vault": {
            "server": "https://vault.example.com",
            "path": "secret",
            "version": "v2",
            "auth": {
                "kubernetes": {
                    "mountPath": "kubernetes",
                    "role": "noxus",
                    "serviceAccountRef": {"name": "eso", "audiences": ["vault"]},
                }
            },
        }
    }
    assert VAULT.annotations() == {}


def test_vault_may_have_a_ca_and_a_namespace_of_its_own() -> None:
    store = dataclasses.replace(VAULT, ca_configmap="vault-ca", namespace="platform")

    ca = {"type": "ConfigMap", "name": "vault-ca", "key": "ca.crt"}
    here, there = (store.provider(account)["vault"] for account in (HERE, THERE))
    assert (here["namespace"], here["caProvider"]) == ("platform", ca)
    # A store of the cluster has no namespace in which a name alone could be looked up.
    assert there["caProvider"] == {**ca, "namespace": "external-secrets"}


@pytest.mark.parametrize(
    ("url", "cloud"),
    [
        ("https://noxus.vault.azure.net", "PublicCloud"),
        ("https://noxus.vault.azure.net/", "PublicCloud"),
        ("https://noxus.vault.azure.cn", "ChinaCloud"),
        ("https://noxus.vault.usgovcloudapi.net/", "USGovernmentCloud"),
    ],
)
def test_a_key_vault_belongs_to_the_cloud_of_its_address(url: str, cloud: str) -> None:
    found = dataclasses.replace(AZURE, vault_url=url).provider(THERE)["azurekv"]

    assert found == {
        "authType": "WorkloadIdentity",
        "vaultUrl": url,
        "environmentType": cloud,
        "serviceAccountRef": {"name": "eso", "namespace": "external-secrets"},
    }
    assert AZURE.annotations() == {
        "azure.workload.identity/client-id": "11111111-2222-3333-4444-555555555555",
        "azure.workload.identity/tenant-id": "66666666-7777-8888-9999-000000000000",
    }
