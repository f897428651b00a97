"""What `lint` finds: always a place and a name, and never any part of a value."""

from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How sure it is that something is wrong.

    An error goes against what Noxus documents, or what Kubernetes or the system does. A warning
    rests on what is inferred, or has a use in rare cases. A note is for information alone.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Rule(StrEnum):
    """What kind of thing was found, in a word from a bounded set."""

    UNREADABLE = "unreadable"
    FILE_MODE = "file-mode"
    BOM = "bom"
    LINE_ENDINGS = "line-endings"
    DIALECT = "dialect"
    NO_ASSIGNMENT = "no-assignment"
    REPEATED = "repeated"
    NAME = "name"
    BASE64 = "base64"
    NOT_TEXT = "not-text"
    EMPTY = "empty"
    WHITESPACE = "whitespace"
    QUOTES = "quotes"
    PLACEHOLDER = "placeholder"
    FORMAT = "format"
    MISSPELT = "misspelt"
    PAIR = "pair"
    MISSING = "missing"
    OVERRIDDEN = "overridden"
    MISPLACED = "misplaced"
    NOT_A_SECRET = "not-a-secret"  # noqa: S105 - the name of a rule
    CONFIGMAP = "configmap"
    ANNOTATION = "annotation"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing at one place; `line` counts from 1, 0 where there is none; `key` may be empty."""

    level: Level
    rule: Rule
    file: str
    line: int
    object: str  # as kubectl writes it: secret/app-env; empty for a file
    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one value, before it is known where it stands."""

    level: Level
    rule: Rule
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and its value, which no representation of it shows.

    `key` is empty where the name itself might be a part of a value. `value` is None where it cannot
    be read, and bytes where it is no text.
    """

    key: str
    value: str | bytes | None = field(repr=False)
    line: int


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds keys: a Secret, a ConfigMap, or a file of variables (kind "env")."""

    kind: str
    name: str
    namespace: str
    file: str
    line: int
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """Name it as kubectl does; a file needs no other name than its place."""
        return "" if self.kind == "env" else f"{self.kind.lower()}/{self.name}"

    def find(self, key: str) -> Entry | None:
        """Return the entry that counts: of several with one name it is the last."""
        return next((entry for entry in reversed(self.entries) if entry.key == key), None)

    def finding(
        self, level: Level, rule: Rule, message: str, *, key: str = "", line: int = 0
    ) -> Finding:
        """Say something about it, or about one of its keys."""
        return Finding(level, rule, self.file, line or self.line, self.title, key, message)
