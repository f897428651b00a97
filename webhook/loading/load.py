"""Policy files -> a `PolicySet`, or every problem in them."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

import msgspec
from pydantic import ValidationError

from webhook.core import advice, faults
from webhook.core.compile import compile_policy
from webhook.core.faults import Fault
from webhook.core.policy import KIND, Policy
from webhook.core.policyset import Conflict, PolicySet
from webhook.loading import mistaken
from webhook.loading.explain import field_path, sentence
from webhook.loading.problems import PolicyError, Problem
from webhook.loading.yamltree import Document, field_name, read_documents

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy with the document that it was read from, for the lines that messages name."""

    policy: Policy
    document: Document


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read: the policies as the decision wants them, and as people wrote them."""

    policies: PolicySet
    sources: tuple[LoadedPolicy, ...]

    def warnings(self) -> list[Problem]:
        """Return what is allowed and still worth a second look, conflicts included."""
        found = [
            _problem(source.document, fault)
            for source in self.sources
            for fault in advice.warnings(source.policy)
        ]
        return [*found, *self.conflicts()]

    def found_by(self, judge: Callable[[Policy], Iterable[Fault]]) -> list[Problem]:
        """Return what a further judge says of each policy, with its place."""
        return [
            _problem(source.document, fault)
            for source in self.sources
            for fault in judge(source.policy)
        ]

    def notes(self) -> list[Problem]:
        """Return what has to be done elsewhere for these policies to hold."""
        return [
            _problem(source.document, fault)
            for source in self.sources
            for fault in advice.notes(source.policy)
        ]

    def conflicts(self) -> list[Problem]:
        """Return the policies of which an earlier one covers a namespace, too."""
        by_name = {source.policy.metadata.name: source.document for source in self.sources}
        return [
            _problem(by_name[conflict.yields], overlap(conflict))
            for conflict in self.policies.conflicts()
        ]


def overlap(conflict: Conflict) -> Fault:
    """Say what is wrong with the policy that yields."""
    return Fault(
        ("spec", "namespaces"),
        f"{conflict.namespaces!r} is covered by policy {conflict.governs!r}, too, which comes "
        "first and governs there: let one of them leave it out",
    )


def load_policies(path: FilePath, generation: int = 0) -> Loaded:
    """Load a file, or every .yaml, .yml and .json file of a folder in the order of their names.

    Raises `PolicyError` with every problem found, and OSError where a file cannot be read.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    for file in policy_files(path):
        try:
            text = file.read_text(encoding="utf-8-sig")
            documents.extend(_read(text, str(file)))
        except UnicodeDecodeError:
            problems.append(Problem(str(file), 0, "", "not YAML: the file is not UTF-8 text"))
        except PolicyError as error:
            problems.extend(error.problems)
    return _load(documents, problems, str(path), generation)


def load_text(text: str, *, name: str = "policy.yaml") -> Loaded:
    """Load policies from text; `name` stands for the file in messages."""
    return _load(_read(text, name), [], name, 0)


def fingerprint(path: FilePath) -> bytes:
    """Return a hash of all policy files, their names included; raises OSError."""
    digest = hashlib.sha256()
    for file in policy_files(path):
        content = file.read_bytes()
        # Not `encode`: a name need not be UTF-8.
        digest.update(os.fsencode(file) + f"\0{len(content)}\0".encode())
        digest.update(content)
    return digest.digest()


def policy_files(path: FilePath) -> list[FilePath]:
    """Return the files to read; hidden ones are how a mounted ConfigMap swaps its content."""
    if not path.is_dir():
        return [path]
    files = (p for p in path.iterdir() if p.suffix in _SUFFIXES and not p.name.startswith("."))
    return sorted(file for file in files if file.is_file())


def _read(text: str, file: str) -> list[Document]:
    try:
        return list(read_documents(text, file))
    except PolicyError as error:
        if mistaken.text_may_hold_values(text):
            raise mistaken.without_quotes(error) from None
        raise


def _load(documents: list[Document], problems: list[Problem], name: str, generation: int) -> Loaded:
    loaded: list[LoadedPolicy] = []
    for document in documents:
        try:
            policy = validated(document)
        except PolicyError as error:
            problems.extend(error.problems)
        else:
            loaded.append(LoadedPolicy(policy, document))
    problems.extend(_repeated_names(loaded))
    if not problems and not loaded:
        problems.append(Problem(name, 0, "", f"there is no {KIND} in it"))
    if problems:
        raise PolicyError(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    compiled = [compile_policy(source.policy, generation) for source in loaded]
    return Loaded(PolicySet(compiled, generation), tuple(loaded))


def validated(document: Document) -> Policy:
    """Return the policy that a document holds; raises `PolicyError` with every problem found."""
    if not isinstance(document.value, dict):
        raise PolicyError([_problem(document, Fault((), f"expected a {KIND}, a mapping"))])
    if mistaken.may_hold_values(document.value):
        raise PolicyError([mistaken.told(_problem(document, Fault((), "")))])
    try:
        # Strict mode reads lists and enums from JSON only; it is what tells "5" from 5.
        policy = Policy.model_validate_json(msgspec.json.encode(document.value))
    except ValidationError as error:
        found = [
            Problem(
                document.file,
                document.line(field_path(e["loc"])),
                field_name(field_path(e["loc"])),
                sentence(e),
            )
            for e in error.errors(include_url=False)
        ]
        raise PolicyError(found) from None
    if refused := faults.refusals(policy):
        raise PolicyError([_problem(document, fault) for fault in refused])
    return policy


def _problem(document: Document, fault: Fault) -> Problem:
    return Problem(document.file, document.line(fault.path), field_name(fault.path), fault.message)


def _repeated_names(loaded: list[LoadedPolicy]) -> Iterator[Problem]:
    first: dict[str, Document] = {}
    for source in loaded:
        name = source.policy.metadata.name
        earlier = first.setdefault(name, source.document)
        if earlier is not source.document:
            place = f"{earlier.file}:{earlier.line(('metadata', 'name'))}"
            message = f"policy {name!r} is already defined at {place}: give this one another name"
            yield _problem(source.document, Fault(("metadata", "name"), message))
