"""A value in Vault reaches the variables of our pods: real Vault, operator and API server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import INJECTION, Webhook
from tests.e2e.world import Namespace, worker
from tests.eso.controller import Operator
from tests.eso.kit import (
    ACCOUNT,
    apply,
    environment,
    export,
    from_vault,
    give_ca,
    secret,
    wait_for_secret,
)
from tests.eso.store import VaultServer

Json = Any

ENTRIES: dict[str, dict[str, str]] = {
    "shared": {"REDIS_URL": "redis", "LLM_KEY": "canary-shared"},
    "worker": {"ETL": "canary-etl"},
    "plugin-keys": {"PLUGIN_SERVER_API_KEY": "canary-plugin", "OTHER": "canary-other"},
    "ai-providers": {"OPENAI": "canary-openai"},
    "pool/tenant-a": {"LLM_KEY": "canary-tenant-a"},
    "pool/tenant-b": {"LLM_KEY": "canary-tenant-b"},
}


@pytest.fixture
def namespace(
    plane: ControlPlane,
    operator: Operator,
    vault: VaultServer,
    webhook: Webhook,
    policy_file: Path,
) -> Iterator[Namespace]:
    """An opted-in namespace whose Secrets come from entries of Vault that are its own."""
    del operator, webhook  # they only have to be there
    name = plane.namespace("eso", {INJECTION: "enabled"})
    for entry, values in ENTRIES.items():
        vault.put(f"{name}/{entry}", **values)
    vault.allow(f"noxus-{name}", ACCOUNT, [name], f"{name}/*")
    give_ca(plane, vault, name)
    words = from_vault(vault, "noxus-{namespace}")
    found = export(policy_file, "-n", name, *words, "--path-template", "{namespace}/{scope}")
    apply(plane, found)
    yield Namespace(plane, name)
    plane.kubectl("delete", "externalsecrets", "--all", "-n", name)


def test_a_value_that_changes_in_vault_reaches_what_our_pods_read(
    plane: ControlPlane, vault: VaultServer, namespace: Namespace
) -> None:
    for name, entry in (("app-env", "shared"), ("worker-env", "worker")):
        wait_for_secret(plane, namespace.name, name, **ENTRIES[entry])
    wait_for_secret(plane, namespace.name, "tenant-a-llm", LLM_KEY="canary-tenant-a")

    pod = namespace.created(worker())

    before = {"REDIS_URL": "redis", "ETL": "canary-etl", "LLM_KEY": "canary-tenant-a"}
    assert environment(plane, namespace.name, pod) == before

    vault.put(f"{namespace.name}/pool/tenant-a", LLM_KEY="canary-rotated")
    wait_for_secret(plane, namespace.name, "tenant-a-llm", LLM_KEY="canary-rotated")

    later = namespace.created(worker(metadata={"name": "two"}))
    after = environment(plane, namespace.name, later)
    assert after == before | {"LLM_KEY": "canary-rotated"}


def test_single_keys_bring_nothing_else_into_the_cluster(
    plane: ControlPlane, namespace: Namespace
) -> None:
    wait_for_secret(plane, namespace.name, "plugin-secrets", PLUGIN_SERVER_API_KEY="canary-plugin")


def test_what_somebody_edits_by_hand_is_put_back(plane: ControlPlane, namespace: Namespace) -> None:
    wait_for_secret(plane, namespace.name, "worker-env", ETL="canary-etl")

    edited = '{"stringData": {"ETL": "by hand", "MORE": "by hand"}}'
    plane.kubectl("patch", "secret", "worker-env", "-n", namespace.name, "-p", edited)

    wait_for_secret(plane, namespace.name, "worker-env", ETL="canary-etl")


def test_a_secret_is_known_as_managed_with_what_it_is_a_source_of(
    plane: ControlPlane, namespace: Namespace
) -> None:
    wait_for_secret(plane, namespace.name, "tenant-b-llm", LLM_KEY="canary-tenant-b")

    path = f"/api/v1/namespaces/{namespace.name}/secrets/tenant-b-llm"
    meta = plane.api("GET", path).body["metadata"]

    assert meta["labels"]["secrets.noxus.ai/managed"] == "true"
    assert meta["annotations"]["secrets.noxus.ai/source-of"] == "pool/tenant-b"
    assert [owner["kind"] for owner in meta["ownerReferences"]] == ["ExternalSecret"]


def test_what_is_deleted_in_vault_stays_and_what_is_deleted_here_goes(
    plane: ControlPlane, vault: VaultServer, namespace: Namespace
) -> None:
    wait_for_secret(plane, namespace.name, "tenant-a-llm", LLM_KEY="canary-tenant-a")
    wait_for_secret(plane, namespace.name, "tenant-b-llm", LLM_KEY="canary-tenant-b")

    vault.delete(f"{namespace.name}/pool/tenant-a")
    # Once another change has arrived, this one has, too: they are refreshed as often.
    vault.put(f"{namespace.name}/pool/tenant-b", LLM_KEY="canary-later")
    wait_for_secret(plane, namespace.name, "tenant-b-llm", LLM_KEY="canary-later")
    assert secret(plane, namespace.name, "tenant-a-llm") == {"LLM_KEY": "canary-tenant-a"}

    plane.kubectl("delete", "externalsecret", "tenant-a-llm", "-n", namespace.name)
    plane.wait_for(
        lambda: secret(plane, namespace.name, "tenant-a-llm") is None, "Secret that is gone"
    )


def test_a_namespace_is_let_in_to_its_own_entries_alone(
    plane: ControlPlane, vault: VaultServer, namespace: Namespace, policy_file: Path
) -> None:
    other = plane.namespace("eso")
    vault.allow(f"noxus-{other}", ACCOUNT, [other], f"{other}/*")
    give_ca(plane, vault, other)
    words = from_vault(vault, f"noxus-{other}")

    apply(
        plane,
        export(policy_file, "-n", other, *words, "--path-template", f"{namespace.name}/{{scope}}"),
    )

    def reason() -> str:
        path = f"/apis/external-secrets.io/v1/namespaces/{other}/externalsecrets/tenant-a-llm"
        status = plane.api("GET", path).body.get("status", {})
        return str(next(iter(status.get("conditions", [{}])))).lower()

    plane.wait_for(lambda: "secretsyncederror" in reason(), "refusal by Vault")
    assert secret(plane, other, "tenant-a-llm") is None
    plane.kubectl("delete", "externalsecrets", "--all", "-n", other)


def test_no_value_is_in_any_manifest_log_or_metric(
    plane: ControlPlane,
    operator: Operator,
    vault: VaultServer,
    webhook: Webhook,
    namespace: Namespace,
) -> None:
    wait_for_secret(plane, namespace.name, "tenant-a-llm", LLM_KEY="canary-tenant-a")
    namespace.created(worker())

    written = {
        "objects": plane.kubectl(
            "get", "externalsecrets,secretstores,serviceaccounts,pods", "-A", "-o", "json"
        ).stdout,
        "operator": operator.log,
        "vault": vault.log,
        "webhook": json.dumps(webhook.log_lines()),
        "metrics": webhook.metrics(),
        "audit": json.dumps(plane.audit_events()),
    }

    assert [where for where, text in written.items() if "canary" in text] == []
    assert all(written.values())
