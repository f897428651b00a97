"""YAML text -> plain values with the line of each, refusing what would be read silently wrong.

PyYAML composes the nodes, in C; building values from them ourselves is what gives every field its
line, and what notices a key that is written twice, of which YAML readers silently keep the last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

from webhook.core.faults import Path
from webhook.loading.problems import TWICE, PolicyError, Problem, names_values, without_keys

# A policy of 10,000 pools has about 100,000 nodes; aliases that multiply into more are an attack.
MAX_NODES: Final = 2_000_000
# A policy nests 8 deep and a pod about 15; the composer overflows the stack somewhere above 10,000.
MAX_DEPTH: Final = 100

# The tags by which text becomes another value. Any other may be a password that begins with `!`.
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("binary", "bool", "float", "int", "null")
)

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, and the line of each field by its path."""

    file: str
    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of a field, or that of the nearest field around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def read_documents(
    text: str, file: str, first_line: int = 1, *, max_nodes: int = MAX_NODES
) -> Iterator[Document]:
    """Yield the documents that are not empty; raises `PolicyError` for what is no YAML.

    `first_line` is the line of the file at which the text begins.
    """
    loader = _Loader(text)
    try:
        _check_depth(text, file, first_line)
        while loader.check_node():
            builder = _Builder(loader, file, first_line, max_nodes)
            value = builder.build(cast("yaml.Node", loader.get_node()), ())  # there is one
            builder.forget_nodes()
            if value is not None:
                yield Document(file, value, builder.lines)
    except PolicyError as error:
        raise (without_keys(error) if names_values(text) else error) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + first_line if mark else 0
        raise PolicyError([Problem(file, line, "", f"not YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        message = str(error).splitlines()[0]
        raise PolicyError([Problem(file, 0, "", f"not YAML: {message}")]) from None
    finally:
        loader.dispose()


def _check_depth(text: str, file: str, first_line: int) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark = cast("yaml.Mark", event.start_mark)  # every event has one
            line = mark.line + first_line
            raise PolicyError([Problem(file, line, "", "the document is nested too deeply")])


class _Builder:
    """Builds the values of one document, and remembers their lines."""

    def __init__(
        self,
        loader: Any,  # noqa: ANN401 - PyYAML has no type for it
        file: str,
        first_line: int,
        max_nodes: int,
    ) -> None:
        self._loader = loader
        self._file = file
        self._first_line = first_line
        self._max_nodes = max_nodes
        self._open: set[int] = set()  # nodes that are being built: an alias to one is a loop
        self._own: dict[int, set[int]] = {}  # mapping -> its own keys, merged ones apart
        self._nodes: list[yaml.Node] = []  # that were built, the outermost first
        self.lines: dict[Path, int] = {}

    def build(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - any YAML value
        if len(self.lines) > self._max_nodes:
            raise self._refused(node, path, "the document grows without end: its aliases multiply")
        if len(path) > MAX_DEPTH:
            raise self._refused(node, (), "the document is nested too deeply")
        if id(node) in self._open:
            raise self._refused(node, path, "an alias refers to what contains it")
        self.lines[path] = node.start_mark.line + self._first_line
        self._open.add(id(node))
        self._nodes.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.build(child, (*path, i)) for i, child in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._open.discard(id(node))

    def forget_nodes(self) -> None:
        """Free the nodes one by one, from the outermost on.

        Python frees a whole tree in one go that no other thread interrupts: of 10,000 pools that
        is 10 ms in which a server answers nobody (docs/performance.md, Reload).
        """
        self._nodes.reverse()
        while self._nodes:
            self._nodes.pop()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        # Flattening changes the node, and an alias brings it here once more.
        own = self._own.setdefault(id(node), {id(key) for key, _ in node.value})
        self._loader.flatten_mapping(node)  # resolves merge keys: <<
        result: dict[str, Any] = {}
        merged: set[str] = set()
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            inherited = id(key_node) not in own
            if key in result and not (inherited or key in merged):
                raise self._refused(key_node, (*path, key), f"{key!r} {TWICE}")
            if inherited:
                merged.add(key)
            else:
                merged.discard(key)
            result[key] = self.build(value_node, (*path, key))
            self.lines[(*path, key)] = key_node.start_mark.line + self._first_line
        return result

    def _key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._refused(node, path, "a key must be text")
        return str(node.value)  # as in JSON every key is text: `on:` is no boolean

    def _scalar(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - any YAML scalar
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value  # JSON has no dates, and neither has the API
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError):
            raise self._refused(node, path, _not_as_tagged(node.tag)) from None
        if isinstance(value, str | int | float | bool | None):
            return value
        raise self._refused(node, path, f"tag {node.tag} is not part of JSON: write plain text")

    def _refused(self, node: yaml.Node, path: Path, message: str) -> PolicyError:
        line = node.start_mark.line + self._first_line
        return PolicyError([Problem(self._file, line, field_name(path), message)])


def _not_as_tagged(tag: str) -> str:
    """Say what is wrong with a scalar without a part of it: it may be a value of a variable."""
    if tag in _TAGS:
        return f"the value is not what its tag {tag} says"
    return "the value begins with a tag, !, that is not known: if it is text, put it in quotes"


def field_name(path: Path) -> str:
    """Write a path as Kubernetes does: spec.scopes[0].name."""
    text = ""
    for part in path:
        if isinstance(part, int) or "." in part or "/" in part:
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
