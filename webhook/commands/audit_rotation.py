"""`noxus-secrets audit --rotation`: how old Secrets are, and what still runs with older ones."""

import argparse
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from webhook.commands import flags, gather
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from webhook.cluster.inventory import Progress
    from webhook.loading.load import Loaded
    from webhook.loading.yamltree import Document
    from webhook.rotation.limits import Limit
    from webhook.rotation.report import Held, RotationReport

Json = dict[str, Any]


def run(args: argparse.Namespace, *, at: datetime) -> int:
    """Print the report as of a moment; returns the exit code."""
    report = _of_files(args, at) if args.filename else _of_cluster(args, at)
    _write(report, args, at)
    return 1 if report.overdue else 0


def _of_cluster(args: argparse.Namespace, at: datetime) -> "RotationReport":
    # Imported here: the client of the API server costs a fifth of a second.
    from webhook.cluster.inventory import InventoryError  # noqa: PLC0415
    from webhook.cluster.read import is_there  # noqa: PLC0415
    from webhook.cluster.secretages import SecretAgesError  # noqa: PLC0415
    from webhook.commands.progress import progress  # noqa: PLC0415

    if not is_there():
        raise UsageError("no cluster: set KUBECONFIG, or give manifests with -f")
    loaded = flags.load_policy(args)
    try:
        with progress(sys.stderr) as report:
            namespaces, pods = _inventory(args.namespace, report)
            held = _held(_limits(loaded, namespaces), report)
    except (InventoryError, SecretAgesError) as error:
        raise UsageError(str(error)) from None
    _say_nothing(held, namespaces, "no namespace takes part: label one as docs/operations.md says")
    return _report(held, pods, at)


def _inventory(namespace: str | None, report: "Progress") -> tuple[list[str], list[bytes]]:
    """Read the names of the namespaces that take part, and the pods of all that are read."""
    from webhook.cluster.inventory import PODS, read_inventory  # noqa: PLC0415

    namespaces: list[str] = []
    pods: list[bytes] = []

    def take(kind: str, content: bytes) -> None:
        if kind == "Pod":
            pods.append(content)
        elif (name := _opted_in(content)) is not None:
            namespaces.append(name)

    read_inventory(namespace, take, report, resources=(PODS,))
    return namespaces, pods


def _held(limits: "Sequence[tuple[str, Limit]]", report: "Progress") -> "list[Held]":
    """Read the metadata of the Secrets that have a limit, by namespace."""
    from webhook.cluster.secretages import read_metadata  # noqa: PLC0415
    from webhook.rotation.report import Held  # noqa: PLC0415

    names = [(namespace, limit.secret) for namespace, limit in limits]
    found, refreshed = read_metadata(names, report)
    return [
        Held(namespace, limit, found.get(name), refreshed=refreshed.get(name, ""))
        for name, (namespace, limit) in zip(names, limits, strict=True)
    ]


def _of_files(args: argparse.Namespace, at: datetime) -> "RotationReport":
    """Judge manifests that a cluster was saved to, as `kubectl get secrets,pods -o yaml` does."""
    from webhook.commands.flowfiles import quiet  # noqa: PLC0415
    from webhook.commands.output import as_json  # noqa: PLC0415
    from webhook.rotation.report import Held  # noqa: PLC0415

    loaded = flags.load_policy(args)
    secrets: dict[tuple[str, str], Json] = {}
    pods: list[bytes] = []
    for value in (it for name in args.filename for it in _objects(quiet(name))):
        metadata = value.get("metadata")
        metadata = dict(metadata) if isinstance(metadata, dict) else {}
        where = str(args.namespace or metadata.get("namespace") or "")
        if value.get("kind") == "Secret":
            if not where:
                raise UsageError("a Secret names no namespace: give --namespace")
            secrets[where, str(metadata.get("name"))] = metadata
        elif value.get("kind") == "Pod":
            pods.append(as_json({**value, "metadata": {**metadata, "namespace": where}}).encode())
    found = list(dict.fromkeys(where for where, _ in secrets))
    namespaces = [args.namespace] if args.namespace else found
    held = [
        Held(namespace, limit, secrets.get((namespace, limit.secret)))
        for namespace, limit in _limits(loaded, namespaces)
    ]
    _say_nothing(held, namespaces, "no Secret in the input: name the namespace with --namespace")
    return _report(held, pods, at)


def _say_nothing(held: "Sequence[Held]", namespaces: "Sequence[str]", none: str) -> None:
    """Say why there is nothing to report, which must not look as if all were well."""
    if not held:
        where = ", ".join(namespaces)
        print(f"no policy hands out a Secret in {where}" if where else none, file=sys.stderr)


def _objects(documents: "Iterable[Document]") -> "Iterable[Json]":
    from webhook.core.lists import each  # noqa: PLC0415

    for document in documents:
        yield from (it for _, it in each(document.value) if isinstance(it, dict))


def _limits(loaded: "Loaded", namespaces: "Iterable[str]") -> "list[tuple[str, Limit]]":
    from webhook.rotation.limits import limits  # noqa: PLC0415

    specs = {source.policy.metadata.name: source.policy.spec for source in loaded.sources}
    return [
        (namespace, limit)
        for namespace in namespaces
        if (policy := loaded.policies.govern(namespace)) is not None
        for limit in limits(specs[policy.name], namespace)
    ]


def _opted_in(content: bytes) -> str | None:
    from webhook.audit.stored import stored_namespace  # noqa: PLC0415

    namespace = stored_namespace(content)
    return namespace.name if namespace.mode else None


def _report(held: "Sequence[Held]", pods: "Iterable[bytes]", at: datetime) -> "RotationReport":
    import msgspec  # noqa: PLC0415

    from webhook.rotation.report import changes, rotation_report  # noqa: PLC0415
    from webhook.rotation.running import stale  # noqa: PLC0415

    changed = changes(held, at)
    running, unreadable = [], []
    for content in pods:
        try:
            running += stale(content, changed)
        except msgspec.DecodeError as error:
            unreadable.append(f"a pod is not as Kubernetes wants it: {error}")
    return rotation_report(held, running, at=at, unreadable=unreadable)


def _write(report: "RotationReport", args: argparse.Namespace, at: datetime) -> None:
    # Imported here: each is slow to load, and one of them is wanted.
    match args.output:
        case "json":
            from webhook.commands.output import as_json  # noqa: PLC0415
            from webhook.report.machine import plain  # noqa: PLC0415

            print(as_json({"kind": "Rotation", **plain(report)}))
        case "html":
            from webhook.report.html import rotation_page  # noqa: PLC0415

            sys.stdout.write(rotation_page(report, gather.occasion(args, at)))
        case "metrics":
            from webhook.report.exposition import write_rotation_metrics  # noqa: PLC0415

            write_rotation_metrics(report, sys.stdout)
        case _:
            from webhook.report.table_rotation import write_rotation  # noqa: PLC0415

            write_rotation(report, sys.stdout)
