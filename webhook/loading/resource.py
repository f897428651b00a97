"""Resources as the API server sends them -> policies, or every problem in them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from webhook.core.compile import compile_policy
from webhook.core.faults import Path
from webhook.core.policy import KIND, Policy
from webhook.core.policyset import PolicySet
from webhook.loading.load import Loaded, LoadedPolicy, validated
from webhook.loading.problems import PolicyError, Problem
from webhook.loading.yamltree import Document

# The rest of the metadata is the API server's own: who manages which field alone may take as much
# room as the policy itself.
_METADATA: Final = ("name", "generation", "creationTimestamp")


def load_resource(resource: Mapping[str, Any]) -> Policy:
    """Load a SecretInjectionPolicy of the cluster by the rules of a file; its status is not read.

    Raises `PolicyError`, whose problems have a field and neither a file nor a line.
    """
    try:
        return validated(Document(file="", value=_content(resource), lines={}))
    except RecursionError:  # the API server stores what is nested 10,000 deep
        problem = Problem("", 0, "", f"the {KIND} is nested too deeply")
        raise PolicyError([problem]) from None


def load_resources(resources: Iterable[Mapping[str, Any]]) -> Loaded:
    """Load all policies of a cluster, in the order in which they govern.

    Messages name `SecretInjectionPolicy/<name>` in place of a file. Raises `PolicyError` with every
    problem of every policy.
    """
    problems: list[Problem] = []
    loaded: list[LoadedPolicy] = []
    for resource in sorted(resources, key=_age):
        content = _content(resource)
        file = f"{KIND}/{content['metadata'].get('name', '')}"
        try:
            policy = load_resource(resource)
        except PolicyError as error:
            problems += [Problem(file, 0, it.field, it.message) for it in error.problems]
        else:
            loaded.append(LoadedPolicy(policy, Document(file, content, dict(_places(content)))))
    if problems:
        raise PolicyError(problems)
    compiled = [compile_policy(source.policy) for source in loaded]
    return Loaded(PolicySet(compiled), tuple(loaded))


def _content(resource: Mapping[str, Any]) -> dict[str, Any]:
    metadata = resource.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {}
    value = {key: part for key, part in resource.items() if key != "status"}
    value["metadata"] = {key: metadata[key] for key in _METADATA if key in metadata}
    return value


def _age(resource: Mapping[str, Any]) -> tuple[str, str]:
    metadata = resource.get("metadata") or {}
    return str(metadata.get("creationTimestamp") or ""), str(metadata.get("name") or "")


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:  # noqa: ANN401 - any JSON
    """Yield each field that is written, as on line 0: a resource has fields and no lines."""
    yield path, 0
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, part in items:
        yield from _places(part, (*path, key))
