"""What a check says: how it is, what is wrong in one sentence, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """How it is. The worst finding of a check is the check's."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    FAILED = "failed"


_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True)
class May:
    """Something that somebody has the right to do, and whence."""

    area: str  # in words, as the title of a column
    verbs: tuple[str, ...]  # with their resources: "patch secrets"
    by: tuple[str, ...]  # bindings: "ClusterRoleBinding ops"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the cluster."""

    level: Level
    message: str
    mend: str = ""  # a command, or what to do; empty: nothing has to be done
    right: str = ""  # which the caller lacks, where it was not checked for want of one
    subject: str = ""  # whom it is about, as --trust takes it
    may: tuple[May, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; there is at least one finding, an `ok` if no other."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst of its findings."""
        return max((it.level for it in self.findings), key=_ORDER.index)


def check(name: str, findings: Iterable[Finding], well: str) -> Check:
    """Make a check of findings; `well` is what to say where there are none."""
    found = tuple(findings)
    return Check(name, found or (Finding(Level.OK, well),))


def failed(message: str, mend: str) -> Finding:
    """Say that the promise does not hold."""
    return Finding(Level.FAILED, message, mend)


def warning(message: str, mend: str) -> Finding:
    """Say that it holds less well than it should, or that somebody has to judge."""
    return Finding(Level.WARNING, message, mend)


def plural(number: int, what: str, many: str = "") -> str:
    """Write a number with its noun: 1 entry, 2 entries."""
    return f"{number} {what if number == 1 else many or f'{what}s'}"
