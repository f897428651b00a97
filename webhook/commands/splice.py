"""A YAML text with a JSON Patch applied, every byte kept that the patch is not about.

The places come from the marks of the parser; what is inserted is written as its neighbours are.
Some texts are beyond this: it says `Unspliceable`, or the caller sees that the result reads
otherwise than it should, and a writer that formats the whole document anew takes over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml

from webhook.commands.yamlpieces import block, block_item, flow

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# An alias or a merge key: what is written once is read in several places, and an edit would reach
# all of them. In quotes or in a comment it looks the same, which costs no more than the formatting.
_SHARED: Final = re.compile(r"(?:^|[\s\[{,:-])(?:\*[^\s*]|<<\s*:)", re.MULTILINE)


class Unspliceable(Exception):
    """The text is written in a way that is not edited in place."""


def spliced(text: str, changes: Sequence[dict[str, Any]]) -> str:
    """Apply operations to the one document of a text; raises `Unspliceable`."""
    if _SHARED.search(text):
        raise Unspliceable
    ended = text.endswith("\n")
    splice = _Splice(text if ended else text + "\n")
    for change in changes:
        splice.apply(change)
    result = splice.result()
    return result if ended else result.removesuffix("\n")


@dataclass(slots=True)
class _List:
    """A sequence while it is being changed: indices of what was there, and new values."""

    node: yaml.SequenceNode
    key: yaml.Node  # that it is the value of
    items: list[int | tuple[Any]]


class _Edit(NamedTuple):
    """New text for a part of the old; an insertion belongs to what ends there, from `owner` on."""

    start: int
    end: int
    new: str
    owner: int


@dataclass(slots=True)
class _Splice:
    """The document, and what is to be changed in it."""

    text: str
    edits: list[_Edit] = field(default_factory=list)
    lists: dict[int, _List] = field(default_factory=dict)
    root: yaml.Node = field(init=False)
    newline: str = field(init=False)
    offset: int = field(init=False)  # of a dash behind the key that holds the list

    def __post_init__(self) -> None:
        root = yaml.compose(self.text, Loader=_Loader)
        if root is None:
            raise Unspliceable
        self.root = root
        self.offset = next(_dashes(self.root), 2)
        self.newline = "\r\n" if "\r\n" in self.text else "\n"

    def apply(self, change: dict[str, Any]) -> None:
        parent, key, last = self._find(change["path"])
        match change["op"], parent:
            case "add", yaml.SequenceNode():
                self._list(parent, key).items.insert(int(last), (change["value"],))
            case "remove", yaml.SequenceNode():
                del self._list(parent, key).items[int(last)]
            case "move", yaml.SequenceNode():
                items = self._list(parent, key).items
                items.insert(int(last), items.pop(int(change["from"].rpartition("/")[2])))
            case "add", yaml.MappingNode():
                self._set(parent, last, change["value"])
            case "remove", yaml.MappingNode():
                self._remove(parent, last)
            case _:
                raise Unspliceable

    def result(self) -> str:
        for changed in self.lists.values():
            self._write_list(changed)
        return self._slice(0, len(self.text))

    def _find(self, pointer: str) -> tuple[yaml.Node, yaml.Node, str]:
        """Return the node that a pointer's last part is in, the key of that node, and the part."""
        *parts, last = (p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:])
        node = key = self.root
        for part in parts:
            if isinstance(node, yaml.SequenceNode):
                changed = self.lists.get(id(node))
                at = changed.items[int(part)] if changed else int(part)
                if not isinstance(at, int):
                    raise Unspliceable
                node = node.value[at]
            elif (entry := _entry(node, part)) is not None:
                key, node = entry
            else:
                raise Unspliceable
        return node, key, last

    def _list(self, node: yaml.SequenceNode, key: yaml.Node) -> _List:
        new = _List(node, key, list(range(len(node.value))))
        return self.lists.setdefault(id(node), new)

    def _set(self, mapping: yaml.MappingNode, key: str, value: object) -> None:
        """Write a member: in the place of what it replaces, else behind the last one."""
        entry = _entry(mapping, key)
        if entry is not None:
            _, old = entry
            if old.value and (not isinstance(old, yaml.ScalarNode) or old.style in ("|", ">")):
                raise Unspliceable
            start, end = old.start_mark.index, old.end_mark.index
            self._edit(start, end, f"{'' if end > start else ' '}{flow(value)}", start)
        elif not mapping.value:
            start, end = mapping.start_mark.index, mapping.end_mark.index
            self._edit(start, end, flow({key: value}), start)
        elif mapping.flow_style:
            at = _end(mapping.value[-1][1])
            self._edit(at, at, f", {flow(key)}: {flow(value)}", mapping.start_mark.index)
        else:
            at = self._line_end(_end(mapping))
            lines = block({key: value}, mapping.value[0][0].start_mark.column, self.offset)
            self._edit(at, at, self._joined(lines), mapping.start_mark.index)

    def _remove(self, mapping: yaml.MappingNode, key: str) -> None:
        i, (key_node, value) = next(
            (i, entry) for i, entry in enumerate(mapping.value) if entry[0].value == key
        )
        start, end = key_node.start_mark.index, _end(value)
        if mapping.flow_style:
            if i > 0:
                start = _end(mapping.value[i - 1][1])
            elif len(mapping.value) > 1:
                end = mapping.value[1][0].start_mark.index
        else:
            start, end = self._line_start(start), self._line_end(end)
            if len(mapping.value) == 1 or self.text[start : key_node.start_mark.index].strip():
                raise Unspliceable
        self._edit(start, end, "", start)

    def _write_list(self, changed: _List) -> None:
        if changed.node.flow_style:
            self._write_flow(changed)
            return
        node = changed.node
        bounds = [self._line_end(changed.key.end_mark.index)]
        bounds += [self._line_end(_end(item)) for item in node.value]
        indent, compact = node.start_mark.column, _is_compact(node.value[0])
        pieces = [
            self._slice(bounds[item], bounds[item + 1])
            if isinstance(item, int)
            else self._joined(block_item(item[0], indent, compact=compact))
            for item in changed.items
        ]
        self._replace(bounds[0], bounds[-1], "".join(pieces))

    def _write_flow(self, changed: _List) -> None:
        start, end = changed.node.start_mark.index, changed.node.end_mark.index
        if re.search(r"[#\n]", self.text[start:end]):
            raise Unspliceable
        pieces = [
            self._slice(*_span(changed.node.value[item]))
            if isinstance(item, int)
            else flow(item[0])
            for item in changed.items
        ]
        self._replace(start, end, f"[{', '.join(pieces)}]")

    def _replace(self, start: int, end: int, new: str) -> None:
        """Replace a part, in whose new text the edits of the old are."""
        self.edits = [e for e in self.edits if not (start <= e.owner and e.end <= end)]
        self._edit(start, end, new, start)

    def _slice(self, start: int, end: int) -> str:
        pieces, at = [], start
        for edit in sorted(self.edits, key=lambda edit: (edit.start, edit.end)):
            if start <= edit.owner and edit.end <= end:
                pieces += [self.text[at : edit.start], edit.new]
                at = edit.end
        return "".join([*pieces, self.text[at:end]])

    def _edit(self, start: int, end: int, new: str, owner: int) -> None:
        self.edits.append(_Edit(start, end, new, owner))

    def _joined(self, lines: list[str]) -> str:
        return "".join(line + self.newline for line in lines)

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Return where the next line begins; the end of a block scalar is there already."""
        return at if at and self.text[at - 1] == "\n" else self.text.find("\n", at) + 1


def _entry(mapping: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(mapping, yaml.MappingNode):
        raise Unspliceable
    return next((entry for entry in mapping.value if entry[0].value == key), None)


def _end(node: yaml.Node) -> int:
    """Return where a node's last character is; a block collection's own mark is further on."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def _span(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _dashes(node: yaml.Node) -> Iterator[int]:
    """Yield how far the dashes of each list stand behind their key, in order."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _dashes(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.SequenceNode) and not value.flow_style:
                yield value.start_mark.column - key.start_mark.column
            yield from _dashes(value)


def _is_compact(item: yaml.Node) -> bool:
    """Tell whether a list is written as `- secretRef: {name: a}`."""
    if not isinstance(item, yaml.MappingNode) or item.flow_style:
        return True
    nested = [value for _, value in item.value if not isinstance(value, yaml.ScalarNode)]
    return bool(nested) and all(value.flow_style for value in nested)
