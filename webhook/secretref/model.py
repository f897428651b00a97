"""The words of the reference: what can be said of a key, and whether Noxus itself says it.

Nothing here is presented as documented that only follows from something else: each statement
carries its status, and what is wrong by an inferred statement is at most a warning.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Status(StrEnum):
    """How a statement is known."""

    DOCUMENTED = "documented"  # the public documentation of Noxus says it
    INFERRED = "inferred"  # it follows from what is documented, by our reading


class Category(StrEnum):
    """What belongs in Secrets, in the words of the documentation."""

    INFRASTRUCTURE = "infrastructure"
    IDENTITY = "identity"
    AI_PROVIDERS = "AI providers"
    INTEGRATIONS = "integrations"


class Group(StrEnum):
    """The headings under which the documentation lists keys."""

    DATABASE = "Database"
    REDIS = "Redis"
    OBJECT_STORAGE = "Object storage"
    OBSERVABILITY = "Observability"
    INTEGRATIONS = "Integrations"
    ROUTING = "Worker routing"
    PLUGINS = "Plugins"
    CLIENT = "Clients of the API"


class Sort(StrEnum):
    """Whether a variable belongs in a Secret at all."""

    SECRET = "secret"  # noqa: S105 - a word of the reference
    SETTING = "setting"  # decides how a service runs; no harm in reading it
    CLIENT = "client"  # of programs that call the API: no pod of the platform reads it


class Need(StrEnum):
    """Whether an installation can do without a key."""

    REQUIRED = "required"
    CONDITIONAL = "where used"  # needed by whoever uses the part that it belongs to
    OPTIONAL = "optional"


class DefaultScope(StrEnum):
    """Where a key belongs, from the widest circle to the narrowest."""

    GLOBAL = "global"  # every service of the platform
    ROLES = "named roles"  # only the roles that read it
    WORKER = "worker"  # workers alone
    POOL = "pool"  # one worker pool


class Format(StrEnum):
    """What a value must look like."""

    POSTGRESQL = "user:password@host:5432"
    HOST = "host, without scheme or port"
    TEXT = "text"
    URL = "URL"
    QUEUES = "all, all_but_kb, flow, chat or kb"
    LIST = "comma-separated, empty for all"


class Risk(StrEnum):
    """How soon a credential must be replaced: Noxus asks for 30 to 90 days."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def days(self) -> int:
        """The age in days at which it is due."""
        return _DAYS[self]


# Both ends of the documented range, and the middle between them.
_DAYS: Final = {Risk.HIGH: 30, Risk.MEDIUM: 60, Risk.LOW: 90}


@dataclass(frozen=True, slots=True)
class Stated(Generic[T_co]):
    """A value, and how it is known."""

    value: T_co
    status: Status

    @property
    def documented(self) -> bool:
        """Tell whether Noxus says so itself."""
        return self.status is Status.DOCUMENTED


def documented(value: T) -> Stated[T]:
    """State what the documentation says."""
    return Stated(value, Status.DOCUMENTED)


def inferred(value: T) -> Stated[T]:
    """State what follows from it."""
    return Stated(value, Status.INFERRED)


@dataclass(frozen=True, slots=True)
class Key:
    """One variable that the documentation names; `name` and `source` are always documented."""

    name: str
    description: str
    group: Group
    category: Stated[Category]
    format: Stated[Format]
    need: Stated[Need]
    scope: Stated[DefaultScope]
    readers: Stated[tuple[str, ...]]  # the roles that use it, as far as the edges between them tell
    risk: Stated[Risk]
    source: str  # the page of docs.noxus.ai, or the public SDK
    sort: Sort = Sort.SECRET
    partner: Stated[str] | None = None  # one is of no use without the other
