"""Folders of cases -> cases that are ready to run, or everything that is wrong with them."""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from webhook.commands.casegiven import Givens
from webhook.core.faults import Path as Field
from webhook.core.words import NamespaceMode
from webhook.errors import UsageError
from webhook.loading.problems import PolicyError
from webhook.loading.yamltree import Document, read_documents
from webhook.policytests.kinds import title
from webhook.policytests.model import KIND, Case, HookChoice, PolicyTest
from webhook.policytests.outcome import Sent
from webhook.policytests.reading import holds_cases, problem, read_test
from webhook.policytests.result import Ready

Json = Any

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(slots=True)
class CaseFiles:
    """Reads cases, with the policies and objects that they name."""

    givens: Givens
    _faults: list[str] = field(default_factory=list)

    def read(self, paths: Sequence[str], globs: Sequence[str] = ()) -> list[Ready]:
        """Return the cases whose name fits one of the globs, or all.

        Raises `UsageError` with everything that is wrong, also where there is no case.
        """
        self._faults.clear()
        known, ready = 0, []
        for document, test in self._tests(paths):
            known += len(test.cases)
            for i, case in enumerate(test.cases):
                if globs and not any(fnmatch.fnmatchcase(case.name, it) for it in globs):
                    continue
                try:
                    ready.append(self._ready(document, test, i))
                except (PolicyError, UsageError) as error:
                    self._faults.append(str(error))
        if self._faults:
            lines = "\n".join(dict.fromkeys(self._faults))  # one bad policy is one fault
            raise UsageError(f"the cases cannot be run:\n{lines}")
        if not ready:
            raise UsageError(_no_case(paths, globs, known))
        return ready

    def _tests(self, paths: Sequence[str]) -> Iterator[tuple[Document, PolicyTest]]:
        for name in paths:
            for file in self.givens.watched.listed(Path(name), _SUFFIXES):
                try:
                    for document in self._documents(file):
                        yield document, read_test(document)
                except (PolicyError, UsageError) as error:
                    self._faults.append(str(error))

    def _documents(self, file: Path) -> list[Document]:
        try:
            text = self.givens.watched.content(file).decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{file}: not UTF-8 text") from None
        return [it for it in read_documents(text, str(file)) if holds_cases(it)]

    def _ready(self, document: Document, test: PolicyTest, i: int) -> Ready:
        case, place = test.cases[i], ("cases", i)
        where, policy = _given(place, "policy", case.policy, test.policy)
        loaded = self.givens.policies(document, where, policy)
        where, named = _given(place, "object", case.object, test.object)
        if named is None:
            raise PolicyError([problem(document, (*place, "object"), "is required")])
        value, kind = self.givens.object(document, where, named, loaded)
        namespace = case.namespace or test.namespace or _own_namespace(value)
        if namespace is None:
            message = (
                f"{title(value)} names no namespace, on which what it gets depends: write "
                "namespace, for this case or for all"
            )
            raise PolicyError([problem(document, place, message)])
        user, groups = _who(test, case)
        sent = Sent(
            value=value,
            kind=kind,
            namespace=namespace,
            mode=case.mode or test.mode or NamespaceMode.ENABLED,
            hook=case.hook or test.hook or HookChoice.BOTH,
            user=user,
            groups=groups,
        )
        line = document.line(place)
        return Ready(document.file, line, case.name, sent, loaded, case.expect)


def _given(
    place: Field, name: str, own: str | Json | None, shared: str | Json | None
) -> tuple[Field, str | Json | None]:
    """Return what a case names, or its file does, and where that is written."""
    return ((*place, name), own) if own is not None else ((name,), shared)


def _own_namespace(value: Json) -> str | None:
    metadata = value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) and namespace else None


def _who(test: PolicyTest, case: Case) -> tuple[str | None, tuple[str, ...]]:
    """Return user and groups; groups of the file are those of its user."""
    if case.user is not None:
        return case.user, case.groups
    return test.user, case.groups or test.groups


def _no_case(paths: Sequence[str], globs: Sequence[str], known: int) -> str:
    where = ", ".join(paths)
    if known:
        return f"none of the {known} cases in {where} has a name that fits {', '.join(globs)}"
    return f"{where}: no case found; a file of cases has `kind: {KIND}`, see docs/policy-tests.md"
