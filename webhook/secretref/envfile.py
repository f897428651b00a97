"""Files of variables: what each line means, to each of the programs that read such files.

There is no one format. Lines are read as python-dotenv does, as most applications would; where
systemd's EnvironmentFile, or `docker --env-file` and `kubectl create secret --from-env-file`, make
something else of one, that is a finding of its own.
"""

import io
import re
from collections.abc import Iterator
from typing import Final

from dotenv.parser import Binding, parse_stream

from webhook.secretref.dialects import differences
from webhook.secretref.finding import Entry, Finding, Holder, Level, Rule
from webhook.secretref.reference import known
from webhook.secretref.values import BOM

KIND: Final = "env"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USUAL: Final = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|[a-z]+(_[a-z0-9]+)*")


def read(text: str, file: str) -> tuple[Holder, list[Finding]]:
    """Return what a file holds, and what is wrong with its lines."""
    found: list[tuple[Level, Rule, int, str, str]] = list(_whole(text))
    entries: list[Entry] = []
    broken = False  # a line before was no assignment: a value of several lines may go on here
    # dotenv takes a lone carriage return for a line end as well: lines are those of an editor here.
    content = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", " ")
    for binding in parse_stream(io.StringIO(content)):
        statement, blank = _statement(binding)
        line = binding.original.line + blank
        broken = broken and not blank and not statement.startswith("#")
        if not statement or statement.startswith("#"):
            continue
        name = _name(binding, broken=broken)
        if binding.key is None or binding.value is None:
            broken = broken or name is None
            found.append(
                (Level.WARNING, Rule.NO_ASSIGNMENT, line, name or "", _no_assignment(name))
            )
            continue
        if name is None:
            found.append((Level.WARNING, Rule.NAME, line, "", _NO_NAME))
        shown = name or ""
        found += [
            (Level.WARNING, Rule.DIALECT, line, shown, message)
            for message in differences(statement, binding.key, binding.value)
        ]
        entries.append(Entry(shown, binding.value, line))
    holder = Holder(KIND, file, "", file, 0, tuple(entries))
    return holder, [
        holder.finding(level, rule, message, key=key, line=line)
        for level, rule, line, key, message in (*found, *_repeated(entries))
    ]


_NO_NAME: Final = (
    "what stands in front of = is no name of a variable, and is not shown, since it may be a part "
    "of a value: a name has letters, digits and _, and a value of several lines needs quotes"
)


def _no_assignment(name: str | None) -> str:
    if name is not None:
        return "there is no = behind the name: write NAME=value"
    return (
        "this is no assignment, and is not shown, since it may be a part of a value: write "
        "NAME=value, and put a value of several lines in quotes"
    )


def _statement(binding: Binding) -> tuple[str, int]:
    """Return the text of a statement without the blank lines before it, and how many those are."""
    raw = binding.original.string
    text = raw.lstrip()
    return text, raw[: len(raw) - len(text)].count("\n")


def _name(binding: Binding, *, broken: bool) -> str | None:
    """Return a name that may be shown; None where it could be a part of a value.

    A line of base64 may look like a name with an empty value, or with one of equals signs: in front
    of those, only what is written as names of variables usually are is taken for one.
    """
    name, value = binding.key, binding.value
    if binding.error or name is None or not _NAME.fullmatch(name):
        return None
    if f"'{name}'" in binding.original.string:  # dotenv takes quotes around names, too
        return None
    if known(name) is not None:
        return name
    padded = not (value or "").strip("=") and (bool(value) or not _USUAL.fullmatch(name))
    return None if value is None or broken or padded else name


def _whole(text: str) -> Iterator[tuple[Level, Rule, int, str, str]]:
    if text.startswith(BOM):
        message = (
            "the file begins with a byte order mark, which some programs take for a part of the "
            "first name: save it as UTF-8 without"
        )
        yield Level.WARNING, Rule.BOM, 1, "", message
    if "\r" in text:
        message = (
            "lines end with a carriage return, which a shell takes for a part of the value: save "
            "the file with Unix line endings"
        )
        line = text[: text.index("\r")].count("\n") + 1
        yield Level.WARNING, Rule.LINE_ENDINGS, line, "", message


def _repeated(entries: list[Entry]) -> Iterator[tuple[Level, Rule, int, str, str]]:
    last = {entry.key: entry.line for entry in entries}
    for entry in entries:
        if entry.key and last[entry.key] != entry.line:
            message = f"it is set again in line {last[entry.key]}, which counts: remove this one"
            yield Level.WARNING, Rule.REPEATED, entry.line, entry.key, message
