"""The three stores that Noxus documents, as the `provider` of a SecretStore.

Each proves who it is by a ServiceAccount's short-lived token: none holds a key that could leak or
has to be rotated itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

Json = dict[str, Any]
Path = tuple[str, ...]  # of a field in an object, for the comment above it


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Whose token a store is shown. In a ClusterSecretStore its namespace has to be said."""

    name: str
    namespace: str | None = None

    def ref(self, audience: str = "") -> Json:
        """Return a serviceAccountRef."""
        found: Json = {"name": self.name}
        if self.namespace is not None:
            found["namespace"] = self.namespace
        if audience:
            found["audiences"] = [audience]
        return found


class Store(Protocol):
    """One kind of store, with what has to be known to reach it."""

    def provider(self, account: ServiceAccount) -> Json:
        """Return `spec.provider`."""
        ...

    def annotations(self) -> dict[str, str]:
        """Return what the ServiceAccount carries so that the store takes its token."""
        ...

    def comments(self) -> Mapping[Path, str]:
        """Return why the fields below `spec.provider` are as they are."""
        ...

    def word(self, scope: str) -> str:
        """Return the name of a scope as a part of a key: `pool/<name>` has a '/'."""
        ...

    def bad_key(self, key: str) -> str | None:
        """Return why a key cannot be one of this store, or None."""
        ...


# Of Secrets Manager's documented alphabet for names, up to 512 characters.
_AWS_KEY: Final = re.compile(r"[0-9A-Za-z/_+=.@-]{1,512}")
# Of Key Vault's objects: letters, digits and dashes, up to 127.
_AZURE_KEY: Final = re.compile(r"[0-9A-Za-z-]{1,127}")


@dataclass(frozen=True, slots=True)
class Aws:
    """AWS Secrets Manager by IRSA: the ServiceAccount names an IAM role."""

    region: str
    role_arn: str

    def provider(self, account: ServiceAccount) -> Json:
        """Return `spec.provider`."""
        auth = {"jwt": {"serviceAccountRef": account.ref()}}
        return {"aws": {"service": "SecretsManager", "region": self.region, "auth": auth}}

    def annotations(self) -> dict[str, str]:
        """Return the annotation of IRSA."""
        return {"eks.amazonaws.com/role-arn": self.role_arn}

    def comments(self) -> Mapping[Path, str]:
        """Return why the fields are as they are."""
        return {("aws", "auth"): "IRSA: no access key. The role is named by the ServiceAccount."}

    def word(self, scope: str) -> str:
        """Return the name of a scope as a part of a key."""
        return scope

    def bad_key(self, key: str) -> str | None:
        """Return why a key cannot be the name of a secret there."""
        if _AWS_KEY.fullmatch(key):
            return None
        return "AWS Secrets Manager takes letters, digits and /_+=.@- only, at most 512"


@dataclass(frozen=True, slots=True)
class Vault:
    """HashiCorp Vault's KV engine, version 2, by its Kubernetes auth method."""

    server: str
    role: str
    path: str = "secret"  # where the engine is mounted
    auth_path: str = "kubernetes"  # where the auth method is mounted
    audience: str = "vault"
    namespace: str = ""  # of Vault Enterprise
    ca_configmap: str = ""  # name; empty: the operator's own trust

    def provider(self, account: ServiceAccount) -> Json:
        """Return `spec.provider`."""
        found: Json = {"server": self.server, "path": self.path, "version": "v2"}
        if self.namespace:
            found["namespace"] = self.namespace
        if self.ca_configmap:
            where: Json = {"type": "ConfigMap", "name": self.ca_configmap, "key": "ca.crt"}
            if account.namespace is not None:
                where["namespace"] = account.namespace
            found["caProvider"] = where
        login = {
            "mountPath": self.auth_path,
            "role": self.role,
            "serviceAccountRef": account.ref(self.audience),
        }
        return {"vault": {**found, "auth": {"kubernetes": login}}}

    def annotations(self) -> dict[str, str]:
        """Return nothing: Vault's role names the ServiceAccount, not the other way round."""
        return {}

    def comments(self) -> Mapping[Path, str]:
        """Return why the fields are as they are."""
        login = ("vault", "auth", "kubernetes")
        return {
            ("vault", "auth"): (
                "Kubernetes auth: no token of Vault's is kept. Vault asks the API server who calls."
            ),
            (*login, "serviceAccountRef", "audiences"): (
                "A token for Vault alone: whoever gets hold of it cannot call the API server."
            ),
        }

    def word(self, scope: str) -> str:
        """Return the name of a scope as a part of a key."""
        return scope

    def bad_key(self, key: str) -> str | None:
        """Return why a key cannot be a path there."""
        if all(part.strip() for part in key.split("/")):
            return None
        return "Vault takes no empty part and no '/' at either end"


@dataclass(frozen=True, slots=True)
class Azure:
    """Azure Key Vault by workload identity: the ServiceAccount names a managed identity."""

    vault_url: str
    client_id: str
    tenant_id: str

    def provider(self, account: ServiceAccount) -> Json:
        """Return `spec.provider`."""
        found = {
            "authType": "WorkloadIdentity",
            "vaultUrl": self.vault_url,
            "environmentType": _environment(self.vault_url),
            "serviceAccountRef": account.ref(),
        }
        return {"azurekv": found}

    def annotations(self) -> dict[str, str]:
        """Return the annotations of workload identity."""
        return {
            "azure.workload.identity/client-id": self.client_id,
            "azure.workload.identity/tenant-id": self.tenant_id,
        }

    def comments(self) -> Mapping[Path, str]:
        """Return why the fields are as they are."""
        return {
            ("azurekv", "authType"): (
                "No client secret. The identity is named by the ServiceAccount."
            )
        }

    def word(self, scope: str) -> str:
        """Return the name of a scope as a part of a key."""
        return scope.replace("/", "-")  # it knows no folders

    def bad_key(self, key: str) -> str | None:
        """Return why a key cannot be the name of a secret there."""
        if _AZURE_KEY.fullmatch(key):
            return None
        return "Azure Key Vault takes letters, digits and '-' only, at most 127"


def _environment(url: str) -> str:
    """Return the cloud that a vault's address belongs to, by Microsoft's list of endpoints."""
    host = url.removesuffix("/")
    if host.endswith(".vault.azure.cn"):
        return "ChinaCloud"
    return "USGovernmentCloud" if host.endswith(".usgovcloudapi.net") else "PublicCloud"
