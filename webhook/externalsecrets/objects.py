"""The objects of External Secrets Operator, and the ServiceAccount that they act as."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from webhook.core import words
from webhook.externalsecrets.stores import Json, Path, ServiceAccount, Store

API_VERSION: Final = "external-secrets.io/v1"
# On each Secret, so that `kubectl get secrets -l` finds those that a policy hands out.
MANAGED_LABELS: Final = {
    "app.kubernetes.io/managed-by": "external-secrets",
    f"{words.GROUP}/managed": "true",
}
# On each Secret: the scopes and pools that it is a source of, separated by commas.
SOURCE_OF: Final = f"{words.GROUP}/source-of"
MADE_BY: Final = {"app.kubernetes.io/managed-by": "noxus-secrets"}

_RETAIN: Final = (
    "Retain: what is deleted in the store by mistake shall not stop a platform that runs. "
    "To take a Secret away, delete this object: its Owner reference takes the Secret with it."
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, with what a reader should know: about all of it, and above single fields."""

    value: Json
    head: str = ""
    comments: Mapping[Path, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str, str]:
        """Return kind, namespace and name: two objects of one identity are one in the cluster."""
        meta = self.value["metadata"]
        return self.value["kind"], meta.get("namespace", ""), meta["name"]


@dataclass(frozen=True, slots=True)
class Filling:
    """How one Secret is filled: whole from one entry of the store, or key by key."""

    secret: str
    scopes: tuple[str, ...]
    extract: str | None  # the entry whose keys it takes over; None: by `keys`
    keys: tuple[tuple[str, str], ...] = ()  # (key of the Secret, entry that has it as a property)


def service_account(name: str, namespace: str, store: Store) -> Manifest:
    """Return the ServiceAccount that the store knows. No pod runs as it."""
    meta: Json = {"name": name, "namespace": namespace, "labels": dict(MADE_BY)}
    annotations = store.annotations()
    if annotations:
        meta["annotations"] = annotations
    value = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": meta,
        "automountServiceAccountToken": False,
    }
    return Manifest(value, "Who the operator is for the store; no pod runs as it.")


def secret_store(name: str, namespace: str | None, account: str, store: Store) -> Manifest:
    """Return the SecretStore of a namespace."""
    value = {
        "apiVersion": API_VERSION,
        "kind": "SecretStore",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(MADE_BY)},
        "spec": {"provider": store.provider(ServiceAccount(account))},
    }
    return Manifest(value, "", _below(("spec", "provider"), store.comments()))


def cluster_secret_store(name: str, account: ServiceAccount, store: Store) -> Manifest:
    """Return a ClusterSecretStore, which the opted-in namespaces alone may use."""
    value = {
        "apiVersion": API_VERSION,
        "kind": "ClusterSecretStore",
        "metadata": {"name": name, "labels": dict(MADE_BY)},
        "spec": {
            "conditions": [{"namespaceSelector": _opted_in()}],
            "provider": store.provider(account),
        },
    }
    why = {
        **_below(("spec", "provider"), store.comments()),
        ("spec", "conditions"): "Without this any namespace could read every secret of the store.",
    }
    return Manifest(value, "", why)


def external_secret(
    filling: Filling, namespace: str, store_name: str, refresh_interval: str
) -> Manifest:
    """Return the ExternalSecret that fills a Secret in one namespace."""
    value = {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": filling.secret, "namespace": namespace, "labels": dict(MADE_BY)},
        "spec": _spec(filling, ("SecretStore", store_name), refresh_interval),
    }
    return Manifest(value, _whose(filling), _below(("spec",), _comments(filling)))


def cluster_external_secret(
    filling: Filling, names: Iterable[str] | None, store_name: str, refresh_interval: str
) -> Manifest:
    """Return the ClusterExternalSecret that fills a Secret in the opted-in namespaces of a list.

    None stands for every opted-in namespace.
    """
    selector = _opted_in()
    if names is not None:
        only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(names)}
        selector["matchExpressions"].append(only)
    value = {
        "apiVersion": API_VERSION,
        "kind": "ClusterExternalSecret",
        "metadata": {"name": filling.secret, "labels": dict(MADE_BY)},
        "spec": {
            "externalSecretName": filling.secret,
            "namespaceSelectors": [selector],
            "refreshTime": "1m",
            "externalSecretSpec": _spec(
                filling, ("ClusterSecretStore", store_name), refresh_interval
            ),
        },
    }
    why = {
        **_below(("spec", "externalSecretSpec"), _comments(filling)),
        ("spec", "refreshTime"): "How soon a namespace that opts in later has it.",
    }
    if names is None:
        why["spec", "namespaceSelectors"] = (
            "Every opted-in namespace: a selector cannot say the policy's globs."
        )
    return Manifest(value, _whose(filling), why)


def _spec(filling: Filling, store: tuple[str, str], refresh_interval: str) -> Json:
    kind, name = store
    spec: Json = {
        "refreshInterval": refresh_interval,
        "secretStoreRef": {"kind": kind, "name": name},
        "target": {
            "name": filling.secret,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": {
                "metadata": {
                    "labels": dict(MANAGED_LABELS),
                    "annotations": {SOURCE_OF: ",".join(filling.scopes)},
                }
            },
        },
    }
    if filling.extract is not None:
        return {**spec, "dataFrom": [{"extract": {"key": filling.extract}}]}
    spec["data"] = [
        {"secretKey": key, "remoteRef": {"key": entry, "property": key}}
        for key, entry in filling.keys
    ]
    return spec


def _comments(filling: Filling) -> dict[Path, str]:
    what = (
        ("dataFrom", "Every key of this entry becomes a key of the Secret, and so a variable.")
        if filling.extract is not None
        else ("data", "Only the keys that the policy names: nothing else gets into the cluster.")
    )
    return {
        ("target", "deletionPolicy"): _RETAIN,
        ("target", "template"): "How the Secret is found again.",
        what[:1]: what[1],
    }


def _whose(filling: Filling) -> str:
    pools = [scope for scope in filling.scopes if scope.startswith(words.POOL_SCOPE_PREFIX)]
    scopes = [scope for scope in filling.scopes if scope not in pools]
    parts = [f"scope {name}" for name in scopes] + [
        f"pool {name.removeprefix(words.POOL_SCOPE_PREFIX)}" for name in pools
    ]
    return f"Secret {filling.secret}: read by {', '.join(parts)}."


def _opted_in() -> Json:
    values = [str(mode) for mode in words.NamespaceMode]
    return {
        "matchExpressions": [{"key": words.INJECTION_LABEL, "operator": "In", "values": values}]
    }


def _below(root: Path, comments: Mapping[Path, str]) -> dict[Path, str]:
    return {(*root, *path): text for path, text in comments.items()}
