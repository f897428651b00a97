"""What a case names: its policy and its object, each in a file or written out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webhook.commands import objects
from webhook.commands.casechanges import Watched
from webhook.core.compile import compile_policy
from webhook.core.faults import Path as Field
from webhook.core.lists import each
from webhook.core.policy import API_VERSION, KIND
from webhook.core.policyset import PolicySet
from webhook.errors import UsageError
from webhook.loading.load import Loaded, LoadedPolicy, load_policies, policy_files, validated
from webhook.loading.problems import PolicyError
from webhook.loading.yamltree import Document
from webhook.policytests.kinds import Kind, kind_of, title
from webhook.policytests.reading import problem

Json = Any


@dataclass(slots=True)
class Givens:
    """Loads policies and objects, each file once.

    `policy` is that of cases that name none, and with `instead` of those that name a file, too;
    where there is none, `cluster` loads what is in force there.
    """

    policy: Path | None
    cluster: Callable[[], Loaded]
    watched: Watched
    instead: bool = False
    _policies: dict[Path | None, Loaded] = field(default_factory=dict)
    _objects: dict[Path, list[Json]] = field(default_factory=dict)

    def policies(self, document: Document, place: Field, given: str | Json | None) -> Loaded:
        """Return the policies of a case; raises `UsageError` and `PolicyError`."""
        if isinstance(given, dict):
            return _written_out(document, place, given)
        file = self.policy if given is None or self.instead else _beside(document, given)
        if file not in self._policies:
            try:
                self._policies[file] = self.cluster() if file is None else self._load(file)
            except OSError as error:
                message = f"the policy cannot be read: {file}: {error.strerror}"
                if file == self.policy:
                    raise UsageError(message) from None
                raise PolicyError([problem(document, place, message)]) from None
        return self._policies[file]

    def object(
        self, document: Document, place: Field, given: str | Json, loaded: Loaded
    ) -> tuple[Json, Kind]:
        """Return the object of a case, and its kind; raises as `policies` does."""
        if isinstance(given, dict):
            kind = _kind(given, loaded)
            if kind is None:
                raise PolicyError([problem(document, place, _no_pods(given))])
            return given, kind
        name, _, wanted = given.partition("#")
        file = _beside(document, name)
        kinds = ((it, _kind(it, loaded)) for it in self._read(document, place, file))
        known = [(it, kind) for it, kind in kinds if kind is not None]
        fitting = [pair for pair in known if title(pair[0]) == wanted] if wanted else known
        if len(fitting) == 1:
            return fitting[0]
        titles = [title(it) for it, _ in known]
        message = f"{file} holds {', '.join(titles) or 'no pod and no workload'}"
        if wanted and not fitting:
            message += f": there is no {wanted} among them"
        elif known:
            message += f": say which one is meant, as in {name}#{titles[0]}"
        raise PolicyError([problem(document, place, message)])

    def _load(self, file: Path) -> Loaded:
        self.watched.listed(file, (".yaml", ".yml", ".json"))
        for one in policy_files(file):
            self.watched.content(one)
        return load_policies(file)

    def _read(self, document: Document, place: Field, file: Path) -> list[Json]:
        if file not in self._objects:
            try:
                self.watched.content(file)
            except OSError as error:
                message = f"the object cannot be read: {file}: {error.strerror}"
                raise PolicyError([problem(document, place, message)]) from None
            found = (it for text in objects.texts([str(file)]) for it in objects.documents(text))
            self._objects[file] = [one for it in found for _, one in each(it.value)]
        return self._objects[file]


def _kind(value: Json, loaded: Loaded) -> Kind | None:
    """Return the kind of an object, those that the policies name among them."""
    return kind_of(value, (it for one in loaded.sources for it in one.policy.spec.workloads))


def _beside(document: Document, name: str) -> Path:
    return Path(document.file).parent / name


def _written_out(document: Document, place: Field, given: Json) -> Loaded:
    depth = len(place)
    lines = {path[depth:]: line for path, line in document.lines.items() if path[:depth] == place}
    head = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "written-out"}}
    part = Document(document.file, head | given, lines)
    policy = validated(part)
    return Loaded(PolicySet([compile_policy(policy)]), (LoadedPolicy(policy, part),))


def _no_pods(value: Json) -> str:
    """Say why an object cannot be a case's."""
    version = value.get("apiVersion")
    if not isinstance(version, str) or not isinstance(value.get("kind"), str):
        return "expected a pod or a workload, with its apiVersion and kind"
    return (
        f"{value['kind']} of {version} is no pod, no workload of Kubernetes, and none of "
        "spec.workloads of the policy"
    )
