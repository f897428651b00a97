"""Flows and key lists of files and folders, for `explain --flow` and `audit --flows`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webhook.flows.environment import Reader
    from webhook.flows.keys import KeyList
    from webhook.flows.report import Flow, FlowsReport
    from webhook.loading.yamltree import Document


def add_secrets(parser: argparse.ArgumentParser) -> None:
    """Add --secrets."""
    parser.add_argument(
        "--secrets",
        metavar="PATH",
        action="append",
        default=[],
        help=(
            "manifests of Secrets, ExternalSecrets or ConfigMaps, of which only the names of keys "
            "are used: a file, a folder, or -; may be repeated"
        ),
    )


def report_of(flows: list[str], secrets: list[str], readers: "list[Reader]") -> "FlowsReport":
    """Read flows and key lists, and look every name up; raises `UsageError`."""
    from dataclasses import replace  # noqa: PLC0415

    from webhook.flows.environment import known  # noqa: PLC0415
    from webhook.flows.keys import in_namespace  # noqa: PLC0415
    from webhook.flows.report import flows_report  # noqa: PLC0415
    from webhook.secretref.keys import KEYS  # noqa: PLC0415
    from webhook.secretref.model import Category, Sort  # noqa: PLC0415

    lists = key_lists(secrets)
    told = {it.namespace: in_namespace(lists, it.namespace) for it in readers}
    filled = [replace(it, layers=known(it.layers, told[it.namespace])) for it in readers]
    found, unreadable = read_flows(flows)
    credentials = [
        key.name
        for key in KEYS
        if key.sort is Sort.SECRET and key.category.value is Category.INFRASTRUCTURE
    ]
    return flows_report(found, filled, credentials=credentials, unreadable=unreadable)


def read_flows(inputs: list[str]) -> "tuple[list[Flow], list[str]]":
    """Read flows; a file that cannot be read becomes a sentence, and the others are read."""
    from webhook.commands import objects  # noqa: PLC0415 - start-up time of the others
    from webhook.commands.progress import progress  # noqa: PLC0415
    from webhook.flows.scan import scan  # noqa: PLC0415

    found: list[Flow] = []
    unreadable: list[str] = []
    files = [file for name in inputs for file in _files(name)]
    with progress(sys.stderr) as report:
        for number, file in enumerate(files, 1):
            try:
                texts = objects.texts([file])
                documents = [it for text in texts for it in objects.documents(text)]
            except UsageError as error:
                unreadable.append(str(error))
            else:
                found.append(scan("<stdin>" if file == "-" else file, documents))
            report("flows", number, len(files))
    return found, unreadable


def key_lists(inputs: list[str]) -> "list[KeyList]":
    """Read the names of keys; raises `UsageError`, which repeats nothing of the content."""
    from webhook.flows.keys import key_lists as of_document  # noqa: PLC0415

    return [it for name in inputs for document in quiet(name) for it in of_document(document.value)]


def quiet(name: str) -> "Iterator[Document]":
    """Read documents whose faults must not be quoted: they may be values."""
    from webhook.commands import objects  # noqa: PLC0415

    for file in _files(name):
        try:
            for text in objects.texts([file]):
                yield from objects.documents(text)
        except UsageError:
            shown = "<stdin>" if file == "-" else file
            raise UsageError(
                f"{shown}: not readable as YAML or JSON; what is wrong is not quoted, since it may "
                "be part of a value: noxus-secrets lint tells the line"
            ) from None


def _files(name: str) -> list[str]:
    if name == "-":
        return [name]
    path = Path(name)
    try:
        path.stat()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    if not path.is_dir():
        return [name]
    suffixes = {".yaml", ".yml", ".json"}
    found = sorted(str(it) for it in path.rglob("*") if it.suffix in suffixes and it.is_file())
    if not found:
        raise UsageError(f"{name}: the folder holds no .yaml, .yml or .json file")
    return found
