"""A YAML document -> a file of cases, or every problem in it with its line."""

from collections.abc import Iterator

import msgspec
from pydantic import ValidationError

from webhook.core import words
from webhook.core.faults import Path, did_you_mean
from webhook.core.policy import KIND as POLICY
from webhook.loading.explain import field_path, sentence
from webhook.loading.problems import PolicyError, Problem
from webhook.loading.yamltree import Document, field_name
from webhook.policytests.model import KIND, Given, PolicyTest


def holds_cases(document: Document) -> bool:
    """Tell cases from the objects and policies beside them; raises `PolicyError` where in doubt.

    A document that is passed over by mistake would be a test that never fails.
    """
    value = document.value
    if not isinstance(value, dict):
        return False
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind == KIND:
        return True
    ours = isinstance(version, str) and version.startswith(f"{words.GROUP}/")
    if kind is None and (ours or "cases" in value):
        raise PolicyError([problem(document, (), f"kind: is required; write {KIND} for cases")])
    if ours and kind != POLICY:
        hint = did_you_mean(str(kind), [KIND, POLICY]) or f": known are {KIND} and {POLICY}"
        raise PolicyError([problem(document, ("kind",), f"unknown kind {kind!r}{hint}")])
    return False


def read_test(document: Document) -> PolicyTest:
    """Return the cases of a document; raises `PolicyError` with every problem found."""
    try:
        # Strict mode reads lists and enums from JSON only; it is what tells "5" from 5.
        test = PolicyTest.model_validate_json(msgspec.json.encode(document.value))
    except ValidationError as error:
        raise PolicyError(
            [
                problem(document, field_path(it["loc"]), sentence(it, PolicyTest))
                for it in error.errors(include_url=False)
            ]
        ) from None
    if faults := [*_repeated(document, test), *_nobodys_groups(document, test)]:
        raise PolicyError(faults)
    return test


def problem(document: Document, path: Path, message: str) -> Problem:
    """Say what is wrong at a place of a document."""
    return Problem(document.file, document.line(path), field_name(path), message)


def _repeated(document: Document, test: PolicyTest) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for i, case in enumerate(test.cases):
        earlier = first.setdefault(case.name, i)
        if earlier != i:
            line = document.line(("cases", earlier, "name"))
            message = f"{case.name!r} is the name of the case in line {line}, too: change one"
            yield problem(document, ("cases", i, "name"), message)


def _nobodys_groups(document: Document, test: PolicyTest) -> Iterator[Problem]:
    places: list[tuple[Path, Given]] = [((), test)]
    places += [(("cases", i), case) for i, case in enumerate(test.cases)]
    for path, given in places:
        if given.groups and given.user is None and test.user is None:
            yield problem(document, (*path, "groups"), "are of nobody: name their user, too")
