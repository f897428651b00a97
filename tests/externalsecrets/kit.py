"""A policy made of a few words, and the three stores."""

import json
from typing import Any

from webhook.core.policy import Policy
from webhook.externalsecrets.stores import Aws, Azure, Vault

Json = Any

AWS = Aws(region="eu-central-1", role_arn="arn:aws:iam::123456789012:role/noxus")
VAULT = Vault(server="https://vault.example.com", role="noxus")
AZURE = Azure(
    vault_url="https://noxus.vault.azure.net",
    client_id="11111111-2222-3333-4444-555555555555",
    tenant_id="66666666-7777-8888-9999-000000000000",
)
STORES = (AWS, VAULT, AZURE)


def scope(name: str, *secrets: str, **more: Json) -> Json:
    """Return a scope that reads these Secrets whole."""
    sources = [{"secretRef": {"name": secret}} for secret in secrets]
    return {"name": name, "roles": ["worker"], "envFrom": sources, **more}


def keys(secret: str, *names: str) -> Json:
    """Return elements for `env` that read single keys."""
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}
        for name in names
    ]


def policy(
    *scopes: Json, namespaces: Json = ("noxus",), pools: Json = None, name: str = "noxus"
) -> Policy:
    """Return a policy of these scopes and pools."""
    spec = {"scopes": list(scopes), "worker": {"pools": pools or {}}}
    if namespaces is not None:
        spec["namespaces"] = list(namespaces)
    return Policy.model_validate_json(
        json.dumps(
            {
                "apiVersion": "secrets.noxus.ai/v1alpha1",
                "kind": "SecretInjectionPolicy",
                "metadata": {"name": name},
                "spec": spec,
            }
        )
    )
