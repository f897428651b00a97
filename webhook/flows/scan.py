"""A flow's documents -> what it reads, with file, line and field."""

from collections.abc import Iterable

from webhook.flows.references import Path, find
from webhook.flows.report import Flow, Use
from webhook.loading.yamltree import Document, field_name


def scan(file: str, documents: Iterable[Document]) -> Flow:
    """Search the documents of one file."""
    reads: list[tuple[str, Use]] = []
    near_misses: list[tuple[Use, str]] = []
    for document in documents:
        found = find(document.value)
        reads += [(it.name, _use(document, it.path)) for it in found.references]
        near_misses += [(_use(document, it.path), it.message) for it in found.near_misses]
    return Flow(file, tuple(reads), tuple(near_misses))


def _use(document: Document, path: Path) -> Use:
    return Use(document.file, document.line(path), field_name(path))
