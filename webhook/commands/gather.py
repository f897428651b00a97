"""The objects that `audit` and `plan` are about: of manifests, or of the live cluster."""

import argparse
import sys
from typing import TYPE_CHECKING, Protocol

from webhook.commands import flags
from webhook.core.words import NamespaceMode
from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from webhook.audit.stored import Stored, StoredNamespace
    from webhook.commands.objects import Target
    from webhook.loading.yamltree import Document
    from webhook.report.html import Occasion


class Sink(Protocol):
    """Takes namespaces first, and owners before what they own."""

    def add_namespace(self, namespace: "StoredNamespace") -> None:
        """Take a namespace."""

    def add(self, stored: "Stored") -> None:
        """Take a workload or pod."""

    def add_unreadable(self, sentence: str) -> None:
        """Take note of an object that is not as Kubernetes wants it."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add -f, --namespace and --mode."""
    parser.add_argument(
        *("-f", "--filename"),
        metavar="PATH",
        action="append",
        default=[],
        help="manifests instead of the cluster: a file, a folder, or -; may be repeated",
    )
    parser.add_argument(
        *("-n", "--namespace"),
        metavar="NAME",
        help="of the cluster, this namespace alone (default: all); of manifests as in explain",
    )
    parser.add_argument(
        "--mode",
        choices=[str(mode) for mode in NamespaceMode],
        help=(
            "the opt-in label of namespaces that the manifests do not hold (default: enabled); "
            "in a cluster the label itself is read"
        ),
    )


def gather(args: argparse.Namespace, sink: Sink) -> None:
    """Hand over everything; raises `UsageError`."""
    if args.filename:
        _from_files(args, sink)
    elif args.mode:
        raise UsageError("--mode is for manifests: in a cluster the namespaces' labels are read")
    else:
        _from_cluster(args.namespace, sink)


def default_mode(args: argparse.Namespace) -> str:
    """Return the mode of a namespace of which nothing is known."""
    return str(args.mode or NamespaceMode.ENABLED) if args.filename else ""


def _from_files(args: argparse.Namespace, sink: Sink) -> None:
    import msgspec  # noqa: PLC0415 - start-up time of the others

    from webhook.audit.auditor import place  # noqa: PLC0415
    from webhook.audit.stored import stored_manifest, stored_namespace  # noqa: PLC0415
    from webhook.commands import objects  # noqa: PLC0415

    found: list[Stored] = []
    for text in objects.texts(args.filename):
        for document in objects.documents(text):
            for target in objects.targets(document, args.namespace):
                value, at = _object_of(document, target), f"{target.file}:{target.line}"
                try:
                    found.append(
                        stored_manifest(
                            *(target.kind, value, target.pod, target.root),
                            *(target.namespace, at),
                        )
                    )
                except msgspec.ValidationError as error:
                    raise UsageError(
                        f"{at}: {target.title} is not as Kubernetes wants it: {error}"
                    ) from None
            for namespace in _namespaces(document.value):
                sink.add_namespace(stored_namespace(namespace))
    for stored in sorted(found, key=lambda it: place(it.kind)):
        sink.add(stored)
    if not found:
        print("no pod and no workload in the input", file=sys.stderr)


def _object_of(document: "Document", target: "Target") -> dict[str, object]:
    """Return the object around a template."""
    value = document.value
    inside = target.root.count(".")  # as many members as dots: spec.template.spec
    for part in target.path[: len(target.path) - inside]:
        value = value[part]
    return dict(value)


def _namespaces(value: object) -> "Iterator[dict[str, object]]":
    if not isinstance(value, dict):
        return
    if value.get("kind") == "Namespace" and isinstance(value.get("metadata"), dict):
        yield value
    items = value.get("items")
    for item in items if isinstance(items, list) else ():
        yield from _namespaces(item)


def _from_cluster(namespace: str | None, sink: Sink) -> None:
    # Imported here: the client of the API server costs a fifth of a second.
    import msgspec  # noqa: PLC0415

    from webhook.audit.stored import stored, stored_namespace  # noqa: PLC0415
    from webhook.cluster.inventory import InventoryError, read_inventory  # noqa: PLC0415
    from webhook.cluster.read import is_there  # noqa: PLC0415
    from webhook.commands.progress import progress  # noqa: PLC0415

    if not is_there():
        raise UsageError("no cluster: set KUBECONFIG, or give manifests with -f")

    def take(kind: str, content: bytes) -> None:
        try:
            if kind == "Namespace":
                sink.add_namespace(stored_namespace(content))
            else:
                sink.add(stored(kind, content))
        except msgspec.DecodeError as error:
            sink.add_unreadable(f"an object of kind {kind} is not as Kubernetes wants it: {error}")

    try:
        with progress(sys.stderr) as report:
            read_inventory(namespace, take, report)
    except InventoryError as error:
        raise UsageError(str(error)) from None


def written(args: argparse.Namespace) -> dict[str, str]:
    """Return when each policy was last changed, where policies of the cluster are audited."""
    if flags.policy_path(args) is not None:
        return {}
    from webhook.cluster.inventory import InventoryError, policies_written  # noqa: PLC0415

    try:
        return policies_written()
    except InventoryError as error:
        raise UsageError(str(error)) from None


def occasion(args: argparse.Namespace, at: "datetime") -> "Occasion":
    """Return what a page says of itself: about what, when and by which program it was made."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    from webhook.report.html import Occasion  # noqa: PLC0415

    try:
        program = f"noxus-secrets {version('noxus-secret-webhook')}"
    except PackageNotFoundError:  # run from a checkout that is not installed
        program = "noxus-secrets"
    if args.filename:
        about = f"manifests in {', '.join(args.filename)}"
    else:
        from webhook.cluster.inventory import subject  # noqa: PLC0415

        about = subject()
    return Occasion(subject=about, made=at.strftime("%Y-%m-%dT%H:%M:%SZ"), program=program)
